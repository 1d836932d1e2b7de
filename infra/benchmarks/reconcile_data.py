"""Synthetic reports of flows, both sides, committed as harmonised_flows; and split by side, as other contenders read them.

They describe no real trade. Drawn per year from a seed, so that equal sizes give equal files.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.benchmarks import flows
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, TaskResult
from transforms.core.places.valuation import fob_importers_of
from transforms.io import lake, state

#: Of the flows between two areas that report: told by the exporter alone, by the importer alone; the rest by both.
EXPORTER_ONLY, IMPORTER_ONLY = 0.15, 0.22
#: Areas with the fewest flows, which report nothing: their flows are told by the other side, or by nobody.
SILENT_AREAS = 40
REPORTS_A_FLOW = 1.6
YEAR_REPORTS = round(flows.YEAR_ROWS * REPORTS_A_FLOW)
FIRST_YEAR = 2012
GROUP_ROWS = 950_000
#: Whose report a row is, as the contract orders them.
SIDES = ("exporter", "importer")
MISSING_WEIGHT, ESTIMATED, RE_EXPORTED, MISTAKEN = 0.05, 0.2, 0.03, 0.0005
#: A thousand million USD in mills: above it nothing is mistaken, so that sums stay exact in pandas' floats too.
LARGE = 10**12
KEYS = ("exporter_code", "importer_code", "product_code")
SPLIT = "sides"


@dataclass(frozen=True)
class Flows:
    """What truly crossed, sorted by exporter, importer, product, and who tells of it. Mills; shape (n,)."""

    exporter: NDArray[np.int16]
    importer: NDArray[np.int16]
    product: NDArray[np.int16]
    value: NDArray[np.int64]
    weight: NDArray[np.float64]
    told: NDArray[np.bool_]  # (n, 2): by its exporter, by its importer


def home_of(work: Path, rows: int) -> Path:
    """A home with about ``rows`` committed reports under ``work``, and the same split by side: made once."""
    home = work / f"reports-{rows}"
    if not flows.is_whole(home, contracts.HARMONISED_FLOWS):
        print(f"generating {rows:,} synthetic reports in {home.name}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        write_years(home, rows)
        (home / "rows.json").write_text(json.dumps(rows), "utf-8")
    return home


def write_years(home: Path, rows: int) -> None:
    """Commit the reports of as many years as ``rows`` need, two processes side by side; split and estimate them."""
    count = max(1, round(rows / YEAR_REPORTS))
    years = [FIRST_YEAR + n for n in range(count)]
    with multiprocessing.get_context("spawn").Pool(min(2, count)) as pool:
        written = pool.starmap(_write_year, [(home, year, rows // count) for year in years], chunksize=1)
        _commit(home, years, written)
        estimated = pool.starmap(_estimate, [(home, year) for year in years], chunksize=1)
    lake.commit(home, contracts.PARAMETER_SET, {f.partition_key: [f] for files in estimated for f in files})


def _commit(home: Path, years: list[int], written: list[list[DataFile]]) -> None:
    """Reports, the state that a run leaves of them, the split beside them, and the pairs' geography."""
    now = datetime.now(UTC)
    for year, files in zip(years, written, strict=True):
        version = lake.commit(home, contracts.HARMONISED_FLOWS, {f.partition_key: [f] for f in files})
        rows_of, mills, size = (sum(getattr(f, name) or 0 for f in files) for name in ("rows", "value_mills", "bytes"))
        name = contracts.HARMONISED_FLOWS.name
        hashed = state.content_hash(files)
        found = state.PartitionState(
            name, f"year={year}", "synthetic", "1", hashed, "passed", version, rows_of, mills, size, "synthetic", now
        )
        state.record(home, [found])
        _split(home, year)
    geography = lake.write_partition(home, contracts.PAIR_GEOGRAPHY, {}, [_geography()])
    lake.commit(home, contracts.PAIR_GEOGRAPHY, {"": [geography] if geography else []})


