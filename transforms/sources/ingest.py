"""Parsed slices of one source and year to reported_flows and control_totals: what stands, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import lake as contracts
from transforms.contracts.layout import Source
from transforms.contracts.records import DataFile, LedgerLine, Snapshot, TaskResult
from transforms.io.lake import PartitionWriter, mills
from transforms.io.parsed import PARSE_VERSION, parsed_folder
from transforms.io.writer import adopt
from transforms.sources import conflicts, supersede
from transforms.sources.lake_form import leaves_of, ready_folder, with_origin
from transforms.sources.measures import exact_sum
from transforms.sources.parse import YearReport, parse_snapshot, read_report
from transforms.sources.parts import add_up
from transforms.sources.precedence import precedence
from transforms.sources.reader import layout_of
from transforms.sources.row_tables import whole
from transforms.sources.rows import KINDS
from transforms.sources.slices import SliceReader
from transforms.sources.spool import Spool

INGEST_VERSION = f"7.{PARSE_VERSION}"
#: Rows that are resolved at a time: memory follows this, not the partition.
GROUP_ROWS = 1 << 19


@dataclass(frozen=True)
class Slice:
    """One member's rows of the year. ``age``: place of its snapshot among all, newest last."""

    snapshot: Snapshot
    member: str
    folder: Path
    report: YearReport
    age: int
    rows: SliceReader


