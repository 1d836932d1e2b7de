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
from transforms.contracts import lake, marts
from transforms.contracts.records import CheckResult

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


def monthly(*periods: str | None) -> rows_of.Rows:
    """One row of 2014 for each period given."""
    base = rows_of.reported_flows(2014)[0]
    return [{**base, "frequency": "M", "period": period} for period in periods]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries for duplicates, at most four keys at once."""
    monkeypatch.setattr(runner, "KEYS_AT_ONCE", 4)
    queries: list[str] = []
    make = suites.key_query

    def key_query(*arguments: Any) -> str:
        queries.append(arguments[1] + f" {arguments[3]}/{arguments[2]}")
        return make(*arguments)

    monkeypatch.setattr(suites, "key_query", key_query)
    return queries


def duplicates(results: list[CheckResult]) -> dict[str, int | None]:
    return {r.partition_key: r.failed_row_count for r in results if r.check_name == "key_is_unique"}


def test_keys_are_held_in_bounded_pieces_each_of_whole_periods(tmp_path: Path, asked: list[str]) -> None:
    """Small partitions share a query; a large one is cut by period, and what is larger still by hash."""
    years = {
        "2014": monthly("2014-01", "2014-02", "2014-02"),
        "2015": monthly("2015-01"),
        "2016": monthly("2016-01", "2016-01", "2016-02", None, None, *["2016-03"] * 5),
    }
    keys = {year: f"source=comtrade/year={year}" for year in years}
    tables = {keys[year]: [files.write(tmp_path / keys[year] / "a.parquet", lake.REPORTED_FLOWS, rows)] for year, rows in years.items()}
    results = runner.gate(lake.REPORTED_FLOWS, tables, rules=[])
    assert asked == [
        f"(partition_key in ('{keys['2014']}', '{keys['2015']}')) 0/1",
        f"(partition_key in ('{keys['2016']}')) and (period in ('2016-01') or period is null) 0/1",
        f"(partition_key in ('{keys['2016']}')) and (period in ('2016-02')) 0/1",
        f"(partition_key in ('{keys['2016']}')) and (period in ('2016-03')) 0/2",
        f"(partition_key in ('{keys['2016']}')) and (period in ('2016-03')) 1/2",
    ]
    assert duplicates(results) == {keys["2014"]: 1, keys["2015"]: 0, keys["2016"]: 1 + 1 + 4}


def test_a_large_mart_is_cut_by_period_and_counted_once(tmp_path: Path, asked: list[str]) -> None:
    rows = files.mart_rows()
    totals = [{**rows["fct_bilateral_totals"][0], "period": period} for period in ("2014", "2012", "2013", "2014", "2012", "2012")]
    path = files.database(tmp_path / "m.duckdb", {"release_info": rows["release_info"], "fct_bilateral_totals": totals})
    results = runner.gate_database(path, [marts.FCT_BILATERAL_TOTALS], rules=[])
    assert asked == [
        "(partition_key in ('')) and (period in ('2012', '2013')) 0/1",
        "(partition_key in ('')) and (period in ('2014')) 0/1",
    ]
    assert duplicates(results) == {"": 3}
    assert next(r for r in results if r.check_name == "volume_floor").observed == "6 rows"


def test_a_mart_without_its_period_is_refused_not_asked_for_it(tmp_path: Path) -> None:
    rows = files.mart_rows()
    path = files.database(tmp_path / "m.duckdb", {n: rows[n] for n in ("release_info", "fct_bilateral_totals")})
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.fct_bilateral_totals drop period")
    (found,) = (r for r in runner.gate_database(path, [marts.FCT_BILATERAL_TOTALS]) if not r.is_passed)
    lacking = [fault["column_name"] for fault in json.loads(found.sample or "") if fault["found_type"] is None]
    assert (found.check_name, lacking) == ("columns_match_contract", ["period"])
