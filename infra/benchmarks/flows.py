"""Synthetic bilateral flows of BACI's size and skew, committed as a lake table. They describe no real trade."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import codes
from transforms.contracts.lake import BILATERAL_FLOWS
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile
from transforms.io import lake

AREAS, PRODUCTS, HEADINGS = 226, 5_200, 1_220
YEAR_ROWS = 10_700_000
FIRST_YEAR = 2012
GROUP_ROWS = 700_000
#: Shares of BACI's rows without a weight, roughly.
MISSING_WEIGHT = 0.05
SEED = 20


def product_codes() -> list[str]:
    """5,200 six-digit codes in 96 chapters and 1,220 headings, ascending."""
    chapters = [c for c in range(1, 98) if c != 77]
    headings = sorted({f"{chapters[n % len(chapters)]:02d}{n // len(chapters) + 1:02d}" for n in range(HEADINGS)})
    return sorted(f"{headings[n % HEADINGS]}{(n // HEADINGS + 1) * 10:02d}" for n in range(PRODUCTS))


def area_codes() -> list[str]:
    """226 area codes in numeric order."""
    return [str(4 + 4 * n) for n in range(AREAS)]


def home_of(work: Path, rows: int) -> Path:
    """A home with ``rows`` committed flows under ``work``: made once."""
    home = work / ("one-year" if rows == YEAR_ROWS else f"rows-{rows}")
    if not is_whole(home, BILATERAL_FLOWS):
        print(f"generating {rows:,} synthetic rows in {home.name}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        write_years(home, rows)
        (home / "rows.json").write_text(str(rows), "utf-8")
    return home


def is_whole(home: Path, table: Table) -> bool:
    """``rows.json`` says that all rows were written; the contract may have changed since."""
    if not (home / "rows.json").exists():
        return False
    files = lake.active_files(home, table, version=None)
    return bool(files) and tuple(pq.read_schema(files[0]).names) == table.file_columns


def row_count(paths: Iterable[Path]) -> int:
    """Rows of Parquet files, by their footers: years are drawn, not counted out."""
    return sum(pq.read_metadata(path).num_rows for path in paths)


def write_years(home: Path, rows: int) -> list[int]:
    """Commit about ``rows`` flows, 10.7 M a year (the last year takes the rest); returns the years."""
    sizes = [YEAR_ROWS] * (rows // YEAR_ROWS)
    if rows % YEAR_ROWS > YEAR_ROWS // 20 or not sizes:
        sizes.append(rows % YEAR_ROWS)
    years = [FIRST_YEAR + n for n in range(len(sizes))]
    for year, size in zip(years, sizes, strict=True):
        files: dict[str, list[DataFile]] = {}
        for file in _write_year(home, year, size):
            files.setdefault(file.partition_key, []).append(file)
        lake.commit(home, BILATERAL_FLOWS, files)
    return years


def _write_year(home: Path, year: int, rows: int) -> Iterator[DataFile]:
    rng = np.random.default_rng(SEED + year)
    exporter, importer, product = cells(rng, rows)
    value = np.maximum(1, np.exp(rng.normal(16.5, 2.6, len(exporter)))).astype(np.int64)
    weight = np.maximum(1, value * np.exp(rng.normal(-1.0, 1.2, len(value)))).astype(np.int64)
    has_weight = rng.random(len(value), np.float32) >= MISSING_WEIGHT
    bucket = np.array([codes.product_bucket(c) for c in product_codes()], np.int8)[product]
    for number in range(codes.PRODUCT_BUCKETS):
        at = np.flatnonzero(bucket == number)
        partition = {"year": year, "product_bucket": number}
        parts = np.array_split(at, max(1, -(-len(at) // GROUP_ROWS)))
        tables = (_table(year, exporter[p], importer[p], product[p], value[p], weight[p], has_weight[p]) for p in parts)
        if file := lake.write_partition(home, BILATERAL_FLOWS, partition, tables):
            yield file


def cells(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exporter, importer, product of about ``rows`` flows, sorted: large areas trade more products with more partners."""
    size_x, size_m = rng.pareto(0.7, AREAS) + 0.02, rng.pareto(0.9, AREAS) + 0.05
    appeal = rng.pareto(1.2, PRODUCTS) + 0.2
    pair = np.outer(size_x, size_m) * rng.lognormal(0, 0.8, (AREAS, AREAS))
    np.fill_diagonal(pair, 0)
    scale = _scale(pair, appeal, rows)
    found = []
    for exporter in range(AREAS):
        chance = -np.expm1(-np.outer(pair[exporter] * scale, appeal)).astype(np.float32)
        importer, product = np.nonzero(rng.random(chance.shape, np.float32) < chance)
        found.append((np.full(len(importer), exporter, np.int16), importer.astype(np.int16), product.astype(np.int16)))
    columns = [np.concatenate(c) for c in zip(*found, strict=True)]
    return columns[0], columns[1], columns[2]


def _scale(pair: np.ndarray, appeal: np.ndarray, rows: int) -> float:
    """Factor on the intensities at which the expected number of flows is ``rows``, by bisection on a sample of products."""
    sample = np.sort(appeal)[:: len(appeal) // 100]
    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        expected = -np.expm1(-np.outer(pair.ravel() * np.exp(middle), sample)).sum() * len(appeal) / len(sample)
        low, high = (middle, high) if expected < rows else (low, middle)
    return float(np.exp(low))


def _table(
    year: int,
    exporter: np.ndarray,
    importer: np.ndarray,
    product: np.ndarray,
    value: np.ndarray,
    weight: np.ndarray,
    has_weight: np.ndarray,
) -> pa.Table:
    rows = len(exporter)
    areas, products = area_codes(), product_codes()
    given: dict[str, pa.Array] = {
        "basis": constant("baci_published", rows),
        "frequency": constant("A", rows),
        "period": constant(str(year), rows),
        "classification": constant("H4", rows),
        "product_level": pa.array(np.full(rows, 6, np.int8)),
        "exporter_code": coded(exporter, areas),
        "importer_code": coded(importer, areas),
        "product_code": coded(product, products),
        "value_fob_usd": lake.decimals(value),
        "net_weight_kg": lake.decimals(weight, has_weight),
        "method": constant("baci_published", rows),
        "evidence": constant("published", rows),
        "is_value_rounded": pa.array(np.zeros(rows, bool)),
        "is_residual": pa.array(np.zeros(rows, bool)),
        "snapshot_exporter": constant("synthetic", rows),
    }
    return lake.filled(given, BILATERAL_FLOWS, rows)


def coded(indices: np.ndarray, names: list[str]) -> pa.Array:
    """Codes as the lake holds them: a dictionary of text."""
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(names, pa.string()))


def constant(value: str, rows: int) -> pa.Array:
    """One code in every row."""
    return coded(np.zeros(rows, np.int32), [value])
