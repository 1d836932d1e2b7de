"""indicator: values of areas and periods in every vintage that files hand over, countries apart from groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lists as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.core.preferred import newest_first
from transforms.sources.lists import listed

_KEY = ("indicator_code", "publisher_area_code", "period", "vintage")


def indicator_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """Every vintage of every indicator. Of files of one vintage the one taken last holds where they differ.

    A file that names no day of update has the publisher's release as vintage, else the day it was taken.
    """
    rows: dict[tuple[str, ...], dict[str, object]] = {}
    for snapshot, found in listed(home, newest_first(snapshots), "indicators"):
        own = snapshot.source_release or snapshot.taken_at.date().isoformat()
        for row in found:
            filled = {**row, "vintage": row["vintage"] or own, "snapshot_id": snapshot.snapshot_id}
            rows.setdefault(tuple(str(filled[name]) for name in _KEY), filled)
    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=table_schema(contracts.INDICATOR))
