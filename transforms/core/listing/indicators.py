"""indicator: values of areas and periods in every vintage that files hand over, countries apart from groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import lists as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.sources.lists import listed
from transforms.sources.precedence import newest_first


def indicator_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """Every vintage of every indicator. Of files of one vintage the one taken last holds where they differ.

    A file that names no day of update has the publisher's release as vintage, else the day it was taken.
    """
    parts: list[pa.Table] = []
    for snapshot, table in listed(home, newest_first(snapshots), "indicators"):
        own = snapshot.source_release or snapshot.taken_at.date().isoformat()
        filled = table.set_column(table.column_names.index("vintage"), "vintage", pc.fill_null(table["vintage"], own))
        parts.append(filled.append_column("snapshot_id", pa.repeat(pa.scalar(snapshot.snapshot_id), table.num_rows)))
    if not parts:
        return table_schema(contracts.INDICATOR).empty_table()
    key, columns = list(contracts.INDICATOR.key), contracts.INDICATOR.columns
    rest = [name for name in columns if name not in key]
    # without threads the first is that of the order above
    grouped = pa.concat_tables(parts).group_by(key, use_threads=False).aggregate([(name, "first") for name in rest])
    named = grouped.rename_columns([name.removesuffix("_first") for name in grouped.column_names])
    return named.select(list(columns)).sort_by([(name, "ascending") for name in key])
