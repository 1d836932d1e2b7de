"""Reports converted to the target editions: exact pieces, sums, what is not converted, and a ledger that closes for each edition."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.conversion_cases import build, commit_weights, commit_year
from tests.unit.core_cases import CHINA, FRANCE, USA, YEAR, Report, commit_reports, harmonise, mills_of, settings_of
from tests.unit.lists_cases import take
from transforms.contracts import lake as contracts
from transforms.contracts.records import TaskResult
from transforms.core.harmonising import target_series
from transforms.core.harmonising.harmonise import harmonise_year
from transforms.core.ledger import is_closed
from transforms.io import lake
from transforms.settings import Settings

THIRDS = [f"H5 854231 > H4 {to} 0.333333333333 0.333333333333 equal_split" for to in ("854231", "854232", "854239")]
ONE = ["H5 854232 > H4 854232 1 1 fixed", "H5 870380 > H4 870390 1 1 fitted"]


def copies(rows: list[dict[str, Any]], edition: str = "H4") -> list[tuple[str, int | None, str | None]]:
    """Product, mills and conversion of the rows of an edition, in file order."""
    return [(r["product_code"], mills_of(r["reported_value_usd"]), r["conversion"]) for r in rows if r["classification"] == edition]


def books(result: TaskResult, edition: str = "H4") -> dict[tuple[str, str], int]:
    """(source, reason) -> mills of the copies in an edition."""
    name = f"harmonised_flows as {edition}"
    return {(line.source, line.reason): line.value_mills for line in result.ledger if line.table_name == name}


def test_a_value_is_split_without_losing_a_mill(home: Path) -> None:
    """100.001 over three thirds is 33.334, 33.334, 33.333; of FOB and re-exports none is more than the value beside it."""
    commit_weights(home, *THIRDS)
    commit_reports(home, [Report(CHINA, USA, "X", "854231", 100_001, fob=100_000, weight=10), Report(CHINA, USA, "RX", "854231", 7)])
    rows, result = harmonise(home)
    assert copies(rows) == [("854231", 33_334, "equal_split"), ("854232", 33_334, "equal_split"), ("854239", 33_333, "equal_split")]
    made = [r for r in rows if r["classification"] == "H4"]
    assert [mills_of(r["value_fob_usd"]) for r in made] == [33_334, 33_333, 33_333]
    assert [mills_of(r["net_weight_kg"]) for r in made] == [4, 3, 3]
    assert [mills_of(r["re_export_usd"]) for r in made] == [3, 2, 2]
    assert {r["snapshot_id"] for r in made} == {"comtrade-1"} and not any(r["is_residual"] for r in made)
    assert copies(rows, "H5") == [("854231", 100_001, None)]
    assert books(result) == {("comtrade", "in"): 100_001, ("comtrade", "out"): 100_001}
    assert is_closed(result.ledger)


def test_weights_of_quantities_are_their_own(home: Path) -> None:
    commit_weights(home, "H5 854231 > H4 854231 0.75 0.1 fitted", "H5 854231 > H4 854239 0.25 0.9 fitted")
    commit_reports(home, [Report(CHINA, USA, "X", "854231", 1_000, weight=1_000)])
    rows, _ = harmonise(home)
    found = [(mills_of(r["reported_value_usd"]), mills_of(r["net_weight_kg"])) for r in rows if r["classification"] == "H4"]
    assert found == [(750, 100), (250, 900)]


def test_pieces_of_one_flow_are_summed_and_the_weakest_step_is_named(home: Path) -> None:
    commit_weights(home, *THIRDS, *ONE)
    reports = [
        Report(CHINA, USA, "X", "854231", 300, weight=30),
        Report(CHINA, USA, "X", "854232", 50, weight=5, rounded=True),
        Report(USA, CHINA, "M", "854232", 70, weight=7),
        Report(USA, CHINA, "M", "870380", 80, fob=60),
    ]
    commit_reports(home, reports)
    rows, result = harmonise(home)
    made = [r for r in rows if r["classification"] == "H4"]
    found = {
        (r["side"], r["product_code"]): (
            mills_of(r["reported_value_usd"]),
            mills_of(r["net_weight_kg"]),
            r["is_value_rounded"],
            r["conversion"],
        )
        for r in made
    }
    assert found == {
        ("exporter", "854231"): (100, 10, False, "equal_split"),
        ("exporter", "854232"): (150, 15, True, "equal_split"),
        ("exporter", "854239"): (100, 10, False, "equal_split"),
        ("importer", "854232"): (70, 7, False, "fixed"),
        ("importer", "870390"): (80, None, False, "fitted"),
    }
    assert books(result) == {("comtrade", "in"): 500, ("comtrade", "out"): 500} and is_closed(result.ledger)


def test_a_sum_with_a_piece_that_states_no_weight_or_fob_states_none(home: Path) -> None:
    commit_weights(home, "H5 854231 > H4 854232 1 1 fixed", "H5 854232 > H4 854232 1 1 fixed")
    reports = [
        Report(USA, CHINA, "M", "854231", 300, weight=30, fob=290, valuation="CIF"),
        Report(USA, CHINA, "M", "854232", 50, valuation="FOB"),
        Report(CHINA, USA, "X", "854231", 300),
        Report(CHINA, USA, "X", "854232", 50),
        Report(CHINA, USA, "RX", "854232", 20),
    ]
    commit_reports(home, reports)
    rows, _ = harmonise(home)
    exporter, importer = (r for r in rows if r["classification"] == "H4")
    assert (importer["net_weight_kg"], importer["value_fob_usd"], importer["valuation"]) == (None, None, "unknown")
    assert (mills_of(exporter["re_export_usd"]), exporter["valuation"]) == (20, "FOB")


def test_a_code_that_the_weights_leave_out_stays_as_the_residual_of_its_chapter(home: Path) -> None:
    commit_weights(home, *ONE)
    codes_given = ("854911", "854232", "8542XX", "XXXXXX", "999999")
    commit_reports(home, [Report(CHINA, USA, "X", product, 100 + n) for n, product in enumerate(codes_given)])
    rows, result = harmonise(home)
    assert copies(rows) == [("XXXXXX", 103, "unmapped"), ("854232", 101, "fixed"), ("85XXXX", 202, "unmapped"), ("99XXXX", 104, "unmapped")]
    assert {r["product_code"] for r in rows if r["classification"] == "H4" and r["is_residual"]} == {"XXXXXX", "85XXXX", "99XXXX"}
    assert sum(value or 0 for _, value, _ in copies(rows)) == sum(value or 0 for _, value, _ in copies(rows, "H5")) == 510
    assert is_closed(result.ledger)


def test_suppressed_detail_is_converted_as_residuals(home: Path) -> None:
    commit_weights(home, *ONE)
    commit_reports(home, [Report(CHINA, USA, "X", "854232", 5_000), Report(CHINA, USA, "X", "85", 9_000, level=2, control="parent")])
    rows, result = harmonise(home)
    assert copies(rows) == [("854232", 5_000, "fixed"), ("85XXXX", 4_000, "unmapped")]
    assert is_closed(result.ledger)


def test_a_piece_that_changes_its_chapter_stands_in_the_bucket_of_the_new_one(home: Path) -> None:
    commit_weights(home, "H5 854231 > H4 010121 0.5 0.5 fitted", "H5 854231 > H4 854231 0.5 0.5 fitted", "H5 010121 > H4 010121 1 1 fixed")
    commit_reports(home, [Report(CHINA, USA, "X", "854231", 7, weight=9), Report(CHINA, USA, "X", "010121", 10, weight=9)])
    rows, result = harmonise(home)
    found = {(r["product_bucket"], r["product_code"]): mills_of(r["reported_value_usd"]) for r in rows if r["classification"] == "H4"}
    assert found == {(0, "010121"): 14, (3, "854231"): 3}  # of equal remainders the first code has the mill
    assert sorted(copies(rows, "H5")) == [("010121", 10, None), ("854231", 7, None)]
    assert books(result) == {("comtrade", "in"): 17, ("comtrade", "out"): 17} and is_closed(result.ledger)


def test_a_report_in_the_target_edition_is_taken_as_it_is_and_no_copy_doubles_it(home: Path) -> None:
    """China gives one period in two editions; the USA in HS2017 alone."""
    commit_weights(home, *THIRDS, *ONE)
    reports = [
        Report(CHINA, USA, "X", "854232", 100, classification="H4"),
        Report(CHINA, USA, "X", "854231", 60),
        Report(CHINA, USA, "X", "854232", 40),
        Report(CHINA, USA, "M", "854232", 7),
        Report(USA, CHINA, "M", "854232", 110),
    ]
    commit_reports(home, reports)
    rows, result = harmonise(home)
    assert copies(rows) == [("854232", 100, None), ("854232", 110, "fixed"), ("854232", 7, "fixed")]
    assert books(result) == {("comtrade", "in"): 217, ("comtrade", "not_chosen"): 100, ("comtrade", "out"): 117}
    assert is_closed(result.ledger)


def test_of_two_other_editions_the_one_with_more_value_is_converted(home: Path) -> None:
    commit_weights(home, *ONE, "H3 854221 > H4 854232 1 1 fixed")
    reports = [Report(CHINA, USA, "X", "854232", 100), Report(CHINA, USA, "X", "854221", 101, classification="H3")]
    commit_reports(home, reports)
    rows, result = harmonise(home)
    assert copies(rows) == [("854232", 101, "fixed")]
    assert books(result) == {("comtrade", "in"): 201, ("comtrade", "not_chosen"): 100, ("comtrade", "out"): 101}


def test_a_flow_in_two_sources_is_converted_once_and_what_sources_share_moves_between_them(home: Path) -> None:
    """854232 stands in both; 854231 in the national file alone, and becomes the same code: the larger piece's source has the row."""
    commit_weights(home, "H5 854231 > H4 854232 1 1 fixed", "H5 854232 > H4 854232 1 1 fixed")
    reports = [
        Report(CHINA, USA, "X", "854232", 100),
        Report(CHINA, USA, "X", "854232", 999, source="national"),
        Report(CHINA, USA, "X", "854231", 30, source="national"),
    ]
    commit_reports(home, reports)
    rows, result = harmonise(home, source_order=("comtrade", "national"))
    assert [(r["source"], mills_of(r["reported_value_usd"])) for r in rows if r["classification"] == "H4"] == [("comtrade", 130)]
    assert books(result) == {
        ("comtrade", "in"): 100,
        ("comtrade", "out"): 130,
        ("comtrade", "summed"): -30,
        ("national", "in"): 30,
        ("national", "summed"): 30,
    }
    assert is_closed(result.ledger)


