"""Every rule and every kind of contract check, seen passing on good rows and failing on bad ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations import runner, suites
from expectations.reconciled_rules import CIF_NAMES
from expectations.rules import PRODUCT_BUCKET, RULES
from tests.unit import expectation_cases as cases
from tests.unit import expectation_files as files
from tests.unit import expectation_reconciled as reconciled
from tests.unit import expectation_reconciled_cases as reconciled_cases
from tests.unit import expectation_rows as rows_of
from transforms.contracts import codes, lake, marts
from transforms.contracts.records import CheckResult
from transforms.core.estimates.cif import NAMES

GOOD = 2000
Results = dict[str, list[CheckResult]]


def of_partition(results: list[CheckResult]) -> Results:
    found: Results = {}
    for result in results:
        found.setdefault(result.partition_key.rsplit("year=", 1)[-1].split("/")[0], []).append(result)
    return found


def failed(results: list[CheckResult]) -> set[tuple[str, str]]:
    return {(r.table_name, r.check_name) for r in results if not r.is_passed}


PREFIX = {
    "reported_flows": "source=comtrade/year={}",
    "ledger": "stage=ingest/source=comtrade/year={}",
    "harmonised_flows": "year={}/product_bucket=0",
    "bilateral_flows": "year={}/product_bucket=0",
    "pair_reports": "year={}/product_bucket=0",
    "nes_move": "year={}/product_bucket=0",
    "parameter_set": "year={}",
}


def bilateral_flows(year: int) -> rows_of.Rows:
    return rows_of.bilateral_flows(year) + reconciled.weighed_flows(year)


MAKE: dict[str, Callable[[int], rows_of.Rows]] = {
    "reported_flows": rows_of.reported_flows,
    "harmonised_flows": rows_of.harmonised_flows,
    "bilateral_flows": bilateral_flows,
    "pair_reports": reconciled.pair_reports,
    "nes_move": reconciled.nes_moves,
    "parameter_set": reconciled.parameter_set,
    "ledger": rows_of.ledger,
}
YEARS = {case: GOOD + 1 + n for n, case in enumerate([*cases.FLOW_CASES, *cases.AGGREGATE_CASES])}


@pytest.fixture(scope="module")
def flow_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One gate over all partitions: year GOOD is sound, every other year holds one fault."""
    root = tmp_path_factory.mktemp("k=v")
    tables = {}
    for name, make in MAKE.items():
        table = lake.TABLES[name]
        beside = ("pair_reports", "nes_move") if name == "bilateral_flows" else ()  # rules of those look at the flows
        years = [GOOD, *(YEARS[case] for case in cases.FLOW_CASES if case[0] in (name, *beside))]
        worsen = {YEARS[case]: how for case, how in cases.FLOW_CASES.items() if case[0] == name}
        tables[table] = {}
        for year in years:
            rows = make(year)
            worsen.get(year, lambda _: None)(rows)
            key = PREFIX[name].format(year)
            tables[table][key] = [files.write(root / name / key / "a.parquet", table, rows)]
    return of_partition(runner.gate_many(tables))


@pytest.fixture(scope="module")
def aggregate_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("aggregates")
    tables: dict[lake.Table, dict[str, list[Path]]] = {t: {} for t in lake.AGGREGATES}
    context = []
    for year in [GOOD, *(YEARS[case] for case in cases.AGGREGATE_CASES)]:
        rows = rows_of.aggregates(year)
        for case, worsen in cases.AGGREGATE_CASES.items():
            if YEARS[case] == year:
                worsen(rows[case[0]])
        for table, partitions in tables.items():
            key = f"year={year}"
            partitions[key] = [files.write(root / table.name / key / "a.parquet", table, rows[table.name])]
        folder = root / "bilateral_flows" / f"year={year}" / "product_bucket=0"
        context.append(files.write(folder / "a.parquet", lake.BILATERAL_FLOWS, rows_of.flows_behind_aggregates(year)))
    return of_partition(runner.gate_many(tables, context={"bilateral_flows": context}))


@pytest.fixture(scope="module")
def good_marts(tmp_path_factory: pytest.TempPathFactory) -> list[CheckResult]:
    path = files.database(tmp_path_factory.mktemp("marts") / "good.duckdb", files.mart_rows())
    return runner.gate_database(path, [t for t in marts.MARTS.values() if not t.is_view])


