"""correlation: which codes of two classifications share products, as correlation tables state it. No weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lists as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.layouts.unsd import CONSOLIDATED
from transforms.contracts.records import Snapshot
from transforms.core.coded import code_order
from transforms.core.preferred import newest_first
from transforms.sources.lists import listed

_KEY = ("from_classification", "to_classification", "from_code", "to_code")


def correlation_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """Relations of a home's tables. Each pair of classifications is one file's: its own table before the consolidated one, newer first.

    Two states of a table are never mixed: a relation that the newer one has not would stay.
    """
    ordered = sorted(newest_first(snapshots), key=lambda s: s.layout == CONSOLIDATED.name)
    chosen: dict[tuple[str, str], str] = {}
    rows: dict[tuple[str, ...], dict[str, object]] = {}
    for snapshot, found in listed(home, ordered, "correlation"):
        for row in found:
            key = tuple(str(row[name]) for name in _KEY)
            if chosen.setdefault((key[0], key[1]), snapshot.snapshot_id) == snapshot.snapshot_id:
                rows[key] = {**row, "snapshot_id": snapshot.snapshot_id}
    in_order = [rows[key] for key in sorted(rows, key=lambda key: tuple(map(code_order, key)))]
    return pa.Table.from_pylist(in_order, schema=table_schema(contracts.CORRELATION))