def test_quantities_go_on_where_a_code_becomes_one_code_and_nothing_joins_it(home: Path) -> None:
    commit_weights(home, *THIRDS, *ONE)
    commit_reports(home, [Report(CHINA, USA, "X", p, 300) for p in ("854231", "870380")])
    (path,) = lake.active_files(home, contracts.REPORTED_FLOWS)
    rows = [
        r | {"quantity": Decimal(2), "quantity_unit_code": "5", "is_quantity_estimated": False}
        for r in pq.ParquetFile(path).read().to_pylist()
    ]
    data = pq.ParquetFile(path).read().schema
    file = lake.write_partition(
        home, contracts.REPORTED_FLOWS, {"source": "comtrade", "year": YEAR}, [pa.Table.from_pylist(rows, schema=data)]
    )
    assert file is not None
    lake.commit(home, contracts.REPORTED_FLOWS, {file.partition_key: [file]})
    found, _ = harmonise(home)
    made = {r["product_code"]: (r["quantity"], r["quantity_unit_code"]) for r in found if r["classification"] == "H4"}
    none = (None, None)
    assert made == {"854231": none, "854232": none, "854239": none, "870390": (Decimal("2.000"), "5")}


def test_what_is_not_converted(home: Path) -> None:
    """Headings, the SITC, what CEPII publishes, and an edition without weights: they stay as reported, and no account is opened."""
    commit_weights(home, "H6 854232 > H5 854232 1 1 fixed")
    reports = [
        Report(CHINA, USA, "X", "8542", 10, classification="H6"),
        Report(CHINA, USA, "X", "TOTAL", 10, classification="H6", level=0, period="2020-01"),
        Report(CHINA, USA, "X", "77641", 10, classification="S4"),
        Report(CHINA, USA, "X", "854232", 10, classification="H3"),
        Report(CHINA, FRANCE, "X", "854232", 10, classification="H6", source="baci"),
    ]
    commit_reports(home, reports)
    rows, result = harmonise(home)
    assert len(rows) == 5 and {r["conversion"] for r in rows} == {None}
    assert {line.table_name for line in result.ledger} == {"harmonised_flows"}


