"""Writing one data file of a lake or ops table: conformed to its contract, named by its content."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.contracts.arrow import DICTIONARY, file_schema
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile
from transforms.io.failpoints import fail_point
from transforms.io.files import fsync_folder, link_or_copy, sha256_of

#: Key columns, from the first on, that row groups can be skipped by: the stratum and the first area.
_LEADING_KEYS = 6
_VALUE_COLUMNS = ("value_fob_usd", "reported_value_usd", "value_usd")


class LakeError(RuntimeError):
    """A file or commit that doesn't fit its table; names table, partition, column, expected, found."""


def table_folder(home: Path, table: Table) -> Path:
    """``<home>/lake/<table>`` or ``<home>/ops/<table>``."""
    return home / table.layer / table.name


def value_column(table: Table) -> str | None:
    """The column whose sum stands for the table's value: reported, else FOB, else none."""
    if "reported_value_usd" in table.columns:
        return "reported_value_usd"
    return next((c for c in _VALUE_COLUMNS if c in table.columns), None)


def mills(array: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """DECIMAL(18,3) as int64 thousandths, without loss; NULL becomes 0. Shape (n,)."""
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    parts = []
    for chunk in chunks:
        if len(chunk) == 0:
            continue
        words = np.frombuffer(chunk.buffers()[1], dtype=np.int64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk)) : 2]
        if chunk.null_count:
            words = np.where(np.asarray(chunk.is_valid()), words, 0)
        parts.append(words)
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def decimals(values: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """int64 thousandths as DECIMAL(18,3); where ``valid`` is False, NULL. Inverse of ``mills``."""
    words = np.empty((len(values), 2), dtype=np.int64)
    words[:, 0] = values
    words[:, 1] = values >> 63
    bitmap = None if valid is None or valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.decimal128(18, 3), len(values), [bitmap, pa.py_buffer(words)])


def _canonical_dictionary(column: pa.ChunkedArray) -> pa.Array:
    """One chunk, dictionary reduced to the codes in use and sorted: bytes then depend on content alone."""
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    indices, dictionary = array.indices, array.dictionary
    if indices.null_count == len(indices):
        return pa.DictionaryArray.from_arrays(pa.nulls(len(indices), pa.int32()), pa.array([], pa.string()))
    if len(dictionary) == 1 and len(indices) and not indices.null_count and array.type == DICTIONARY:
        return array
    order = pc.array_sort_indices(dictionary).to_numpy()
    known = (indices.drop_null() if indices.null_count else indices).to_numpy()
    used = np.zeros(len(dictionary), bool)
    used[known] = True
    if used.all() and (order == np.arange(len(order))).all() and array.type == DICTIONARY:
        return array
    kept = order[used[order]]
    renumber = np.full(len(dictionary) + 1, -1, np.int32)
    renumber[kept] = np.arange(len(kept), dtype=np.int32)
    filled = indices.fill_null(len(dictionary)).to_numpy() if indices.null_count else indices.to_numpy()
    fresh = renumber[filled]
    mask = None if not indices.null_count else fresh < 0
    return pa.DictionaryArray.from_arrays(pa.array(fresh, pa.int32(), mask=mask), dictionary.take(pa.array(kept)).cast(pa.string()))


def conform(data: pa.Table, table: Table) -> pa.Table:
    """``data`` in the table's file schema: columns in order, types exact, one chunk each.

    Raises LakeError for a missing or surplus column, a type that would lose something, or
    a NULL where the contract forbids it.
    """
    schema = file_schema(table)
    if set(data.column_names) != set(schema.names):
        missing, surplus = set(schema.names) - set(data.column_names), set(data.column_names) - set(schema.names)
        raise LakeError(f"{table.name}: columns missing {sorted(missing)}, not in the contract {sorted(surplus)}")
    columns: list[pa.Array] = []
    for field in schema:
        column = data.column(field.name)
        if field.type == DICTIONARY:
            column = _canonical_dictionary(column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column)
        elif column.type != field.type:
            column = column.cast(field.type)
        if column.null_count and not field.nullable:
            raise LakeError(f"{table.name}: column {field.name} holds {column.null_count} NULL, the contract allows none")
        columns.append(column)
    return pa.table(columns, schema=schema).combine_chunks()


def filled(given: Mapping[str, Any], table: Table, rows: int) -> pa.Table:
    """The table's file columns in their order: those ``given`` (rows,), NULL for the rest; what else is given is left out."""
    return pa.table({f.name: given[f.name] if f.name in given else pa.nulls(rows, f.type) for f in file_schema(table)})


