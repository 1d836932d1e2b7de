"""Marts: built and tested by dbt in one private candidate file, gated, then those of operations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from orchestration import dbt_assets, events, publishing
from orchestration.engine import GateRefused
from orchestration.factories import RETRY, log_check, step
from orchestration.marts import MartsFailed
from orchestration.resources import Run
from transforms.contracts import marts as contracts
from transforms.contracts import ops
from transforms.contracts.records import CheckResult
from transforms.io import release

QUALITY = dg.AssetKey("quality")
CHECK_RESULT = dg.AssetSpec(
    "check_result",
    description="Every check of every run; each gate adds its own.",
    group_name="quality",
    kinds={"delta"},
    metadata={"dagster/column_schema": events.table_schema(ops.CHECK_RESULT)},
)
GATED = {t.name: dg.AssetKey(["marts", t.name]) for t in contracts.MARTS.values() if t not in contracts.OPS_MARTS}


def marts_assets(manifest: Mapping[str, Any], reported: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """All models but those of operations, as one definition: dbt builds them in one invocation.

    ``reported`` are the assets behind the one table reported_flows.
    """
    ids = dbt_assets.model_ids(manifest, is_ops=False)

    @dg.multi_asset(
        name="marts",
        specs=dbt_assets.asset_specs(manifest, ids, {"reported_flows": list(reported)}),
        check_specs=dbt_assets.check_specs(manifest, ids),
        can_subset=True,
        retry_policy=RETRY,
    )
    def build(context: dg.AssetExecutionContext, run: dg.ResourceParam[Run]) -> Iterable[Any]:
        """Nothing is built, and all that follows is skipped, where the current release is what the lake would give."""
        with step(context, run):
            if publishing.is_published(run.settings):
                run.release_id = release.current_release(run.settings.home)
                run.context.log(f"nothing new: release {run.release_id} is what the lake gives")
                return
            try:
                run.candidate = publishing.build_marts(run.context)
            except MartsFailed as error:
                for failed in dbt_assets.failed_tests(context, error):
                    log_check(context, failed)
                raise
            yield from dbt_assets.dbt_events(context, run.built(), manifest)

    return build


def ops_marts_assets(manifest: Mapping[str, Any], reported: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The marts of operations: check results as they stand once the others' gates have answered."""
    ids = dbt_assets.model_ids(manifest, is_ops=True)

    @dg.multi_asset(
        name="ops_marts",
        specs=dbt_assets.asset_specs(manifest, ids, {"reported_flows": list(reported)}, extra=[QUALITY]),
        check_specs=dbt_assets.check_specs(manifest, ids),
        can_subset=True,
        retry_policy=RETRY,
    )
    def build(context: dg.AssetExecutionContext, run: dg.ResourceParam[Run]) -> Iterable[Any]:
        before = run.built()
        with step(context, run):
            run.candidate = publishing.add_ops_marts(run.context, before)
            yield from dbt_assets.dbt_events(context, run.built(), manifest, after=len(before.events))

    return build


def _log_by_mart(context: dg.AssetExecutionContext, checks: Iterable[CheckResult]) -> None:
    """The gate of each mart, shown with the mart."""
    found = list(checks)
    for name, key in GATED.items():
        if of_mart := [c for c in found if c.table_name == name]:
            log_check(context, events.evaluation(key, of_mart))


@dg.multi_asset(
    name="quality",
    specs=[
        dg.AssetSpec(
            QUALITY, deps=list(GATED.values()), description="The gate of the marts.", group_name="quality", kinds={"great_expectations"}
        )
    ],
    check_specs=[dg.AssetCheckSpec(events.GATE, asset=QUALITY, blocking=True, description="Great Expectations on the candidate's marts")],
    retry_policy=RETRY,
)
def quality(context: dg.AssetExecutionContext, run: dg.ResourceParam[Run]) -> Iterable[Any]:
    """Ask the candidate's marts; nothing is released where they refuse."""
    with step(context, run):
        try:
            checks = publishing.gate_marts(run.context, run.built())
        except GateRefused as refused:
            _log_by_mart(context, refused.results)
            raise
    _log_by_mart(context, checks)
    yield dg.MaterializeResult(asset_key=QUALITY, metadata={"checks": len(checks), "failed": sum(not c.is_passed for c in checks)})
    yield events.as_result(events.evaluation(QUALITY, checks))
