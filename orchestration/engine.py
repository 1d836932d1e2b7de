"""The engine: what is stale, rebuilt on the workers, gated, committed, recorded. Same for every stage.

Write, audit, publish: workers write files that no commit names; the gate runs on those
files; only what passed is committed. What failed is moved aside with its results.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from orchestration import commits
from orchestration.outcomes import GateRefused, PartitionOutcome, RunContext, StageError
from orchestration.plan import look, stale
from orchestration.stages import Stage, stages_of, year_of
from orchestration.steps import Step, submit
from orchestration.view import View
from transforms.contracts.ops import QUARANTINE
from transforms.contracts.records import DataFile, TaskResult
from transforms.io import lake
from transforms.io.archives import BadFileError
from transforms.io.snapshot_store import refuse
from transforms.sources.conflicts import quarantine_files
from transforms.sources.parse import parse_snapshot

__all__ = ["GateRefused", "PartitionOutcome", "RunContext", "StageError", "parse_pending", "run_stage"]

_Tasks = Mapping[tuple[str, str], tuple[Any, ...] | Step]


def parse_pending(context: RunContext) -> None:
    """Parse, several files side by side, every snapshot whose parsed rows aren't there."""
    view = look(context.settings)
    pending = [s for s in view.snapshots if s.snapshot_id not in view.years]
    tasks = {(s.snapshot_id, m): (parse_snapshot, (context.settings.home, s, m)) for s in pending for m in s.members}
    names = {s.snapshot_id: s.file_name for s in pending}
    failures, causes = [], []
    for (snapshot_id, member), result in _gather(context, tasks).items():
        if isinstance(result, BaseException):
            failures.append(f"{names[snapshot_id]} ({member}): {result}")
            causes.append(result)
            if isinstance(result, BadFileError):
                refuse(context.settings.home, snapshot_id)
    if len(tasks) > len(failures):
        context.log(f"parsed {len(tasks) - len(failures):,} of {len(tasks):,} files")
    if failures:
        raise StageError("these files could not be read: " + "; ".join(failures), causes)


def _gather(context: RunContext, tasks: _Tasks) -> dict[tuple[str, str], Any]:
    """Run tasks, with the steps that they hang on, on the workers; an exception of one is its result, the others go on.

    A watchdog ends a run in which nothing moves: StageError naming what was still running.
    """
    from distributed import wait

    last, inner = submit(context.client, list(tasks.values()))
    futures = {future: key for key, own, steps in zip(tasks, last, inner, strict=True) for future in (own, *steps)}
    wanted = set(last)
    results: dict[tuple[str, str], Any] = {}
    running = set(futures)
    while running:
        try:
            finished, running = wait(running, timeout=context.settings.cluster.stall_seconds, return_when="FIRST_COMPLETED")
        except TimeoutError:
            context.client.cancel(list(running))
            names = ", ".join(sorted({"/".join(p for p in futures[f] if p) for f in running}))
            raise StageError(f"no task ended for {context.settings.cluster.stall_seconds} s ([cluster] stall_seconds): {names}") from None
        for future in finished:
            if future in wanted:
                error = future.exception()
                results[futures[future]] = error if error is not None else future.result()
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
    view = look(context.settings)
    stage = stages_of(context.settings.catalog, view.states)[name]
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
    outcomes = commits.publish(context, stage, view, wanted, built)
    if stage.source is not None:
        _publish_quarantine(context, stage, view, built)
    outcomes += [
        PartitionOutcome(name, k, year_of(k), "unchanged", s.row_count, s.file_bytes, s.value_mills)
        for (t, k), s in sorted(view.states.items())
        if t == name and k not in wanted and _is_asked(k, years)
    ]
    if errors:
        raise StageError(_told(name, errors), errors.values())
    refused = [o for o in outcomes if o.status == "failed"]
    if refused:
        failed = [c for o in refused for c in o.checks if not c.is_passed]
        raise GateRefused(f"the gate of {name} refused {', '.join(o.partition_key for o in refused)}", failed)
    return tuple(sorted(outcomes, key=lambda o: o.partition_key))


def _told(name: str, errors: Mapping[str, BaseException]) -> str:
    """What failed and why; a cause that several partitions share stands once."""
    causes: dict[str, list[str]] = {}
    for key, error in sorted(errors.items()):
        causes.setdefault(f"{type(error).__name__}: {error}", []).append(key)
    return "; ".join(f"{name} {', '.join(keys)}: {cause}" for cause, keys in causes.items())


def _publish_quarantine(context: RunContext, stage: Stage, view: View, built: Collection[str]) -> None:
    """Rewrite ops/quarantine of the snapshots behind the partitions just built; it shows what was refused and why."""
    years = {year_of(key) for key in built}
    touched = [s for s in view.flows(stage.source or "") if years & set(view.years.get(s.snapshot_id, ()))]
    tasks = {(s.snapshot_id, ""): (quarantine_files, (view.home, s)) for s in touched}
    replaced: dict[str, list[DataFile]] = {}
    for (snapshot_id, _), result in sorted(_gather(context, tasks).items()):
        if isinstance(result, BaseException):
            raise StageError(f"quarantine of snapshot {snapshot_id}: {type(result).__name__}: {result}", [result])
        replaced[f"source={stage.source}/snapshot_id={snapshot_id}"] = list(result.files)
    if replaced:
        lake.commit(view.home, QUARANTINE, replaced)
