"""A commented entrepot.toml with every setting and its default, from the settings' own dataclasses."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from transforms.contracts.codes import RECONCILE_METHODS
from transforms.declared.sections import SECTIONS
from transforms.settings import Settings

_MEANING = {
    "target_editions": 'HS editions that reports are converted to where correlation tables were handed over; "H5:2017": from 2017 on.',
    "minimum_observations": "Reporters that must have changed edition before conversion weights are fitted on them.",
    "method": f"Reconciliation: {', '.join(RECONCILE_METHODS)}.",
    "cif": "CIF over FOB: fitted on the year's reports, published (CEPII's equation), or constant (cif_factor).",
    "cif_factor": 'The rate with cif = "constant"; at least 1. Text keeps it exact.',
    "is_nes_moved": "Whether exports to areas not specified are moved to partners that report more than the exporter names.",
    "refit": "on_demand: a year's parameters stay as first fitted until `entrepot run --refit`; on_revision: they follow its reports.",
    "cif_more_than_usd": "Pairs enter the CIF equation above this value on both sides, USD.",
    "cif_more_than_kg": "... and above this weight on both sides, kg.",
    "cif_minimum_pairs": "With fewer pairs the published equation stands in.",
    "cif_studentised": "Pairs with a studentised residual from here on are outliers.",
    "cif_minimum_km": "Shorter distances count as this many km.",
    "sigma_floor": "Least reporting distance that counts in a reporter's sigma.",
    "sigma_anchor_flows": "Flows from which on a reporter may be the best one.",
    "unit_minimum_pairs": "Mirror pairs needed for tonnes per unit.",
    "unit_spread_below": "Their spread, the standard deviation of ln(tonnes per unit), must stay below this.",
    "symmetric_within": "Reports agree, for the symmetry index, where |X - M| / (X + M) is at most this.",
    "reliability_iterations": "Rounds of the Growth Lab's reliabilities.",
    "interval_quantile": "Half the width of intervals in standard deviations: 1.645 is 90 %.",
    "source_order": "One flow in two sources: the first of these is taken.",
    "basis_order": "fct_bilateral_totals takes the first basis that has the period.",
    "minimum_world_exporters": "With fewer exporters in the data, shares of the world are NULL.",
    "on_failed_partition": "publish_stale keeps a source's last good version and marks the release partial; refuse stops.",
    "maximum_rows_in_duckdb": "Facts with more rows stand beside the DuckDB file as Parquet. Asks for --redefine.",
    "scheduler": "Address of an existing Dask scheduler (ENTREPOT_DASK_SCHEDULER); without it, local workers on loopback.",
    "workers": "Local worker processes (ENTREPOT_WORKERS).",
    "memory_limit": "Memory of one worker.",
    "stall_seconds": "A run in which no task ends for so long is given up.",
    "landing": "Folder that the sensor watches, relative to this file; default: landing in the home.",
    "home_area": "The area that pages and the demo speak of first, in the publishers' numeric code (156 China, 842 USA).",
    "maximum_unpacked_bytes": "A file that unpacks to more is refused.",
    "maximum_unpack_ratio": "Unpacked over packed: a file above it is refused as a bomb.",
}
#: What has no default: a line that begins with # and no blank is TOML, and works once that # is gone.
DECLARATIONS = """\
# What follows declares things of your own. As it stands it does nothing: take the # off the lines that you want.

# Feeds: files that are fetched by the publisher's calendar (docs/feeds.md). A key never stands here, only where it is.
# Every January CEPII publishes the release V<year+2>01, which holds all years up to <year>.
#[feeds.baci]
#source = "baci"
#url = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_{edition}_{release}.zip"
#release = "V{year+2}01"
#editions = ["HS17"]
#first_period = "2017"
#cadence = "monthly"       # asked so often; while something that is due is missing, every day
#lag_days = 400            # from the last day of a period to the day on which it is published

# Whole years of reporters, with a key of a UN Comtrade subscription that stands in this environment variable.
#[feeds.comtrade]
#source = "comtrade"
#kind = "comtrade_bulk"
#key_env = "COMTRADE_KEY"
#reporters = ["842", "156"]
#first_period = "2017"
#cadence = "weekly"
#lag_days = 180

# Eurostat's monthly files; it revises the months of a year, so the newest twelve are asked for again.
#[feeds.comext]
#source = "comext"
#url = "https://ec.europa.eu/eurostat/api/dissemination/files?file=comext/COMEXT_DATA/PRODUCTS/full_v2_{period}.7z"
#frequency = "M"
#first_period = "202401"
#recheck_periods = 12
#cadence = "weekly"
#lag_days = 60

# Sources: a national file without a line of Python. What each column fills, and how its numbers are written.
#[sources.thai_customs]
#title = "Thai Customs Department"
#licence = "Open Government Data"
#redistribution = "unknown"
#[sources.thai_customs.layouts.imports]
#constants = { reporter_code = "764", flow_code = "M", frequency = "M", valuation = "CIF" }
#edition_rule = "hs"
#currency = "THB"
#[sources.thai_customs.layouts.imports.columns]
#"Month" = "period"
#"Country" = "partner_code"
#"HS Code" = "product_code"
#"CIF Value (Baht)" = { to = "value", decimal_mark = ".", group_mark = "," }

# Aliases: a publisher renamed a column; from that day on both names are read.
#[[aliases]]
#layout = "baci"
#column = "v"
#also = "value_kusd"
#since = 2026-11-01

# Rates of exchange that the package doesn't have: USD per unit, in quotes, by year or month; a month's own goes before its year's.
#[rates.EUR]
#"2026-12" = "1.1700"
#[rates.THB]
#"2024" = "0.02835"
"""
_EXAMPLES = {"scheduler": "tcp://127.0.0.1:8786", "landing": "landing"}


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return json.dumps(str(value)) if isinstance(value, Decimal | Path) else json.dumps(value)


def _lines(name: str, value: Any) -> list[str]:
    # a setting whose default is "none" can't be written in TOML: it stands as a comment
    written = f"# {name} = {json.dumps(_EXAMPLES[name])}" if value is None else f"{name} = {_value(value)}"
    return [f"# {_MEANING[name]}", written, ""]


def configuration_text() -> str:
    """entrepot.toml: loading it gives the same Settings as no file at all."""
    default = Settings(home=Path("warehouse"))
    lines = ["# Entrepôt. Every setting with its default. Secrets never stand here.", ""]
    for name in ("home_area", "landing", "maximum_unpacked_bytes", "maximum_unpack_ratio"):
        lines += _lines(name, getattr(default, name))
    for title, section in ((name, cls()) for name, cls in SECTIONS.items()):
        lines.append(f"[{title}]")
        if title in ("harmonise", "reconcile", "estimate"):
            lines.append("# These change results: what differs from the last release asks for `entrepot run --redefine`.")
        for entry in fields(section):
            lines += _lines(entry.name, getattr(section, entry.name))
    return "\n".join([*lines, DECLARATIONS])
