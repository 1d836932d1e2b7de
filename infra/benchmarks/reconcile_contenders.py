"""Both reports of every flow in one row, each a whole process: ``python -m infra.benchmarks.reconcile_contenders NAME HOME OUT``.

``ours`` is the stage that the engine runs, its files moved to OUT instead of committed. ``duckdb``
is the bare full outer join of the two tables, a year at a time: their whole key, and of each side the
columns that reconciling reads (no CIF, no weights, no evidence). ``duckdb_lean`` is the least that
could be called that join: bucket by bucket, as the lake has them laid out already, three key
columns, seven of each side. ``dask`` is the merge that one writes first, of the lean columns.
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
from transforms.core.reconciling.mirrors import COLUMNS
from transforms.io import lake

OPTIONS = "format parquet, compression zstd, compression_level 1, parquet_version v2"
#: Of each report what reconciling reads, and the least of it.
_KEY = (*contracts.STRATUM, *KEYS)
MEASURES = tuple(name for name in COLUMNS if name not in (*_KEY, "side"))
LEAN = ("reported_value_usd", "valuation", "value_fob_usd", "is_value_rounded", "net_weight_kg", "source", "snapshot_id")
_IF_CIF = "case when valuation_importer = 'CIF' then reported_value_usd_importer end"


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


def join_sql(one: str, other: str, key: tuple[str, ...], measures: tuple[str, ...]) -> str:
    """The full outer join of two sides, files or patterns of files."""
    x, m = (f"read_parquet('{path}')" for path in (one, other))
    columns = ", ".join(f"{alias}.{name} as {name}_{side}" for alias, side in zip("xm", SIDES, strict=True) for name in measures)
    return f"select {', '.join(key)}, {columns} from {x} as x full outer join {m} as m using ({', '.join(key)})"


def _duck(home: Path, out: Path, pieces: tuple[str, ...], key: tuple[str, ...], measures: tuple[str, ...]) -> None:
    """One process, two threads, a query and a file a year and piece; delta encodings and zstd's first level, as in the lake."""
    import duckdb

    with duckdb.connect(config={"threads": 2, "memory_limit": "16GB", "temp_directory": str(out / "spill")}) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set enable_progress_bar = false")
        for year in sorted((home / SPLIT).iterdir()):
            for number, piece in enumerate(pieces):
                sides = (str(year / f"{piece}-{side}.parquet") for side in SIDES)
                target = out / f"{year.name}-{number}.parquet"
                connection.execute(f"copy ({join_sql(*sides, key, measures)}) to '{target}' ({OPTIONS})")


def duck(home: Path, out: Path) -> None:
    """DuckDB: a year's two tables, joined by their key."""
    _duck(home, out, ("*",), _KEY, MEASURES)


def duck_lean(home: Path, out: Path) -> None:
    """DuckDB: bucket by bucket. Of the ways tried this took the least CPU: a file a year, constant columns of the stratum, snappy,
    zstd's third level, larger row groups and kept order all took more."""
    _duck(home, out, tuple(str(bucket) for bucket in range(PRODUCT_BUCKETS)), KEYS, LEAN)


def dask_merge(home: Path, out: Path) -> None:
    """read_parquet().merge(how="outer").to_parquet() over DuckDB's files and columns; the year's period is a key beside the three."""
    import dask.dataframe as dd

    from transforms.cluster import dask_client
    from transforms.settings import load_settings

    settings = load_settings(home, {})
    settings = dataclasses.replace(settings, cluster=dataclasses.replace(settings.cluster, memory_limit="8GiB"))
    keys = ["period", *KEYS]
    with dask_client(settings):
        x, m = (dd.read_parquet(sorted((home / SPLIT).glob(f"*/*-{side}.parquet")), columns=[*keys, *LEAN]) for side in SIDES)
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
    known: dict[str, Callable[[Path, Path], None]] = {"ours": ours, "duckdb": duck, "duckdb_lean": duck_lean, "dask": dask_merge}
    if name.startswith("ours:"):
        ours(home, out, int(name.partition(":")[2]))
    else:
        known[name](home, out)


if __name__ == "__main__":
    main()
