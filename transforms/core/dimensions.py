"""The dimensions as one task: areas, products, source releases, written like any other partition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, Snapshot, TaskResult
from transforms.core.areas import area_table
from transforms.core.products import product_table
from transforms.core.source_releases import source_release_table
from transforms.io import lake

DIMENSIONS_VERSION = "2"


def build_dimensions(home: Path, snapshots: Sequence[Snapshot]) -> TaskResult:
    """Write area, product and source_release from the code lists, the snapshots and the codes in the lake."""
    tables = (
        (contracts.DIM_AREA, area_table(home, snapshots)),
        (contracts.DIM_PRODUCT, product_table(home, snapshots)),
        (contracts.SOURCE_RELEASE, source_release_table(home, snapshots)),
    )
    written: list[DataFile] = []
    for table, data in tables:
        file = lake.write_partition(home, table, {}, [data])
        if file is not None:
            written.append(file)
    return TaskResult(tuple(written))
