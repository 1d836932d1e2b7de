"""Audit and publish: what workers wrote meets its gate; what passed is committed, what didn't is set aside, both are recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from orchestration.gates import gate_files
from orchestration.outcomes import PartitionOutcome, RunContext, Status
from orchestration.stages import Stage, key_values, year_of
from orchestration.view import View
from transforms.contracts.model import Table
from transforms.contracts.ops import LEDGER
from transforms.contracts.records import CheckResult, DataFile, LedgerLine, TaskResult
from transforms.core import ledger
from transforms.io import lake, state


@dataclass(frozen=True)
class Built:
    """One partition as the workers left it: its files, its ledger's files, and why it was built."""

    key: str
    fingerprint: str
    reason: str
    files: tuple[DataFile, ...]
    ledger: tuple[DataFile, ...]
    lines: tuple[LedgerLine, ...]
    checks: tuple[CheckResult, ...] = ()

    @property
    def failed(self) -> list[CheckResult]:
        """Checks that block."""
        return [c for c in self.checks if not c.is_passed and c.severity == "error"]


def publish(
    context: RunContext, stage: Stage, view: View, wanted: Mapping[str, tuple[str, str]], results: Mapping[str, list[TaskResult]]
) -> list[PartitionOutcome]:
    """Gate what the workers wrote (stage partition -> results); commit what passed, set aside what didn't; record both."""
    if not results:
        return []
    built = _gated(context, stage, view, wanted, results)
    passed = [b for b in built if not b.failed]
    versions = _commit(view.home, stage, passed)
    for entry in built:
        for table in (*stage.tables, LEDGER) if entry.failed else ():
            lake.set_aside(view.home, table, [f for f in (*entry.files, *entry.ledger) if f.table == table.name], context.run_id)
    _book_refused(view.home, stage, [b for b in built if b.failed])
    return _record(context, stage, view, built, versions.get(stage.tables[0].name))


def _gated(
    context: RunContext, stage: Stage, view: View, wanted: Mapping[str, tuple[str, str]], results: Mapping[str, list[TaskResult]]
) -> list[Built]:
    """Ledger lines written, then one gate over all partitions; its results recorded, whatever they are."""
    files, lines, written = {}, {}, {}
    for key, found in results.items():
        files[key] = tuple(f for r in found for f in r.files)
        lines[key] = tuple(line for r in found for line in r.ledger)
        written[key] = tuple(ledger.write(view.home, lines[key]))
        for warning in dict.fromkeys(w for r in found for w in r.warnings):
            context.log(f"{stage.name} {key}: {warning}")
    checks = gate_files(view.home, stage, {k: f for k, f in files.items() if wanted[k][0]}, written)
    state.record_checks(view.home, context.run_id, [c for found in checks.values() for c in found])
    return [Built(k, *wanted[k], files[k], written[k], lines[k], tuple(checks.get(k, ()))) for k in results]


def _partition_keys(
    table: Table, key: Mapping[str, str], files: Iterable[DataFile], live: Iterable[Mapping[str, str]]
) -> dict[str, list[DataFile]]:
    """The table's partitions that a stage's partition stands for: those live now, and those written."""
    found: dict[str, list[DataFile]] = {
        "/".join(f"{k}={v}" for k, v in values.items()): [] for values in live if all(values.get(k) == v for k, v in key.items())
    }
    for file in files:
        if file.table == table.name:
            found.setdefault(file.partition_key, []).append(file)
    return found


def _commit(home: Path, stage: Stage, built: Iterable[Built]) -> dict[str, int | None]:
    """One commit a table, the ledger's last; returns the versions by table."""
    versions: dict[str, int | None] = {}
    for table in (*stage.tables, LEDGER):
        is_ledger = table is LEDGER
        live = lake.partitions(home, table)
        replaced: dict[str, list[DataFile]] = {}
        for entry in built:
            values = key_values(entry.key) | ({"stage": stage.ledger_stage} if is_ledger else {})
            replaced |= _partition_keys(table, values, entry.ledger if is_ledger else entry.files, live)
        if replaced:
            versions[table.name] = lake.commit(home, table, replaced)
    return versions


