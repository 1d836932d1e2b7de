"""What Dagster is told: keys, lineage from file to mart, one partition set, one job, no side effects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from orchestration.definitions import build_defs, whole_assets
from orchestration.factories import YEAR
from transforms.contracts import lake as contracts
from transforms.contracts import marts
from transforms.contracts.layouts import BUILT_IN
from transforms.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def definitions(home: Path, manifest: Path) -> dg.Definitions:
    return build_defs(settings=Settings(home=home), manifest=manifest)


def test_definitions_load_and_are_fresh_each_time(definitions: dg.Definitions, home: Path, manifest: Path) -> None:
    dg.Definitions.validate_loadable(definitions)
    assert build_defs(settings=Settings(home=home), manifest=manifest) is not definitions
    assert list(home.iterdir()) == []


def test_every_source_and_table_and_mart_is_an_asset(definitions: dg.Definitions) -> None:
    keys = {k.to_user_string() for k in definitions.resolve_asset_graph().materializable_asset_keys}
    assert {f"reported_flows/{s}" for s in BUILT_IN.flow_sources} <= keys
    assert {"snapshots", "harmonised_flows", "pair_geography", "bilateral_flows", "ledger", "quality", "release"} <= keys
    assert {t.name for t in contracts.AGGREGATES} <= keys and len(contracts.AGGREGATES) == 6
    assert {"area", "product", "source_release", "code", "correlation", "indicator"} <= keys
    assert {f"marts/{name}" for name in marts.MARTS} <= keys


def test_lineage_goes_from_the_file_to_every_mart_and_the_release(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    above = {k.to_user_string(): {a.to_user_string() for a in graph.get_ancestor_asset_keys(k)} for k in graph.materializable_asset_keys}
    for name in marts.MARTS:
        assert f"marts/{name}" in above["release"]
        if name != "release_info":
            assert "snapshots" in above[f"marts/{name}"], name
    assert {"reported_flows/comtrade", "reported_flows/baci"} <= above["marts/fct_reported_flows"]
    assert {"bilateral_flows", "harmonised_flows", "exporter_product"} <= above["marts/comparative_advantage"]
    assert "quality" in above["marts/quality_history"] and "quality" in above["release"]
    # what dbt reads from the lake is what the stages build: no source stands alone
    assert {k.to_user_string() for k in graph.external_asset_keys} == {"check_result"}


def test_one_partition_set_for_all_of_the_lake(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    by_year = {k.to_user_string() for k in graph.get_all_asset_keys() if graph.get(k).partitions_def is not None}
    expected = (
        {f"reported_flows/{s}" for s in BUILT_IN.flow_sources}
        | {"harmonised_flows", "parameter_set", "bilateral_flows", "pair_reports", "nes_move"}
        | {t.name for t in contracts.AGGREGATES}
    )
    assert by_year == expected
    assert {graph.get(dg.AssetKey.from_user_string(k)).partitions_def for k in by_year} == {YEAR}
    assert {graph.get(dg.AssetKey.from_user_string(k)).backfill_policy for k in by_year} == {dg.BackfillPolicy.single_run()}
    assert {k.to_user_string() for k in whole_assets(definitions)}.isdisjoint(by_year)


def test_the_job_holds_everything(definitions: dg.Definitions) -> None:
    graph, job = definitions.resolve_asset_graph(), definitions.resolve_job_def("refresh")
    assert set(job.asset_layer.selected_asset_keys) == set(graph.materializable_asset_keys)
    assert set(definitions.resolve_job_def("intake").asset_layer.selected_asset_keys) == {dg.AssetKey("snapshots")}
    assert job.executor_def.name == "in_process"


def test_gates_block(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    gates = {k.asset_key.to_user_string(): graph.get(k).blocking for k in graph.asset_check_keys if k.name == "gate"}
    expected = {f"reported_flows/{s}" for s in BUILT_IN.flow_sources} | {
        "harmonised_flows",
        "parameter_set",
        "bilateral_flows",
        "pair_reports",
        "nes_move",
        "pair_geography",
        "conversion_weight",
        "area",
        "area_group",
        "product",
        "source_release",
        "code",
        "correlation",
        "indicator",
        "quality",
    }
    assert set(gates) == expected | {t.name for t in contracts.AGGREGATES}
    assert all(gates.values())
    tests = [k for k in graph.asset_check_keys if k.asset_key.path[0] == "marts"]
    assert {k.asset_key.path[1] for k in tests} == set(marts.MARTS)
    assert all(graph.get(k).blocking for k in tests)


def test_columns_are_those_of_the_contract(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    schema = graph.get(dg.AssetKey("bilateral_flows")).metadata["dagster/column_schema"]
    assert [c.name for c in schema.columns] == list(contracts.BILATERAL_FLOWS.columns)
    (value,) = [c for c in schema.columns if c.name == "value_fob_usd"]
    assert value.type == "DECIMAL(18,3)" and value.description.endswith("[USD, FOB]") and not value.constraints.nullable
    share = graph.get(dg.AssetKey(["marts", "market_share"])).metadata["dagster/column_schema"]
    assert [c.name for c in share.columns] == list(marts.MARTS["market_share"].columns)


def test_every_asset_has_an_owner_a_text_of_its_own_and_its_contract(definitions: dg.Definitions) -> None:
    """A model without a description must not show that of the step that builds all of them."""
    graph = definitions.resolve_asset_graph()
    nodes = {k.to_user_string(): graph.get(k) for k in graph.get_all_asset_keys()}
    assert all(n.owners == ["team:entrepot"] and n.group_name != "default" for n in nodes.values())
    texts = {k: n.description or "" for k, n in nodes.items()}
    assert not [k for k, text in texts.items() if len(text) < 20 or "Nothing is built" in text]
    assert "models/staging/stg_area.sql" in texts["staging/stg_area"]
    bare = {k for k, n in nodes.items() if "dagster/column_schema" not in n.metadata}
    assert {k for k in bare if k.partition("/")[0] not in ("staging", "intermediate")} == {"snapshots", "quality", "release"}


def test_importing_defines_nothing(tmp_path: Path) -> None:
    """No home is made, no manifest parsed, by importing the module that Dagster loads."""
    code = "import orchestration.definitions, sys; assert 'great_expectations' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, env={"PYTHONPATH": str(ROOT), "ENTREPOT_HOME": str(tmp_path / "w")}
    )
    assert list(tmp_path.iterdir()) == []


def test_the_instance_of_a_home_and_of_a_deployment_are_one_text() -> None:
    packaged = (ROOT / "orchestration" / "dagster.yaml").read_text("utf-8")
    assert packaged == (ROOT / "infra" / "dagster.yaml").read_text("utf-8")
    said = yaml.safe_load(packaged)
    assert said["telemetry"] == {"enabled": False}
    assert said["run_monitoring"]["enabled"] and said["run_monitoring"]["free_slots_after_run_end_seconds"] == 5
    assert said["concurrency"]["runs"]["max_concurrent_runs"] == 1
