"""Parsed rows as reported_flows stores them, and the years of a file that arrive so.

A year whose rows come in the table's order, all leaves of one level and one period, is written
once: as the lake's own file, which ingest takes over where no other snapshot has a say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, Snapshot
from transforms.io.lake import PartitionWriter
from transforms.sources.row_tables import constant, whole

_DERIVED = ("is_special", "is_self_trade", "is_confidential")
_SPECIAL = pa.array(sorted(codes.SPECIAL_AREAS))


def with_origin(table: pa.Table, snapshot_id: str, member: str) -> pa.Table:
    """Parsed rows with the snapshot and the member they came from."""
    rows = table.num_rows
    return table.append_column("snapshot_id", constant(snapshot_id, rows)).append_column("snapshot_member", constant(member, rows))


def leaves_of(table: pa.Table) -> pa.Table:
    """Parsed rows that stand, with origin: the columns of reported_flows."""
    partner, reporter = table.column("partner_code"), table.column("reporter_code")
    is_special = pc.or_(_is_in(partner, _SPECIAL), _is_in(reporter, _SPECIAL))
    is_self = pa.chunked_array([_same(p, r) for p, r in zip(partner.chunks, reporter.chunks, strict=True)], pa.bool_())
    for name, column in zip(_DERIVED, (is_special, is_self, _hidden(table.column("product_code"))), strict=True):
        table = table.append_column(name, column)
    return table.select(contracts.REPORTED_FLOWS.file_columns)


def _hidden(products: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = [_taken(pa.array([codes.is_confidential(p) for p in c.dictionary.to_pylist()], pa.bool_()), c) for c in products.chunks]
    return pa.chunked_array(chunks, pa.bool_())


def _is_in(column: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    return pa.chunked_array([_taken(pc.is_in(c.dictionary, values), c) for c in column.chunks], pa.bool_())


def _taken(truth: pa.Array, column: pa.DictionaryArray) -> pa.Array:
    """What holds for the codes of a dictionary, row by row; mostly for none."""
    return truth.take(column.indices) if truth.true_count else pa.repeat(pa.scalar(False), len(column))


def _same(partner: pa.DictionaryArray, reporter: pa.DictionaryArray) -> pa.Array:
    """Rows whose two codes are one, compared as numbers: texts would cost as much as reading them."""
    places = {code: place for place, code in enumerate(reporter.dictionary.to_pylist())}
    as_reporter = np.array([*(places.get(code, -1) for code in partner.dictionary.to_pylist()), -1], np.int32)
    return pa.array(as_reporter[partner.indices.to_numpy()] == reporter.indices.to_numpy())


def ready_folder(folder: Path, year: int | str) -> Path:
    """Where in a member's parsed folder the ready file of a year is; it has one at most."""
    return folder / "ready" / str(year)


class ReadyFiles:
    """Writers of a member's years in the lake's form, one file a year, a row group a block."""

    def __init__(self, home: Path, snapshot: Snapshot, member: str, folder: Path) -> None:
        self._home, self._snapshot, self._member, self._folder = home, snapshot, member, folder
        self._writers: dict[int, PartitionWriter] = {}
        self._ended: set[int] = set()

    def takes(self, year: int, *, is_ready: bool) -> bool:
        """Whether rows of the year still go here: once they aren't ready, never again."""
        if not is_ready:
            self._ended.add(year)
        return year not in self._ended

    def write(self, year: int, table: pa.Table) -> None:
        """Add a block's rows of a year."""
        if year not in self._writers:
            partition: dict[str, str | int] = {"source": self._snapshot.source, "year": year}
            self._writers[year] = PartitionWriter(self._home, contracts.REPORTED_FLOWS, partition, folder=ready_folder(self._folder, year))
        self._writers[year].write(leaves_of(with_origin(whole(table), self._snapshot.snapshot_id, self._member)))

    def close(self) -> dict[int, tuple[DataFile, bool]]:
        """Finish the files: year -> (file, whether it holds all rows of the year)."""
        return {y: (file, y not in self._ended) for y, w in sorted(self._writers.items()) if (file := w.close()) is not None}


def read_ready(path: Path) -> Iterator[pa.Table]:
    """Row groups of a ready file as parsed rows: leaves, without roles."""
    reader = pq.ParquetFile(path)
    for group in range(reader.num_row_groups):
        found = reader.read_row_group(group)
        names = [n for n in found.column_names if n not in (*_DERIVED, "snapshot_id", "snapshot_member")]
        # made anew: a contract's fields forbid NULL and carry metadata, those of parsed rows don't
        table = pa.table({name: found.column(name) for name in names}).combine_chunks()
        yield table.append_column("kind", pa.nulls(table.num_rows, pa.int8()).fill_null(0))
