"""What weights of editions are fitted on: annual trade by reporter and HS6 code in the years around a change of edition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core.concordance.groups import Correlation
from transforms.core.concordance.weights import Observations, positions
from transforms.core.harmonising.residuals import MEMORY
from transforms.io import lake

Floats = NDArray[np.float64]
#: Years in which an edition came into force after an older one: reporters change in them.
CHANGE_YEARS = tuple(year for year in codes.HS_EDITIONS.values() if year > codes.HS_EDITIONS["H0"])
_EDITIONS = ", ".join(f"'{edition}'" for edition in codes.HS_EDITIONS)


def change_year(one: str, other: str) -> int:
    """The year in which reporters go from the older of two editions to the newer."""
    return max(codes.HS_EDITIONS[one], codes.HS_EDITIONS[other])


def _annual(files: Sequence[tuple[str, Path]], scratch: Path) -> pa.Table:
    """Exports and imports of a year by source, reporter, edition and HS6 code. USD; kg of rows that state a weight of their own.

    Sums are exact: the order of rows in files changes nothing.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    own_weight = "net_weight_kg is not null and not coalesce(is_net_weight_estimated, false)"
    parts = []
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": 1, "temp_directory": str(scratch)}) as con:
        for source, path in files:
            found = con.sql(
                f"""select reporter_code, classification, product_code,
                        sum(reported_value_usd)::double as value_usd,
                        coalesce(sum(reported_value_usd) filter (where {own_weight}), 0)::double as weighed_usd,
                        coalesce(sum(net_weight_kg) filter (where {own_weight}), 0)::double as weight_kg
                    from read_parquet({[str(path)]}, hive_partitioning = false)
                    where frequency = 'A' and flow_code in ('X', 'M') and product_level = {codes.HS_LEVEL} and not is_self_trade
                        and classification in ({_EDITIONS})
                    group by all order by all"""
            ).to_arrow_table()
            parts.append(found.append_column("source", pa.repeat(pa.scalar(source), found.num_rows)))
    return pa.concat_tables(parts) if parts else pa.table({})


@dataclass
class AnnualTrade:
    """Annual trade of a home's own sources (not of BACI), a year read once, when it is asked for."""

    home: Path
    sources: tuple[str, ...]
    _years: dict[int, pa.Table] = field(default_factory=dict)

    def of(self, year: int) -> pa.Table:
        """Columns source, reporter_code, classification, product_code, value_usd, weighed_usd, weight_kg; none without reports."""
        if year not in self._years:
            held = ((s, lake.active_files(self.home, contracts.REPORTED_FLOWS, source=s, year=year)) for s in self.sources)
            files = [(source, path) for source, paths in held for path in paths]
            self._years[year] = _annual(files, self.home / "build" / "scratch")
        return self._years[year]

    def _switched(self, old: str, new: str, year: int) -> list[tuple[str, str]]:
        """Source and reporter of those that gave ``old`` alone of the two the year before ``year``, and ``new`` alone in it."""
        before, after = _editions(self.of(year - 1)), _editions(self.of(year))
        both = sorted(set(before) & set(after))
        return [r for r in both if before[r] & {old, new} == {old} and after[r] & {old, new} == {new}]

    def observations(self, table: Correlation, editions: tuple[str, str]) -> Observations | None:
        """What reporters that switched between the two traded in the codes of ``table``, which goes from the first to the second.

        None where nobody did, or the year of change or the one before isn't held.
        """
        one, other = editions
        old, new = sorted(editions, key=lambda e: codes.HS_EDITIONS[e])
        year = change_year(one, other)
        if not self.of(year).num_rows or not self.of(year - 1).num_rows:
            return None
        reporters = self._switched(old, new, year)
        if not reporters:
            return None
        years = {old: year - 1, new: year}
        before = _matrix(self.of(years[one]), one, reporters, table.from_codes)
        return Observations(before, _matrix(self.of(years[other]), other, reporters, table.to_codes))

    def unit_values(self, edition: str, products: NDArray[np.str_]) -> Floats:
        """USD per kg of each code over the first year of its edition and the last before the next, NaN where unknown (m,)."""
        since = codes.HS_EDITIONS[edition]
        until = min((year for year in CHANGE_YEARS if year > since), default=since + 1) - 1
        usd, kg = np.zeros(len(products)), np.zeros(len(products))
        for year in sorted({since, until} & _around_changes()):
            table = self.of(year)
            if table.num_rows:
                own = table.filter(pc.equal(table["classification"], edition))
                at = positions(np.asarray(own["product_code"].to_pylist(), dtype=np.str_), products)
                inside = at >= 0
                usd += np.bincount(at[inside], own["weighed_usd"].to_numpy()[inside], len(products))
                kg += np.bincount(at[inside], own["weight_kg"].to_numpy()[inside], len(products))
        known = (kg > 0) & (usd > 0)
        return np.where(known, usd / np.where(known, kg, 1.0), np.nan)


def _around_changes() -> set[int]:
    """The years whose presence the weights are built from."""
    return {year - back for year in CHANGE_YEARS for back in (0, 1)}


def _editions(table: pa.Table) -> dict[tuple[str, str], set[str]]:
    """Editions of each source and reporter."""
    names = ["source", "reporter_code", "classification"]
    found: dict[tuple[str, str], set[str]] = {}
    for row in table.select(names).group_by(names).aggregate([]).to_pylist():
        found.setdefault((row["source"], row["reporter_code"]), set()).add(row["classification"])
    return found


def _matrix(table: pa.Table, edition: str, reporters: Sequence[tuple[str, str]], products: NDArray[np.str_]) -> Floats:
    """Values of an edition by reporter and code, (R, n)."""
    own = table.filter(pc.equal(table["classification"], edition))
    number = {reporter: n for n, reporter in enumerate(reporters)}
    pairs = zip(own["source"].to_pylist(), own["reporter_code"].to_pylist(), strict=True)
    row = np.array([number.get(pair, -1) for pair in pairs], dtype=np.int64)
    at = positions(np.asarray(own["product_code"].to_pylist(), dtype=np.str_), products)
    known = (row >= 0) & (at >= 0)
    flat = np.bincount(row[known] * len(products) + at[known], own["value_usd"].to_numpy()[known], len(reporters) * len(products))
    return flat.reshape(len(reporters), len(products)).astype(np.float64)
