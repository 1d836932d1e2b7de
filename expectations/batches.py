"""Views over the files or marts that a gate reads, and their inventory: rows and columns per partition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expectations.duckdb_datasource import Session, quoted
from transforms.contracts.arrow import hive_types, sql_type
from transforms.contracts.model import Table

#: In the key of every table of flows: rows of different periods are never duplicates of one another.
PERIOD = "period"


class UnknownTableError(KeyError):
    """A table that no contract describes."""


@dataclass
class Batch:
    """One table under a gate: the view of its rows, and where they stand.

    ``files`` are the Parquet files per partition; None for a table inside a database.
    ``broken`` names partitions whose files can't be read, with the reason.
    """

    table: Table
    files: Mapping[str, Sequence[Path]] | None
    source: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    #: rows by period where they were counted so already
    periods: dict[str | None, int] = field(default_factory=dict)

    @property
    def inventory_view(self) -> str:
        """(partition_key, row_count), one row per expected partition."""
        return f"inventory_of_{self.table.name}"

    @property
    def columns_view(self) -> str:
        """(partition_key, file_name, position, column_name, column_type)."""
        return f"columns_of_{self.table.name}"

    @property
    def expected_columns(self) -> tuple[str, ...]:
        """Columns that the files, or the mart, must hold."""
        return self.table.columns if self.files is None else self.table.file_columns


def _paths(paths: Iterable[Path]) -> str:
    return "[" + ", ".join(f"'{quoted(str(p))}'" for p in paths) + "]"


def partition_of(table: Table, path: Path) -> str:
    """partition_key of a lake file from the folders that the contract names; folders further up don't count.

    Raises ValueError where the file doesn't lie in folders of the table's partition columns.
    """
    depth = len(table.partition_by)
    parts = path.parts[len(path.parts) - 1 - depth : -1] if depth else ()
    if tuple(p.split("=", 1)[0] for p in parts) != table.partition_by:
        raise ValueError(f"{table.name}: {path} doesn't lie in folders of {', '.join(table.partition_by)}")
    return "/".join(parts)


def by_partition(table: Table, paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Files grouped by their partition_key."""
    groups: dict[str, list[Path]] = {}
    for path in paths:
        groups.setdefault(partition_of(table, path), []).append(path)
    return groups


def _constants(table: Table, partition_key: str) -> dict[str, str]:
    values = dict(part.split("=", 1) for part in partition_key.split("/") if part)
    if tuple(values) != table.partition_by:
        raise ValueError(f"{table.name}: partition {partition_key!r}, the contract says {table.partition_by}")
    types = hive_types(table)
    return {name: f"cast('{quoted(value)}' as {types[name]}) as {name}" for name, value in values.items()}


def _select(table: Table, partition_key: str, paths: Sequence[Path]) -> str:
    constants = _constants(table, partition_key)
    columns = ", ".join(constants.get(c, c) for c in table.columns)
    # Folder names hold k=v too, at any height: the partition's values come from its key alone.
    return f"select '{quoted(partition_key)}' as partition_key, {columns} from read_parquet({_paths(paths)}, hive_partitioning = false)"


def _read_footers(session: Session, batch: Batch, key: str, paths: Sequence[Path]) -> None:
    import duckdb
    from sqlalchemy.exc import DBAPIError

    prefix = f"select '{quoted(key)}', "
    try:
        counted = session.rows(f"select coalesce(sum(num_rows), 0) from parquet_file_metadata({_paths(paths)})")
        session.rows(
            f"insert into {batch.columns_view} {prefix} file_name, row_number() over (partition by file_name order by column_id), "
            f"name, duckdb_type from parquet_schema({_paths(paths)}) where coalesce(num_children, 0) = 0"
        )
    except (DBAPIError, duckdb.Error) as error:
        batch.broken[key] = str(error).splitlines()[0][:500]
        return
    batch.counts[key] = int(counted[0][0])


def open_files(session: Session, table: Table, partitions: Mapping[str, Sequence[Path]]) -> Batch:
    """The inventory of a lake table's files: footers only, no rows. Make the view by ``make_view`` once columns are known to fit."""
    batch = Batch(table, partitions)
    session.rows(f"create table {batch.inventory_view} (partition_key varchar, row_count bigint)")
    session.rows(
        f"create table {batch.columns_view} (partition_key varchar, file_name varchar, position bigint, column_name varchar, "
        "column_type varchar)"
    )
    for key, paths in partitions.items():
        _constants(table, key)
        if paths:
            _read_footers(session, batch, key, paths)
        row_count = batch.counts.setdefault(key, 0)
        session.rows(f"insert into {batch.inventory_view} values ('{quoted(key)}', {row_count})")
    return batch


def make_view(session: Session, batch: Batch, keys: Iterable[str]) -> None:
    """A view named as the table over the rows of ``keys``, with partition_key in front."""
    name = batch.table.name
    if batch.files is None:
        session.rows(f"create or replace view {name} as select '' as partition_key, * from {batch.source}")
        return
    selects = [_select(batch.table, key, batch.files[key]) for key in keys if batch.files[key]]
    if not selects:
        empty = ", ".join(f"cast(null as {sql_type(c)}) as {c}" for c in batch.table.columns)
        selects = [f"select '' as partition_key, {empty} where false"]
    session.rows(f"create or replace view {name} as {' union all '.join(selects)}")


def _by_period(found: Iterable[tuple[Any, ...]]) -> dict[str | None, int]:
    return {period: int(count) for period, count in sorted(found, key=lambda row: row[0] or "")}


def rows_by_period(session: Session, batch: Batch, key: str) -> dict[str | None, int]:
    """Rows of a partition by period, ascending, NULL first; asks the view that ``make_view`` made."""
    if batch.periods:
        return batch.periods
    where = f"partition_key = '{quoted(key)}'"
    return _by_period(session.rows(f"select {PERIOD}, count(*) from {batch.table.name} where {where} group by {PERIOD}"))


def open_mart(session: Session, table: Table, source: str | None) -> Batch:
    """The inventory of a mart ``source`` ("catalog"."marts"."name"); None where the database doesn't hold it."""
    batch = Batch(table, None, source or "")
    described = "select null::varchar, null, null::bigint, null::varchar, null::varchar where false"
    if source is not None:
        catalog, schema, name = (part.strip('"') for part in source.split("."))
        described = (
            f"select '', '', row_number() over (order by column_index), column_name, data_type from duckdb_columns() "
            f"where database_name = '{quoted(catalog)}' and schema_name = '{quoted(schema)}' and table_name = '{quoted(name)}'"
        )
    session.rows(
        f"create table {batch.columns_view} as select * from ({described}) t(partition_key, file_name, position, column_name, column_type)"
    )
    batch.counts[""] = _count_mart(session, batch)
    session.rows(f"create table {batch.inventory_view} as select '' as partition_key, {batch.counts['']}::bigint as row_count")
    return batch


def _count_mart(session: Session, batch: Batch) -> int:
    """Rows of a mart. A view with names joins them all to count them, so it is asked for its periods in the same go."""
    if not batch.source:
        return 0
    has_period = session.rows(f"select 1 from {batch.columns_view} where column_name = '{PERIOD}'")
    if PERIOD not in batch.table.key or not has_period:
        return int(session.rows(f"select count(*) from {batch.source}")[0][0])
    batch.periods = _by_period(session.rows(f"select {PERIOD}, count(*) from {batch.source} group by {PERIOD}"))
    return sum(batch.periods.values())
