"""A refresh: from the snapshots at hand to a release, as the Dagster job ``refresh`` run in this process."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import engine
from orchestration.plan import Plan, make_plan
from transforms.cluster import dask_client
from transforms.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.resources import Run

#: The command line prints the engine's own lines; Dagster's are in its events.
_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RefreshFailed(RuntimeError):
    """The job failed outside of its steps; the text is Dagster's."""


@dataclass(frozen=True)
class RefreshOutcome:
    """How a refresh ended. ``published`` is False where the release would be the same as the current one."""

    release_id: str | None
    published: bool
    outcomes: tuple[engine.PartitionOutcome, ...]
    seconds: float


def _get_ready(settings: Settings) -> Path:
    """Import what the job needs and have dbt's manifest, in a thread, while the workers parse (3-6 s)."""
    from orchestration.marts import manifest_path

    return manifest_path(settings)


@contextmanager
def dagster_instance(home: Path) -> "Iterator[dg.DagsterInstance]":
    """The home's instance where there is one (``entrepot dev`` makes it), so that its UI shows this run; else one in memory."""
    import dagster as dg

    folder = home / "dagster"
    if (folder / "dagster.yaml").exists():
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance


@contextmanager
def _quiet() -> Iterator[None]:
    """Dagster warns of every check of a step that is skipped because nothing is new: no news between the engine's lines."""
    logger = logging.getLogger("dagster._core.execution.plan.active")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def execute(run: "Run", manifest: Path, years: Collection[int]) -> None:
    """The job over the contiguous range of ``years``; without years, over what has none. Raises the error of the step that failed."""
    from orchestration.definitions import build_defs, whole_assets
    from orchestration.factories import YEAR_SET
    from orchestration.partitions import declare_years, range_tags

    definitions = build_defs(settings=run.settings, manifest=manifest, run=run)
    tags = {"entrepot/run_id": run.context.run_id, **range_tags(years)}
    selection = None if years else whole_assets(definitions)
    with _quiet(), dagster_instance(run.settings.home) as instance:
        declare_years(instance, YEAR_SET, years)
        job = definitions.resolve_job_def("refresh")
        result = job.execute_in_process(instance=instance, tags=tags, asset_selection=selection, run_config=_CONSOLE, raise_on_error=False)
    for error in run.errors.values():
        raise error
    if not result.success:
        failed = [e for e in result.all_events if e.is_step_failure]
        causes = [f"{e.step_key}: {_first_cause(e)}" for e in failed]
        raise RefreshFailed("; ".join(causes) or "the job refresh failed without a step that failed")


def _first_cause(event: "dg.DagsterEvent") -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no error given"


def refresh(settings: Settings, *, plan: Plan, run_id: str, log: Callable[[str], None]) -> RefreshOutcome:
    """Bring every stage up to date and cut a release; the caller holds the publishing lock.

    Raises GateRefused, StageError, MartsFailed or ReleaseError as the steps raise them; the
    old release stays current then.
    """
    started = time.monotonic()
    with ThreadPoolExecutor(1, thread_name_prefix="refresh") as pool:
        ready: Future[Path] = pool.submit(_get_ready, settings)
        with dask_client(settings) as client:
            context = engine.RunContext(settings, run_id, client, log)
            engine.parse_pending(context)
            manifest = ready.result()
            from orchestration.resources import Run, preload_gates

            preload_gates()
            run = Run(context)
            # what was just parsed has years only now
            job = pool.submit(execute, run, manifest, {*plan.years, *make_plan(settings).years})
            try:
                job.result()
            except KeyboardInterrupt:
                # Dagster would catch the signal in the main thread, and wait for workers that it has ended
                run.is_stopped = True
                raise
    return RefreshOutcome(run.release_id, run.is_published, tuple(run.outcomes), time.monotonic() - started)
