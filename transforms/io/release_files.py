"""The files of a release: one DuckDB file and Parquet, written from a candidate database.

The DuckDB file holds tables, not views on paths, so it can be copied anywhere. A table above
the limit stands beside it as Parquet only: a fact that is a lake table row by row as hard links
to the lake's own files, any other in one file per year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import hive_types, sql_type
from transforms.contracts.columns import column
from transforms.contracts.marts import FCT_BILATERAL_FLOWS, FCT_REPORTED_FLOWS, MARTS
from transforms.contracts.model import Table
from transforms.io.files import link_or_copy
from transforms.io.release_manifest import CLOCKED

DATABASE = "entrepot.duckdb"
_EXACT = ("usd", "usd_wide", "kg")
#: Facts that are a lake table row by row: above the limit the lake's own files stand for them.
LINKED = {FCT_REPORTED_FLOWS.name: contracts.REPORTED_FLOWS, FCT_BILATERAL_FLOWS.name: contracts.BILATERAL_FLOWS}


class CandidateError(RuntimeError):
    """The candidate database lacks a mart or holds none; names it."""


@dataclass(frozen=True)
class Written:
    """What was written: table name -> description for the manifest; view name -> its SQL."""

    tables: dict[str, dict[str, Any]]
    views: dict[str, str]
    beside: tuple[str, ...]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _order(table: Table) -> str:
    """Total order of a mart: code columns by (length, text), so that area codes come as numbers do."""
    terms = []
    for name in table.sort_by:
        terms += [f"length({name})", name] if column(name).type == "code" else [name]
    rest = [c for c in table.columns if c not in table.sort_by]
    return ", ".join(terms or rest) if table.key else ", ".join([*terms, *rest])


def _describe(connection: Any, table: Table, relation: str) -> dict[str, Any]:
    columns = {r[0]: r[1] for r in connection.execute(f"describe select * from {relation}").fetchall()}
    kept = [c for c in columns if c != "release_id"]
    exact = [c for c in kept if c in table.columns and column(c).type in _EXACT]
    parts = ["count(*)", f"sum(hash({', '.join(kept)})::hugeint)::varchar", *(f"sum({c})::varchar" for c in exact)]
    row = connection.execute(f"select {', '.join(parts)} from {relation}").fetchone()
    sums = dict(zip(exact, row[2:], strict=True))
    return {"rows": row[0], "row_hash": row[1], "sums": sums, "columns": columns, "key": list(table.key), "grain": table.grain}


def _found(connection: Any) -> set[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_catalog = 'candidate' and table_schema = 'marts'"
    ).fetchall()
    return {r[0] for r in rows}


def open_candidate(candidate: Path, target: Path | None = None) -> Any:
    """A connection to ``target`` (memory where None) with the candidate attached, read-only, as ``candidate``."""
    import duckdb

    if not candidate.is_file():
        raise CandidateError(f"no candidate database at {candidate}: the marts were not built")
    connection = duckdb.connect(str(target) if target else ":memory:", config={"allow_community_extensions": "false"})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"attach {_quoted(candidate)} as candidate (read_only)")
    return connection


def describe_candidate(candidate: Path) -> dict[str, dict[str, Any]]:
    """Columns and key of each mart in the candidate, for the contract gate. CandidateError where there is none."""
    with open_candidate(candidate) as connection:
        found = sorted(_found(connection) & set(MARTS))
        if not found:
            raise CandidateError(f"{candidate} holds no mart in schema marts")
        described = {}
        for name in found:
            rows = connection.execute(f"describe select * from candidate.marts.{name}").fetchall()
            described[name] = {"columns": {r[0]: r[1] for r in rows}, "key": list(MARTS[name].key)}
        return described


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    link_or_copy(source, target)


def _link_lake(stored: Table, files: Sequence[Path], folder: Path) -> None:
    """Link lake files as ``folder/<column>=<value>/.../<file>``; the partition columns stand in the path alone."""
    depth = len(stored.partition_by) + 1
    for source in files:
        _link(source, folder.joinpath(*source.parts[-depth:]))


def _write_parquet(connection: Any, table: Table, source: str, folder: Path, *, is_large: bool) -> None:
    options = "format parquet, compression zstd, compression_level 3, row_group_size 122880"
    if not is_large:
        connection.execute(f"copy (select * from {source}) to {_quoted(folder / f'{table.name}.parquet')} ({options})")
        return
    for (year,) in connection.execute(f"select distinct year from {source} order by year").fetchall():
        target = folder / table.name / f"year={year}" / "part.parquet"
        target.parent.mkdir(parents=True)
        query = f"select * from {source} where year = {int(year)} order by {_order(table)}"
        connection.execute(f"copy ({query}) to {_quoted(target)} ({options})")


def _comment(connection: Any, table: Table, columns: list[str]) -> None:
    def text(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    connection.execute(f"comment on table marts.{table.name} is {text(table.grain)}")
    for name in columns:
        if name in table.columns:
            entry = column(name)
            unit = " ".join(p for p in (entry.unit, entry.valuation) if p)
            described = f"{entry.description} [{unit}]" if unit else entry.description
            connection.execute(f"comment on column marts.{table.name}.{name} is {text(described)}")


def _views(connection: Any, names: list[str]) -> dict[str, str]:
    """View name -> SELECT over schema marts alone, the candidate's name taken out."""
    views = {}
    for name in names:
        row = connection.execute(
            "select sql from duckdb_views() where database_name = 'candidate' and schema_name = 'marts' and view_name = ?", [name]
        ).fetchone()
        if row is not None:
            select = re.sub(r"^.*?\bAS\s+", "", row[0].rstrip().rstrip(";"), count=1, flags=re.IGNORECASE | re.DOTALL)
            views[name] = re.sub(r'(?<![\w."])"?candidate"?\.(?="?marts"?\.)', "", select)
    return views


