"""Reports as sides of flows: who exports, what leaves and why, order, row groups, and a ledger that closes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.core_cases import CHINA, FRANCE, USA, YEAR, Report, commit_reports, harmonise, ledger_of, mills_of, settings_of
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import TaskResult
from transforms.core.harmonising import harmonise as module
from transforms.core.harmonising.harmonise import harmonise_year, row_groups_of
from transforms.core.ledger import is_closed
from transforms.io import lake


def test_a_report_becomes_the_side_its_flow_says(home: Path) -> None:
    commit_reports(home, [Report("156", "56", "X", "870380", 10_000), Report("56", "156", "M", "870380", 11_000)])
    rows, result = harmonise(home)
    found = [(r["exporter_code"], r["importer_code"], r["side"], mills_of(r["reported_value_usd"]), r["product_bucket"]) for r in rows]
    assert found == [("156", "56", "exporter", 10_000, 3), ("156", "56", "importer", 11_000, 3)]
    assert {r["basis"] for r in rows} == {"own"}
    assert ledger_of(result) == {("comtrade", "in"): 21_000, ("comtrade", "out"): 21_000}


def test_self_trade_re_exports_and_other_flows_leave_with_their_reason(home: Path) -> None:
    commit_reports(
        home,
        [
            Report("156", "56", "X", "870380", 10_000),
            Report("156", "56", "RX", "870380", 4_000),
            Report("156", "56", "RM", "870380", 500),
            Report("156", "156", "M", "870380", 7_000),
            Report("156", "156", "RM", "870380", 300),
            *(Report("156", "56", flow, "870380", 10) for flow in ("DX", "FM", "MIP", "MOP", "XIP", "XOP")),
        ],
    )
    rows, result = harmonise(home)
    assert [mills_of(r["reported_value_usd"]) for r in rows] == [10_000]
    assert ledger_of(result) == {
        ("comtrade", "in"): 21_860,
        ("comtrade", "self_trade"): 7_300,
        ("comtrade", "re_export"): 4_500,
        ("comtrade", "other_flow"): 60,
        ("comtrade", "out"): 10_000,
    }
    assert is_closed(result.ledger)


def test_re_exports_stand_beside_the_export_that_holds_them(home: Path) -> None:
    reports = [
        Report("156", "56", "X", "870380", 10_000),
        Report("156", "56", "RX", "870380", 4_000),
        Report("156", "842", "X", "870380", 9_000),
        Report("156", "56", "M", "870380", 8_000),
        Report("156", "251", "RX", "870380", 70),  # no export holds it
        Report("156", "156", "RX", "870380", 60),
        Report("842", "56", "X", "870380", 5_000),
        Report("842", "56", "X", "520100", 6_000, period="2020-01"),
        Report("842", "56", "RX", "520100", 1_000, period="2020-02"),
        Report("156", "56", "X", "870380", 700, source="baci"),
        Report("156", "56", "RX", "870380", 300, source="baci"),
    ]
    commit_reports(home, reports)
    rows, result = harmonise(home)
    found = {(r["basis"], r["exporter_code"], r["importer_code"], r["product_code"]): mills_of(r["re_export_usd"]) for r in rows}
    assert found == {
        ("own", "156", "56", "870380"): 4_000,
        ("own", "156", "842", "870380"): None,
        ("own", "56", "156", "870380"): None,
        ("own", "842", "56", "870380"): None,
        ("own", "842", "56", "520100"): None,
        ("baci_published", "156", "56", "870380"): None,
    }
    assert {mills_of(r["reported_value_usd"]) for r in rows if r["importer_code"] == "56" and r["source"] == "comtrade"} >= {10_000}
    assert ledger_of(result)["comtrade", "re_export"] == 5_070 and is_closed(result.ledger)


def test_quantities_are_as_reported_and_nothing_where_no_unit_is(home: Path) -> None:
    units = {"010121": ("5", True), "010129": ("-1", False), "010130": ("1", False), "010190": (None, False)}
    national = Report("842", "56", "X", "010121", 7, source="national")  # a source without quantities, and a residual beside them
    suppressed = Report("156", "56", "X", "01", 50_000, level=2, control="parent")
    commit_reports(home, [*(Report("156", "56", "X", product, 10_000) for product in units), national, suppressed])
    (path,) = lake.active_files(home, contracts.REPORTED_FLOWS, source="comtrade")
    given = pq.read_table(path).drop_columns(["quantity", "quantity_unit_code", "is_quantity_estimated"])
    stated = {
        "quantity": pa.array([Decimal("3.000")] * 4, pa.decimal128(18, 3)),
        "quantity_unit_code": pa.array([unit for unit, _ in units.values()]).dictionary_encode(),
        "is_quantity_estimated": pa.array([is_estimated for _, is_estimated in units.values()]),
    }
    for name, values in stated.items():
        given = given.append_column(name, values)
    file = lake.write_partition(home, contracts.REPORTED_FLOWS, {"source": "comtrade", "year": YEAR}, [given])
    assert file is not None
    lake.commit(home, contracts.REPORTED_FLOWS, {file.partition_key: [file]})
    rows, _ = harmonise(home)
    reported = [r for r in rows if r["exporter_code"] == "156"]
    assert {r["product_code"]: (mills_of(r["quantity"]), r["quantity_unit_code"], r["is_quantity_estimated"]) for r in reported} == {
        "010121": (3_000, "5", True),
        "010129": (None, None, None),
        "010130": (None, None, None),
        "010190": (None, None, None),
        "01XXXX": (None, None, None),
    }
    assert {r["conversion"] for r in rows} == {None}


@pytest.mark.parametrize(("order", "chosen"), [(("comtrade", "national"), "comtrade"), (("national", "comtrade"), "national")])
def test_one_flow_in_two_sources_is_taken_from_the_first(home: Path, order: tuple[str, ...], chosen: str) -> None:
    commit_reports(home, [Report("156", "56", "X", "870380", v, source=s) for s, v in (("comtrade", 10_000), ("national", 10_700))])
    rows, result = harmonise(home, source_order=order)
    values = {"comtrade": 10_000, "national": 10_700}
    other = "national" if chosen == "comtrade" else "comtrade"
    assert [(r["source"], mills_of(r["reported_value_usd"])) for r in rows] == [(chosen, values[chosen])]
    sums = ledger_of(result)
    assert sums[chosen, "out"] == values[chosen] and sums[other, "not_chosen"] == values[other]
    assert is_closed(result.ledger)


def test_published_reconciliation_keeps_its_own_basis(home: Path) -> None:
    commit_reports(home, [Report("156", "56", "X", "870380", 10_000), Report("156", "56", "X", "870380", 9_000, source="baci")])
    rows, _ = harmonise(home)
    assert [(r["basis"], r["source"], mills_of(r["reported_value_usd"])) for r in rows] == [
        ("own", "comtrade", 10_000),  # codes order by length, then text
        ("baci_published", "baci", 9_000),
    ]


def test_a_year_of_world_rows_alone_gives_nothing(home: Path) -> None:
    commit_reports(home, [Report("156", "0", "X", "TOTAL", 5_000_000, level=0, control="world")])
    rows, result = harmonise(home)
    assert rows == [] and result.files == () and result.ledger == () and result.warnings == ()


def test_suppressed_detail_becomes_residual_leaves_and_the_ledger_says_so(home: Path) -> None:
    commit_reports(
        home,
        [
            Report("156", "56", "X", "270900", 500_000),
            Report("156", "56", "X", "870380", 300_000),
            Report("156", "56", "X", "27", 600_000, level=2, control="parent"),
            Report("156", "56", "X", "87", 300_000, level=2, control="parent"),
            Report("156", "56", "X", "TOTAL", 1_000_000, level=0, control="parent"),
        ],
    )
    rows, result = harmonise(home)
    residual = {r["product_code"]: (mills_of(r["reported_value_usd"]), r["product_level"]) for r in rows if r["is_residual"]}
    assert residual == {"27XXXX": (100_000, 6), "XXXXXX": (100_000, 6)}
    assert sum(mills_of(r["reported_value_usd"]) or 0 for r in rows) == 1_000_000
    assert ledger_of(result) == {("comtrade", "in"): 800_000, ("comtrade", "suppressed_residual"): -200_000, ("comtrade", "out"): 1_000_000}
    assert is_closed(result.ledger)


def test_a_parent_below_its_children_is_a_warning_and_no_row(home: Path) -> None:
    commit_reports(home, [Report("156", "56", "X", "270900", 500_000), Report("156", "56", "X", "27", 400_000, level=2, control="parent")])
    rows, result = harmonise(home)
    assert [r["is_residual"] for r in rows] == [False]
    assert result.warnings == ("comtrade 2020: 1 parents are smaller than the sum of their children",)


def _mixed() -> list[Report]:
    products = ("010121", "520100", "720110", "870380")
    reports = [
        Report(a, b, flow, p, 1000 * (n + 1), period=period)
        for period in ("2020", "2020-01")
        for n, p in enumerate(products)
        for a, b in (("4", "31"), ("842", "31"), ("31", "842"), ("156", "4"))
        for flow in ("X", "M")
    ]
    return [*reports, Report("4", "31", "X", "67", 5_000, level=2, classification="S4")]


def test_rows_are_sorted_with_codes_in_numeric_order(home: Path) -> None:
    commit_reports(home, _mixed())
    rows, _ = harmonise(home)
    for bucket in range(4):
        inside = [r for r in rows if r["product_bucket"] == bucket]
        keys = [
            (
                r["basis"], r["frequency"], r["period"], r["classification"], r["product_level"], int(r["exporter_code"]),
                int(r["importer_code"]), r["product_code"], r["side"],
            )
            for r in inside
        ]  # fmt: skip
        assert keys == sorted(keys) and len(set(keys)) == len(keys)


@pytest.mark.parametrize(("most", "sizes"), [(2, [2, 3, 1, 2]), (3, [2, 3, 3]), (5, [5, 3]), (7, [6, 2]), (8, [8])])
def test_row_groups_hold_one_stratum_and_whole_exporters(home: Path, monkeypatch: pytest.MonkeyPatch, most: int, sizes: list[int]) -> None:
    """Exporters 4, 31, 156 and 842 have 2, 3, 1 and 2 rows in each bucket and period; one with more than fit stands alone."""
    monkeypatch.setattr(module, "ROW_GROUP", most)
    commit_reports(home, _mixed())
    _, result = harmonise(home)
    for file in result.files:
        path = lake.table_folder(home, contracts.HARMONISED_FLOWS) / file.path
        list(lake.row_groups(path, contracts.STRATUM))
        reader = pq.ParquetFile(path)
        groups = [reader.read_row_group(g).to_pylist() for g in range(reader.num_row_groups)]
        assert [len(g) for g in groups if g[0]["classification"] == "H5"] == sizes * 2
        exporters = [{tuple(r[n] for n in (*contracts.STRATUM, "exporter_code")) for r in g} for g in groups]
        assert sum(map(len, exporters)) == len(set().union(*exporters))


def test_bytes_are_equal_on_repetition_and_nothing_is_read_from_the_clock(home: Path) -> None:
    commit_reports(home, _mixed())
    first, second = (harmonise_year(home, YEAR, settings_of(home)) for _ in range(2))
    assert [f.sha256 for f in first.files] == [f.sha256 for f in second.files] and first.ledger == second.ledger


def test_a_year_without_anything_gives_nothing(home: Path) -> None:
    assert harmonise_year(home, YEAR, settings_of(home)) == TaskResult(())


def test_buckets_hold_their_chapters(home: Path) -> None:
    products = ["010121", "520100", "720000", "870380", "TOTAL"]
    commit_reports(home, [Report(CHINA, USA, "X", p, 1) for p in products])
    rows, _ = harmonise(home)
    assert {r["product_code"]: r["product_bucket"] for r in rows} == {p: codes.product_bucket(p) for p in products}


def test_a_partner_with_nothing_but_a_total_is_all_residual(home: Path) -> None:
    commit_reports(home, [Report(CHINA, USA, "X", "870380", 5_000), Report(CHINA, FRANCE, "X", "TOTAL", 8_000, control="parent")])
    rows, result = harmonise(home)
    assert {(r["importer_code"], r["product_code"], r["is_residual"]): mills_of(r["reported_value_usd"]) for r in rows} == {
        (USA, "870380", False): 5_000,
        (FRANCE, "XXXXXX", True): 8_000,
    }
    assert is_closed(result.ledger)


def test_empty_tables_have_no_row_groups() -> None:
    key = (*contracts.STRATUM, "exporter_code", "importer_code", "product_code")
    assert list(row_groups_of(pa.schema([(c, pa.string()) for c in key]).empty_table())) == []


def test_a_leaf_above_its_pairs_level_goes_on_as_the_residual_of_its_code(home: Path) -> None:
    reports = [
        Report(CHINA, USA, "X", "8542", 700, classification="H5"),
        Report(CHINA, USA, "X", "871200", 30, classification="H5"),
        Report(CHINA, FRANCE, "X", "8542", 5, classification="H5"),
    ]
    commit_reports(home, reports)
    rows, result = harmonise(home)
    found = {(r["importer_code"], r["product_code"], r["product_level"], r["is_residual"], r["reported_value_usd"]) for r in rows}
    assert found == {
        (USA, "8542XX", 6, True, Decimal("0.700")),
        (USA, "871200", 6, False, Decimal("0.030")),
        (FRANCE, "8542", 4, False, Decimal("0.005")),
    }
    assert {(line.reason, line.value_mills) for line in result.ledger} == {("in", 735), ("out", 735)}


def test_a_memorandum_item_of_the_sitc_is_the_publishers_own_residual(home: Path) -> None:
    commit_reports(
        home, [Report(CHINA, USA, "X", "0011X", 9, classification="S4"), Report(CHINA, USA, "X", "00111", 4, classification="S4")]
    )
    rows, _ = harmonise(home)
    assert {(r["product_code"], r["is_residual"]) for r in rows} == {("0011X", True), ("00111", False)}
