"""Row groups of harmonised_flows: of which stratum each is, and its rows when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import lake as contracts
from transforms.core.reconciling.mirrors import COLUMNS
from transforms.io import lake


@dataclass(frozen=True)
class Group:
    """One row group. ``stratum``: its columns contracts.STRATUM, from the file's statistics: nothing is decoded for them."""

    reader: pq.ParquetFile
    number: int
    stratum: Mapping[str, object]

    @property
    def count(self) -> int:
        """Rows."""
        return int(self.reader.metadata.row_group(self.number).num_rows)

    @property
    def is_own(self) -> bool:
        """Whether these are reports, and not BACI's rows as they are published."""
        return self.stratum["basis"] == "own"

    def read(self, columns: Sequence[str] = COLUMNS) -> pa.Table:
        """Its columns."""
        return read_rows(self.reader, self.number, columns)


def groups(home: Path, year: int, bucket: int | None = None) -> Iterator[Group]:
    """The row groups of a year, or of one of its buckets, file by file in their order. LakeError where one isn't of one stratum."""
    partition = {"year": year} if bucket is None else {"year": year, "product_bucket": bucket}
    for path in lake.active_files(home, contracts.HARMONISED_FLOWS, **partition):
        reader = pq.ParquetFile(path)
        for number, stratum in lake.row_groups(path, contracts.STRATUM):
            yield Group(reader, number, stratum)


def read_rows(reader: pq.ParquetFile, group: int, columns: Sequence[str] = COLUMNS) -> pa.Table:
    """Columns of a row group. One that is NULL throughout, as its statistics say, isn't decoded."""
    metadata = reader.metadata.row_group(group)
    schema = reader.schema_arrow
    nothing = set()
    for name in columns:
        statistics = metadata.column(schema.get_field_index(name)).statistics
        if statistics is not None and statistics.has_null_count and statistics.null_count == metadata.num_rows:
            nothing.add(name)
    data = reader.read_row_group(group, columns=[name for name in columns if name not in nothing])
    for name in nothing:
        data = data.append_column(schema.field(name), pa.nulls(metadata.num_rows, schema.field(name).type))
    return data
