"""Edges of harmonise and reconcile: zeros, valuations, suppressed detail, the largest value, who counts as reporter."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.reported_rows import CHINA, FRANCE, USA, Row, flows, harmonised, report, reports, usd
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import TaskResult
from transforms.core import ledger
from transforms.core.harmonise import row_groups_of
from transforms.core.reconcile import reconcile_bucket
from transforms.io import lake
from transforms.settings import Settings

CAR = "870380"


def one(home: Path, *rows: Row, source: str = "comtrade") -> Row:
    """The only flow that the reports make; the ledger closes."""
    reports(home, rows, source)
    found, lines = flows(home)
    assert ledger.is_closed(lines)
    assert len(found) == 1
    return found[0]


def sides(home: Path) -> list[Row]:
    return lake.read(home, contracts.HARMONISED_FLOWS).to_pylist()


@pytest.mark.parametrize(("cif", "fob"), [("100", "96.805"), ("0.001", "0.001"), ("0", "0")])
def test_cif_is_taken_off_small_values_too(home: Path, cif: str, fob: str) -> None:
    assert one(home, report(USA, CHINA, "M", CAR, cif))["value_fob_usd"] == usd(fob)


def test_an_import_of_unknown_valuation_is_not_divided(home: Path) -> None:
    row = one(home, report(USA, CHINA, "M", CAR, 100, valuation="unknown"))
    assert row["value_fob_usd"] == row["value_importer_fob_usd"] == usd(100)
    assert row["value_importer_cif_usd"] is row["cif_factor"] is None


def test_a_stated_fob_of_zero_is_no_statement(home: Path) -> None:
    row = one(home, report(USA, CHINA, "M", CAR, 100, value_fob_usd=usd(0)))
    assert (row["value_fob_usd"], row["cif_factor"]) == (usd("96.805"), 1.033)


def test_the_factor_of_an_import_of_zero_is_floored(home: Path) -> None:
    """0 over a stated 5 would be a factor of 0."""
    row = one(home, report(USA, CHINA, "M", CAR, 0, value_fob_usd=usd(5)))
    assert (row["value_fob_usd"], row["value_importer_cif_usd"], row["cif_factor"]) == (usd(0), usd(0), 1.0)


def test_published_rows_make_no_country_a_reporter(home: Path) -> None:
    """BACI's row of the USA isn't the USA's own report: to China's lone export it is silent."""
    reports(home, [report(CHINA, USA, "X", CAR, 90)])
    reports(home, [report(USA, FRANCE, "X", CAR, 95)], "baci")
    assert {r["basis"]: r["evidence_kind"] for r in flows(home)[0]} == {"own": "silent_nonreporter", "baci_published": None}


def test_a_reporter_of_another_period_is_silent_in_this_one(home: Path) -> None:
    reports(home, [report(CHINA, USA, "X", CAR, 1), report(USA, FRANCE, "M", CAR, 1, frequency="M", period="2020-05")])
    kinds = {(r["period"], r["exporter_code"]): r["evidence_kind"] for r in flows(home)[0]}
    assert kinds == {("2020", CHINA): "silent_nonreporter", ("2020-05", FRANCE): "silent_nonreporter"}


def test_a_published_row_holds_only_what_was_published(home: Path) -> None:
    row = one(home, report(CHINA, USA, "X", CAR, 95, net_weight_kg=usd(3)), source="baci")
    assert {k: v for k, v in row.items() if v is not None} == {
        "year": 2020, "product_bucket": 3, "basis": "baci_published", "frequency": "A", "period": "2020", "classification": "H5",
        "product_level": 6, "product_code": CAR, "exporter_code": CHINA, "importer_code": USA, "value_fob_usd": usd(95),
        "method": "baci_published", "evidence": "published", "net_weight_kg": usd(3), "is_value_rounded": False, "is_residual": False,
        "snapshot_exporter": f"{156:016x}",
    }  # fmt: skip


def test_an_empty_bucket_gives_nothing(home: Path) -> None:
    assert reconcile_bucket(home, 2020, 1, Settings(home=home)) == TaskResult(())


def test_a_year_without_anything_gives_nothing(home: Path) -> None:
    assert harmonised(home) == TaskResult(())


def test_buckets_hold_their_chapters(home: Path) -> None:
    products = ["010121", "520100", "720000", "870380", "TOTAL"]
    reports(home, [report(CHINA, USA, "X", p, 1) for p in products])
    harmonised(home)
    assert {r["product_code"]: r["product_bucket"] for r in sides(home)} == {p: codes.product_bucket(p) for p in products}


def test_a_partner_with_nothing_but_a_total_is_all_residual(home: Path) -> None:
    reports(home, [report(CHINA, USA, "X", CAR, 5)], controls=[report(CHINA, FRANCE, "X", "TOTAL", 8)])
    found, lines = flows(home)
    assert {(r["importer_code"], r["product_code"], r["is_residual"]): r["value_fob_usd"] for r in found} == {
        (USA, CAR, False): usd(5),
        (FRANCE, "XXXXXX", True): usd(8),
    }
    assert ledger.is_closed(lines)


def test_zeros_of_codes_and_the_largest_value_survive(home: Path) -> None:
    row = one(home, report(CHINA, USA, "X", "010121", "999999999999999.999"))
    assert (row["product_code"], row["value_fob_usd"]) == ("010121", Decimal("999999999999999.999"))


def test_empty_tables_have_no_row_groups() -> None:
    key = (*contracts.STRATUM, "exporter_code", "importer_code", "product_code")
    assert list(row_groups_of(pa.schema([(c, pa.string()) for c in key]).empty_table(), key)) == []
