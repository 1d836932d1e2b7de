"""Names that the files themselves give to codes, and the codes that the lake holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from transforms.contracts.model import Table
from transforms.contracts.records import Snapshot
from transforms.io import lake
from transforms.io.parsed import parsed_folder
from transforms.sources.lists import listed
from transforms.sources.precedence import newest_first

Name = tuple[str, str | None, str]


def given_names(home: Path, snapshots: Sequence[Snapshot]) -> dict[Name, str]:
    """(kind, classification, code) -> name. Code lists before flow files, newer releases before older."""
    found: dict[Name, str] = {}
    for snapshot in _ordered(snapshots):
        for member in snapshot.members:
            path = parsed_folder(home, snapshot, member) / "names.parquet"
            if not path.exists():
                continue
            for row in pq.ParquetFile(path).read().to_pylist():
                found.setdefault((row["kind"], row["classification"], row["code"]), " ".join(row["name"].split()))
    return found


def given_years(home: Path, snapshots: Sequence[Snapshot]) -> dict[str, tuple[int | None, int | None]]:
    """Area code -> (first year, last year), None for always and still, where a list of areas states one of them."""
    found: dict[str, tuple[int | None, int | None]] = {}
    for _, table in listed(home, _ordered(snapshots), "areas"):
        for row in table.to_pylist():
            # the lists of other publishers state none
            years = (row.get("valid_from"), row.get("valid_to"))
            if any(years):
                found.setdefault(row["code"], years)
    return found


def _ordered(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Code lists before flow files, newer releases before older."""
    return sorted(newest_first(snapshots), key=lambda s: s.kind == "flows")


def areas_in_lake(home: Path, table: Table, columns: Sequence[str]) -> set[str]:
    """Codes in any of ``columns``, read from the files' dictionaries."""
    found: set[str] = set()
    for path in lake.active_files(home, table):
        reader = pq.ParquetFile(path)
        for group in range(reader.num_row_groups):
            for column in reader.read_row_group(group, columns=list(columns)).columns:
                found.update(code for chunk in column.chunks for code in chunk.dictionary.to_pylist())
    return found


def products_in_lake(home: Path, tables: Sequence[Table]) -> set[tuple[str, int, str]]:
    """(classification, product_level, product_code) that occur in ``tables``."""
    columns = ["classification", "product_level", "product_code"]
    found: set[tuple[str, int, str]] = set()
    for path in (p for table in tables for p in lake.active_files(home, table)):
        reader = pq.ParquetFile(path)
        for group in range(reader.num_row_groups):
            rows = reader.read_row_group(group, columns=columns).group_by(columns).aggregate([])
            found.update((r["classification"], r["product_level"], r["product_code"]) for r in rows.to_pylist())
    return found