def test_good_flows_pass_every_check(flow_results: Results) -> None:
    assert failed(flow_results[str(GOOD)]) == set()
    asked = {(r.table_name, r.check_name) for r in flow_results[str(GOOD)]}
    assert asked >= set(cases.FLOW_CASES)


def test_good_aggregates_pass_every_check(aggregate_results: Results) -> None:
    assert failed(aggregate_results[str(GOOD)]) == set()
    assert {(r.table_name, r.check_name) for r in aggregate_results[str(GOOD)]} >= set(cases.AGGREGATE_CASES)


def test_good_marts_pass_every_check(good_marts: list[CheckResult]) -> None:
    assert failed(good_marts) == set()
    assert {(r.table_name, r.check_name) for r in good_marts} >= set(cases.MART_CASES)


@pytest.mark.parametrize("case", cases.FLOW_CASES, ids=".".join)
def test_rule_on_flows_fails_on_its_bad_row(case: tuple[str, str], flow_results: Results) -> None:
    results = flow_results[str(YEARS[case])]
    assert case in failed(results)
    (found,) = (r for r in results if (r.table_name, r.check_name) == case)
    assert found.failed_row_count == 1
    assert found.sample is not None and found.sample.startswith("[{")


@pytest.mark.parametrize("case", [None, *reconciled_cases.CONVERSION_CASES], ids=lambda c: c[1] if c else "good")
def test_rule_on_conversion_weights(case: tuple[str, str] | None, tmp_path: Path) -> None:
    rows = reconciled.conversion_weight()
    if case:
        reconciled_cases.CONVERSION_CASES[case](rows)
    table = lake.CONVERSION_WEIGHT
    results = runner.gate(table, {"": [files.write(tmp_path / "a.parquet", table, rows)]})
    assert failed(results) == ({case} if case else set())


def test_the_cif_equation_has_the_names_that_its_rule_asks_for() -> None:
    assert CIF_NAMES == NAMES


@pytest.mark.parametrize("case", cases.AGGREGATE_CASES, ids=".".join)
def test_rule_on_aggregates_fails_on_its_bad_row(case: tuple[str, str], aggregate_results: Results) -> None:
    assert case in failed(aggregate_results[str(YEARS[case])])


def gate_of_mart(case: tuple[str, str], worsen: cases.Worsen, folder: Path) -> list[CheckResult]:
    """One rule asked of a mart whose good rows were made bad."""
    table, _ = case
    rule = next(r for r in RULES if (r.table, r.name) == case)
    rows = {t: r for t, r in files.mart_rows().items() if t in (table, "release_info", *rule.needs)}
    worsen(rows[table])
    return runner.gate_database(files.database(folder / "bad.duckdb", rows), [marts.MARTS[table]], rules=[rule])


@pytest.mark.parametrize("case", cases.MART_CASES, ids=".".join)
def test_rule_on_marts_fails_on_its_bad_row(case: tuple[str, str], tmp_path: Path) -> None:
    assert case in failed(gate_of_mart(case, cases.MART_CASES[case], tmp_path))


@pytest.mark.parametrize("case", reconciled_cases.FURTHER_MART_CASES, ids=lambda case: case[2])
def test_rule_on_marts_fails_on_its_other_bad_rows(case: tuple[str, str, str], tmp_path: Path) -> None:
    assert case[:2] in failed(gate_of_mart(case[:2], reconciled_cases.FURTHER_MART_CASES[case], tmp_path))


def test_an_estimated_method_without_estimates_has_no_value_in_the_comparison(tmp_path: Path) -> None:
    case = ("reconciliation_comparison", "chosen_method_is_in_the_flows")
    assert case not in failed(gate_of_mart(case, cases.change(1, method="baci"), tmp_path))


def test_every_rule_has_a_failing_example() -> None:
    rules = {(r.table, r.name) for r in RULES}
    assert len(rules) == len(RULES), "two rules of a table share a name"
    assert rules == {*cases.FLOW_CASES, *cases.AGGREGATE_CASES, *cases.MART_CASES, *reconciled_cases.CONVERSION_CASES}


def test_rules_name_tables_of_the_contracts() -> None:
    known = lake.TABLES.keys() | marts.MARTS.keys()
    assert {r.table for r in RULES} | {n for r in RULES for n in r.needs} <= known


