"""The lake: Delta tables whose data files workers write and one driver commits.

A file's name is the hash of its bytes, so equal content has an equal name, and a file
that no commit names is invisible. ``commit`` replaces whole partitions in one transaction.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import DICTIONARY, file_schema, table_schema
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile
from transforms.io.failpoints import fail_point
from transforms.io.files import fsync_folder, sha256_of

#: Only our own retention deletes; Delta's clean-up would take a version that a release pins.
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 5200 weeks",
    "delta.deletedFileRetentionDuration": "interval 5200 weeks",
}
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
    order = pc.array_sort_indices(dictionary).to_numpy()
    known = indices.drop_null().to_numpy()
    used = np.zeros(len(dictionary), bool)
    used[known] = True
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


class PartitionWriter:
    """Writes one data file of one partition, a row group per ``write``; ``close`` names it by content.

    Row groups are what the caller hands over, so a kernel can rely on their borders. Used
    as a context manager, an error removes the temporary file.
    """

    def __init__(self, home: Path, table: Table, partition: Mapping[str, str | int]) -> None:
        if tuple(partition) != table.partition_by:
            raise LakeError(f"{table.name}: partition {tuple(partition)}, the contract says {table.partition_by}")
        self.table = table
        self.partition = tuple((k, str(v)) for k, v in partition.items())
        self._root = table_folder(home, table)
        self._folder = self._root.joinpath(*(f"{k}={v}" for k, v in self.partition))
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
            self._writer = pq.ParquetWriter(
                self._temporary, file_schema(self.table), compression="zstd", compression_level=3,
                store_decimal_as_integer=True, write_statistics=True,
                use_dictionary=[f.name for f in file_schema(self.table) if f.type == DICTIONARY])
        self._writer.write_table(data, row_group_size=data.num_rows)
        self._rows += data.num_rows
        value = value_column(self.table)
        if value is not None:
            column = data.column(value)
            self._value += int(mills(column).sum()) if column.type == pa.decimal128(18, 3) else _wide_mills(column)

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
        return DataFile(self.table.name, self.partition, str(target.relative_to(self._root)), self._rows, size, digest,
                        self._value if has_value else None)

    def __enter__(self) -> PartitionWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._temporary.unlink(missing_ok=True)


def _wide_mills(column: pa.ChunkedArray) -> int:
    total = pc.sum(column).as_py()
    return 0 if total is None else int(total.scaleb(3))


def write_partition(home: Path, table: Table, partition: Mapping[str, str | int], chunks: Iterable[pa.Table]) -> DataFile | None:
    """Write ``chunks``, each a row group, as one file of a partition; None where all are empty."""
    with PartitionWriter(home, table, partition) as writer:
        for chunk in chunks:
            writer.write(chunk)
        return writer.close()


def _delta(home: Path, table: Table, version: int | None = None):  # type: ignore[no-untyped-def]
    from deltalake import DeltaTable

    folder = table_folder(home, table)
    if not DeltaTable.is_deltatable(str(folder)):
        return None
    return DeltaTable(str(folder), version=version)


def _actions(delta) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
    return pa.table(delta.get_add_actions(flatten=True)).to_pylist()


def current_version(home: Path, table: Table) -> int | None:
    """Delta version of the table, None before its first commit."""
    delta = _delta(home, table)
    return None if delta is None else int(delta.version())


def active_files(home: Path, table: Table, *, version: int | None = None, **partition: str | int) -> list[Path]:
    """Absolute paths of the committed files, sorted; only those of ``partition`` where given."""
    delta = _delta(home, table, version)
    if delta is None:
        return []
    wanted = {k: str(v) for k, v in partition.items()}
    folder = table_folder(home, table)
    return sorted(
        folder / str(a["path"]) for a in _actions(delta)
        if all(str(a.get(f"partition.{k}")) == v for k, v in wanted.items())
    )


def partitions(home: Path, table: Table, *, version: int | None = None) -> list[dict[str, str]]:
    """Partition values that hold at least one committed file, sorted."""
    delta = _delta(home, table, version)
    if delta is None:
        return []
    found = {tuple(str(a[f"partition.{k}"]) for k in table.partition_by) for a in _actions(delta)}
    return [dict(zip(table.partition_by, values, strict=True)) for values in sorted(found)]


def read(home: Path, table: Table, columns: Sequence[str] | None = None, **partition: str | int) -> pa.Table:
    """Committed rows as Arrow, partition columns included; small tables and tests only."""
    names = list(columns or table.columns)
    schema = pa.schema([table_schema(table).field(c) for c in names])
    parts = []
    for path in active_files(home, table, **partition):
        values = dict(p.split("=", 1) for p in path.relative_to(table_folder(home, table)).parts[:-1])
        data = pq.ParquetFile(path).read(columns=[c for c in names if c not in table.partition_by])
        for position, name in enumerate(names):
            if name in table.partition_by:
                constant = pa.repeat(pa.scalar(values[name]), data.num_rows).cast(schema.field(name).type)
                data = data.add_column(position, schema.field(name), constant)
        parts.append(data.select(names).cast(schema))
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _add_action(file: DataFile):  # type: ignore[no-untyped-def]
    from deltalake.transaction import AddAction

    stats = json.dumps({"numRecords": file.rows})
    return AddAction(file.path, file.bytes, dict(file.partition), int(time.time() * 1000), True, stats)


def _check(home: Path, table: Table, files: Iterable[DataFile]) -> None:
    """Delta validates nothing: schema and row counts are checked here, before the commit."""
    for file in files:
        metadata = pq.read_metadata(table_folder(home, table) / file.path)
        found = metadata.schema.to_arrow_schema()
        if not found.equals(file_schema(table)):
            raise LakeError(f"{table.name} {file.partition_key}: {file.path} has another schema than the contract: {found}")
        if metadata.num_rows != file.rows:
            raise LakeError(f"{table.name} {file.partition_key}: {file.path} has {metadata.num_rows} rows, its writer said {file.rows}")


def commit(home: Path, table: Table, replaced: Mapping[str, Sequence[DataFile]]) -> int | None:
    """Replace whole partitions (partition_key -> its files; none empties it) in one transaction.

    Returns the version that holds them; an equal file set makes no commit. The caller holds
    the publishing lock. Raises LakeError where a file doesn't match its contract.
    """
    from deltalake import CommitProperties, Schema
    from deltalake.transaction import RemoveAction, create_table_with_add_actions

    wanted = {f.path: f for files in replaced.values() for f in files}
    _check(home, table, wanted.values())
    delta = _delta(home, table)
    fail_point("lake.before_commit")
    if delta is None:
        if not wanted:
            return None
        create_table_with_add_actions(
            str(table_folder(home, table)), Schema.from_arrow(table_schema(table)), [_add_action(f) for f in wanted.values()],
            partition_by=list(table.partition_by) or None, name=table.name, description=table.grain, configuration=_CONFIGURATION)
    else:
        live = {str(a["path"]): "/".join(f"{k}={a[f'partition.{k}']}" for k in table.partition_by) for a in _actions(delta)}
        remove = [p for p, key in live.items() if key in replaced and p not in wanted]
        add = [f for p, f in wanted.items() if p not in live]
        if not add and not remove:
            return int(delta.version())
        now = int(time.time() * 1000)
        values = {p: dict(part.split("=", 1) for part in live[p].split("/") if part) for p in remove}
        delta.create_write_transaction(
            [*(_add_action(f) for f in add), *(RemoveAction(p, True, now, partition_values=values[p]) for p in remove)],
            mode="append", schema=delta.schema(), partition_by=list(table.partition_by) or None,
            commit_properties=CommitProperties(max_commit_retries=0))
    fail_point("lake.after_commit")
    _assert_live(home, table, replaced)
    return current_version(home, table)


def _assert_live(home: Path, table: Table, replaced: Mapping[str, Sequence[DataFile]]) -> None:
    delta = _delta(home, table)
    assert delta is not None
    live: dict[str, set[str]] = {}
    for action in _actions(delta):
        key = "/".join(f"{k}={action[f'partition.{k}']}" for k in table.partition_by)
        live.setdefault(key, set()).add(str(action["path"]))
    for key, files in replaced.items():
        if live.get(key, set()) != {f.path for f in files}:
            raise LakeError(f"{table.name} {key}: after the commit the table holds {live.get(key)}, not what was committed")


def set_aside(home: Path, table: Table, files: Iterable[DataFile], run_id: str) -> list[Path]:
    """Move files that failed their gate to ``build/failed/<run_id>``; files also live stay."""
    live = set(active_files(home, table))
    moved = []
    for file in files:
        path = table_folder(home, table) / file.path
        if path in live or not path.exists():
            continue
        target = home / "build" / "failed" / run_id / table.name / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        moved.append(target)
    return moved


def row_groups(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, object]]]:
    """Index and constant values of the row groups of a file whose ``columns`` don't vary inside one.

    Read from statistics alone. Raises LakeError where a row group straddles two values.
    """
    metadata = pq.read_metadata(path)
    index = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    for group in range(metadata.num_row_groups):
        values: dict[str, object] = {}
        for name in columns:
            statistics = metadata.row_group(group).column(index[name]).statistics
            if statistics is None or not statistics.has_min_max or statistics.min != statistics.max:
                raise LakeError(f"{path.name}: row group {group} isn't constant in {name}")
            values[name] = statistics.min
        yield group, values


STRATUM = contracts.STRATUM
