"""correlation: which codes of two classifications share products, as correlation tables state it. No weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import lists as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.layouts.unsd import CONSOLIDATED
from transforms.contracts.records import Snapshot
from transforms.sources.lists import listed
from transforms.sources.precedence import newest_first

_PAIR = ["from_classification", "to_classification"]


def _in_order(table: pa.Table) -> pa.Table:
    """Rows by the table's sort_by, codes by length and text."""
    names = contracts.CORRELATION.sort_by
    keys = pa.table({f"{n}_{part}": c for n in names for part, c in (("length", pc.utf8_length(table[n])), ("text", table[n]))})
    return table.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names]))


def correlation_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """Relations of a home's tables. Each pair of classifications is one file's: its own table before the consolidated one, newer first.

    Two states of a table are never mixed: a relation that the newer one has not would stay.
    """
    ordered = sorted(newest_first(snapshots), key=lambda s: s.layout == CONSOLIDATED.name)
    taken: set[tuple[str, str]] = set()
    parts: list[pa.Table] = []
    for snapshot, table in listed(home, ordered, "correlation"):
        pairs = {tuple(row.values()) for row in table.select(_PAIR).group_by(_PAIR).aggregate([]).to_pylist()}
        for pair in sorted(pairs - taken):
            mask = pc.and_(*(pc.equal(table[name], code) for name, code in zip(_PAIR, pair, strict=True)))
            part = table.filter(mask)
            parts.append(part.append_column("snapshot_id", pa.repeat(pa.scalar(snapshot.snapshot_id), part.num_rows)))
        taken |= pairs
    return _in_order(pa.concat_tables(parts)) if parts else table_schema(contracts.CORRELATION).empty_table()