def _book_refused(home: Path, stage: Stage, refused: Iterable[Built]) -> None:
    """What a gate keeps out is in the ledger too: beside the lines of the good version that stays, in = refused."""
    replaced: dict[str, list[DataFile]] = {}
    for entry in refused:
        name = f"{stage.tables[0].name} refused"
        came = [line for line in entry.lines if line.reason == "in"]
        booked = [replace(line, table_name=name, reason=reason) for line in came for reason in ("in", "refused")]
        for file in ledger.write(home, booked, beside=name):
            replaced[file.partition_key] = [file]
    if replaced:
        lake.commit(home, LEDGER, replaced)


def _status(context: RunContext, stage: Stage, entry: Built) -> Status:
    """An older version may stand in where a source fails its own gate; never where its ledger doesn't close."""
    if not entry.fingerprint:
        return "removed"
    if not entry.failed:
        return "built"
    may_keep = stage.may_keep_stale and context.settings.publish.on_failed_partition == "publish_stale"
    return "kept_stale" if may_keep and all(c.table_name != LEDGER.name for c in entry.failed) else "failed"


def _state(context: RunContext, stage: Stage, entry: Built, old: state.PartitionState | None, version: int | None) -> state.PartitionState:
    """The partition's new row: of what was committed, or of the good content that stays where the gate failed."""
    if entry.failed:
        good = (old.content_hash, old.delta_version, old.row_count, old.value_mills, old.file_bytes) if old else ("", None, 0, None, 0)
    else:
        main = [f for f in entry.files if f.table == stage.tables[0].name]
        value = sum(f.value_mills for f in main if f.value_mills is not None) if main else None
        rows, size = sum(f.rows for f in entry.files), sum(f.bytes for f in entry.files)
        good = (state.content_hash(entry.files, entry.fingerprint), version, rows, value, size)
    content, delta_version, rows, value, size = good
    return state.PartitionState(
        table_name=stage.name, partition_key=entry.key, input_fingerprint=entry.fingerprint, content_hash=content,
        gate="failed" if entry.failed else "passed", delta_version=delta_version, row_count=rows, value_mills=value, file_bytes=size,
        stage_version=stage.version(), run_id=context.run_id, recorded_at=datetime.now(UTC),
    )  # fmt: skip


def _record(context: RunContext, stage: Stage, view: View, built: Iterable[Built], version: int | None) -> list[PartitionOutcome]:
    states, forget, outcomes = [], [], []
    for entry in built:
        status = _status(context, stage, entry)
        row = _state(context, stage, entry, view.states.get((stage.name, entry.key)), version)
        if status == "removed":
            forget.append((stage.name, entry.key))
        else:
            states.append(row)
        tables = {t.name: tuple(f for f in entry.files if f.table == t.name) for t in stage.tables}
        outcomes.append(
            PartitionOutcome(
                stage.name,
                entry.key,
                year_of(entry.key),
                status,
                row.row_count,
                row.file_bytes,
                row.value_mills,
                tables,
                entry.checks,
                entry.reason,
            )
        )
        context.log(_line(stage, entry, status, row.row_count))
    state.record(view.home, states, forget)
    return outcomes


def _line(stage: Stage, entry: Built, status: Status, rows: int) -> str:
    """A partition's line of the log; of one that was refused, by which checks and what stands in for it."""
    name = f"{stage.name} {entry.key}".rstrip()
    if not entry.failed:
        return f"{name}: {status}, {rows:,} rows ({entry.reason})"
    checks = ", ".join(sorted({c.check_name for c in entry.failed}))
    stands = f"the last good version ({rows:,} rows) stays" if rows else "nothing of it is in the release"
    return f"{name}: REFUSED by its gate ({checks}); {stands}. `entrepot quality report` shows the rows"