def _parquet_options(table: Table) -> dict[str, Any]:
    """How a table's columns are encoded: a pure function of the contract, so bytes depend on content alone.

    Statistics of a code column cost five times its encoding, and only those that lead the
    order can skip row groups, which is done where strata are read apart: so only the first six of
    ``sort_by`` have them, and reports, which are read whole, have none. Numbers of the lake
    are stored as deltas: they write in a third of zstd's time, read in less, and are as small. Ratios repeat or are noise:
    lz4 takes half of zstd's time for about its size.
    """
    schema = file_schema(table)
    names = [f.name for f in schema]
    codes = [f.name for f in schema if f.type == DICTIONARY]
    leading = set(table.sort_by[:_LEADING_KEYS]) if "basis" in table.sort_by else set()
    options: dict[str, Any] = {
        "store_decimal_as_integer": True,
        "use_dictionary": [*codes, *(f.name for f in schema if f.type == pa.int8())],
        "write_statistics": [n for n in names if n not in codes or n in leading or table.layer == "ops"],
        "compression": "zstd",
        "compression_level": 3,
    }
    if table.layer == "lake":
        integers = [f.name for f in schema if f.type in (pa.int64(), pa.decimal128(18, 3))]
        ratios = [f.name for f in schema if f.type == pa.float64()]
        options["column_encoding"] = dict.fromkeys(integers, "DELTA_BINARY_PACKED")
        options["compression"] = {n: "none" if n in integers else "lz4" if n in ratios else "zstd" for n in names}
        options["compression_level"] = {n: 1 for n in names if n not in (*integers, *ratios)}
    return options


class PartitionWriter:
    """Writes one data file of one partition, a row group per ``write``; ``close`` names it by content.

    Row groups are what the caller hands over, so a kernel can rely on their borders. Used
    as a context manager, an error removes the temporary file. ``folder``: another place than the
    partition's own, for a file that ``adopt`` puts there later.
    """

    def __init__(self, home: Path, table: Table, partition: Mapping[str, str | int], *, folder: Path | None = None) -> None:
        if tuple(partition) != table.partition_by:
            raise LakeError(f"{table.name}: partition {tuple(partition)}, the contract says {table.partition_by}")
        self.table = table
        self._options = _parquet_options(table)
        self.partition = tuple((k, str(v)) for k, v in partition.items())
        self._place = "/".join(f"{k}={v}" for k, v in self.partition)
        self._folder = folder or table_folder(home, table) / self._place
        self._folder.mkdir(parents=True, exist_ok=True)
        self._temporary = self._folder / f".{os.getpid()}-{time.monotonic_ns()}.tmp"
        self._writer: pq.ParquetWriter | None = None
        self._rows, self._value = 0, 0

    def write(self, data: pa.Table) -> None:
        """Append ``data`` as one row group (nothing where it has no rows)."""
        if data.num_rows == 0:
            return
        data = conform(data, self.table)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._temporary, file_schema(self.table), **self._options)
        self._writer.write_table(data, row_group_size=data.num_rows)
        self._rows += data.num_rows
        value = value_column(self.table)
        if value is not None:
            column = data.column(value)
            self._value += int(mills(column).sum()) if column.type == pa.decimal128(18, 3) else _wide_mills(column)

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._rows

    @property
    def value_mills(self) -> int:
        """Exact sum of the value column so far, in mills; 0 where the table has none."""
        return self._value

    def close(self) -> DataFile | None:
        """Finish: fsync, rename to the content's name. None where nothing was written."""
        if self._writer is None:
            return None
        self._writer.close()
        self._writer = None
        with self._temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        digest = sha256_of(self._temporary)
        target = self._folder / f"{digest[:32]}.parquet"
        fail_point("lake.before_rename")
        size = self._temporary.stat().st_size
        self._temporary.replace(target)
        fsync_folder(self._folder)
        has_value = value_column(self.table) is not None
        return DataFile(
            self.table.name,
            self.partition,
            str(PurePosixPath(self._place, target.name)),
            self._rows,
            size,
            digest,
            self._value if has_value else None,
        )

    def __enter__(self) -> PartitionWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._temporary.unlink(missing_ok=True)


def adopt(home: Path, table: Table, file: DataFile, folder: Path) -> None:
    """Give ``file``, written in ``folder``, its place in the table: a hard link, or a copy where that can't be."""
    target = table_folder(home, table) / file.path
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fail_point("lake.before_rename")
    link_or_copy(folder / target.name, target)


def _wide_mills(column: pa.ChunkedArray) -> int:
    total = pc.sum(column).as_py()
    return 0 if total is None else int(total.scaleb(3))


def write_partition(home: Path, table: Table, partition: Mapping[str, str | int], chunks: Iterable[pa.Table]) -> DataFile | None:
    """Write ``chunks``, each a row group, as one file of a partition; None where all are empty."""
    with PartitionWriter(home, table, partition) as writer:
        for chunk in chunks:
            writer.write(chunk)
        return writer.close()