@dataclass
class Ledger:
    """Rows, mills and unparsed values per (frequency, period, reason)."""

    source: str
    year: int
    entries: dict[tuple[str, str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def add(self, frequency: str, period: str, reason: str, rows: int, value: int, unparsed: int = 0) -> None:
        """Add to a reason, and to what came in unless it is ``out``'s counterpart ``in`` itself."""
        for name in ("in", reason):
            entry = self.entries[frequency, period, name]
            entry[0] += rows
            entry[1] += value
            entry[2] += unparsed

    def lines(self) -> tuple[LedgerLine, ...]:
        """All lines, sorted."""
        return tuple(
            LedgerLine("ingest", contracts.REPORTED_FLOWS.name, self.source, self.year, frequency, period, reason, rows, value, unparsed)
            for (frequency, period, reason), (rows, value, unparsed) in sorted(self.entries.items())
        )


def _slices(home: Path, year: int, snapshots: Sequence[Snapshot]) -> list[Slice]:
    found = []
    for age, snapshot in enumerate(sorted(snapshots, key=precedence)):
        for member in snapshot.members:
            report = parse_snapshot(home, snapshot, member)
            if year in report.years:
                folder = parsed_folder(home, snapshot, member)
                found.append(Slice(snapshot, member, folder, report.years[year], age, SliceReader(folder, year)))
    return found


def _replaced_whole(source: Source, year: int, slices: list[Slice], ledger: Ledger) -> list[Slice]:
    """BACI: one complete release per year and edition; older ones are superseded unread, so none are mixed."""
    if source.replaces != "release":
        return slices
    newest: dict[str | None, int] = {}
    for entry in slices:
        if entry.snapshot.coverage == "complete":
            newest[entry.snapshot.edition] = max(newest.get(entry.snapshot.edition, -1), entry.age)
    kept = []
    for entry in slices:
        if entry.age < newest.get(entry.snapshot.edition, -1):
            ledger.add("A", str(year), "superseded", entry.report.rows, entry.report.value_mills)
        else:
            kept.append(entry)
    return kept


def _groups(slices: Sequence[Slice]) -> Iterator[set[str]]:
    """Reporters in the table's order, as many at a time as GROUP_ROWS allow."""
    counts: dict[str, int] = defaultdict(int)
    for entry in slices:
        for code, rows in entry.report.reporters.items():
            counts[code] += rows
    group: set[str] = set()
    rows = 0
    for code in sorted(counts, key=int):
        if group and rows + counts[code] > GROUP_ROWS:
            yield group
            group, rows = set(), 0
        group.add(code)
        rows += counts[code]
    if group:
        yield group


def _with_age(table: pa.Table, entry: Slice) -> pa.Table:
    table = with_origin(table, entry.snapshot.snapshot_id, entry.member)
    return table.append_column("age", pa.array(np.full(table.num_rows, entry.age, np.int64)))


def _controls(table: pa.Table, is_parent: np.ndarray) -> pa.Table:
    kinds = np.where(is_parent, len(KINDS), table.column("kind").to_numpy()).astype(np.int32)
    names = pa.array([*(k or "" for k in KINDS), "parent"])
    table = table.append_column("control_kind", pa.DictionaryArray.from_arrays(pa.array(kinds), names))
    return table.select(contracts.CONTROL_TOTALS.file_columns)


def _count(table: pa.Table, fate: np.ndarray, ledger: Ledger) -> None:
    frequency, period = (table.column(c).combine_chunks() for c in ("frequency", "period"))
    frequency, period = (c.chunk(0) if isinstance(c, pa.ChunkedArray) else c for c in (frequency, period))
    values = mills(table.column("reported_value_usd"))
    keys = (frequency.indices.to_numpy().astype(np.int64) * len(period.dictionary) + period.indices.to_numpy()) * 8 + fate
    for key in np.unique(keys):
        mask = keys == key
        time, fate_ = divmod(int(key), 8)
        names = frequency.dictionary[time // len(period.dictionary)].as_py(), period.dictionary[time % len(period.dictionary)].as_py()
        rows, value = int(mask.sum()), exact_sum(values[mask])
        if fate_ == supersede.SUMMED:
            # the value of rows that were added to another one stands in that row
            ledger.add(*names, "summed", rows, 0)
            ledger.add(*names, "out", 0, value)
        else:
            ledger.add(*names, supersede.REASONS[fate_], rows, value)


def _resolve(
    table: pa.Table, complete: Sequence[bool], summed: Sequence[str], ledger: Ledger, found: conflicts.Found
) -> tuple[pa.Table, pa.Table]:
    """Leaves and control totals of one group of reporters, each in its table's order."""
    table = table.unify_dictionaries().combine_chunks()
    fate, position, is_parent = supersede.decide(table, table.column("age").to_numpy(), complete, summed)
    leaves = position[fate[position] == supersede.OUT]
    standing = add_up(table, leaves, fate) if summed else table.take(pa.array(leaves))
    _count(table, fate, ledger)
    found.add(table, np.flatnonzero(fate == supersede.CONFLICT))
    control = position[np.isin(fate[position], (supersede.CONTROL, supersede.BROKEN_DOWN))]
    control = supersede.control_order(table, control)
    return leaves_of(standing), _controls(table.take(pa.array(control)), is_parent[control])


def _count_quarantined(home: Path, year: int, snapshots: Sequence[Snapshot], ledger: Ledger) -> None:
    """Rows that parsing set aside, each in its own year.

    A row without a readable year, or of a year in which its snapshot has no row that stands
    (no partition need exist for it), counts in the snapshot's first year.
    """
    for snapshot in snapshots:
        reports = [read_report(home, snapshot, m) for m in snapshot.members]
        good = {y for r in reports if r for y in r.years}
        first = min(good, default=year)
        for member in snapshot.members:
            path = parsed_folder(home, snapshot, member) / "quarantine.parquet"
            if not path.exists():
                continue
            for row in pq.read_table(path, columns=["year", "frequency", "period", "value_mills"]).to_pylist():
                if (row["year"] if row["year"] in good else first) == year:
                    value = row["value_mills"]
                    ledger.add(row["frequency"] or "A", row["period"] or str(year), "quarantined", 1, value or 0, int(value is None))


def _parse_warnings(home: Path, year: int, snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """What parsing had to say of each snapshot, told once: with the first of its years."""
    found: list[str] = []
    for snapshot in snapshots:
        reports = [r for m in snapshot.members if (r := read_report(home, snapshot, m))]
        if year == min((y for r in reports for y in r.years), default=year):
            found += [w for r in reports for w in r.warnings]
    return tuple(found)


def ingest_partition(home: Path, source: Source, year: int, snapshots: Sequence[Snapshot]) -> TaskResult:
    """Write partition (source, year) of reported_flows and control_totals from all live snapshots; a Dask task.

    Complete snapshots replace their slices, partial ones upsert by key; breakdowns, World and
    margins, and products above the leaf level go to control_totals. Returns the files (none
    where a table got no row) and the ledger: in = out + the reasons, for rows and value.
    """
    ledger = Ledger(source.name, year)
    slices = _replaced_whole(source, year, _slices(home, year, snapshots), ledger)
    _count_quarantined(home, year, snapshots, ledger)
    partition: dict[str, str | int] = {"source": source.name, "year": year}
    found = conflicts.Found(home, year, snapshots)
    with (
        PartitionWriter(home, contracts.REPORTED_FLOWS, partition) as flows,
        PartitionWriter(home, contracts.CONTROL_TOTALS, partition) as totals,
    ):
        ready = _all_ready(slices)
        if not ready:
            _merge(home, slices, source, flows, totals, ledger, found)
        found.write()
        files: list[DataFile] = [f for f in (flows.close(), totals.close()) if f is not None]
    files += [_take_over(home, entry, file, ledger) for entry, file in ready]
    return TaskResult(tuple(files), ledger.lines(), (*_parse_warnings(home, year, snapshots), *found.warnings))


def _all_ready(slices: Sequence[Slice]) -> list[tuple[Slice, DataFile]]:
    """The slices with their ready files, where each is what the lake wants and no two speak of one reporter; else none."""
    reporters = Counter(code for s in slices for code in s.report.reporters)
    found = [(s, s.report.ready) for s in slices if s.report.ready is not None]
    return found if len(found) == len(slices) and max(reporters.values(), default=0) == 1 else []


def _take_over(home: Path, entry: Slice, ready: DataFile, ledger: Ledger) -> DataFile:
    """The slice is what the lake wants, and parsing wrote it so: its file becomes one of the partition's."""
    (period,) = entry.report.periods
    ledger.add("M" if "-" in period else "A", period, "out", ready.rows, ready.value_mills or 0)
    adopt(home, contracts.REPORTED_FLOWS, ready, ready_folder(entry.folder, dict(ready.partition)["year"]))
    return ready


def _merge(
    home: Path,
    slices: Sequence[Slice],
    source: Source,
    flows: PartitionWriter,
    totals: PartitionWriter,
    ledger: Ledger,
    found: conflicts.Found,
) -> None:
    """Reporter by reporter; with several periods the rows wait in a spool, since the period comes first in the order."""
    complete = [False] * (max((s.age for s in slices), default=0) + 1)
    for entry in slices:
        complete[entry.age] = entry.snapshot.coverage == "complete" and source.replaces == "slices"
    summed = tuple(sorted({role for s in slices for role in layout_of(s.snapshot).summed_roles}))
    periods = {p for s in slices for p in s.report.periods}
    with Spool(home / "build" / "spool", is_direct=len(periods) <= 1) as spool:
        for reporters in _groups(slices):
            of_group = [s for s in slices if not reporters.isdisjoint(s.report.reporters)]
            parts = [_with_age(whole(t), s) for s in of_group for t in s.rows.tables(reporters)]
            leaves, controls = _resolve(pa.concat_tables(parts), complete, summed, ledger, found)
            spool.put(flows, leaves)
            spool.put(totals, controls)
        spool.drain()
