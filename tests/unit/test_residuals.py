"""What parents hold beyond their children, at every level, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.core_cases import YEAR, Report, commit_reports, harmonise, mills_of
from transforms.contracts import lake as contracts
from transforms.core.harmonising import residuals
from transforms.core.harmonising.residuals import residual_rows
from transforms.io import lake


def residual(home: Path, *reports: Report) -> tuple[dict[str, int], int]:
    """Residual product code -> mills, and the number of negative gaps."""
    commit_reports(home, reports)
    paths = [lake.active_files(home, t, source="comtrade", year=YEAR) for t in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS)]
    rows, negative = residual_rows(*paths, home / "build" / "scratch")
    return {r["product_code"]: r["value_mills"] for r in rows.to_pylist()}, negative


def leaf(product: str, value: int, level: int = 6, classification: str = "H5") -> Report:
    return Report("156", "56", "X", product, value, level=level, classification=classification)


def parent(product: str, value: int, level: int, classification: str = "H5") -> Report:
    return Report("156", "56", "X", product, value, level=level, classification=classification, control="parent")


def test_a_gap_is_counted_once_at_the_lowest_level_that_shows_it(home: Path) -> None:
    found, negative = residual(
        home,
        leaf("270900", 500_000),
        parent("2709", 550_000, 4),
        parent("27", 600_000, 2),
        parent("TOTAL", 1_000_000, 0),
    )
    assert found == {"2709XX": 50_000, "27XXXX": 50_000, "XXXXXX": 400_000}
    assert negative == 0 and sum(found.values()) + 500_000 == 1_000_000


def test_a_chapter_without_any_child_is_residual_as_a_whole(home: Path) -> None:
    found, _ = residual(home, leaf("270900", 500_000), parent("93", 70_000, 2), parent("27", 500_000, 2))
    assert found == {"93XXXX": 70_000}


def test_sitc_goes_a_digit_at_a_time(home: Path) -> None:
    found, _ = residual(
        home,
        leaf("67211", 100_000, 5, "S4"),
        parent("6721", 120_000, 4, "S4"),
        parent("67", 150_000, 2, "S4"),
        parent("6", 155_000, 1, "S4"),
        parent("TOTAL", 160_000, 0, "S4"),
    )
    assert found == {"6721X": 20_000, "67XXX": 30_000, "6XXXX": 5_000, "XXXXX": 5_000}


def test_leaves_of_chapters_only_leave_a_residual_of_the_total(home: Path) -> None:
    found, _ = residual(home, leaf("27", 500_000, 2), leaf("87", 300_000, 2), parent("TOTAL", 900_000, 0))
    assert found == {"XX": 100_000}


@pytest.mark.parametrize(("gap", "expected"), [(999, {}), (1000, {"27XXXX": 1000})])
def test_less_than_a_dollar_is_rounding(home: Path, gap: int, expected: dict[str, int]) -> None:
    assert residual(home, leaf("270900", 500_000), parent("27", 500_000 + gap, 2))[0] == expected


def test_leaves_of_two_levels_are_each_counted_once(home: Path) -> None:
    found, negative = residual(
        home,
        leaf("270900", 500_000),
        leaf("87", 300_000, 2),
        parent("2709", 510_000, 4),
        parent("27", 510_000, 2),
        parent("TOTAL", 850_000, 0),
    )
    assert (found, negative) == ({"2709XX": 10_000, "XXXXXX": 40_000}, 0)


def test_a_negative_gap_is_counted_and_does_not_hide_another(home: Path) -> None:
    found, negative = residual(
        home,
        leaf("270900", 500_000),
        leaf("870380", 300_000),
        parent("27", 400_000, 2),
        parent("87", 350_000, 2),
        parent("TOTAL", 900_000, 0),
    )
    assert negative == 1
    # the larger of parent and children stands for chapter 27: 500 + 350 of 900 thousand mills are explained
    assert found == {"87XXXX": 50_000, "XXXXXX": 50_000}


def test_a_residual_is_as_deep_as_the_leaves_of_its_own_pair(home: Path) -> None:
    """By product for one partner, by chapter for another, nothing but a total for a third: that one takes the deepest."""
    commit_reports(
        home,
        [
            leaf("270900", 500_000),
            parent("27", 520_000, 2),
            Report("156", "842", "X", "27", 40_000),
            Report("156", "842", "X", "TOTAL", 70_000, control="parent"),
            Report("156", "251", "X", "TOTAL", 9_000, control="parent"),
        ],
    )
    rows, _ = harmonise(home)
    found = {
        (r["importer_code"], r["product_code"]): (r["product_level"], mills_of(r["reported_value_usd"])) for r in rows if r["is_residual"]
    }
    assert found == {("56", "27XXXX"): (6, 20_000), ("842", "XX"): (2, 30_000), ("251", "XXXXXX"): (6, 9_000)}


def test_imports_and_exports_and_partners_are_apart(home: Path) -> None:
    found, _ = residual(
        home,
        leaf("270900", 500_000),
        parent("27", 500_000, 2),
        Report("156", "842", "X", "27", 40_000, level=2, control="parent"),
        Report("156", "56", "M", "87", 60_000, level=2, control="parent"),
    )
    assert found == {"27XXXX": 40_000, "87": 60_000}


def test_world_margins_re_exports_and_self_trade_have_no_residual(home: Path) -> None:
    found, _ = residual(
        home,
        leaf("270900", 500_000),
        Report("156", "0", "X", "TOTAL", 900_000, level=0, control="world"),
        Report("156", "56", "RX", "27", 900_000, level=2, control="parent"),
        Report("156", "156", "X", "27", 900_000, level=2, control="parent"),
    )
    assert found == {}


def test_many_leaves_stay_within_little_memory_and_give_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    products = [f"27{n:04d}" for n in range(2000)]
    reports = [*(leaf(p, 1_000) for p in products), parent("27", 2_500_000, 2)]
    monkeypatch.setattr(residuals, "MEMORY", "60MB")
    assert residual(home, *reports)[0] == {"27XXXX": 500_000}


def test_no_database_is_opened_where_no_parents_exist(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(residuals.duckdb, "connect", refuse)
    commit_reports(home, [leaf("270900", 500_000)])
    rows, _ = harmonise(home)
    assert [mills_of(r["reported_value_usd"]) for r in rows] == [500_000]


def test_values_over_a_trillion_usd_are_exact(home: Path) -> None:
    found, _ = residual(home, leaf("270900", 2 * 10**15 + 1), parent("27", 3 * 10**15 + 2, 2))
    assert found == {"27XXXX": 10**15 + 1}
