"""The engine: what is stale, rebuilt on the workers, gated, committed, recorded. Same for every stage.

Write, audit, publish: workers write files that no commit names; the gate runs on those
files; only what passed is committed. What failed is moved aside with its results.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestration.gates import gate_files
from orchestration.plan import look, stale
from orchestration.stages import STAGES, Stage, View, key_values, year_of
from transforms.contracts import lake as contracts
from transforms.contracts.records import CheckResult, DataFile, TaskResult
from transforms.core import ledger
from transforms.io import lake, state
from transforms.settings import Settings
from transforms.sources import parse
from transforms.sources.conflicts import quarantine_files

if TYPE_CHECKING:
    from distributed import Client

Status = Literal["built", "unchanged", "failed", "kept_stale", "removed"]


class StageError(RuntimeError):
    """Partitions whose task failed; the text names each and why. What else was built stays committed."""


class GateRefused(RuntimeError):
    """A gate that blocks refused what a stage built; ``results`` holds the failed checks."""

    def __init__(self, message: str, results: Iterable[CheckResult] = ()) -> None:
        super().__init__(message)
        self.results = tuple(results)


@dataclass(frozen=True)
class RunContext:
    """What a run carries through its stages."""

    settings: Settings
    run_id: str
    client: Client
    log: Callable[[str], None] = print


@dataclass(frozen=True)
class PartitionOutcome:
    """How one partition of a stage ended in this run."""

    stage: str
    partition_key: str
    year: int | None
    status: Status
    rows: int = 0
    bytes: int = 0
    value_mills: int | None = None
    tables: Mapping[str, tuple[DataFile, ...]] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    reason: str = ""


def parse_pending(context: RunContext) -> None:
    """Parse, several files side by side, every flow snapshot whose parsed slices aren't there."""
    view = look(context.settings)
    pending = [s for s in view.snapshots if s.snapshot_id not in view.years]
    tasks = {(s.snapshot_id, m): (parse.parse_snapshot, (context.settings.home, s, m)) for s in pending for m in s.members}
    names = {s.snapshot_id: s.file_name for s in pending}
    failures = []
    for (snapshot_id, member), result in _gather(context, tasks).items():
        if isinstance(result, BaseException):
            failures.append(f"{names[snapshot_id]} ({member}): {result}")
        else:
            context.log(f"parsed {names[snapshot_id]} {member if member != names[snapshot_id] else ''}".rstrip())
    if failures:
        raise StageError("these files could not be read: " + "; ".join(failures))


def _gather(context: RunContext, tasks: Mapping[tuple[str, str], tuple[Callable[..., object], tuple[object, ...]]]) -> dict:  # type: ignore[type-arg]
    """Run tasks on the workers; an exception of one is its result, the others go on."""
    from distributed import as_completed

    futures = {context.client.submit(function, *arguments, pure=False, retries=1): key for key, (function, arguments) in tasks.items()}
    results: dict[tuple[str, str], object] = {}
    for future in as_completed(futures):
        key = futures[future]
        error = future.exception()
        results[key] = error if error is not None else future.result()
        future.release()
    return results


def _is_asked(partition_key: str, years: Collection[int] | None) -> bool:
    year = year_of(partition_key)
    return years is None or year is None or year in years


def run_stage(context: RunContext, name: str, years: Collection[int] | None = None) -> tuple[PartitionOutcome, ...]:
    """Bring one stage up to date for ``years`` (all where None) and return every partition's outcome.

    Raises StageError where a task failed (others are committed first) and GateRefused where a
    gate failed that no older version may stand in for.
    """
    stage, view = STAGES[name], look(context.settings)
    wanted = {k: v for k, v in stale(stage, view).items() if _is_asked(k, years)}
    tasks = {(k, str(n)): task for k, (f, _) in wanted.items() if f for n, task in enumerate(stage.tasks(view, k))}
    built: dict[str, list[TaskResult]] = {k: [] for k in wanted}
    errors: dict[str, BaseException] = {}
    for (key, _), result in sorted(_gather(context, tasks).items(), key=lambda item: item[0]):
        if isinstance(result, BaseException):
            errors.setdefault(key, result)
        else:
            built[key].append(result)
    for key in errors:
        built.pop(key)
    outcomes = _publish(context, stage, view, wanted, built)
    if stage.ledger_stage == "ingest":
        _publish_quarantine(context, stage, view, built)
    outcomes += [
        PartitionOutcome(name, k, year_of(k), "unchanged", s.row_count, s.file_bytes, s.value_mills)
        for (t, k), s in sorted(view.states.items())
        if t == name and k not in wanted and _is_asked(k, years)
    ]
    if errors:
        raise StageError("; ".join(f"{name} {k}: {type(e).__name__}: {e}" for k, e in sorted(errors.items())))
    refused = [o for o in outcomes if o.status == "failed"]
    if refused:
        failed = [c for o in refused for c in o.checks if not c.is_passed]
        raise GateRefused(f"the gate of {name} refused {', '.join(o.partition_key for o in refused)}", failed)
    return tuple(sorted(outcomes, key=lambda o: o.partition_key))