def test_targets_follow_the_year(home: Path) -> None:
    """HS2022 is a target from 2022 on: the reports of 2020 have no copies in it."""
    commit_weights(home, "H5 854232 > H6 854232 1 1 fixed", "H5 854232 > H4 854232 1 1 fixed")
    commit_reports(home, [Report(CHINA, USA, "X", "854232", 10)])
    rows, _ = harmonise(home)
    assert [r["classification"] for r in rows] == ["H4", "H5"]


def test_a_phantom_piece_is_left_out_and_a_report_of_nothing_stays_one(home: Path) -> None:
    commit_weights(home, *THIRDS)
    commit_reports(home, [Report(CHINA, USA, "X", "854231", 1), Report(CHINA, FRANCE, "X", "854231", 0)])
    rows, _ = harmonise(home)
    assert copies(rows) == [("854231", 0, "equal_split"), ("854231", 1, "equal_split")]


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_ranges_of_exporters_change_nothing(home: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    commit_weights(home, *THIRDS, *ONE)
    areas = ("4", "31", "156", "842")
    reports = [
        Report(a, b, flow, p, 1000 * n + int(a), classification=edition, period=period)
        for period in ("2020", "2020-01", "2020-02")
        for n, p in enumerate(("854231", "854232", "870380"), 1)
        for a, edition in zip(areas, ("H4", "H5", "H5", "H4"), strict=True)
        for b in areas
        for flow in "XM"
        if a != b
    ]
    commit_reports(home, reports)
    expected = harmonise(home)[0]
    monkeypatch.setattr(target_series, "CHUNK", chunk)
    rows, result = harmonise(home)
    assert rows == expected and is_closed(result.ledger)
    keys = [
        (r["frequency"], r["period"], r["classification"], int(r["exporter_code"]), int(r["importer_code"]), r["product_code"], r["side"])
        for r in rows
    ]
    assert keys == sorted(keys) and len(keys) == len(set(keys)) == 3 * (36 + 36 + 48)
    for file in result.files:
        list(lake.row_groups(lake.table_folder(home, contracts.HARMONISED_FLOWS) / file.path, contracts.STRATUM))
    again = [harmonise_year(home, YEAR, settings_of(home)) for _ in range(2)]
    assert [f.sha256 for f in again[0].files] == [f.sha256 for f in again[1].files]


@pytest.fixture(scope="module")
def unsd_home(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the UN Statistics Division's workbooks between HS2022, HS2017 and HS2012, and the weights made of them."""
    home = tmp_path_factory.mktemp("unsd") / "warehouse"
    home.mkdir()
    for newer, older in ((2022, 2017), (2022, 2012), (2017, 2012)):
        take(home, shared_data / "reference" / "concordance" / f"HS{newer}toHS{older}ConversionAndCorrelationTables.xlsx")
    build(home)
    return home


@pytest.mark.real_data
def test_chapter_72_is_one_to_one_between_hs2012_and_hs2017(unsd_home: Path) -> None:
    rows = lake.read(unsd_home, contracts.CONVERSION_WEIGHT).to_pylist()
    for pair in (("H4", "H5"), ("H5", "H4")):
        steel = [r for r in rows if (r["from_classification"], r["to_classification"]) == pair and r["from_code"].startswith("72")]
        assert len(steel) == 167
        assert {(r["from_code"] == r["to_code"], r["value_weight"], r["weight_origin"]) for r in steel} == {(True, 1.0, "fixed")}


@pytest.mark.real_data
def test_how_many_codes_carry_on_are_split_and_left_out_in_the_un_s_tables(unsd_home: Path) -> None:
    """docs/editions.md and the decision on the prior name these numbers."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for r in lake.read(unsd_home, contracts.CONVERSION_WEIGHT).to_pylist():
        pair = found.setdefault((r["from_classification"], r["to_classification"]), {})
        pair.setdefault(r["weight_origin"], set()).add(r["from_code"])
    assert {pair: {origin: len(c) for origin, c in sorted(of.items())} for pair, of in found.items()} == {
        ("H4", "H5"): {"equal_split": 58, "fixed": 4788, "same_code": 360},
        ("H4", "H6"): {"equal_split": 150, "fixed": 3784, "same_code": 1272},
        ("H5", "H4"): {"equal_split": 35, "fixed": 5322, "same_code": 31},
        ("H5", "H6"): {"equal_split": 87, "fixed": 4151, "same_code": 1149},
        ("H6", "H4"): {"equal_split": 106, "fixed": 5432, "same_code": 61},
        ("H6", "H5"): {"equal_split": 72, "fixed": 5489, "same_code": 38},
    }


@pytest.fixture(scope="module")
def thailand(shared_data: Path) -> dict[int, list[tuple[str, str, int]]]:
    """Year -> (edition, partner, mills) of Thailand's imports of integrated circuits, as UN Comtrade gives them."""
    found: dict[int, list[tuple[str, str, int]]] = {}
    with (shared_data / "comtrade_v1" / "THA_imports_8542_TradeData.csv").open(encoding="latin-1", newline="") as opened:
        reader = csv.reader(opened)
        header = next(reader)
        for fields in reader:
            row = dict(zip(header, fields, strict=False))
            if row["partnerCode"] not in ("0", "764"):
                mills = int((Decimal(row["primaryValue"]) * 1000).to_integral_value())
                found.setdefault(int(row["period"]), []).append((row["classificationCode"], row["partnerCode"], mills))
    return found


@pytest.mark.real_data
def test_thailand_s_imports_are_the_same_before_and_after_to_the_mill(
    unsd_home: Path, thailand: dict[int, list[tuple[str, str, int]]]
) -> None:
    """Its editions are HS2012 to 2016, HS2017 to 2021, HS2022 since. The file gives heading 8542: its amounts stand under codes of
    chapter 85 here, in turn, those that are split and those that no weights know among them."""
    weights = lake.read(unsd_home, contracts.CONVERSION_WEIGHT).to_pylist()
    sums: dict[int, dict[str, int]] = {}
    for year, rows in thailand.items():
        editions = {edition for edition, _, _ in rows}
        chapter = sorted({r["from_code"] for r in weights if r["from_classification"] in editions and r["from_code"].startswith("85")})
        chapter = [*chapter, "854921"] if editions == {"H6"} else chapter
        reports = [
            Report("764", partner, "M", chapter[7 * n % len(chapter)], value, classification=edition, weight=value // 7)
            for n, (edition, partner, value) in enumerate(rows)
        ]
        commit_year(unsd_home, year, reports)
        result = harmonise_year(unsd_home, year, Settings(home=unsd_home))
        assert is_closed(result.ledger)
        made = pa.concat_tables(
            [pq.ParquetFile(lake.table_folder(unsd_home, contracts.HARMONISED_FLOWS) / f.path).read() for f in result.files]
        ).to_pylist()
        sums[year] = {}
        for r in made:
            sums[year][r["classification"]] = sums[year].get(r["classification"], 0) + (mills_of(r["reported_value_usd"]) or 0)
        weights_kg = {e: sum(mills_of(r["net_weight_kg"]) or 0 for r in made if r["classification"] == e) for e in sums[year]}
        assert set(weights_kg.values()) == {sum(value // 7 for _, _, value in rows)}
    assert sums[2016] == {"H4": 9_117_892_488_060}
    assert sums[2021] == {"H4": 14_278_812_620_792, "H5": 14_278_812_620_792}
    assert sums[2024] == {"H4": 23_594_244_133_320, "H5": 23_594_244_133_320, "H6": 23_594_244_133_320}
    for year, of_year in sums.items():
        assert set(of_year.values()) == {sum(value for _, _, value in thailand[year])}
        assert set(of_year) == {"H4", *(["H5"] if year >= 2017 else []), *(["H6"] if year >= 2022 else [])}