def _materialise(connection: Any, table: Table, columns: list[str]) -> None:
    """The mart as a table of the release, sorted. Many threads: a total order is the same from any number of them."""
    typed = ", ".join(f"{c}::{sql_type(c)} as {c}" if c in table.columns else c for c in columns)
    query = f"select {typed} from candidate.marts.{table.name} order by {_order(table)}"
    connection.execute(f"create table marts.{table.name} as {query}")
    _comment(connection, table, columns)


def _write_table(
    connection: Any, table: Table, folder: Path, maximum_rows: int, lake_files: Mapping[str, Sequence[Path]]
) -> dict[str, Any]:
    """Write one mart, inside or beside; its description, with ``partitions`` where its files are the lake's."""
    source = f"candidate.marts.{table.name}"
    columns = [r[0] for r in connection.execute(f"describe {source}").fetchall()]
    (rows,) = connection.execute(f"select count(*) from {source}").fetchone()
    is_large = rows > maximum_rows and table.name.startswith("fct_") and "year" in columns
    if not is_large:
        _materialise(connection, table, columns)
        source = f"marts.{table.name}"
    described = _describe(connection, table, source) | {"is_beside": is_large}
    stored = LINKED.get(table.name)
    if is_large and stored is not None and stored.name in lake_files:
        _link_lake(stored, lake_files[stored.name], folder / table.name)
        # the manifest sorts its keys: the order of columns is a list
        return described | {"partitions": hive_types(stored), "column_order": columns}
    # one thread: row groups then end where they always do, and equal rows are equal bytes
    connection.execute("set threads = 1")
    _write_parquet(connection, table, source, folder, is_large=is_large)
    connection.execute("reset threads")
    return described


def write_files(candidate: Path, folder: Path, *, maximum_rows: int, lake_files: Mapping[str, Sequence[Path]] | None = None) -> Written:
    """Write entrepot.duckdb and marts/ into ``folder``; tables in the order of the contracts.

    ``lake_files``, by lake table, are the files behind the candidate's views: what is linked for a
    fact above ``maximum_rows``.
    """
    tables: dict[str, dict[str, Any]] = {}
    (folder / "marts").mkdir(parents=True, exist_ok=True)
    with open_candidate(candidate, folder / DATABASE) as connection:
        connection.execute("create schema marts")
        found = _found(connection)
        marts = [t for t in MARTS.values() if t.name in found]
        for table in (t for t in marts if not t.is_view):
            tables[table.name] = _write_table(connection, table, folder / "marts", maximum_rows, lake_files or {})
        beside = tuple(name for name, described in tables.items() if described.pop("is_beside"))
        views = _views(connection, [t.name for t in marts if t.is_view])
        for name, select in views.items():
            rows = connection.execute(f"describe select * from candidate.marts.{name}").fetchall()
            tables[name] = {"rows": None, "row_hash": None, "sums": {}, "columns": {r[0]: r[1] for r in rows}}
            tables[name] |= {"key": list(MARTS[name].key), "grain": MARTS[name].grain}
            if not any(re.search(rf"\b{other}\b", select) for other in beside):
                connection.execute(f"create view marts.{name} as {select}")
        connection.execute("detach candidate")
        connection.execute("checkpoint")
    return Written(tables, views, beside)


def is_clocked(name: str) -> bool:
    """True for files whose bytes carry a clock: the DuckDB file, pages, and tables with times inside."""
    path = Path(name)
    return path.suffix != ".parquet" or path.stem in CLOCKED or any(p in CLOCKED for p in path.parts)
