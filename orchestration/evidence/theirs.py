"""Another source's file, read as `entrepot run` would read it, into a place of its own that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import UsageRefused
from transforms.contracts import lake as contracts
from transforms.contracts.records import Snapshot
from transforms.io import lake
from transforms.io.handed import take_files
from transforms.io.snapshot import Declared
from transforms.settings import Settings
from transforms.sources.ingest import ingest_partition
from transforms.sources.parse import ParseReport, parse_snapshot


@dataclass(frozen=True)
class Theirs:
    """A file's flows as reported_flows and control_totals of a temporary home. ``row_count`` are the file's lines, ``lost`` those
    that can't be read; ``is_complete``: the file holds all of what its reporters report."""

    home: Path
    source: str
    basis: str
    source_release: str | None
    file_names: tuple[str, ...]
    years: tuple[int, ...]
    row_count: int
    lost: int
    is_complete: bool

    def files(self, year: int) -> tuple[list[Path], list[Path]]:
        """Files of reported_flows and of control_totals of a year."""
        flows, totals = (
            lake.active_files(self.home, table, source=self.source, year=year)
            for table in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS)
        )
        return flows, totals


@contextmanager
def read_theirs(settings: Settings, path: Path, declared: Declared) -> Iterator[Theirs]:
    """The flows of a file or folder of one source. Nothing is written into the home.

    Raises BadFileError for what no layout knows or can't be read, UsageRefused for several sources or none of flows.
    """
    with tempfile.TemporaryDirectory(prefix="entrepot-compare-") as folder:
        home = Path(folder)
        handed = take_files([path], settings, declared=declared, keep=False)
        if handed.refusals:
            raise handed.refusals[0].error
        taken = [(file, s) for file, snapshots in handed.taken for s in snapshots if s.kind == "flows"]
        sources = sorted({s.source for _, s in taken})
        if len(sources) != 1:
            held = f"flows of {len(sources)} sources" if sources else "no flows"
            raise UsageRefused(f"{path} holds {held}; compare one source's at a time")
        yield _read(settings, home, taken, sources[0])


def _read(settings: Settings, home: Path, taken: list[tuple[Path, Snapshot]], source: str) -> Theirs:
    reports: list[tuple[Snapshot, ParseReport]] = []
    for file, snapshot in taken:
        kept = home / "snapshots" / snapshot.snapshot_id / snapshot.file_name
        if not kept.exists():
            kept.parent.mkdir(parents=True)
            kept.symlink_to(file.resolve())
        reports += [(snapshot, parse_snapshot(home, snapshot, member)) for member in snapshot.members]
    years = sorted({year for _, report in reports for year in report.years})
    for year in years:
        snapshots = {s.snapshot_id: s for s, report in reports if year in report.years}
        ordered = sorted(snapshots.values(), key=lambda s: (s.taken_at, s.snapshot_id))
        result = ingest_partition(home, settings.catalog.sources[source], year, ordered)
        for table in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS):
            lake.commit(home, table, {f.partition_key: [f] for f in result.files if f.table == table.name})
    rows = sum(report.rows_in for _, report in reports)
    releases = sorted({s.source_release for _, s in taken if s.source_release})
    return Theirs(
        home,
        source,
        settings.catalog.basis_of(source),
        ", ".join(releases) or None,
        tuple(sorted({s.file_name for _, s in taken})),
        tuple(years),
        rows,
        rows - sum(y.rows for _, report in reports for y in report.years.values()),
        all(s.coverage == "complete" for _, s in taken),
    )
