"""Exports to areas not specified: to whom they are moved, how much, and what is left (docs/methods.md 1.1.2)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.unit.core_cases import YEAR, Report, commit_reports, harmonise, ledger_of, mills_of, reconcile, settings_of
from transforms.contracts import lake as contracts
from transforms.core.ledger import is_closed
from transforms.core.reconciling.nes import shared_out
from transforms.core.reconciling.reconcile import reconcile_bucket
from transforms.io import lake

K = "870380"


def export(partner: str, usd: int, **more: Any) -> Report:
    return Report("156", partner, "X", K, usd * 1000, **more)


def imported(by: str, usd: int) -> Report:
    return Report(by, "156", "M", K, usd * 1000, valuation="FOB")


def run(home: Path, *reports: Report, **chosen: Any) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]], dict[tuple[str, str], int]]:
    """Rows by importer, moves, and the ledger's sums, which close."""
    commit_reports(home, reports)
    harmonise(home)
    rows, results = reconcile(home, **chosen)
    assert is_closed(line for r in results for line in r.ledger)
    return {r["importer_code"]: r for r in rows}, lake.read(home, contracts.NES_MOVE).to_pylist(), ledger_of(*results)


def test_what_is_missing_is_filled_in_proportion(home: Path) -> None:
    """Sx = 100 + 200, Sm = 160 + 320: 180 are missing, 60 to one and 120 to the other; 899 holds 90 of them."""
    rows, moves, sums = run(home, export("899", 90), export("56", 100), export("842", 200), imported("56", 160), imported("842", 320))
    assert {(m["importer_code"], m["nes_move"], mills_of(m["moved_fob_usd"])) for m in moves} == {
        ("56", "to_partner", 30_000), ("842", "to_partner", 60_000),
    }  # fmt: skip
    assert "899" not in rows
    assert [mills_of(rows[c]["value_fob_usd"]) for c in ("56", "842")] == [130_000, 260_000]
    assert [mills_of(rows[c]["value_exporter_fob_usd"]) for c in ("56", "842")] == [100_000, 200_000]
    assert [mills_of(rows[c]["nes_received_fob_usd"]) for c in ("56", "842")] == [30_000, 60_000]
    assert rows["56"]["method_marks"] == "nes_received"
    assert sums["comtrade", "out"] == 390_000


def test_only_the_gap_is_moved_and_the_rest_stays(home: Path) -> None:
    rows, moves, _ = run(home, export("899", 500), export("56", 100), imported("56", 160))
    assert [(m["importer_code"], mills_of(m["moved_fob_usd"])) for m in moves] == [("56", 60_000)]
    assert (mills_of(rows["899"]["value_fob_usd"]), rows["899"]["method_marks"]) == (440_000, "nes_given")


def test_no_move_where_partners_report_less_in_sum(home: Path) -> None:
    """842 misses 20, but 56 reports 50 less than the exporter says: the gap isn't in the nes."""
    rows, moves, _ = run(home, export("899", 90), export("56", 100), export("842", 100), imported("56", 50), imported("842", 120))
    assert moves == []
    assert mills_of(rows["899"]["value_fob_usd"]) == 90_000


def test_an_importer_that_the_exporter_does_not_name_explains_its_part(home: Path) -> None:
    rows, moves, sums = run(home, export("899", 90), imported("56", 70))
    assert [(m["importer_code"], m["nes_move"], mills_of(m["moved_fob_usd"])) for m in moves] == [("56", "explained", 70_000)]
    assert (mills_of(rows["899"]["value_fob_usd"]), mills_of(rows["56"]["value_fob_usd"])) == (20_000, 70_000)
    assert (rows["56"]["evidence"], rows["56"]["nes_received_fob_usd"]) == ("importer_only", None)
    assert sums["comtrade", "nes_moved"] == 70_000


def test_a_partner_that_does_not_report_misses_nothing(home: Path) -> None:
    rows, moves, _ = run(home, export("899", 90), export("56", 100))
    assert moves == [] and mills_of(rows["899"]["value_fob_usd"]) == 90_000


@pytest.mark.parametrize("special", ["837", "838", "839", "577"])
def test_other_areas_that_are_no_countries_neither_give_nor_take(home: Path, special: str) -> None:
    _, moves, _ = run(home, export(special, 90), export("56", 100), imported("56", 160))
    assert moves == []


def test_imports_from_areas_not_specified_stay(home: Path) -> None:
    rows, moves, _ = run(home, Report("56", "899", "M", K, 50_000, valuation="FOB"), export("56", 100), imported("56", 160))
    assert moves == [] and len(rows) == 1


def test_each_product_by_itself(home: Path) -> None:
    other = dataclasses.replace(export("899", 90), product="870390")
    _, moves, _ = run(home, other, export("56", 100), imported("56", 160))
    assert moves == []


def test_it_can_be_switched_off(home: Path) -> None:
    rows, moves, _ = run(home, export("899", 90), export("56", 100), imported("56", 160), is_nes_moved=False)
    assert moves == [] and mills_of(rows["899"]["value_fob_usd"]) == 90_000


def test_the_largest_remainder_keeps_the_sum() -> None:
    assert shared_out(100, [1, 1, 1]) == [34, 33, 33]
    assert shared_out(2, [5, 5, 5]) == [1, 1, 0]
    assert sum(shared_out(10**15 + 1, [10**14, 3, 7, 10**13])) == 10**15 + 1


def test_bytes_are_equal_on_repetition(home: Path) -> None:
    commit_reports(home, [export("899", 90), export("56", 100), imported("56", 160)])
    harmonise(home)
    first, second = (reconcile_bucket(home, YEAR, 3, settings_of(home)) for _ in range(2))
    assert [f.sha256 for f in first.files] == [f.sha256 for f in second.files] and len(first.files) == 3
