"""dask.dataframe as a contender: as one writes it first, and tuned.

Both read OUT-of-lake copies with int64 mills and float squares (inexact where ours are
exact), give no top supplier, and carry the year alone in place of the stratum: all in
their favour.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from transforms.cluster import dask_client
from transforms.settings import load_settings

#: Table -> its keys in the copy.
KEYS = {
    "pair_totals": ["exporter_code", "importer_code"],
    "exporter_chapter": ["exporter_code", "chapter_code"],
    "pair_heading": ["exporter_code", "importer_code", "heading_code"],
    "exporter_product": ["exporter_code", "product_code"],
    "importer_product": ["importer_code", "product_code"],
    "world_product": ["product_code"],
}
COPY = "dask_copy"
_SUMS = {"value_mills": "sum", "weight_mills": "sum", "flow_count": "sum", "missing_weight_count": "sum"}


def write_copy(home: Path) -> None:
    """The lake's flows with plain integers, a file a year and bucket; outside the time measured."""
    import duckdb

    from transforms.contracts import lake as contracts
    from transforms.io import lake

    with duckdb.connect(config={"threads": 2}) as connection:
        for path in lake.active_files(home, contracts.BILATERAL_FLOWS):
            year = path.parent.parent.name.removeprefix("year=")
            target = home / COPY / year / f"{path.parent.name}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"""copy (select exporter_code, importer_code, product_code, (value_fob_usd * 1000)::bigint as value_mills,
                (net_weight_kg * 1000)::bigint as weight_mills from read_parquet('{path}'))
                to '{target}' (format parquet, compression zstd, row_group_size 1000000)""")


def _with_measures(frame: Any) -> Any:
    return frame.assign(
        square=frame["value_mills"].astype("float64") ** 2,
        flow_count=1,
        missing_weight_count=frame["weight_mills"].isna().astype("int64"),
        weight_mills=frame["weight_mills"].fillna(0).astype("int64"),
        chapter_code=frame["product_code"].str[:2],
        heading_code=frame["product_code"].str[:4],
    )


def _rca(frame: Any) -> Any:
    value = frame["value_mills"].astype("float64")
    of_exporter = value.groupby(frame["exporter_code"]).transform("sum")
    of_product = value.groupby(frame["product_code"]).transform("sum")
    return frame.assign(rca=value * value.sum() / (of_exporter * of_product))


def _hhi(frame: Any) -> Any:
    return frame.assign(supplier_hhi=frame["square"] / frame["value_mills"].astype("float64") ** 2)


def _years(home: Path) -> list[Path]:
    return sorted((home / COPY).iterdir())


def _settings(home: Path) -> Any:
    settings = load_settings(home, {})
    return dataclasses.replace(settings, cluster=dataclasses.replace(settings.cluster, memory_limit="8GiB"))


def naive(home: Path, out: Path) -> None:
    """read_parquet().groupby().agg() per table and year."""
    import dask
    import dask.dataframe as dd

    with dask_client(_settings(home)):
        for folder in _years(home):
            frame = _with_measures(dd.read_parquet(folder))
            tables = []
            for table, keys in KEYS.items():
                sums = {**_SUMS, "square": "sum"} if table == "importer_product" else _SUMS
                tables.append(frame.groupby(keys).agg(sums).reset_index())
            for table, result in zip(KEYS, dask.compute(*tables), strict=True):
                _write(_finish(table, result), out / table / f"{folder.name}.parquet")


def _finish(table: str, frame: Any) -> Any:
    return _rca(frame) if table == "exporter_product" else _hhi(frame) if table == "importer_product" else frame


def _write(frame: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(target, compression="zstd", index=False)


def tuned(home: Path, out: Path) -> None:
    """Columns projected, codes as categories, groups summed inside each partition; buckets share no product, so only
    totals over chapters are combined, and workers write the large tables themselves."""
    from dask.distributed import Client

    with dask_client(_settings(home)) as client:
        assert isinstance(client, Client)
        futures = {f.name: [client.submit(_tuned_part, path, out, pure=False) for path in sorted(f.iterdir())] for f in _years(home)}
        done = [client.submit(_tuned_year, parts, year, out, pure=False) for year, parts in futures.items()]
        client.gather(done)


def _tuned_part(path: Path, out: Path) -> Any:
    """Groups of one bucket; the large tables are written, what must be combined is returned."""
    import pandas as pd
    import pyarrow.parquet as pq

    keys = ["exporter_code", "importer_code", "product_code"]
    frame = pq.read_table(path, read_dictionary=keys, use_threads=False).to_pandas()
    products = frame["product_code"].cat.categories
    heading, chapter = (pd.Categorical(products.str[:n]) for n in (4, 2))
    code = frame["product_code"].cat.codes.to_numpy()
    missing = frame["weight_mills"].isna()
    frame = frame.assign(
        heading_code=pd.Categorical.from_codes(heading.codes[code], heading.categories),
        chapter_code=pd.Categorical.from_codes(chapter.codes[code], chapter.categories),
        weight_mills=frame["weight_mills"].fillna(0).astype("int64"),
        missing_weight_count=missing.astype("int64"),
        flow_count=1,
        square=frame["value_mills"].astype("float64") ** 2,
    )
    year = path.parent.name
    partial = {}
    for table in ("pair_heading", *(t for t in KEYS if t != "pair_heading")):
        sums = {**_SUMS, "square": "sum"} if table == "importer_product" else _SUMS
        source = partial["pair_heading"] if table == "pair_totals" else frame
        partial[table] = source.groupby(KEYS[table], observed=True, sort=False).agg(sums).reset_index()
    for table in ("pair_heading", "importer_product", "world_product", "exporter_chapter"):
        _write(_finish(table, partial.pop(table)), out / table / f"{year}.parquet" / path.name)
    return {table: part.astype(dict.fromkeys(KEYS[table], "str")) for table, part in partial.items()}


def _tuned_year(parts: list[Any], year: str, out: Path) -> None:
    """What needs all buckets: pair totals, and RCA."""
    import pandas as pd

    pairs = pd.concat([p["pair_totals"] for p in parts]).groupby(KEYS["pair_totals"], sort=False).agg(_SUMS).reset_index()
    _write(pairs, out / "pair_totals" / f"{year}.parquet")
    _write(_rca(pd.concat([p["exporter_product"] for p in parts], ignore_index=True)), out / "exporter_product" / f"{year}.parquet")
