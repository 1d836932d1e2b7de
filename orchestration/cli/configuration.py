"""A commented entrepot.toml with every setting and its default, from the settings' own dataclasses."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from transforms.settings import Cluster, Publish, Reconcile, Settings

_MEANING = {
    "method": "Reconciliation: prefer_exporter or prefer_importer. Changing it asks for `entrepot run --redefine`.",
    "cif_factor": "CIF over FOB, taken off importers' reports; at least 1. Text keeps it exact. Asks for --redefine.",
    "source_order": "One flow in two sources: the first of these is taken. Asks for --redefine.",
    "basis_order": "fct_bilateral_totals takes the first basis that has the period. Asks for --redefine.",
    "minimum_world_exporters": "With fewer exporters in the data, shares of the world are NULL. Asks for --redefine.",
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
    for title, section in (("reconcile", Reconcile()), ("publish", Publish()), ("cluster", Cluster())):
        lines.append(f"[{title}]")
        for entry in fields(section):
            lines += _lines(entry.name, getattr(section, entry.name))
    return "\n".join(lines)
