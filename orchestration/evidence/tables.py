"""Tables as a release saw them: its pinned versions of the lake, and its own marts. SQL over exactly these files, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from transforms.contracts.arrow import hive_types, sql_type
from transforms.contracts.model import Table
from transforms.io import lake, release
from transforms.settings import Settings

Row = dict[str, Any]
#: Narrower than a thousandth of a dollar nothing is stated.
MILL = Decimal("0.001")


@dataclass(frozen=True)
class Tables:
    """The lake of a home at the versions that a release pins; ``versions`` None: the lake as it stands now."""

    home: Path
    release_id: str | None
    content: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, int] | None = None

    @property
    def folder(self) -> Path | None:
        """The release's folder, None where there is no release."""
        return release.release_folder(self.home, self.release_id) if self.release_id else None

    def files(self, table: Table, **partition: Any) -> list[Path]:
        """Files of a lake table in the partition; none where the release doesn't know the table."""
        if self.versions is not None and table.name not in self.versions:
            return []
        version = None if self.versions is None else self.versions[table.name]
        return lake.active_files(self.home, table, version=version, **partition)

    def select(
        self, table: Table, sql: str, parameters: Sequence[object] = (), *, files: Sequence[Path] | None = None, **partition: Any
    ) -> list[Row]:
        """Rows of ``sql`` over the view ``t`` of a table; columns that its files don't have yet are NULL."""
        found = self.files(table, **partition) if files is None else list(files)
        if not found:
            return []
        with duckdb.connect(":memory:") as connection:
            view(connection, "t", table, found)
            return rows_of(connection, sql, parameters)

    def mart_files(self, name: str, year: int | None = None) -> list[Path]:
        """Files of a mart of the release, those of ``year`` where it stands in one folder a year."""
        if self.folder is None:
            return []
        single = self.folder / "marts" / f"{name}.parquet"
        if single.is_file():
            return [single]
        wanted = f"year={year}"
        found = sorted((self.folder / "marts" / name).rglob("*.parquet"))
        return [p for p in found if year is None or wanted in p.parts]


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    """All rows of a query as dictionaries."""
    result = connection.execute(sql, list(parameters))
    names = [d[0] for d in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def view(connection: duckdb.DuckDBPyConnection, name: str, table: Table, files: Sequence[Path]) -> None:
    """A view over ``files`` with the contract's columns: NULL where older files lack one, empty where there is no file."""
    if not files:
        columns = ", ".join(f"cast(null as {sql_type(c)}) as {c}" for c in table.columns)
        connection.execute(f"create view {name} as select {columns} where false")
        return
    listed = ", ".join(_quoted(str(p)) for p in files)
    types = ", ".join(f"{_quoted(c)}: {t}" for c, t in hive_types(table).items())
    in_path = bool(types) and all(f"{c}=" in str(files[0]) for c in table.partition_by)
    hive = f"hive_partitioning = true, hive_types = {{{types}}}" if in_path else "hive_partitioning = false"
    source = f"read_parquet([{listed}], {hive}, union_by_name = true)"
    there = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    columns = ", ".join(c if c in there else f"cast(null as {sql_type(c)}) as {c}" for c in table.columns)
    connection.execute(f"create view {name} as select {columns} from {source}")


def open_tables(settings: Settings, release_id: str | None = None) -> Tables:
    """The tables of a release, the current one where None; without any release the lake as it stands.

    Raises ReleaseError for a release that isn't there.
    """
    home = settings.home
    wanted = release_id or release.current_release(home)
    if wanted is None:
        return Tables(home, None)
    content = release.read_manifest(release.release_folder(home, wanted))["content"]
    return Tables(home, wanted, content, content.get("lake_versions", {}))
