"""The contenders, each a whole process: ``python -m infra.benchmarks.contenders NAME HOME OUT``.

All read the same rows (HOME's lake; Dask's data frames a copy with values as int64 mills,
since pandas has no decimals) and leave OUT/<table>/<year>.parquet or a folder of that name.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from transforms.contracts import lake as contracts
from transforms.io import lake


def years_of(home: Path) -> list[int]:
    """Years with committed flows, ascending."""
    return sorted({int(p["year"]) for p in lake.partitions(home, contracts.BILATERAL_FLOWS)})


def kernel(home: Path, out: Path, workers: int = 2) -> None:
    """Ours: one task a year on worker processes; files are moved out of the lake afterwards, not committed."""
    from transforms.cluster import dask_client
    from transforms.core.aggregating.aggregate import aggregate_year
    from transforms.settings import load_settings

    settings = load_settings(home, {})
    settings = dataclasses.replace(settings, cluster=dataclasses.replace(settings.cluster, workers=workers))
    with dask_client(settings) as client:
        results = client.gather([client.submit(aggregate_year, home, year, pure=False) for year in years_of(home)])
    hashes = {}
    for file in (f for result in results for f in result.files):
        hashes[f"{file.table}/{file.partition_key}"] = file.sha256
        target = out / file.table / f"{dict(file.partition)['year']}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(lake.table_folder(home, contracts.TABLES[file.table]) / file.path, target)
    (out / "hashes.json").write_text(json.dumps(hashes, sort_keys=True), "utf-8")


def duck(home: Path, out: Path) -> None:
    """DuckDB: one process, two threads, one query per table and year, zstd Parquet."""
    import duckdb

    from infra.benchmarks.sql import KEPT, QUERIES

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set preserve_insertion_order = false")
        for year in years_of(home):
            paths = [str(p) for p in lake.active_files(home, contracts.BILATERAL_FLOWS, year=year)]
            connection.execute(f"create or replace view flows as from read_parquet({paths}, hive_partitioning = false)")
            constants = _stratum(connection)
            for table, text in QUERIES.items():
                (out / table).mkdir(parents=True, exist_ok=True)
                target = out / table / f"{year}.parquet"
                query = f"from {table}" if table in KEPT else text
                if table in KEPT:
                    connection.execute(f"create or replace temp table {table} as {text}")
                connection.execute(f"copy (select {constants}, * from ({query})) to '{target}' (format parquet, compression zstd)")


def _stratum(connection: Any) -> str:
    """The year's one stratum as constants: grouping by five more columns would cost DuckDB twice the time."""
    from transforms.contracts.arrow import sql_type

    [row] = connection.execute(f"select distinct {', '.join(contracts.STRATUM)} from flows").fetchall()
    return ", ".join(f"'{value}'::{sql_type(name)} as {name}" for name, value in zip(contracts.STRATUM, row, strict=True))


def main() -> None:
    """Run the contender named on the command line."""
    from infra.benchmarks import dask_contenders

    name, home, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    known = {"kernel": kernel, "duckdb": duck, "dask_naive": dask_contenders.naive, "dask_tuned": dask_contenders.tuned}
    if name.startswith("kernel:"):
        kernel(home, out, int(name.partition(":")[2]))
    else:
        known[name](home, out)


if __name__ == "__main__":
    main()
