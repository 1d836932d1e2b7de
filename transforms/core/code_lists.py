"""code: the short lists of codes that files hand over, a row a code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lists as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.core.coded import code_order
from transforms.core.preferred import newest_first
from transforms.sources.lists import listed


def code_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """Codes of a home's lists; of one list handed over twice the newer is taken whole, so that a code taken off is gone."""
    chosen: dict[str, str] = {}
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for snapshot, found in listed(home, newest_first(snapshots), "codes"):
        for row in found:
            name = str(row["code_list"])
            if chosen.setdefault(name, snapshot.snapshot_id) == snapshot.snapshot_id:
                rows[name, str(row["list_code"])] = {**row, "snapshot_id": snapshot.snapshot_id}
    ordered = [row for _, row in sorted(rows.items(), key=lambda item: tuple(map(code_order, item[0])))]
    return pa.Table.from_pylist(ordered, schema=table_schema(contracts.CODE))