def _publish(
    context: RunContext, stage: Stage, view: View, wanted: Mapping[str, tuple[str, str]], built: Mapping[str, list[TaskResult]]
) -> list[PartitionOutcome]:
    """Gate what the workers wrote; commit what passed, set aside what didn't; record both."""
    if not built:
        return []
    files = {key: [f for r in results for f in r.files] for key, results in built.items()}
    lines = {key: [line for r in results for line in r.ledger] for key, results in built.items()}
    for key, results in built.items():
        for warning in (w for r in results for w in r.warnings):
            context.log(f"{stage.name} {key}: {warning}")
    written = {key: ledger.write(view.home, lines[key]) for key in built}
    checks = gate_files(view.home, stage, {k: files[k] for k in built if wanted[k][0]}, written)
    state.record_checks(view.home, context.run_id, [c for found in checks.values() for c in found])
    passed = {k for k in built if all(c.is_passed or c.severity == "warning" for c in checks.get(k, ()))}
    versions = _commit(view.home, stage, {k: files[k] for k in passed}, {k: written[k] for k in passed})
    for key in set(built) - passed:
        for table in (*stage.tables, contracts.LEDGER):
            pool = [*files[key], *written[key]]
            lake.set_aside(view.home, table, [f for f in pool if f.table == table.name], context.run_id)
    return _record(context, stage, view, wanted, files, checks, passed, versions)


def _publish_quarantine(context: RunContext, stage: Stage, view: View, built: Collection[str]) -> None:
    """Rewrite ops/quarantine of the snapshots behind the partitions just built; it shows what was refused and why."""
    source = stage.name.partition("/")[2]
    years = {year_of(key) for key in built}
    touched = [s for s in view.flows(source) if years & set(view.years.get(s.snapshot_id, ()))]
    tasks = {(s.snapshot_id, ""): (quarantine_files, (view.home, s)) for s in touched}
    replaced: dict[str, list[DataFile]] = {}
    for (snapshot_id, _), result in sorted(_gather(context, tasks).items()):
        if isinstance(result, BaseException):
            raise StageError(f"quarantine of snapshot {snapshot_id}: {type(result).__name__}: {result}")
        replaced[f"source={source}/snapshot_id={snapshot_id}"] = list(result.files)
    if replaced:
        lake.commit(view.home, contracts.QUARANTINE, replaced)


def _partition_keys(
    table: contracts.Table, key: Mapping[str, str], files: Iterable[DataFile], live: Iterable[Mapping[str, str]]
) -> dict[str, list[DataFile]]:
    """The table's partitions that a stage's partition stands for: those live now, and those written."""
    found: dict[str, list[DataFile]] = {
        "/".join(f"{k}={v}" for k, v in values.items()): [] for values in live if all(values.get(k) == v for k, v in key.items())
    }
    for file in files:
        if file.table == table.name:
            found.setdefault(file.partition_key, []).append(file)
    return found


def _commit(home: Path, stage: Stage, files: Mapping[str, list[DataFile]], written: Mapping[str, list[DataFile]]) -> dict[str, int | None]:
    """One commit a table, the ledger's last; returns the versions by table."""
    versions: dict[str, int | None] = {}
    for table in (*stage.tables, contracts.LEDGER):
        is_ledger = table is contracts.LEDGER
        live = lake.partitions(home, table)
        replaced: dict[str, list[DataFile]] = {}
        for key, found in (written if is_ledger else files).items():
            values = key_values(key) | ({"stage": stage.ledger_stage} if is_ledger else {})
            replaced |= _partition_keys(table, values, found, live)
        if replaced:
            versions[table.name] = lake.commit(home, table, replaced)
    return versions


def _record(
    context: RunContext,
    stage: Stage,
    view: View,
    wanted: Mapping[str, tuple[str, str]],
    files: Mapping[str, list[DataFile]],
    checks: Mapping[str, list[CheckResult]],
    passed: Collection[str],
    versions: Mapping[str, int | None],
) -> list[PartitionOutcome]:
    states, forget, outcomes = [], [], []
    stale_allowed = stage.may_keep_stale and context.settings.publish.on_failed_partition == "publish_stale"
    for key in files:
        fingerprint, reason = wanted[key]
        old = view.states.get((stage.name, key))
        found = files[key]
        main = [f for f in found if f.table == stage.tables[0].name]
        rows, size = sum(f.rows for f in found), sum(f.bytes for f in found)
        value = sum(f.value_mills for f in main if f.value_mills is not None) if main else None
        status: Status = "built"
        if not fingerprint:
            forget.append((stage.name, key))
            status = "removed"
        elif key in passed:
            states.append(
                state.PartitionState(
                    stage.name,
                    key,
                    fingerprint,
                    stage.version(),
                    state.content_hash(found),
                    "passed",
                    versions.get(stage.tables[0].name),
                    rows,
                    value,
                    size,
                    context.run_id,
                    datetime.now(UTC),
                )
            )
        else:
            status = "kept_stale" if stale_allowed else "failed"
            states.append(
                state.PartitionState(
                    stage.name,
                    key,
                    fingerprint,
                    stage.version(),
                    old.content_hash if old else "",
                    "failed",
                    old.delta_version if old else None,
                    old.row_count if old else 0,
                    old.value_mills if old else None,
                    old.file_bytes if old else 0,
                    context.run_id,
                    datetime.now(UTC),
                )
            )
        tables = {t.name: tuple(f for f in found if f.table == t.name) for t in stage.tables}
        outcomes.append(
            PartitionOutcome(stage.name, key, year_of(key), status, rows, size, value, tables, tuple(checks.get(key, ())), reason)
        )
        context.log(f"{stage.name} {key}: {status}, {rows:,} rows ({reason})")
    state.record(view.home, states, forget)
    return outcomes
