"""dim_source_release: the snapshots behind a lake, and what of them reached it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.sources.parse import read_report


def source_release_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """One row per live snapshot: file, licence, coverage, the years and rows that parsing found in it."""
    rows = []
    for snapshot in sorted(snapshots, key=lambda s: (s.source, s.snapshot_id)):
        reports = [r for m in snapshot.members if (r := read_report(home, snapshot, m)) is not None]
        years = sorted({y for r in reports for y in r.years})
        row = {name: getattr(snapshot, name, None) for name in contracts.SOURCE_RELEASE.columns}
        row |= {
            "first_year": years[0] if years else None,
            "last_year": years[-1] if years else None,
            "row_count": sum(r.rows_in for r in reports),
        }
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=table_schema(contracts.SOURCE_RELEASE))
