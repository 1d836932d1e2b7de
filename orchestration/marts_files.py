"""The files of a release: the DuckDB file that readers open, and a Parquet file (or links to the lake's) per mart."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.marts import Candidate
from transforms.contracts import lake as contracts
from transforms.contracts import marts
from transforms.contracts.arrow import sql_type
from transforms.contracts.columns import column
from transforms.contracts.model import Table
from transforms.io.files import fsync_folder
from transforms.io.writer import table_folder

#: Facts that are a lake table row by row: above the threshold the lake's own files stand for them.
LINKED = {marts.FCT_REPORTED_FLOWS.name: contracts.REPORTED_FLOWS, marts.FCT_BILATERAL_FLOWS.name: contracts.BILATERAL_FLOWS}


@dataclass(frozen=True)
class MartFiles:
    """Where a finished mart stands: rows, whether the DuckDB file holds it, and its Parquet files."""

    name: str
    rows: int
    is_in_duckdb: bool
    paths: tuple[Path, ...]


def order_by(table: Table) -> str:
    """The table's total order as SQL: codes by (length, text), so that area 4 stands before 31."""
    terms = []
    for name in table.sort_by:
        if column(name).type == "code" and name.endswith("_code"):
            terms.append(f"length({name})")
        terms.append(name)
    return ", ".join(terms)


def _literal(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _comment(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    kind = "view" if table.is_view else "table"
    connection.execute(f"comment on {kind} marts.{table.name} is {_literal(table.grain)}")
    for name in table.columns:
        entry = column(name)
        unit = " ".join(p for p in (entry.unit, entry.valuation) if p)
        text = f"{entry.description} [{unit}]" if unit else entry.description
        connection.execute(f"comment on column marts.{table.name}.{name} is {_literal(text)}")


def _materialise(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(f"{c} {sql_type(c)}{' not null' if table.is_required(c) else ''}" for c in table.columns)
    connection.execute(f"create table marts.{table.name} ({columns})")
    listed = ", ".join(table.columns)
    connection.execute(f"insert into marts.{table.name} select {listed} from candidate.marts.{table.name} order by {order_by(table)}")


def _recreate_view(connection: duckdb.DuckDBPyConnection, candidate: Candidate, table: Table) -> None:
    """The view from dbt's compiled text, without the candidate's name, so that the file may be called anything."""
    compiled = candidate.folder / "target" / "compiled" / "entrepot" / "models" / "marts" / f"{table.name}.sql"
    query = compiled.read_text("utf-8").replace(f'"{candidate.path.stem}".', "")
    connection.execute(f"create view marts.{table.name} as {query}")


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        # another file system, or one without hard links: the bytes are the same
        shutil.copy2(source, target)


def _link_lake(candidate: Candidate, table: Table, marts_folder: Path) -> tuple[Path, ...]:
    stored = LINKED[table.name]
    root = table_folder(candidate.home, stored)
    paths = []
    for source in candidate.files[stored.name]:
        target = marts_folder / table.name / source.relative_to(root)
        _link(source, target)
        paths.append(target)
    return tuple(paths)


def _export(connection: duckdb.DuckDBPyConnection, table: Table, marts_folder: Path) -> Path:
    target = marts_folder / f"{table.name}.parquet"
    listed = ", ".join(table.columns)
    query = f"select {listed} from marts.{table.name} order by {order_by(table)}"
    connection.execute(f"copy ({query}) to {_literal(target)} (format parquet, compression zstd, row_group_size 122880)")
    return target


def _attached(candidate: Candidate, out_db: Path) -> duckdb.DuckDBPyConnection:
    if out_db.exists():
        raise FileExistsError(f"{out_db} exists already: a release's file is written once")
    out_db.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(out_db))
    connection.execute("set timezone = 'UTC'")
    # one thread: row groups then end where they always do, and equal rows are equal bytes
    connection.execute("set threads = 1")
    connection.execute(f"attach {_literal(candidate.path)} as {candidate.path.stem} (read_only)")
    connection.execute("create schema marts")
    return connection


def finish_candidate(candidate: Candidate, out_db: Path, marts_folder: Path, *, maximum_rows: int) -> tuple[MartFiles, ...]:
    """Write what a release publishes of the candidate: ``out_db`` and ``marts_folder/<mart>.parquet``.

    Facts above ``maximum_rows`` ([publish] maximum_rows_in_duckdb) stay out of the DuckDB file;
    their Parquet is ``marts_folder/<mart>/<partition>/``, hard links to the lake's files, and a
    view that reads such a fact isn't in the DuckDB file either. Raises FileExistsError for an
    ``out_db`` that is there, duckdb.ConstraintException for a NULL where the contract allows none.
    """
    marts_folder.mkdir(parents=True, exist_ok=True)
    rows = {m.name: m.rows for m in candidate.models}
    finished = []
    with _attached(candidate, out_db) as connection:
        for table in marts.MARTS.values():
            fact = marts.FCT_BILATERAL_FLOWS.name if table.is_view else table.name
            is_inside = fact not in LINKED or rows[fact] <= maximum_rows
            paths: tuple[Path, ...] = ()
            if table.is_view:
                if is_inside:
                    _recreate_view(connection, candidate, table)
            elif is_inside:
                _materialise(connection, table)
                paths = (_export(connection, table, marts_folder),)
            else:
                paths = _link_lake(candidate, table, marts_folder)
            if is_inside:
                _comment(connection, table)
            finished.append(MartFiles(table.name, rows[table.name], is_inside, paths))
        connection.execute(f"detach {candidate.path.stem}")
        connection.execute("checkpoint")
    for folder in {p.parent for f in finished for p in f.paths} | {out_db.parent}:
        fsync_folder(folder)
    return tuple(finished)
