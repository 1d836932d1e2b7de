"""The lake: Delta tables whose data files workers write and one driver commits.

A file's name is the hash of its bytes, so equal content has an equal name, and a file
that no commit names is invisible. ``commit`` replaces whole partitions in one transaction.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts.arrow import file_schema, table_schema
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile
from transforms.io.failpoints import fail_point
from transforms.io.writer import (
    LakeError,
    PartitionWriter,
    conform,
    decimals,
    filled,
    mills,
    table_folder,
    value_column,
    write_partition,
)

__all__ = [
    "LakeError",
    "PartitionWriter",
    "active_files",
    "commit",
    "conform",
    "current_version",
    "decimals",
    "filled",
    "mills",
    "partitions",
    "read",
    "row_groups",
    "set_aside",
    "table_folder",
    "value_column",
    "write_partition",
]

#: Only our own retention deletes; Delta's clean-up would take a version that a release pins.
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 5200 weeks",
    "delta.deletedFileRetentionDuration": "interval 5200 weeks",
}


def _delta(home: Path, table: Table, version: int | None = None) -> Any:
    from deltalake import DeltaTable

    folder = table_folder(home, table)
    if not DeltaTable.is_deltatable(str(folder)):
        return None
    return DeltaTable(str(folder), version=version)


def _actions(delta: Any) -> list[dict[str, Any]]:
    return list(pa.table(delta.get_add_actions(flatten=True)).to_pylist())


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
    return sorted(folder / str(a["path"]) for a in _actions(delta) if all(str(a.get(f"partition.{k}")) == v for k, v in wanted.items()))


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
    for path in active_files(home, table, version=None, **partition):
        values = dict(p.split("=", 1) for p in path.relative_to(table_folder(home, table)).parts[:-1])
        data = pq.ParquetFile(path).read(columns=[c for c in names if c not in table.partition_by])
        for position, name in enumerate(names):
            if name in table.partition_by:
                constant = pa.repeat(pa.scalar(values[name]), data.num_rows).cast(schema.field(name).type)
                data = data.add_column(position, schema.field(name), constant)
        parts.append(data.select(names).cast(schema))
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _add_action(file: DataFile) -> Any:
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
            str(table_folder(home, table)),
            Schema.from_arrow(table_schema(table)),
            [_add_action(f) for f in wanted.values()],
            partition_by=list(table.partition_by) or None,
            name=table.name,
            description=table.grain,
            configuration=_CONFIGURATION,
        )
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
            mode="append",
            schema=delta.schema(),
            partition_by=list(table.partition_by) or None,
            commit_properties=CommitProperties(max_commit_retries=0),
        )
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
