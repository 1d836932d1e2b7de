"""code: the short lists of codes that files hand over, a row a code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lists as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.core.coded import code_order
from transforms.sources.lists import listed
from transforms.sources.precedence import newest_first


def code_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """Codes of a home's lists; of one list handed over twice the newer is taken whole, so that a code taken off is gone."""
    taken: set[str] = set()
    rows: list[dict[str, str]] = []
    for snapshot, table in listed(home, newest_first(snapshots), "codes"):
        found = table.to_pylist()
        rows += [{**row, "snapshot_id": snapshot.snapshot_id} for row in found if row["code_list"] not in taken]
        taken |= {row["code_list"] for row in found}
    rows.sort(key=lambda row: (code_order(row["code_list"]), code_order(row["list_code"])))
    return pa.Table.from_pylist(rows, schema=table_schema(contracts.CODE))