def _estimate(home: Path, year: int) -> tuple[DataFile, ...]:
    """The year's parameter_set as the pipeline fits it, in this process."""
    from orchestration.parameter_steps import parameter_steps
    from orchestration.steps import run_here
    from transforms.settings import load_settings

    result: TaskResult = run_here(parameter_steps(home, year, load_settings(home, {})))
    return result.files


def _geography() -> pa.Table:
    """Distances and borders of all pairs: areas stand at places of a sphere, those close by share a border."""
    rng = np.random.default_rng(flows.SEED)
    place = rng.standard_normal((flows.AREAS, 3))
    place /= np.linalg.norm(place, axis=1, keepdims=True)
    area, partner = np.nonzero(~np.eye(flows.AREAS, dtype=bool))
    distance = np.round(6371 * np.arccos(np.clip((place[area] * place[partner]).sum(axis=1), -1, 1)), 3)
    given = {
        "area_code": flows.coded(area, flows.area_codes()),
        "partner_code": flows.coded(partner, flows.area_codes()),
        "distance_km": pa.array(distance),
        "is_contiguous": pa.array(distance < 700),
        "is_landlocked_area": pa.array(area % 5 == 0),
        "is_landlocked_partner": pa.array(partner % 5 == 0),
        "distance_source": flows.constant("cepii", len(area)),
    }
    return lake.filled(given, contracts.PAIR_GEOGRAPHY, len(area))


def _write_year(home: Path, year: int, rows: int) -> list[DataFile]:
    rng = np.random.default_rng(flows.SEED + year)
    drawn = _flows(rng, round(rows / REPORTS_A_FLOW))
    bucket = np.array([codes.product_bucket(c) for c in flows.product_codes()], np.int8)[drawn.product]
    files = []
    for number in range(codes.PRODUCT_BUCKETS):
        at = np.flatnonzero((bucket == number) & drawn.told.any(axis=1))
        chunks: Iterator[pa.Table] = (_reports(rng, year, drawn, part) for part in _groups(drawn, at))
        file = lake.write_partition(home, contracts.HARMONISED_FLOWS, {"year": year, "product_bucket": number}, chunks)
        files += [file] if file else []
    return files


