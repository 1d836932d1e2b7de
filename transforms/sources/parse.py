"""One member of one snapshot to typed slices per year, streamed: the task that reads files.

Parsed slices are a cache under ``build/parsed``; they can be made again from the snapshot.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from transforms.contracts.layout import Layout
from transforms.contracts.records import DataFile, Snapshot
from transforms.io.archives import BadFileError
from transforms.io.files import fsync_folder, write_text
from transforms.io.parsed import parsed_folder
from transforms.io.snapshot_store import open_member
from transforms.sources import judges
from transforms.sources.codelists import Encoder
from transforms.sources.lake_form import ReadyFiles
from transforms.sources.lists import parse_list
from transforms.sources.measures import exact_sum
from transforms.sources.names import NameCollector
from transforms.sources.order import SortWatch
from transforms.sources.reader import Block, layout_of, open_blocks
from transforms.sources.row_tables import table_of
from transforms.sources.rows import LEAF, RowParser, Rows
from transforms.sources.slices import QuarantineWriter, SliceWriters


@dataclass(frozen=True)
class YearReport:
    """What a member holds of one year. ``reporters``: rows per reporter; ``levels``: product levels of leaves.

    ``ready`` is the lake's own file where all rows came as the lake stores them.
    """

    rows: int
    value_mills: int
    levels: tuple[int, ...]
    reporters: dict[str, int]
    periods: tuple[str, ...]
    ready: DataFile | None = None


@dataclass(frozen=True)
class ParseReport:
    """What parsing a member gave: small and picklable. ``warnings`` are for the log.

    ``values_cut``: values with digits beyond a thousandth of a dollar, rounded half to even.
    """

    snapshot_id: str
    member: str
    rows_in: int
    zeros_restored: int
    values_cut: int = 0
    years: dict[int, YearReport] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_report(home: Path, snapshot: Snapshot, member: str) -> ParseReport | None:
    """The report of an earlier parse, None where there is none."""
    path = parsed_folder(home, snapshot, member) / "report.json"
    if not path.exists():
        return None
    values = json.loads(path.read_text("utf-8"))
    values["warnings"] = tuple(values["warnings"])
    values["years"] = {int(y): _year_report(v) for y, v in values["years"].items()}
    return ParseReport(**values)


def _year_report(values: dict[str, Any]) -> YearReport:
    ready = values.pop("ready")
    if ready is not None:
        ready = DataFile(**{**ready, "partition": tuple((k, v) for k, v in ready["partition"])})
    return YearReport(**{**values, "levels": tuple(values["levels"]), "periods": tuple(values["periods"])}, ready=ready)


def known_years(home: Path, snapshot: Snapshot) -> frozenset[int] | None:
    """Years in a snapshot (none for code lists); None where it isn't parsed yet."""
    reports = [read_report(home, snapshot, member) for member in snapshot.members]
    if any(r is None for r in reports):
        return None
    return frozenset(y for r in reports if r is not None for y in r.years)


@dataclass
class _Tally:
    rows: int = 0
    value: int = 0
    has_controls: bool = False
    levels: set[int] = field(default_factory=set)
    reporters: Counter[str] = field(default_factory=Counter)
    periods: set[str] = field(default_factory=set)

    @property
    def is_plain(self) -> bool:
        """Leaves of one level and one period."""
        return not self.has_controls and len(self.levels) == 1 and len(self.periods) == 1