def test_the_bucket_in_sql_is_the_bucket_of_the_contracts() -> None:
    """Over all chapters, as codes of every length and as residuals, and what stands in no chapter."""
    chapters = [f"{n:02d}" for n in range(100)]
    products = [
        *chapters,
        *(c + rest for c in chapters for rest in ("01", "0100", "XX", "XXXX")),
        "TOTAL",
        "XX",
        "XXXXXX",
        "6",
        "9X",
        "6XXXX",
    ]
    found = duckdb.sql(f"select product_code, {PRODUCT_BUCKET} from (select unnest({products}) as product_code)").fetchall()
    assert dict(found) == {p: codes.product_bucket(p) for p in products}
    assert {b for _, b in found} == set(range(codes.PRODUCT_BUCKETS))


def test_a_one_sided_stratum_is_reported_where_the_table_lacks_the_year(tmp_path: Path) -> None:
    rows = rows_of.aggregates(2000), rows_of.aggregates(2001)
    world, pairs = lake.WORLD_PRODUCT, lake.PAIR_TOTALS
    tables = {
        world: {
            f"year={y}": [files.write(tmp_path / "world_product" / f"year={y}" / "a.parquet", world, r["world_product"])]
            for y, r in zip((2000, 2001), rows, strict=True)
        },
        pairs: {"year=2000": [files.write(tmp_path / "pair_totals" / "year=2000" / "a.parquet", pairs, rows[0]["pair_totals"])]},
    }
    found = [r for r in runner.gate_many(tables) if not r.is_passed]
    assert [(r.check_name, r.partition_key) for r in found] == [("pair_totals_equal_world", "year=2001")]


CONTRACT_CASES: dict[str, cases.Worsen] = {
    "not_null": cases.change(0, method=None),
    "allowed_values": cases.change(0, evidence="hearsay"),
    "pattern": cases.change(0, exporter_code="CHN"),
    "minimum": cases.change(0, cif_factor=0.97),
    "maximum": cases.change(0, product_level=11),
    "is_finite": cases.change(0, sigma_exporter=float("nan")),
    "key_is_unique": cases.again(0),
}


@pytest.fixture(scope="module")
def contract_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root, table = tmp_path_factory.mktemp("contract"), lake.BILATERAL_FLOWS
    partitions = {}
    for year, worsen in enumerate([lambda _: None, *CONTRACT_CASES.values()], GOOD):
        rows = rows_of.bilateral_flows(year)
        worsen(rows)
        key = f"year={year}/product_bucket=0"
        partitions[key] = [files.write(root / key / "a.parquet", table, rows)]
    key = "year=1990/product_bucket=0"
    partitions[key] = [files.write(root / key / "a.parquet", table, rows_of.bilateral_flows(1990), without="evidence")]
    partitions["year=1991/product_bucket=0"] = []
    return of_partition(runner.gate(table, partitions, rules=[]))


@pytest.mark.parametrize("kind", CONTRACT_CASES)
def test_contract_check_fails_on_its_bad_row(kind: str, contract_results: Results) -> None:
    year = GOOD + 1 + list(CONTRACT_CASES).index(kind)
    assert failed(contract_results[str(year)]) == {("bilateral_flows", kind)}
    assert failed(contract_results[str(GOOD)]) == set()


def test_a_missing_column_fails_and_the_rows_of_that_partition_are_not_asked(contract_results: Results) -> None:
    assert [r.check_name for r in contract_results["1990"]] == ["volume_floor", "columns_match_contract"]
    found = contract_results["1990"][1]
    assert not found.is_passed
    assert found.sample is not None and "evidence" in found.sample


def test_no_files_is_no_data(contract_results: Results) -> None:
    (found,) = contract_results["1991"]
    assert (found.check_name, found.is_passed, found.observed) == ("volume_floor", False, "no data")


def test_every_kind_of_contract_check_has_a_failing_example() -> None:
    shown = {*CONTRACT_CASES, "volume_floor", "columns_match_contract"}
    assert set(suites.CONTRACT_KINDS) == shown
    built = {c.name for t in [*lake.TABLES.values(), *marts.MARTS.values()] for c in suites.row_checks(t)}
    assert built <= shown
