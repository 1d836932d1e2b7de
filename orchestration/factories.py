"""Repeated shapes: a stage of the lake as one Dagster asset definition, and how errors end a step."""

import errno
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from orchestration import events
from orchestration.engine import GateRefused, PartitionOutcome, StageError, run_stage
from orchestration.resources import Run
from orchestration.stages import Stage, key_values
from transforms.contracts.model import Table
from transforms.contracts.records import CheckResult

#: All assets of the lake share this one set, so that one job holds them.
YEAR_SET = "year"
YEAR = dg.DynamicPartitionsDefinition(name=YEAR_SET)
#: The only place that says how often a step is tried; what isn't transient is never tried again.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
_TRANSIENT = {"CommClosedError", "CommitFailedError", "TimeoutError", "FutureCancelledError"}
_LASTING = {errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EDQUOT}

Event = dg.MaterializeResult | dg.AssetCheckResult  # type: ignore[type-arg]


def is_transient(error: BaseException) -> bool:
    """True where trying again may help: a connection, a store, a lost race. A stage's error if all of its causes are.

    A task that kills its workers does so again: Dask has tried it on four.
    """
    if isinstance(error, StageError):
        return bool(error.errors) and all(is_transient(e) for e in error.errors)
    if isinstance(error, OSError):
        return error.errno not in _LASTING
    return type(error).__name__ in _TRANSIENT


@contextmanager
def step(context: dg.AssetExecutionContext, run: Run) -> Iterator[None]:
    """Remember a step's error for the run's caller, and tell Dagster whether to try again."""
    name = context.op_execution_context.op.name
    if run.is_stopped:
        raise dg.Failure("interrupted", allow_retries=False)
    try:
        yield
    except Exception as error:
        run.errors[name] = error
        if is_transient(error) and not run.is_stopped:
            run.context.log(f"{name}: {type(error).__name__}: {error}; tried again where tries are left")
            raise
        raise dg.Failure(str(error), allow_retries=False) from error
    run.errors.pop(name, None)


def asked_years(context: dg.AssetExecutionContext) -> frozenset[int] | None:
    """The years of this run; None for a stage without years. Failure where a stage by year was launched without one."""
    if not context.assets_def.partitions_def:
        return None
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure("launched without years: choose partitions, or launch the job intake", allow_retries=False)
    return frozenset(int(key) for key in context.partition_keys)


def stage_assets(
    stage: Stage, keys: Mapping[str, dg.AssetKey], deps: Sequence[dg.AssetKey], group: str, kinds: set[str]
) -> dg.AssetsDefinition:
    """A stage as one definition: ``keys`` are its assets by table name, the first one also has the ledger's checks."""
    name = stage.name
    tables = {t.name: t for t in stage.tables if t.name in keys}
    specs = [
        dg.AssetSpec(
            key,
            deps=deps,
            description=tables[t].grain,
            group_name=group,
            kinds=kinds,
            metadata={"dagster/column_schema": events.table_schema(tables[t])},
        )
        for t, key in keys.items()
    ]

    @dg.multi_asset(
        name=name.replace("/", "_"),
        specs=specs,
        check_specs=[
            dg.AssetCheckSpec(events.GATE, asset=k, blocking=True, description="Great Expectations, before the commit")
            for k in keys.values()
        ],
        partitions_def=YEAR if stage.is_by_year else None,
        backfill_policy=dg.BackfillPolicy.single_run() if stage.is_by_year else None,
        retry_policy=RETRY,
    )
    def build(context: dg.AssetExecutionContext, run: dg.ResourceParam[Run]) -> Iterable[Event]:
        with step(context, run):
            try:
                outcomes = run_stage(run.context, name, asked_years(context))
            except GateRefused as refused:
                _log_by_year(context, keys, refused.results, kept=frozenset())
                raise
            run.outcomes += outcomes
            yield from _report(context, keys, tables, outcomes)

    return build


def log_check(context: dg.AssetExecutionContext, evaluation: dg.AssetCheckEvaluation) -> None:
    """Log an evaluation beside the one result that a check returns."""
    # the annotation of log_event lags behind what it takes
    context.op_execution_context.log_event(evaluation)  # type: ignore[arg-type]


def _log_by_year(
    context: dg.AssetExecutionContext, keys: Mapping[str, dg.AssetKey], checks: Iterable[CheckResult], kept: frozenset[int | None]
) -> None:
    """One evaluation per asset and year."""
    for key, found in events.by_asset(checks, keys).items():
        by_year: dict[str, list[CheckResult]] = {}
        for check in found:
            by_year.setdefault(key_values(check.partition_key).get("year", ""), []).append(check)
        for year, of_year in sorted(by_year.items()):
            if year:
                log_check(context, events.evaluation(key, of_year, is_kept=int(year) in kept, partition=year))


def _report(
    context: dg.AssetExecutionContext, keys: Mapping[str, dg.AssetKey], tables: Mapping[str, Table], outcomes: Sequence[PartitionOutcome]
) -> Iterator[Event]:
    """Materialisations with their numbers by year, then each gate's one result."""
    years = set(context.partition_keys) if context.assets_def.partitions_def else set()
    for table, key in keys.items():
        metadata: dict[str, Any] = {}
        for outcome in outcomes:
            found = events.partition_metadata(outcome, tables[table], is_only=len(keys) == 1)
            if outcome.year is None:
                metadata = found
            elif str(outcome.year) in years:
                context.add_asset_metadata(found, asset_key=key, partition_key=str(outcome.year))
        yield dg.MaterializeResult(asset_key=key, metadata={**metadata, "dagster/column_schema": events.table_schema(tables[table])})
    kept = frozenset(o.year for o in outcomes if o.status == "kept_stale")
    checks = [c for o in outcomes for c in o.checks]
    _log_by_year(context, keys, checks, kept)
    for key, of_asset in events.by_asset(checks, keys).items():
        yield events.as_result(events.evaluation(key, of_asset, is_kept=bool(kept)))
