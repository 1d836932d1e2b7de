"""The dimensions as one task: areas and their groups, products, source releases, lists; written like any other partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts import lists
from transforms.contracts.records import DataFile, Snapshot, TaskResult
from transforms.core.listing.area_groups import area_group_table
from transforms.core.listing.areas import area_table
from transforms.core.listing.code_lists import code_table
from transforms.core.listing.correlations import correlation_table
from transforms.core.listing.given_names import given_years
from transforms.core.listing.indicators import indicator_table
from transforms.core.listing.products import product_table
from transforms.core.listing.source_releases import source_release_table
from transforms.io import lake
from transforms.sources.parse import read_report

DIMENSIONS_VERSION = "4"


def dated_areas(areas: pa.Table, years: Mapping[str, tuple[int | None, int | None]]) -> pa.Table:
    """dim_area with the years that lists state for codes of which nothing else is known; ``years`` by area code."""
    rows = areas.to_pylist()
    for row in rows:
        if row["valid_from"] is None and row["valid_to"] is None and row["area_code"] in years:
            row["valid_from"], row["valid_to"] = years[row["area_code"]]
    return pa.Table.from_pylist(rows, schema=areas.schema)


def build_dimensions(home: Path, snapshots: Sequence[Snapshot]) -> TaskResult:
    """Write area, area_group, product, source_release and the lists from what was handed over and the codes in the lake."""
    areas = dated_areas(area_table(home, snapshots), given_years(home, snapshots))
    correlation = correlation_table(home, snapshots)
    tables = (
        (contracts.DIM_AREA, areas),
        (contracts.DIM_AREA_GROUP, area_group_table(set(areas["area_code"].to_pylist()))),
        (contracts.DIM_PRODUCT, product_table(home, snapshots, correlation)),
        (contracts.SOURCE_RELEASE, source_release_table(home, snapshots)),
        (lists.CODE, code_table(home, snapshots)),
        (lists.CORRELATION, correlation),
        (lists.INDICATOR, indicator_table(home, snapshots)),
    )
    written: list[DataFile] = []
    for table, data in tables:
        file = lake.write_partition(home, table, {}, [data])
        if file is not None:
            written.append(file)
    reports = [r for s in snapshots if s.kind != "flows" for m in s.members if (r := read_report(home, s, m)) is not None]
    return TaskResult(tuple(written), warnings=tuple(w for r in reports for w in r.warnings))
