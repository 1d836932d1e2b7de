"""The job run in process, over a stand-in for the engine: order, ranges, gates that block, errors as they were raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from orchestration import factories, jobs
from orchestration.engine import GateRefused, StageError
from orchestration.marts import MartsFailed
from orchestration.plan import Plan
from orchestration.resources import Run
from orchestration.stages import STAGES
from tests.orchestration.conftest import Engine, outcome
from transforms.contracts.records import CheckResult
from transforms.settings import Settings


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance that outlives the run, to be asked what it recorded."""
    with dg.DagsterInstance.ephemeral() as made:

        @contextmanager
        def one(_: Path) -> Iterator[dg.DagsterInstance]:
            yield made

        monkeypatch.setattr(jobs, "dagster_instance", one)
        yield made


def evaluations(instance: dg.DagsterInstance, key: dg.AssetKey) -> list[dg.AssetCheckEvaluation]:
    found = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(key, "gate"), limit=100)
    events = [r.event.dagster_event for r in found if r.event]
    return [e.asset_check_evaluation_data for e in events if e and e.event_type_value == "ASSET_CHECK_EVALUATION"]


def test_all_stages_run_over_the_range_and_a_release_is_cut(engine: Engine, run: Run, manifest: Path, instance: dg.DagsterInstance) -> None:
    engine.outcomes["bilateral_flows"] = [outcome("bilateral_flows", 2010), outcome("bilateral_flows", 2012)]
    jobs.execute(run, manifest, [2012, 2010, 2011])
    years = frozenset({2010, 2011, 2012})
    assert sorted(engine.asked, key=str) == sorted(((s, years if STAGES[s].is_by_year else None) for s in STAGES), key=str)
    order = [s for s in engine.steps if not s.startswith("reported")]
    way = ["parse", "conversion_weight", "harmonised_flows", "bilateral_flows"]
    assert [s for s in order if s in way] == way and order[-4:] == ["marts", "quality", "ops_marts", "release"]
    assert (run.release_id, run.is_published) == ("20260131-0a1b2c3d", True)
    assert [o.year for o in run.outcomes] == [2010, 2012]
    assert instance.get_materialized_partitions(dg.AssetKey("bilateral_flows")) == {"2010", "2011", "2012"}


def test_each_year_has_its_numbers_and_its_gate(engine: Engine, run: Run, manifest: Path, instance: dg.DagsterInstance) -> None:
    engine.outcomes["bilateral_flows"] = [outcome("bilateral_flows", 2010), outcome("bilateral_flows", 2012)]
    jobs.execute(run, manifest, [2010, 2012])
    key = dg.AssetKey("bilateral_flows")
    events = [r.asset_materialization for r in instance.fetch_materializations(key, limit=10).records]
    found = {e.partition: e.metadata for e in events if e}
    assert found["2012"]["dagster/partition_row_count"].value == 3 and found["2012"]["bytes"].value == 100
    assert found["2012"]["value (USD)"].value == "1.500"
    assert "value_fob_usd" in {c.name for c in found["2010"]["dagster/column_schema"].schema.columns}  # type: ignore[attr-defined]
    assert {(e.partition, e.passed) for e in evaluations(instance, key)} == {("2010", True), ("2012", True), (None, True)}


def test_a_gate_that_asked_nothing_says_so(engine: Engine, run: Run, manifest: Path, instance: dg.DagsterInstance) -> None:
    """Where nothing was rebuilt the one result that Dagster wants is no verdict; a gate that asked has no such note."""
    engine.outcomes["bilateral_flows"] = [outcome("bilateral_flows", 2010)]
    jobs.execute(run, manifest, [2010])
    (asked,) = [e for e in evaluations(instance, dg.AssetKey("bilateral_flows")) if e.partition is None]
    (idle,) = evaluations(instance, dg.AssetKey("harmonised_flows"))
    assert "note" not in asked.metadata and asked.metadata["checks"].value == 1
    assert "no check was asked" in str(idle.metadata["note"].value) and idle.metadata["checks"].value == 0


def test_a_failing_gate_blocks_all_that_follows(engine: Engine, run: Run, manifest: Path, instance: dg.DagsterInstance) -> None:
    failed = CheckResult("bilateral_flows", "year=2010/product_bucket=3", "volume_floor", False, observed="0", expected="1")
    refused = GateRefused("the gate of bilateral_flows refused year=2010", [failed])
    engine.errors["bilateral_flows"] = [refused]
    with pytest.raises(GateRefused) as caught:
        jobs.execute(run, manifest, [2010])
    assert caught.value is refused and caught.value.results == (failed,)
    assert engine.steps.count("bilateral_flows") == 1, "a refusal is never tried again"
    assert not {"aggregates", "dimensions", "marts", "quality", "release"} & set(engine.steps)
    assert [(e.partition, e.passed) for e in evaluations(instance, dg.AssetKey("bilateral_flows"))] == [("2010", False)]
    assert not run.is_published


