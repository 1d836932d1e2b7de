"""Homes whose reports are at hand as tables, and a year's estimates run in this process."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.parameter_steps import parameter_steps
from orchestration.steps import run_here
from tests.unit.core_cases import YEAR, Report, commit_reports
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema, table_schema
from transforms.contracts.records import DataFile
from transforms.core import coded
from transforms.core.harmonising.harmonise import harmonise_year
from transforms.core.pinned.parameters import Parameters, read_parameters
from transforms.declared.sections import Estimate
from transforms.io import lake
from transforms.settings import Settings
from transforms.synthetic.truth import Truth


def commit_truth_geography(home: Path, truth: Truth) -> None:
    """pair_geography of the truth's own areas."""
    codes = [a.code for a in truth.areas]
    rows = [
        {
            "area_code": one, "partner_code": other, "distance_km": float(truth.distance_km[i, j]),
            "is_contiguous": bool(truth.is_contiguous[i, j]), "is_landlocked_area": bool(truth.is_landlocked[i]),
            "is_landlocked_partner": bool(truth.is_landlocked[j]), "distance_source": "cepii", "snapshot_id": None,
        }
        for i, one in enumerate(codes) for j, other in enumerate(codes) if i != j
    ]  # fmt: skip
    rows.sort(key=lambda r: (int(str(r["area_code"])), int(str(r["partner_code"]))))
    file = lake.write_partition(
        home, contracts.PAIR_GEOGRAPHY, {}, [pa.Table.from_pylist(rows, schema=table_schema(contracts.PAIR_GEOGRAPHY))]
    )
    assert file is not None
    lake.commit(home, contracts.PAIR_GEOGRAPHY, {"": [file]})


def commit_reported(home: Path, reported: pa.Table, year: int) -> None:
    """One year of reported rows without provenance, as comtrade's."""
    rows = reported.filter(pc.equal(reported["year"], year))
    count = rows.num_rows
    rows = rows.append_column("snapshot_id", pa.repeat(pa.scalar("comtrade-1"), count))
    rows = rows.append_column("snapshot_member", pa.repeat(pa.scalar("f.csv"), count))
    rows = rows.append_column("source_line", pa.array(np.arange(2, count + 2)))
    names = [f.name for f in file_schema(contracts.REPORTED_FLOWS)]
    file = lake.write_partition(home, contracts.REPORTED_FLOWS, {"source": "comtrade", "year": year}, [rows.select(names)])
    assert file is not None
    lake.commit(home, contracts.REPORTED_FLOWS, {file.partition_key: [file]})


def harmonise(home: Path, year: int) -> None:
    """Harmonise and commit a year, in the place of what it was."""
    result = harmonise_year(home, year, Settings(home=home))
    before = [f"year={year}/product_bucket={p['product_bucket']}" for p in lake.partitions(home, contracts.HARMONISED_FLOWS)]
    replaced: dict[str, list[DataFile]] = {key: [] for key in before}
    lake.commit(home, contracts.HARMONISED_FLOWS, replaced | {f.partition_key: [f] for f in result.files})


def estimate(home: Path, year: int, **chosen: object) -> Parameters:
    """Fit, write, commit and read a year's set; ``chosen`` are settings of [estimate]."""
    settings = Settings(home=home, estimate=dataclasses.replace(Estimate(), **chosen))  # type: ignore[arg-type]
    result = run_here(parameter_steps(home, year, settings))
    lake.commit(home, contracts.PARAMETER_SET, {f"year={year}": list(result.files)})
    return read_parameters(home, year)


@dataclasses.dataclass(frozen=True)
class Said(Report):
    """A report with ``more`` columns of reported_flows."""

    more: tuple[tuple[str, object], ...] = ()

    def row(self, line: int) -> dict[str, Any]:
        return super().row(line) | dict(self.more)


def estimate_of(home: Path, *reports: Report, **chosen: object) -> Parameters:
    """The set of YEAR fitted on ``reports`` alone."""
    commit_reports(home, reports)
    harmonise(home, YEAR)
    return estimate(home, YEAR, **chosen)


def rewritten(home: Path, year: int, *, rows: int, is_one_bucket: bool = False) -> None:
    """harmonised_flows of ``year`` with row groups of about ``rows`` rows, no exporter's of a stratum apart; all in the first bucket."""
    table = contracts.HARMONISED_FLOWS
    parts = [(path.parent.name, pq.read_table(path)) for path in lake.active_files(home, table, year=year)]
    replaced: dict[str, list[DataFile]] = {f"year={year}/{name}": [] for name, _ in parts}
    if is_one_bucket:
        parts = [(parts[0][0], pa.concat_tables([data for _, data in parts]).unify_dictionaries())]
    for name, data in parts:
        ordered = data.take(pa.array(np.argsort(coded.row_keys(data, table.sort_by), kind="stable")))
        partition = {"year": year, "product_bucket": int(name.partition("=")[2])}
        file = lake.write_partition(home, table, partition, _pieces(ordered, rows))
        assert file is not None
        replaced[file.partition_key] = [file]
    lake.commit(home, table, replaced)


def _pieces(data: pa.Table, rows: int) -> list[pa.Table]:
    strata = set(coded.starts(coded.row_keys(data, contracts.STRATUM)).tolist())
    starts = [0]
    for at in coded.starts(coded.row_keys(data, (*contracts.STRATUM, "exporter_code"))).tolist():
        if at and (at in strata or at - starts[-1] >= rows):
            starts.append(at)
    return [data.slice(start, end - start) for start, end in pairwise([*starts, data.num_rows])]
