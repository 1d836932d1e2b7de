"""A world of the truth test through the stages: reports and geography committed, harmonised, estimated, reconciled by each method."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.parameter_steps import parameter_steps
from orchestration.steps import run_here
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile, TaskResult
from transforms.core.harmonising.harmonise import harmonise_year
from transforms.core.reconciling.methods import METHODS
from transforms.core.reconciling.reconcile import reconcile_bucket, sum_bucket, year_of
from transforms.core.reconciling.rescale import pair_totals
from transforms.declared.sections import Reconcile
from transforms.io import lake
from transforms.settings import Settings
from transforms.synthetic.truth import Truth, pair_table
from transforms.synthetic.truth_reports import EDITION, SOURCE, TruthWorld

BUCKETS = range(codes.PRODUCT_BUCKETS)


def settings_of(home: Path, method: str) -> Settings:
    """The defaults, but for the method."""
    return Settings(home=home, reconcile=dataclasses.replace(Reconcile(), method=method))


def _commit(home: Path, table: Table, files: Iterator[DataFile] | list[DataFile]) -> None:
    by_partition: dict[str, list[DataFile]] = {}
    for file in files:
        by_partition.setdefault(file.partition_key, []).append(file)
    lake.commit(home, table, by_partition)


def _write(home: Path, table: Table, partition: dict[str, str | int], rows: pa.Table) -> DataFile:
    """Rows as one file of a partition; columns that they lack are NULL."""
    given = {name: rows[name] for name in rows.column_names}
    file = lake.write_partition(home, table, partition, [lake.filled(given, table, rows.num_rows)])
    if file is None:
        raise ValueError(f"{table.name} {partition}: a world without rows")
    return file


def _with_provenance(rows: pa.Table) -> pa.Table:
    """One file for all reports of the world, a line each."""
    given = {"snapshot_id": "truth", "snapshot_member": "reports.csv"}
    for name, text in given.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(text), rows.num_rows))
    return rows.append_column("source_line", pa.array(np.arange(2, rows.num_rows + 2)))


def _geography(truth: Truth) -> pa.Table:
    """The world's geography as pair_geography has it."""
    pairs = pair_table(truth)
    names = {"exporter_code": "area_code", "importer_code": "partner_code"}
    names |= {f"is_landlocked_{side}": f"is_landlocked_{place}" for side, place in (("exporter", "area"), ("importer", "partner"))}
    renamed = pairs.rename_columns([names.get(name, name) for name in pairs.column_names])
    renamed = renamed.append_column("distance_source", pa.repeat(pa.scalar("cepii"), pairs.num_rows))
    return renamed.sort_by([(name, "ascending") for name in ("area_code", "partner_code")])


def commit_world(home: Path, world: TruthWorld) -> None:
    """The world's reports as reported_flows and its geography as pair_geography, committed as ingest would have them."""
    reports = _with_provenance(world.reported)
    years = [(year, reports.filter(pc.equal(reports["year"], year))) for year in world.truth.years]
    files = [_write(home, contracts.REPORTED_FLOWS, {"source": SOURCE, "year": year}, rows) for year, rows in years]
    _commit(home, contracts.REPORTED_FLOWS, files)
    _commit(home, contracts.PAIR_GEOGRAPHY, [_write(home, contracts.PAIR_GEOGRAPHY, {}, _geography(world.truth))])


def harmonise(home: Path, years: tuple[int, ...]) -> None:
    """harmonised_flows of all years."""
    settings = settings_of(home, next(iter(METHODS)))
    _commit(home, contracts.HARMONISED_FLOWS, [f for year in years for f in harmonise_year(home, year, settings).files])


def estimate(home: Path, years: tuple[int, ...]) -> None:
    """parameter_set of all years, each fitted on its own reports."""
    settings = settings_of(home, next(iter(METHODS)))
    results = [run_here(parameter_steps(home, year, settings)) for year in years]
    _commit(home, contracts.PARAMETER_SET, [f for r in results for f in r.files])


def reconcile(home: Path, years: tuple[int, ...], method: str) -> pa.Table:
    """bilateral_flows of all years by a method, replacing what stood there; all its rows in the edition that was reported."""
    settings, results = settings_of(home, method), list[TaskResult]()
    for year in years:
        known, totals = year_of(home, year, settings), None
        if METHODS[method].is_rescaled:
            totals = pair_totals([sum_bucket(home, year, bucket, settings, known) for bucket in BUCKETS])
        results += [reconcile_bucket(home, year, bucket, settings, known, totals) for bucket in BUCKETS]
    _commit(home, contracts.BILATERAL_FLOWS, [f for r in results for f in r.files if f.table == contracts.BILATERAL_FLOWS.name])
    flows = lake.read(home, contracts.BILATERAL_FLOWS)
    return flows.filter(pc.equal(flows["classification"].cast(pa.string()), EDITION))
