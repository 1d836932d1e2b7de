"""Generated files say what the contracts say, and nothing else lies among them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from transforms.contracts import lake, marts, render
from transforms.contracts.arrow import sql_type
from transforms.contracts.dictionary import dictionary_html

ROOT = Path(__file__).resolve().parents[2]


def test_committed_files_are_what_the_contracts_render() -> None:
    assert render.check(ROOT) == []


def test_every_generated_file_says_so() -> None:
    for path, text in render.render(ROOT).items():
        assert "generated" in "".join(text.splitlines(keepends=True)[:3]), path


def test_a_difference_names_file_line_and_both_texts(tmp_path: Path) -> None:
    assert len(render.write(tmp_path)) == len(render.render(tmp_path))
    assert render.check(tmp_path) == []
    path = tmp_path / render.MARTS_FILE
    path.write_text(path.read_text("utf-8").replace("DECIMAL(18,3)", "DOUBLE", 1), "utf-8")
    (difference,) = render.check(tmp_path)
    assert "_marts.yml" in difference
    assert "DOUBLE" in difference
    assert "DECIMAL(18,3)" in difference
    assert render.write(tmp_path) == [path]
    assert render.check(tmp_path) == []


def test_a_missing_and_a_surplus_file_are_differences(tmp_path: Path) -> None:
    render.write(tmp_path)
    staging = tmp_path / "dbt_project" / "models" / "staging"
    shutil.move(staging / "stg_area.sql", staging / "stg_areas.sql")
    found = render.check(tmp_path)
    assert any("stg_area.sql is missing" in f for f in found)
    assert any("stg_areas.sql" in f and "no contract" in f for f in found)


def test_sources_list_every_lake_and_ops_table() -> None:
    (source,) = yaml.safe_load(render.sources_yaml())["sources"]
    assert source["schema"] == "lake"
    assert {t["name"] for t in source["tables"]} == set(lake.TABLES)
    for table in source["tables"]:
        assert [c["name"] for c in table["columns"]] == list(lake.TABLES[table["name"]].columns)


@pytest.mark.parametrize("name", marts.MARTS)
def test_contracts_of_marts_are_enforced_and_typed(name: str) -> None:
    models = {m["name"]: m for m in yaml.safe_load(render.marts_yaml())["models"]}
    model, table = models[name], marts.MARTS[name]
    assert model["config"]["contract"] == {"enforced": True}
    assert model["description"] == table.grain
    assert [(c["name"], c["data_type"]) for c in model["columns"]] == [(c, sql_type(c)) for c in table.columns]
    assert all(c["description"] for c in model["columns"])
    assert model["data_tests"]


def test_yaml_round_trips_quotes_lists_and_nesting() -> None:
    value = {"a": [{"b": 'it\'s: "x" # y'}, {"c": ["1", "2"], "d": {"e": [{"f": None}]}}], "g": ["x" * 80, "y" * 80], "h": True}
    assert yaml.safe_load("\n".join(render._yaml(value))) == value


def test_dictionary_page_needs_nothing_from_outside() -> None:
    page = dictionary_html("Dictionary <of> R", "a & b")
    assert "Dictionary &lt;of&gt; R" in page
    assert "http" not in page
    assert all(f'id="{name}"' in page for name in marts.MARTS)
