"""Rows of one snapshot that contradict each other, and the snapshot's part of ops/quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import ops as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot, TaskResult
from transforms.io import lake
from transforms.io.parsed import parsed_folder
from transforms.io.snapshot_store import open_member
from transforms.sources.reader import raw_lines

REASON = "the file states this flow more than once, with different measures: none of them is taken"


class Found:
    """Conflicting rows of one partition, kept beside the parsed slices until quarantine is written."""

    def __init__(self, home: Path, year: int, snapshots: Sequence[Snapshot]) -> None:
        self._home, self._year, self._snapshots = home, year, snapshots
        self._rows: dict[tuple[str, str], list[int]] = {}
        self.warnings: list[str] = []

    def add(self, table: pa.Table, positions: np.ndarray) -> None:
        """Note the rows at ``positions``."""
        if not len(positions):
            return
        part = table.select(["snapshot_id", "snapshot_member", "source_line"]).take(pa.array(positions))
        for row in part.to_pylist():
            self._rows.setdefault((row["snapshot_id"], row["snapshot_member"]), []).append(row["source_line"])

    def write(self) -> None:
        """Replace ``conflicts-<year>.parquet`` of every member; none where it has no conflict."""
        for snapshot in self._snapshots:
            for member in snapshot.members:
                path = parsed_folder(self._home, snapshot, member) / f"conflicts-{self._year}.parquet"
                lines = sorted(self._rows.get((snapshot.snapshot_id, member), []))
                path.unlink(missing_ok=True)
                if lines:
                    pq.write_table(pa.table({"source_line": pa.array(lines, pa.int64())}), path)
                    self.warnings.append(f"{snapshot.file_name}: {len(lines)} rows of {self._year} contradict each other; quarantined")


def _rows_of(home: Path, snapshot: Snapshot, member: str) -> list[dict[str, object]]:
    folder = parsed_folder(home, snapshot, member)
    path = folder / "quarantine.parquet"
    names = ["source_line", "year", "column_name", "quarantine_reason", "raw_text"]
    rows = pq.read_table(path, columns=names).to_pylist() if path.exists() else []
    years = {int(p.stem.rsplit("-", 1)[1]): p for p in sorted(folder.glob("conflicts-*.parquet"))}
    year_of = {line: year for year, p in years.items() for line in pq.read_table(p).column("source_line").to_pylist()}
    if year_of:
        with open_member(home, snapshot, member) as stream:
            texts = raw_lines(stream, snapshot, member, set(year_of))
        rows += [
            {"source_line": line, "year": year, "column_name": None, "quarantine_reason": REASON, "raw_text": texts[line]}
            for line, year in year_of.items()
        ]
    return [{**row, "snapshot_member": member, "layout": snapshot.layout} for row in rows]


def quarantine_files(home: Path, snapshot: Snapshot) -> TaskResult:
    """Write the snapshot's partition of ops/quarantine: rows parsing refused and rows that contradict; a Dask task.

    No file where nothing is quarantined: commit the empty partition then.
    """
    rows = [row for member in snapshot.members for row in _rows_of(home, snapshot, member)]
    if not rows:
        return TaskResult(())
    rows.sort(key=lambda r: (str(r["snapshot_member"]), r["source_line"]))
    names = contracts.QUARANTINE.file_columns
    data = pa.Table.from_pylist([{n: row.get(n) for n in names} for row in rows], schema=_schema())
    partition = {"source": snapshot.source, "snapshot_id": snapshot.snapshot_id}
    file = lake.write_partition(home, contracts.QUARANTINE, partition, [data])
    return TaskResult((file,) if file else ())


def _schema() -> pa.Schema:
    whole = table_schema(contracts.QUARANTINE)
    return pa.schema([whole.field(n) for n in contracts.QUARANTINE.file_columns])
