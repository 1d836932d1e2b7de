"""Both reports of every flow in one row, each a whole process: ``python -m infra.benchmarks.reconcile_contenders NAME HOME OUT``.

``ours`` is the stage that the engine runs, its files moved to OUT instead of committed. ``duckdb``
is the bare full outer join of the two sides with the columns that reconciling reads (no CIF, no
weights, no evidence), ``duckdb_narrow`` the same with value and weight alone. ``dask`` is the
merge that one writes first, of the same files and columns as ``duckdb``.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.benchmarks.reconcile_data import KEYS, SIDES, SPLIT
from transforms.contracts import lake as contracts
from transforms.contracts.codes import PRODUCT_BUCKETS
from transforms.io import lake

OPTIONS = "format parquet, compression zstd, compression_level 1, parquet_version v2"
#: What a row of a join needs of each report: what reconciling reads.
MEASURES = ("reported_value_usd", "valuation", "value_fob_usd", "is_value_rounded", "net_weight_kg", "source", "snapshot_id")
_IF_CIF = "case when valuation_importer = 'CIF' then reported_value_usd_importer end"
NARROW = ("reported_value_usd", "valuation", "net_weight_kg")


def ours(home: Path, out: Path, workers: int = 2) -> None:
    """The stage's tasks of every year on worker processes; ``hashes.json`` says what each partition's files are."""
    from orchestration.plan import look
    from orchestration.stages import RECONCILE
    from orchestration.steps import submit
    from transforms.cluster import dask_client
    from transforms.settings import load_settings

    settings = load_settings(home, {})
    settings = dataclasses.replace(settings, cluster=dataclasses.replace(settings.cluster, workers=workers))
    view = look(settings)
    tasks = [task for key in sorted(RECONCILE.inputs(view)) for task in RECONCILE.tasks(view, key)]
    with dask_client(settings) as client:
        results = client.gather(submit(client, tasks)[0])
    files = [file for result in results for file in result.files]
    for file in files:
        target = out / file.table / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(lake.table_folder(home, contracts.TABLES[file.table]) / file.path, target)
    hashes = sorted([file.table, file.path, file.sha256] for file in files)
    (out / "hashes.json").write_text(json.dumps(hashes), "utf-8")


def join_sql(folder: Path, bucket: int, measures: tuple[str, ...] = MEASURES) -> str:
    """The full outer join of a bucket's two sides. Its stratum is the path's, so that three columns are the key and none is constant."""
    x, m = (f"read_parquet('{folder / str(bucket)}-{side}.parquet')" for side in SIDES)
    columns = ", ".join(f"{alias}.{name} as {name}_{side}" for alias, side in zip("xm", SIDES, strict=True) for name in measures)
    return f"select {', '.join(KEYS)}, {columns} from {x} as x full outer join {m} as m using ({', '.join(KEYS)})"


def duck(home: Path, out: Path, measures: tuple[str, ...] = MEASURES) -> None:
    """DuckDB: one process, two threads, a query and a file a year and bucket; delta encodings and zstd's first level, as in the lake.

    Of the ways tried this took the least CPU: a file a year, constant columns of the stratum, snappy,
    zstd's third level, larger row groups and kept order all took more.
    """
    import duckdb

    with duckdb.connect(config={"threads": 2, "memory_limit": "16GB", "temp_directory": str(out / "spill")}) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set enable_progress_bar = false")
        for year in sorted((home / SPLIT).iterdir()):
            for bucket in range(PRODUCT_BUCKETS):
                target = out / f"{year.name}-{bucket}.parquet"
                connection.execute(f"copy ({join_sql(year, bucket, measures)}) to '{target}' ({OPTIONS})")


def duck_narrow(home: Path, out: Path) -> None:
    """The join with value, valuation and net weight of each report alone."""
    duck(home, out, NARROW)


def dask_merge(home: Path, out: Path) -> None:
    """read_parquet().merge(how="outer").to_parquet() over DuckDB's files and columns; the year's period is a key beside the three."""
    import dask.dataframe as dd

    from transforms.cluster import dask_client
    from transforms.settings import load_settings

    settings = load_settings(home, {})
    settings = dataclasses.replace(settings, cluster=dataclasses.replace(settings.cluster, memory_limit="8GiB"))
    keys = ["period", *KEYS]
    with dask_client(settings):
        x, m = (dd.read_parquet(sorted((home / SPLIT).glob(f"*/*-{side}.parquet")), columns=[*keys, *MEASURES]) for side in SIDES)
        both = x.merge(m, how="outer", on=keys, suffixes=tuple(f"_{side}" for side in SIDES))
        both.to_parquet(out / "merged", compression="zstd", write_index=False)


def answers(name: str, out: Path) -> dict[str, Any]:
    """What must be the same whoever joins: rows, and the exact sums of exporters' values and of importers' CIF values in mills."""
    import duckdb

    is_ours = name.startswith("ours")
    exporter, importer = ("value_exporter_fob_usd", "value_importer_cif_usd") if is_ours else ("reported_value_usd_exporter", _IF_CIF)
    paths = [str(p) for p in sorted((out / contracts.BILATERAL_FLOWS.name if is_ours else out).rglob("*.parquet"))]
    with duckdb.connect(config={"threads": 2}) as connection:
        row = connection.execute(
            f"select count(*), 1000 * sum({exporter}), 1000 * sum({importer}) from read_parquet({paths}, hive_partitioning = false)"
        ).fetchone()
    assert row is not None
    return dict(zip(("rows", "exporter_mills", "importer_cif_mills"), map(int, row), strict=True))


def main() -> None:
    """Run the contender named on the command line."""
    name, home, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    known: dict[str, Callable[[Path, Path], None]] = {"ours": ours, "duckdb": duck, "duckdb_narrow": duck_narrow, "dask": dask_merge}
    if name.startswith("ours:"):
        ours(home, out, int(name.partition(":")[2]))
    else:
        known[name](home, out)


if __name__ == "__main__":
    main()
