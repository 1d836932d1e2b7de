"""Do two contenders give the same answers? Exact for integers and decimals, 1e-9 for ratios; compared before any time counts."""

from __future__ import annotations

from pathlib import Path

import duckdb

from infra.benchmarks.dask_contenders import KEYS
from transforms.contracts import lake as contracts

RATIOS = {"exporter_product": "rca", "importer_product": "supplier_hhi"}
_TOLERANCE = 1e-9


def _source(out: Path, table: str, year: int) -> str:
    path = out / table / f"{year}.parquet"
    return f"read_parquet('{path}/*.parquet')" if path.is_dir() else f"read_parquet('{path}')"


def differences(ours: Path, theirs: Path, years: list[int], *, is_dask: bool) -> list[str]:
    """Sentences, one per table and year that disagrees; empty where all agree."""
    found = []
    with duckdb.connect(config={"threads": 2}) as connection:
        for table in contracts.AGGREGATES:
            for year in years:
                left, right = _source(ours, table.name, year), _source(theirs, table.name, year)
                if not is_dask:
                    found += _schema(connection, table.name, left, right)
                count = _unequal(connection, table.name, left, right, is_dask=is_dask)
                if count:
                    found.append(f"{table.name} {year}: {count} rows differ")
    return found


def _schema(connection: duckdb.DuckDBPyConnection, table: str, left: str, right: str) -> list[str]:
    schemas = [
        {name: kind for name, kind, *_ in connection.execute(f"describe select * from {source}").fetchall()} for source in (left, right)
    ]
    return [] if schemas[0] == schemas[1] else [f"{table}: columns differ: {schemas[0].items() ^ schemas[1].items()}"]


def _unequal(connection: duckdb.DuckDBPyConnection, table: str, left: str, right: str, *, is_dask: bool) -> int:
    """Rows that stand on one side only, or whose exact columns or ratio differ."""
    ratio = RATIOS.get(table)
    if is_dask:
        exact = [("value_fob_usd", "value_mills"), ("flow_count", "flow_count"), ("missing_weight_count", "missing_weight_count")]
        tests = [f"(l.{a} * {1000 if 'usd' in a else 1})::bigint is distinct from r.{b}::bigint" for a, b in exact]
        tests.append("(coalesce(l.net_weight_kg, 0) * 1000)::bigint is distinct from r.weight_mills::bigint")
        keys = KEYS[table]
    else:
        columns = [c for c in contracts.TABLES[table].file_columns if c != ratio]
        tests = [f"l.{c} is distinct from r.{c}" for c in columns]
        keys = list(contracts.TABLES[table].key)
    if ratio:
        tests.append(f"(l.{ratio} is null) <> (r.{ratio} is null) or abs(l.{ratio} - r.{ratio}) > {_TOLERANCE} * abs(l.{ratio})")
    row = connection.execute(
        f"select count(*) from {left} l full join {right} r using ({', '.join(keys)}) where {' or '.join(tests)}"
    ).fetchone()
    assert row is not None
    return int(row[0])
