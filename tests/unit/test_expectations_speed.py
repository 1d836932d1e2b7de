"""What keeps the gates fast and small at 100 M rows, seen in plans and not in times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import batches, runner, suites
from expectations.duckdb_datasource import duckdb_session
from expectations.rule import YEAR_DIFFERS
from expectations.rules import RULES
from tests.unit import expectation_files as files
from tests.unit import expectation_rows as rows_of
from transforms.contracts import lake

KEY = "source=comtrade/year=2014"


def _joins(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = [node] if "JOIN" in node["name"] else []
    return found + [join for child in node["children"] for join in _joins(child)]


def _filters(node: dict[str, Any]) -> set[str]:
    own = node["extra_info"].get("Filters", [])
    return {own} if isinstance(own, str) else set(own).union(*(_filters(child) for child in node["children"]))


@pytest.mark.parametrize(("rule", "few"), [("re_exports_within_exports", "RX"), ("re_imports_within_imports", "RM")])
def test_the_few_re_flows_are_held_in_memory_not_the_flows_they_lie_in(rule: str, few: str, tmp_path: Path) -> None:
    """The right child of a hash join is what its table is built from."""
    (check,) = (r.check() for r in RULES if r.name == rule)
    path = files.write(tmp_path / KEY / "a.parquet", lake.REPORTED_FLOWS, rows_of.reported_flows(2014) * 1000)
    with duckdb_session() as session:
        batch = batches.open_files(session, lake.REPORTED_FLOWS, {KEY: [path]})
        batches.make_view(session, batch, [KEY])
        query = suites.single_query(check).replace("{batch}", "reported_flows")
        [(_, plan)] = session.rows(f"explain (format json) {query}")
    (join,) = _joins(json.loads(plan)[0])
    assert any(f"flow_code='{few}'" in text for text in _filters(join["children"][1]))


@pytest.mark.parametrize(
    ("period", "year", "differs"),
    [
        ("2014", 2014, False),
        ("2014-05", 2014, False),
        ("2015", 2014, True),
        ("2015-05", 2014, True),
        ("14", 2014, True),
        ("20e2", 2000, True),
        ("", 2014, True),
        (None, 2014, True),
    ],
)
def test_a_period_lies_in_the_partitions_year_by_its_text(period: str | None, year: int, differs: bool) -> None:
    assert duckdb.execute(f"select {YEAR_DIFFERS} from (select ? as period, ?::smallint as year)", [period, year]).fetchone() == (differs,)


def test_keys_are_looked_at_in_bounded_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small partitions share a query; 12 rows are cut into two slices; what comes after stands alone."""
    monkeypatch.setattr(runner, "KEYS_AT_ONCE", 6)
    table, counts = lake.REPORTED_FLOWS, {"source=a/year=1": 3, "source=a/year=2": 3, "source=a/year=3": 12, "source=a/year=4": 1}
    batch = batches.Batch(table, {k: [tmp_path] for k in counts}, counts=counts)
    queries = runner._key_queries(batch, list(counts))
    assert [sum(k in q for k in counts) for q in queries] == [2, 1, 1, 1]