class _MemberParse:
    """State of one member while its blocks go by."""

    def __init__(self, home: Path, snapshot: Snapshot, member: str, folder: Path) -> None:
        self.snapshot, self.member = snapshot, member
        self.ready, self.slices = ReadyFiles(home, snapshot, member, folder), SliceWriters(folder)
        self.quarantine = QuarantineWriter(folder)
        self.parser: RowParser | None = None
        self.names = NameCollector()
        self.order = SortWatch()
        self.tallies: dict[int, _Tally] = {}
        self.rows_in = 0

    def take(self, parser: RowParser, block: Block) -> None:
        """One block: parse, quarantine, sort by year into the slices, count."""
        self.parser = parser
        rows = parser.parse(block)
        self.rows_in += block.rows
        years = parser.times.lookup("year", lambda v: v[0])[np.maximum(rows.codes["time"], -1)]  # type: ignore[index]
        bad = np.flatnonzero(rows.fault)
        if len(bad):
            self.quarantine.add(parser, rows, block, bad)
        good = rows.fault == 0
        self.names.collect(parser, rows, block, good)
        is_whole = not len(bad) and bool((years == years[0]).all())
        for year in years[:1] if is_whole else np.unique(years[good]):
            keep = slice(None) if is_whole else np.flatnonzero(good & (years == year))
            table = table_of(parser, rows, block, keep)
            self.order.watch(int(year), parser, rows, keep)
            tally = self._count(int(year), parser, rows, keep)
            is_ready = self.order.is_sorted(int(year)) and tally.is_plain and not parser.layout.summed_roles
            if self.ready.takes(int(year), is_ready=is_ready):
                self.ready.write(int(year), table)
            else:
                self.slices.write(int(year), table)

    def _count(self, year: int, parser: RowParser, rows: Rows, keep: np.ndarray | slice) -> _Tally:
        tally = self.tallies.setdefault(year, _Tally())
        kinds = rows.kind[keep]
        tally.rows += len(kinds)
        tally.value += exact_sum(rows.values["reported_value_usd"][keep])
        tally.has_controls |= bool(kinds.any())
        products = rows.codes["product"][keep][kinds == LEAF]
        levels = parser.products.lookup("level", lambda v: v[1])[products]  # type: ignore[index]
        tally.levels.update(np.flatnonzero(np.bincount(levels)).tolist())
        tally.periods.update(parser.times.values[t][2] for t in np.flatnonzero(np.bincount(rows.codes["time"][keep])))  # type: ignore[index]
        counts = np.bincount(rows.codes["reporter_code"][keep], minlength=len(parser.judged["reporter_code"].values))
        for code, count in zip(parser.judged["reporter_code"].values, counts, strict=True):
            if count:
                tally.reporters[str(code)] += int(count)
        return tally

    def report(self) -> ParseReport:
        """Close the files and say what was found; BadFileError where not one row could be read."""
        parsed = sum(t.rows for t in self.tallies.values())
        first = self.quarantine.first
        self.slices.close()
        self.quarantine.close()
        ready = self.ready.close()
        label = self.snapshot.file_name if self.member == self.snapshot.file_name else f"{self.snapshot.file_name}: {self.member}"
        if not parsed:
            raise BadFileError(f"{label}: none of its {self.rows_in} rows can be read; the first: {first}")
        years = {
            y: YearReport(
                t.rows,
                t.value,
                tuple(sorted(t.levels)),
                dict(sorted(t.reporters.items())),
                tuple(sorted(t.periods)),
                ready[y][0] if y in ready and ready[y][1] else None,
            )
            for y, t in sorted(self.tallies.items())
        }
        restored, cut = (self.parser.zeros_restored, self.parser.values_cut) if self.parser else (0, 0)
        warnings = self._warnings(label, cut)
        return ParseReport(self.snapshot.snapshot_id, self.member, self.rows_in, restored, cut, years, warnings)

    def _warnings(self, label: str, cut: int) -> tuple[str, ...]:
        """What a reader of the log should know of the member."""
        found = []
        if self.quarantine.rows:
            found.append(f"{label}: {self.quarantine.rows} of {self.rows_in} rows quarantined; the first: {self.quarantine.first}")
        if self.snapshot.header_extras:
            found.append(f"{label}: columns that the layout doesn't know: {', '.join(self.snapshot.header_extras)}")
        if cut:
            found.append(f"{label}: {cut} values have more than three decimals of a dollar; rounded half to even")
        if garbled := self.names.garbled:
            found.append(f"{label}: {len(garbled)} names are garbled, as UTF-8 read as Latin-1; the first: {garbled[0]!r}")
        return tuple(found)


def _parse_flows(home: Path, snapshot: Snapshot, member: str, folder: Path) -> ParseReport:
    state = _MemberParse(home, snapshot, member, folder)
    layout = layout_of(snapshot)
    with open_member(home, snapshot, member) as stream:
        opened = open_blocks(stream, layout, member)
        parser = RowParser(snapshot, layout, opened.fields)
        try:
            for block in opened.blocks:
                state.take(parser, block)
        finally:
            parser.coding.release()
    state.names.write(folder)
    return state.report()


def parse_snapshot(home: Path, snapshot: Snapshot, member: str) -> ParseReport:
    """Stream a member into typed Parquet slices, one per year; a Dask task, done once.

    Beside the slices: ``names.parquet`` (names of areas and products that the file gives),
    ``quarantine.parquet`` and ``report.json``. Memory doesn't grow with the file. Raises
    BadFileError where the file as a whole can't be used; nothing is left behind then.
    """
    known = read_report(home, snapshot, member)
    if known is not None:
        return known
    folder = parsed_folder(home, snapshot, member)
    temporary = folder.parent / f".{folder.name}-{os.getpid()}-{time.monotonic_ns()}"
    temporary.mkdir(parents=True)
    try:
        if snapshot.kind == "flows":
            report = _parse_flows(home, snapshot, member, temporary)
        else:
            rows, warnings = parse_list(home, snapshot, member, temporary)
            report = ParseReport(snapshot.snapshot_id, member, rows, 0, warnings=warnings)
        write_text(temporary / "report.json", json.dumps(asdict(report), sort_keys=True, indent=1))
        if not (folder / "report.json").exists():
            temporary.replace(folder)
        fsync_folder(folder.parent)
    finally:
        if temporary.exists():
            shutil.rmtree(temporary)
    return report


def years_stated(stream: BinaryIO, layout: Layout, member: str) -> frozenset[int]:
    """Years in the year (else the period) column of a member's bytes, nothing else looked at: for a plan."""
    opened = open_blocks(stream, layout, member)
    encoder = Encoder("year" if "year" in opened.fields else "period")
    for block in opened.blocks:
        torn = block.statuses != 0
        block.starts[:, torn] = block.ends[:, torn] = 0
        encoder.encode(block, layout.encodings)
    found = (judges.period(text)[0] for text in encoder.texts)
    return frozenset(value[0] for value in found if value is not None)  # type: ignore[index]


def years_of(home: Path, snapshots: list[Snapshot]) -> dict[str, set[int]]:
    """Source -> years in its parsed flow snapshots."""
    found: dict[str, set[int]] = {}
    for snapshot in snapshots:
        if snapshot.kind == "flows":
            found.setdefault(snapshot.source, set()).update(known_years(home, snapshot) or ())
    return found