def test_a_refusal_of_the_marts_leaves_the_release(engine: Engine, run: Run, manifest: Path) -> None:
    engine.errors["quality"] = [GateRefused("the gate of the marts refused market_share", [CheckResult("market_share", "", "rule", False)])]
    with pytest.raises(GateRefused, match="market_share"):
        jobs.execute(run, manifest, [2010])
    assert "release" not in engine.steps and "ops_marts" not in engine.steps


def test_a_failed_dbt_test_leaves_the_release(engine: Engine, run: Run, manifest: Path) -> None:
    engine.errors["marts"] = [MartsFailed([("market_share_unique_key", "Got 2 results")])]
    with pytest.raises(MartsFailed, match="market_share_unique_key"):
        jobs.execute(run, manifest, [2010])
    assert not {"quality", "ops_marts", "release"} & set(engine.steps)


def test_one_source_that_fails_stops_no_other(engine: Engine, run: Run, manifest: Path) -> None:
    engine.errors["reported_flows/comtrade"] = [StageError("comtrade 2010: ValueError", [ValueError("x")])]
    with pytest.raises(StageError, match="comtrade"):
        jobs.execute(run, manifest, [2010])
    assert "reported_flows/baci" in engine.steps and "harmonised_flows" not in engine.steps


def test_a_kept_partition_warns_and_goes_on(engine: Engine, run: Run, manifest: Path, instance: dg.DagsterInstance) -> None:
    engine.outcomes["reported_flows/baci"] = [outcome("reported_flows/baci", 2010, is_passed=False, status="kept_stale")]
    jobs.execute(run, manifest, [2010])
    assert run.is_published
    found = evaluations(instance, dg.AssetKey(["reported_flows", "baci"]))
    assert {(e.partition, e.passed, e.severity) for e in found} == {
        ("2010", False, dg.AssetCheckSeverity.WARN),
        (None, False, dg.AssetCheckSeverity.WARN),
    }


@pytest.mark.parametrize(
    ("error", "is_transient"),
    [
        (ConnectionResetError("peer"), True),
        (TimeoutError("store"), True),
        (StageError("s", [ConnectionResetError("peer")]), True),
        (StageError("s", [ConnectionResetError("peer"), ValueError("bad")]), False),
        (StageError("no task ended"), False),
        (OSError(28, "No space left on device"), False),
        (GateRefused("refused"), False),
        (MartsFailed([("a", "b")]), False),
    ],
)
def test_what_is_tried_again(error: BaseException, is_transient: bool) -> None:
    assert factories.is_transient(error) is is_transient


def test_a_transient_error_is_tried_again(
    engine: Engine, run: Run, manifest: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster._core.execution.plan.active.ActiveExecution.sleep_til_ready", lambda _: None)
    engine.errors["parse"] = [ConnectionResetError("peer")]
    jobs.execute(run, manifest, [2010])
    assert engine.steps.count("parse") == 2 and run.is_published
    assert any("ConnectionResetError" in line for line in lines)


def test_nothing_new_skips_marts_and_release(engine: Engine, run: Run, manifest: Path, capfd: pytest.CaptureFixture[str]) -> None:
    engine.is_published = True
    jobs.execute(run, manifest, [2010])
    assert not {"marts", "quality", "ops_marts", "release"} & set(engine.steps)
    assert (run.release_id, run.is_published) == ("20260130-00000000", False)
    assert capfd.readouterr().err == ""


def test_a_plan_without_years_builds_what_has_none(engine: Engine, run: Run, manifest: Path) -> None:
    jobs.execute(run, manifest, [])
    assert sorted(engine.asked) == [("conversion_weight", None), ("dimensions", None), ("pair_geography", None)]
    assert engine.steps[-1] == "release" and run.is_published


def test_a_launch_without_years_is_told_to_choose(engine: Engine, run: Run, manifest: Path) -> None:
    from orchestration.definitions import build_defs

    definitions = build_defs(settings=run.settings, manifest=manifest, run=run)
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("refresh").execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success and engine.asked == []
    assert "choose partitions" in str(run.errors["reported_flows_comtrade"])


def test_refresh_returns_what_the_job_did(
    engine: Engine, home: Path, manifest: Path, lines: list[str], empty_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan's years and those known after parsing make the range."""

    @contextmanager
    def client(_: Settings) -> Iterator[None]:
        yield None

    monkeypatch.setattr(jobs, "dask_client", client)
    monkeypatch.setattr(jobs.engine, "parse_pending", lambda _: engine.enter("parse first"))
    monkeypatch.setattr("orchestration.marts.manifest_path", lambda _: manifest)
    monkeypatch.setattr("orchestration.resources.preload_gates", lambda: None)
    engine.outcomes["harmonised_flows"] = [outcome("harmonised_flows", 2010)]
    done = jobs.refresh(Settings(home=home), plan=empty_plan, run_id="r", log=lines.append)
    assert engine.steps[0] == "parse first"
    assert (done.release_id, done.published) == ("20260131-0a1b2c3d", True) and done.seconds < 20
