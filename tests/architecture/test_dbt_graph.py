"""The dbt project's graph: layers point one way, every mart stands as the contracts say, SQL reads top to bottom."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.dbt_run import parse_manifest
from transforms.contracts import lake, marts

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
#: Which layers a layer may read.
MAY = {"staging": {"source"}, "intermediate": {"staging", "intermediate"}, "marts": {"staging", "intermediate", "marts"}}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return json.loads(parse_manifest(tmp_path_factory.mktemp("dbt")).read_text("utf-8"))  # type: ignore[no-any-return]


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {k: n for k, n in manifest["nodes"].items() if n["resource_type"] == "model"}


def layer(unique_id: str, manifest: dict[str, Any]) -> str:
    return "source" if unique_id.startswith("source.") else str(manifest["nodes"][unique_id]["fqn"][1])


def test_layers_point_one_way(manifest: dict[str, Any]) -> None:
    for unique_id, node in models(manifest).items():
        own = layer(unique_id, manifest)
        for parent in node["depends_on"]["nodes"]:
            assert layer(parent, manifest) in MAY[own], f"{unique_id} reads {parent}"


def test_marts_are_exactly_those_of_the_contracts(manifest: dict[str, Any]) -> None:
    found = {n["name"]: n for n in models(manifest).values() if n["fqn"][1] == "marts"}
    assert set(found) == set(marts.MARTS)
    for name, node in found.items():
        assert node["schema"] == "marts"
        assert node["config"]["contract"]["enforced"]
        assert ("ops" in node["tags"]) == (marts.MARTS[name] in marts.OPS_MARTS)


def test_every_source_is_a_lake_table_and_every_staged_one_is_read(manifest: dict[str, Any]) -> None:
    assert {s["name"] for s in manifest["sources"].values()} == set(lake.TABLES)
    read = {p for n in manifest["nodes"].values() for p in n["depends_on"]["nodes"]}
    unread = [k for k, n in models(manifest).items() if n["fqn"][1] != "marts" and k not in read]
    assert not unread


def test_every_mart_has_a_data_test_and_a_unit_test(manifest: dict[str, Any]) -> None:
    tested = {p for n in manifest["nodes"].values() if n["resource_type"] == "test" for p in n["depends_on"]["nodes"]}
    worked = {p for n in manifest["unit_tests"].values() for p in n["depends_on"]["nodes"]}
    for name in marts.MARTS:
        assert f"model.entrepot.{name}" in tested
        assert f"model.entrepot.{name}" in worked


def test_ops_marts_are_read_by_no_other_model(manifest: dict[str, Any]) -> None:
    ops = {f"model.entrepot.{t.name}" for t in marts.OPS_MARTS}
    assert not [k for k, n in models(manifest).items() if ops & set(n["depends_on"]["nodes"])]


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=lambda p: p.stem)
def test_sql_reads_top_to_bottom(path: Path) -> None:
    text = path.read_text("utf-8")
    first, *_ = text.splitlines()
    assert first.startswith("-- One row"), f"{path.name}: the grain sentence comes first"
    code = re.sub(r"--.*", "", text)
    assert not re.search(r"(select|,)\s*(\w+\.)?\*", code), f"{path.name}: columns are listed, never *"
    assert not re.search(r"group by\s+\d", code), f"{path.name}: group by names its columns"
    if path.parent.name == "marts":
        table = marts.MARTS[path.stem]
        assert first == f"-- {table.grain}"
        last = re.split(r"^select$", code, flags=re.MULTILINE)[-1].split("\nfrom ")[0]
        names = [re.split(r"\bas\s+|\.", line.strip().rstrip(","))[-1] for line in last.splitlines() if re.match(r"    \S", line)]
        listed = [n.strip() for n in names if re.fullmatch(r"\w+", n.strip()) and n.strip() not in {"case"}]
        assert [n.removeprefix("end").strip() for n in listed] == list(table.columns), f"{path.name}: the contract's order"
    else:
        assert "ref('fct_" not in code and "ref('dim_" not in code
