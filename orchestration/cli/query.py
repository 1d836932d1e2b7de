"""entrepot query: SQL on a release, read-only, locked to the release's folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import duckdb


#: Rows that a table in the terminal shows.
SHOWN = 1000


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _linked_select(folder: Path, name: str, table: dict[str, Any], release_id: str) -> str:
    """SELECT over the lake's files of a fact: partition columns come from the path, release_id is the release's."""
    pattern = _quoted(str(folder / "marts" / name / "**" / "*.parquet"))
    types = ", ".join(f"{_quoted(c)}: {t}" for c, t in table["partitions"].items())
    columns = ", ".join(f"{_quoted(release_id)} as release_id" if c == "release_id" else c for c in table["column_order"])
    return f"select {columns} from read_parquet({pattern}, hive_partitioning = true, hive_types = {{{types}}})"


def open_release(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection that sees the release's marts (schema ``marts``, the default) and no other file.

    Views in memory over the attached, read-only database and over what stands beside it as
    Parquet; then external access and the configuration are locked.
    """
    import duckdb

    from transforms.io.release import read_manifest

    content = read_manifest(folder)["content"]
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"attach {_quoted(str(folder / 'entrepot.duckdb'))} as release (read_only)")
    connection.execute("create schema marts")
    for name, table in content["tables"].items():
        if name in content["beside"] and "partitions" in table:
            connection.execute(f"create view marts.{name} as {_linked_select(folder, name, table, content['release_id'])}")
        elif name in content["beside"]:
            pattern = _quoted(str(folder / "marts" / name / "*" / "*.parquet"))
            connection.execute(f"create view marts.{name} as select * from read_parquet({pattern}, hive_partitioning = false)")
        elif name not in content["views"]:
            connection.execute(f"create view marts.{name} as select * from release.marts.{name}")
    for name, select in content["views"].items():
        connection.execute(f"create view marts.{name} as {select}")
    connection.execute(f"set allowed_directories = [{_quoted(str(folder / 'marts'))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set schema = 'marts'")
    connection.execute("set lock_configuration = true")
    return connection


def select(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None = None) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Header and rows (at most ``limit``) of one SELECT; UsageRefused for anything else, and for SQL that doesn't run."""
    import duckdb

    from orchestration.errors import UsageRefused

    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageRefused("a query is one SELECT (or DESCRIBE, SHOW TABLES); a release is read-only")
        result = connection.execute(statements[0])
        header = [str(d[0]) for d in result.description or ()]
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise UsageRefused(f"two columns are called {twice[0]!r}: name them apart with `as`")
        return header, result.fetchall() if limit is None else result.fetchmany(limit)
    except duckdb.Error as error:
        raise UsageRefused(f"the query doesn't run: {error}") from error


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; tables of schema marts by their plain names.")],
    release: Annotated[str | None, typer.Option("--release", help="A release id; the current one where absent.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.table,
) -> None:
    """SQL on the current release (or --release): read-only, and it sees no file outside the release."""
    import csv
    import sys

    from orchestration.cli.output import note, say, say_json, table_text
    from transforms.io.release import current_folder, read_manifest, release_folder
    from transforms.settings import load_settings

    home = load_settings().home
    folder = release_folder(home, release) if release else current_folder(home)
    with open_release(folder) as connection:
        header, rows = select(connection, sql, SHOWN + 1 if output is Format.table else None)
    if output is Format.json:
        say_json([dict(zip(header, row, strict=True)) for row in rows])
    elif output is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(["" if v is None else v for v in row] for row in rows)
    else:
        say(table_text(header, rows[:SHOWN], limit=60))  # csv and json hold texts whole
        synthetic = ", SYNTHETIC" if read_manifest(folder)["content"].get("is_synthetic") else ""
        counted = f"{len(rows):,} rows" if len(rows) <= SHOWN else f"the first {SHOWN:,} rows, --format csv gives all"
        note(f"{counted}, release {folder.name}{synthetic}")
