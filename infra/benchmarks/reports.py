"""Synthetic harmonised and reported flows, committed as lake tables, for the gates. They describe no real trade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.benchmarks import flows
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile
from transforms.io import lake

LAST_YEAR = 2023
CIF_RATE = 1.05
#: Share of reports that have a part re-exported or re-imported beside them.
RE_FLOWS = 0.04


def write_harmonised(home: Path, rows: int) -> None:
    """About ``rows`` reports: each flow as its exporter and as its importer states it."""
    for year, size in _years(rows):
        lake.commit(home, contracts.HARMONISED_FLOWS, _harmonised_year(home, year, size))


def _harmonised_year(home: Path, year: int, rows: int) -> dict[str, list[DataFile]]:
    rng = np.random.default_rng(flows.SEED + year)
    exporter, importer, product, value = _flows(rng, rows // 2)
    bucket = np.array([codes.product_bucket(c) for c in flows.product_codes()], np.int8)[product]
    files: dict[str, list[DataFile]] = {}
    for number in range(codes.PRODUCT_BUCKETS):
        at = np.repeat(np.flatnonzero(bucket == number), 2)
        side = np.tile(np.array([0, 1], np.int32), len(at) // 2)

        def table(p: np.ndarray, at: np.ndarray = at, side: np.ndarray = side) -> pa.Table:
            rows_of, sides = at[p], side[p]
            fob = value[rows_of]
            return _table(
                contracts.HARMONISED_FLOWS,
                year,
                len(p),
                exporter_code=_areas(exporter[rows_of]),
                importer_code=_areas(importer[rows_of]),
                product_code=_products(product[rows_of]),
                basis=flows.constant("own", len(p)),
                side=flows.coded(sides, ["exporter", "importer"]),
                source=flows.constant("comtrade", len(p)),
                reported_value_usd=lake.decimals(np.where(sides == 1, (fob * CIF_RATE).astype(np.int64), fob)),
                value_fob_usd=lake.decimals(fob, sides == 0),
                valuation=flows.coded(sides, ["FOB", "CIF"]),
                net_weight_kg=lake.decimals(fob // 3 + 1),
                is_residual=_no(len(p)),
            )

        if file := _write(home, contracts.HARMONISED_FLOWS, {"year": year, "product_bucket": number}, len(at), table):
            files[file.partition_key] = [file]
    return files


def write_reported(home: Path, rows: int) -> None:
    """About ``rows`` reports of one source: exports, their mirrors, and what of them is re-exported or re-imported."""
    for year, size in _years(rows):
        if file := _reported_year(home, year, size):
            lake.commit(home, contracts.REPORTED_FLOWS, {file.partition_key: [file]})


def _reported_year(home: Path, year: int, rows: int) -> DataFile | None:
    rng = np.random.default_rng(flows.SEED + year)
    exporter, importer, product, value = _flows(rng, int(rows / 2 / (1 + RE_FLOWS)))
    sides = []
    for reporter, partner, flow, part in ((exporter, importer, 3, 2), (importer, exporter, 0, 1)):  # places in _FLOWS
        again = np.flatnonzero(rng.random(len(value), np.float32) < RE_FLOWS)
        sides.append((reporter, partner, np.full(len(value), flow, np.int8), product, value))
        sides.append((reporter[again], partner[again], np.full(len(again), part, np.int8), product[again], value[again] // 2 + 1))
    reporter, partner, flow, product, value = (np.concatenate(columns) for columns in zip(*sides, strict=True))
    order = np.lexsort((product, flow, partner, reporter))

    def table(p: np.ndarray) -> pa.Table:
        at = order[p]
        is_import = flow[at] < 2
        return _table(
            contracts.REPORTED_FLOWS,
            year,
            len(p),
            reporter_code=_areas(reporter[at]),
            partner_code=_areas(partner[at]),
            flow_code=flows.coded(flow[at], ["M", "RM", "RX", "X"]),
            product_code=_products(product[at]),
            reported_value_usd=lake.decimals(value[at]),
            value_cif_usd=lake.decimals(value[at], is_import),
            value_fob_usd=lake.decimals(value[at], ~is_import),
            valuation=flows.coded(is_import.astype(np.int32), ["FOB", "CIF"]),
            net_weight_kg=lake.decimals(value[at] // 3 + 1),
            is_self_trade=_no(len(p)),
            is_confidential=_no(len(p)),
            is_special=pa.array(_special()[partner[at]]),
            snapshot_member=flows.constant("synthetic.gz", len(p)),
            source_line=pa.array(p + 2, pa.int64()),
        )

    return _write(home, contracts.REPORTED_FLOWS, {"source": "comtrade", "year": year}, len(order), table)


def _years(rows: int) -> list[tuple[int, int]]:
    """As many years as 10.7 M rows each need, and their rows."""
    count = -(-rows // flows.YEAR_ROWS)
    return [(LAST_YEAR - n, rows // count) for n in range(count)]


def _flows(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Exporter, importer, product, value in mills; sorted, without groups that are no areas."""
    exporter, importer, product = flows.cells(rng, rows)
    areas = np.array([c not in codes.MARGIN_AREAS for c in flows.area_codes()])
    keep = areas[exporter] & areas[importer]
    exporter, importer, product = exporter[keep], importer[keep], product[keep]
    value = np.maximum(1, np.exp(rng.normal(16.5, 2.6, len(exporter)))).astype(np.int64)
    return exporter, importer, product, value


def _write(home: Path, table: Table, partition: dict[str, int | str], rows: int, make: Callable[[np.ndarray], pa.Table]) -> DataFile | None:
    parts: Iterator[pa.Table] = (make(p) for p in np.array_split(np.arange(rows), max(1, -(-rows // flows.GROUP_ROWS))))
    return lake.write_partition(home, table, partition, parts)


def _table(table: Table, year: int, rows: int, **given: pa.Array) -> pa.Table:
    """The columns given, those that are the same in every row, and NULL for the rest."""
    constant = {
        "frequency": flows.constant("A", rows),
        "period": flows.constant(str(year), rows),
        "classification": flows.constant("H5", rows),
        "product_level": pa.array(np.full(rows, 6, np.int8)),
        "is_value_rounded": _no(rows),
        "is_net_weight_estimated": _no(rows),
        "is_reported": pa.array(np.ones(rows, bool)),
        "snapshot_id": flows.constant("synthetic", rows),
    }
    return lake.filled(constant | given, table, rows)


def _special() -> np.ndarray:
    return np.array([c in codes.SPECIAL_AREAS for c in flows.area_codes()])


def _areas(indices: np.ndarray) -> pa.Array:
    return flows.coded(indices, flows.area_codes())


def _products(indices: np.ndarray) -> pa.Array:
    return flows.coded(indices, flows.product_codes())


def _no(rows: int) -> pa.Array:
    return pa.array(np.zeros(rows, bool))