def _groups(drawn: Flows, at: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Flows by row group: at most GROUP_ROWS reports, no exporter's flows apart unless it alone has more."""
    reports = np.bincount(drawn.exporter[at], drawn.told[at].sum(axis=1), flows.AREAS)
    cuts, held = [], 0
    for exporter, count in enumerate(reports):
        if held and held + count > GROUP_ROWS:
            cuts.append(exporter)
            held = 0
        held += count
    return [part for part in np.split(at, np.searchsorted(drawn.exporter[at], cuts)) if len(part)]


def _flows(rng: np.random.Generator, rows: int) -> Flows:
    exporter, importer, product = flows.cells(rng, rows)
    value = np.maximum(1000, np.exp(rng.normal(16.5, 2.6, len(exporter)))).astype(np.int64)
    weight = value.astype(np.float64) * np.exp(rng.normal(-1.0, 1.2, len(value)))
    size = np.bincount(exporter, minlength=flows.AREAS) + np.bincount(importer, minlength=flows.AREAS)
    is_silent = np.zeros(flows.AREAS, bool)
    is_silent[np.argsort(size, kind="stable")[:SILENT_AREAS]] = True
    chance = rng.random(len(value), np.float32)
    by_exporter, by_importer = chance >= IMPORTER_ONLY, chance < 1 - EXPORTER_ONLY
    told = np.stack([by_exporter & ~is_silent[exporter], by_importer & ~is_silent[importer]], axis=1)
    return Flows(exporter, importer, product, value, weight, told)


def _reports(rng: np.random.Generator, year: int, drawn: Flows, at: NDArray[np.int64]) -> pa.Table:
    """The reports of some flows, sides as neighbours: each reporter with its own noise, importers with freight on top."""
    told = drawn.told[at].ravel()
    row, side = np.repeat(at, 2)[told], np.tile(np.array([0, 1], np.int32), len(at))[told]
    rows, is_import = len(row), side == 1
    exporter, importer, product = drawn.exporter[row], drawn.importer[row], drawn.product[row]
    reporter = np.where(is_import, importer, exporter)
    sigma = 0.05 + 0.6 * (reporter * 37 % flows.AREAS) / flows.AREAS
    told_fob = drawn.value[row] * np.exp(sigma * rng.standard_normal(rows))
    told_fob = np.where((rng.random(rows, np.float32) < MISTAKEN) & (told_fob < LARGE), told_fob * 1000, told_fob)
    is_fob = np.isin(flows.area_codes(), sorted(fob_importers_of(year))) | (np.arange(flows.AREAS) % 16 == 5)
    is_cif = is_import & ~is_fob[importer]
    freight = np.where(is_cif, 1.02 + 0.1 * ((exporter * 11 + importer * 7) % 64) / 64, 1.0)
    reported = np.maximum(1, told_fob * freight).astype(np.int64)
    weight = np.maximum(1, drawn.weight[row] * np.exp(0.1 * rng.standard_normal(rows))).astype(np.int64)
    has_weight = rng.random(rows, np.float32) >= MISSING_WEIGHT
    is_in_kg = product % 4 != 3
    given: dict[str, pa.Array] = {
        "basis": flows.constant("own", rows),
        "frequency": flows.constant("A", rows),
        "period": flows.constant(str(year), rows),
        "classification": flows.constant("H4", rows),
        "product_level": pa.array(np.full(rows, 6, np.int8)),
        "exporter_code": flows.coded(exporter, flows.area_codes()),
        "importer_code": flows.coded(importer, flows.area_codes()),
        "product_code": flows.coded(product, flows.product_codes()),
        "side": flows.coded(side, list(SIDES)),
        "source": flows.constant("comtrade", rows),
        "reported_value_usd": lake.decimals(reported),
        "valuation": flows.coded(is_cif.astype(np.int32), ["FOB", "CIF"]),
        # a few importers state both
        "value_fob_usd": lake.decimals(np.minimum(told_fob.astype(np.int64), reported), ~is_import | (importer % 16 == 7)),
        "is_value_rounded": pa.array(np.zeros(rows, bool)),
        "net_weight_kg": lake.decimals(weight, has_weight),
        "is_net_weight_estimated": pa.array(rng.random(rows, np.float32) < ESTIMATED),
        "quantity": lake.decimals(np.where(is_in_kg, weight, weight // 9000 * 1000 + 1000), has_weight),
        "quantity_unit_code": flows.coded(is_in_kg.astype(np.int32), ["5", "8"]),
        "is_quantity_estimated": pa.array(rng.random(rows, np.float32) < ESTIMATED),
        "re_export_usd": lake.decimals(reported // 4, ~is_import & (rng.random(rows, np.float32) < RE_EXPORTED)),
        "is_reported": pa.array(np.ones(rows, bool)),
        "is_residual": pa.array(np.zeros(rows, bool)),
        "snapshot_id": flows.coded(reporter, [f"comtrade-{code}-{year}" for code in flows.area_codes()]),
    }
    return lake.filled(given, contracts.HARMONISED_FLOWS, rows)


def _split(home: Path, year: int) -> None:
    """The year's rows as files that DuckDB itself wrote, one a bucket and side, in the same order: what a join reads."""
    import duckdb

    folder = home / SPLIT / str(year)
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        for bucket in range(codes.PRODUCT_BUCKETS):
            paths = [str(p) for p in lake.active_files(home, contracts.HARMONISED_FLOWS, year=year, product_bucket=bucket)]
            for side in SIDES:
                connection.execute(
                    f"copy (select * exclude (side) from read_parquet({paths}, hive_partitioning = false) where side = '{side}') "
                    f"to '{folder}/{bucket}-{side}.parquet' (format parquet, compression zstd)"
                )
