"""Lists taken and read: from the text of a file to the rows of the lake's tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from transforms.contracts import lake as contracts
from transforms.contracts import lists
from transforms.core.listing.dimensions import build_dimensions
from transforms.io.lake import table_folder
from transforms.io.snapshot import Declared, take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources.parse import parse_snapshot

Rows = list[dict[str, Any]]


def take(home: Path, path: Path, *, edition: str | None = None, release: str | None = None) -> tuple[str, ...]:
    """Take a file and read it; the warnings of reading."""
    settings = Settings(home=home)
    warnings: list[str] = []
    for snapshot in take_snapshot(path, settings, declared=Declared(edition=edition, source_release=release)):
        for member in snapshot.members:
            warnings += parse_snapshot(home, snapshot, member).warnings
    return tuple(warnings)


def given(home: Path, name: str, text: str | bytes, **said: str) -> tuple[str, ...]:
    """Write a file of that name, take it and read it."""
    path = home.parent / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return take(home, path, **said)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def built(home: Path) -> Mapping[str, Rows]:
    """Table -> rows of the dimensions, as a task would write them."""
    found: dict[str, Rows] = {t.name: [] for t in (contracts.DIM_AREA, contracts.DIM_PRODUCT, *lists.TABLES)}
    for file in build_dimensions(home, live_snapshots(Settings(home=home))).files:
        path = table_folder(home, contracts.TABLES[file.table]) / file.path
        found[file.table] = pq.ParquetFile(path).read().to_pylist()
    return found
