"""Reports that an older file of the same source gives: not in the lake any more, but in the parsed files that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.evidence.files import File
from orchestration.evidence.question import Question
from orchestration.evidence.reports import Report, as_report
from orchestration.evidence.tables import Row
from transforms.contracts import lake as contracts
from transforms.contracts.records import Snapshot
from transforms.io.parsed import parsed_folder
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources.parse import read_report
from transforms.sources.slices import SliceReader


def superseded_reports(settings: Settings, question: Question, standing: Sequence[Row], files: Mapping[str, File]) -> list[Report]:
    """Rows of the release's files for the same reporter, partner, flow and code as a row that stands, from another file of its source."""
    keys = {(r["source"], r["reporter_code"], r["partner_code"], r["flow_code"], r["classification"], r["product_code"]) for r in standing}
    current = {(r["snapshot_id"], r["snapshot_member"], r["source_line"]) for r in standing}
    sources = {key[0] for key in keys}
    found: list[Report] = []
    for snapshot in live_snapshots(settings):
        if snapshot.kind != "flows" or snapshot.source not in sources or (files and snapshot.snapshot_id not in files):
            continue
        for member in snapshot.members:
            for row in _rows(settings, snapshot, member, question):
                key = tuple(row[n] for n in ("source", "reporter_code", "partner_code", "flow_code", "classification", "product_code"))
                origin = (row["snapshot_id"], row["snapshot_member"], row["source_line"])
                if key in keys and origin not in current:
                    found.append(as_report(row, question, "superseded", files))
    return found


def _rows(settings: Settings, snapshot: Snapshot, member: str, question: Question) -> list[Row]:
    """A member's leaf rows of the pair and period, in the columns of reported_flows; none where it isn't parsed or has no such year."""
    report = read_report(settings.home, snapshot, member)
    ends = {question.exporter.code, question.importer.code}
    if report is None or question.year not in report.years or ends.isdisjoint(report.years[question.year].reporters):
        return []
    folder = parsed_folder(settings.home, snapshot, member)
    rows: list[Row] = []
    for table in SliceReader(folder, question.year).tables(ends):
        data = table.filter(_of_question(table, question, ends))
        for row in data.to_pylist():
            if row.get("kind") in (None, 0):
                known = dict.fromkeys(contracts.REPORTED_FLOWS.columns) | row
                rows.append(known | {"source": snapshot.source, "snapshot_id": snapshot.snapshot_id, "snapshot_member": member})
    return rows


def _of_question(table: pa.Table, question: Question, ends: set[str]) -> pa.ChunkedArray:
    both = pa.array(sorted(ends))
    wanted = pc.equal(table["period"].cast(pa.string()), question.period)
    for name in ("reporter_code", "partner_code"):
        wanted = pc.and_(wanted, pc.is_in(table[name].cast(pa.string()), both))
    return wanted
