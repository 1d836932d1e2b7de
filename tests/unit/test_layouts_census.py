"""Answers of the US Census API: mixed levels, groups of countries, and what is no data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.ingest_cases import controls, count, flows, ingest, quarantine, write
from transforms.io.archives import BadFileError
from transforms.io.snapshot import take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings

IMPORTS = (
    "CTY_CODE",
    "CTY_NAME",
    "I_COMMODITY",
    "I_COMMODITY_SDESC",
    "GEN_VAL_MO",
    "GEN_CIF_MO",
    "GEN_QY1_MO",
    "UNIT_QY1",
    "SUMMARY_LVL",
    "COMM_LVL",
    "time",
)
EXPORTS = ("CTY_CODE", "CTY_NAME", "E_COMMODITY", "ALL_VAL_MO", "QTY_1_MO", "UNIT_QY1", "SUMMARY_LVL", "COMM_LVL", "time", "COMM_LVL")


def imports(product: str, level: str, value: str = "100", country: str = "5700", summary: str = "DET", quantity: str = "7") -> list[str]:
    return [country, "CHINA", product, "LIVE HORSES", value, "110", quantity, "NO", summary, level, "2024-05"]


def answer(folder: Path, header: tuple[str, ...], *rows: list[str]) -> Path:
    return write(folder, "answer.json", json.dumps([list(header), *rows]))


def test_imports_are_at_the_foreign_port_with_their_cif_beside(tmp_path: Path, home: Path) -> None:
    ledger = ingest(home, answer(tmp_path, IMPORTS, imports("0101210010", "HS10", "1234567")))
    (row,) = flows(home)
    assert (row["reported_value_usd"], row["value_cif_usd"], row["valuation"]) == (Decimal("1234567.000"), Decimal("110.000"), "FOB")
    assert (row["reporter_code"], row["partner_code"], row["flow_code"]) == ("842", "156", "M")
    assert (row["classification"], row["product_code"], row["product_level"]) == ("HTS2024", "0101210010", 10)
    assert (row["frequency"], row["period"], row["source_line"]) == ("M", "2024-05", 2)
    assert (row["quantity"], row["quantity_unit_code"], row["currency_code"], row["usd_per_currency"]) == (
        Decimal("7.000"),
        "NO",
        None,
        None,
    )
    assert count(ledger, "out") == (1, 1234567)


def test_exports_are_free_alongside_ship_and_a_column_given_twice_stands_once(tmp_path: Path, home: Path) -> None:
    row = ["4280", "GERMANY", "0101210010", "55", "0", "-", "DET", "HS10", "2024-05", "HS10"]
    ingest(home, answer(tmp_path, EXPORTS, row))
    (found,) = flows(home)
    assert (found["reported_value_usd"], found["valuation"], found["flow_code"]) == (Decimal("55.000"), "FAS", "X")
    assert (found["partner_code"], found["classification"], found["quantity"]) == ("276", "SB2024", None)


def test_mixed_levels_leave_the_deepest_of_each_classification(tmp_path: Path, home: Path) -> None:
    rows = [
        imports("01", "HS2"),
        imports("0101", "HS4"),
        imports("010121", "HS6"),
        imports("0101210010", "HS10"),
        imports("101290090", "HS10"),
    ]
    ledger = ingest(home, answer(tmp_path, IMPORTS, *rows))
    assert [(r["classification"], r["product_code"]) for r in flows(home)] == [
        ("H6", "010121"),
        ("HTS2024", "0101210010"),
        ("HTS2024", "0101290090"),
    ]
    assert [(r["product_code"], r["control_kind"]) for r in controls(home)] == [("01", "parent"), ("0101", "parent")]
    assert {line.reason: line.row_count for line in ledger} == {"in": 5, "out": 3, "control": 2}


def test_groups_of_countries_and_the_total_are_no_partners(tmp_path: Path, home: Path) -> None:
    rows = [
        imports("0101210010", "HS10"),
        imports("0101210010", "HS10", "900", country="0003", summary="CGP"),
        imports("0101210010", "HS10", "800", country="5XXX", summary="CGP"),
        imports("0101210010", "HS10", "1000", country="-"),
        imports("0101210010", "HS10", country="9999"),
    ]
    ledger = ingest(home, answer(tmp_path, IMPORTS, *rows))
    assert [(r["partner_code"], r["reported_value_usd"]) for r in flows(home)] == [("156", Decimal("100.000"))]
    found = {(r["partner_code"], r["control_kind"], str(r["reported_value_usd"])) for r in controls(home)}
    # one code stands for all groups that have none: of several, one row is kept as a breakdown
    assert found == {("995", "breakdown", "900.000"), ("0", "world", "1000.000")}
    (bad,) = quarantine(home)
    assert bad["quarantine_reason"] == "CTY_CODE = '9999' is no country code of Schedule C known (four digits)"
    assert {line.reason: line.row_count for line in ledger} == {
        "in": 5,
        "out": 1,
        "control": 1,
        "breakdown": 1,
        "duplicate": 1,
        "quarantined": 1,
    }


def test_a_group_that_no_column_calls_so_is_a_margin(tmp_path: Path, home: Path) -> None:
    header = tuple(c for c in IMPORTS if c != "SUMMARY_LVL")
    rows = [[c for c in row if c != "DET"] for row in (imports("0101210010", "HS10"), imports("0101210010", "HS10", country="0003"))]
    ingest(home, answer(tmp_path, header, *rows))
    assert len(flows(home)) == 1
    assert [(r["partner_code"], r["control_kind"]) for r in controls(home)] == [("995", "margin")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "answer.json: the file is empty"),
        ("[]", "answer.json: an empty answer is not taken for data; ask again, or for what the publisher has"),
        (json.dumps([IMPORTS]), "answer.json: an empty answer is not taken for data; ask again, or for what the publisher has"),
        (
            "error: unknown variable 'GEN_VAL_YEAR'\n",
            "answer.json: no known layout has this header: \"error: unknown variable 'GEN_VAL_YEAR'\".",
        ),
        (
            "<html><title>Invalid Key</title></html>",
            "answer.json: is an HTML page (an error or a login page?), not data; the download failed",
        ),
    ],
)
def test_no_content_errors_and_pages_are_no_data(text: str, told: str, tmp_path: Path, home: Path) -> None:
    with pytest.raises(BadFileError) as error:
        take_snapshot(write(tmp_path, "answer.json", text), Settings(home=home))
    assert str(error.value).startswith(told)
    assert live_snapshots(Settings(home=home)) == []
