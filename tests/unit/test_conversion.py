"""Weights between HS editions: tables read both ways, fitted on reporters that switched, chained, and what stands without data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestration.stages import CONVERSION, HARMONISE, STAGES, View
from tests.unit.concordance_cases import of
from tests.unit.conversion_cases import build, commit_weights, commit_year
from tests.unit.core_cases import Report
from tests.unit.lists_cases import given, take
from transforms.contracts import codes
from transforms.core.concordance.groups import ConcordanceError
from transforms.core.concordance.prior import LARGEST_SPLIT, same_code, without_phantoms
from transforms.core.concordance.rounding import within
from transforms.core.concordance.weights import EQUAL_SPLIT, ORIGINS, SAME_CODE, estimate
from transforms.core.harmonising.editions import conversions_to
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings

TO_2017 = "HS 2022,HS 2017\n010121,010121\n010129,010121\n020110,020110\n020120,020120\n"
TO_2012 = "HS 2017,HS 2012\n010121,010121\n010121,010129\n020110,020220\n020110,020230\n"


def test_origins_are_the_contracts() -> None:
    assert (*ORIGINS, "unmapped") == codes.CONVERSIONS


def test_a_code_that_carries_on_keeps_its_value_and_others_are_split_equally() -> None:
    prior = same_code(of("a>a", "a>b", "c>b", "c>d", "e>f"))
    assert prior.weight.tolist() == [1.0, 0.0, 0.5, 0.5, 1.0]
    assert prior.origin.tolist() == [SAME_CODE, EQUAL_SPLIT, EQUAL_SPLIT]


def test_a_code_related_to_more_codes_than_a_share_means_something_for_is_left_out() -> None:
    at_most = [f"a>{n:03d}" for n in range(LARGEST_SPLIT)]
    beyond = [f"b>{n:03d}" for n in range(LARGEST_SPLIT + 1)]
    carries_on = [f"c>{n:03d}" for n in range(LARGEST_SPLIT)] + ["c>c"]
    table = of(*at_most, *beyond, *carries_on)
    prior = same_code(table)
    found = without_phantoms(estimate(table, ("H6", "H5"), prior=prior))
    assert found.from_codes.tolist() == ["a", "c"] and found.sums().tolist() == pytest.approx([1.0, 1.0], abs=1e-11)


def test_without_tables_of_the_hs_nothing_is_written(home: Path) -> None:
    given(home, "bec.csv", "HS 2022,BEC 4,Relationship\n010121,41,n:1\n")
    assert build(home) == ({}, ())


def test_a_table_is_read_both_ways_and_each_way_has_its_own_weights(home: Path) -> None:
    given(home, "one.csv", TO_2017)
    found, warnings = build(home)
    assert found == {
        "H6 010121 > H5": ["010121 1 1 fixed 0"],
        "H6 010129 > H5": ["010121 1 1 fixed 0"],
        "H6 020110 > H5": ["020110 1 1 fixed 0"],
        "H6 020120 > H5": ["020120 1 1 fixed 0"],
        "H5 010121 > H6": ["010121 1 1 same_code 0"],
        "H5 020110 > H6": ["020110 1 1 fixed 0"],
        "H5 020120 > H6": ["020120 1 1 fixed 0"],
    }
    assert warnings == ()


def test_steps_are_chained_where_the_pair_has_no_table_of_its_own(home: Path) -> None:
    """020120 of HS2017 is left out of the second table: the code of HS2022 that leads to it is lost on the way, and said to be."""
    given(home, "one.csv", TO_2017)
    given(home, "two.csv", TO_2012)
    found, warnings = build(home)
    assert {key: rows for key, rows in found.items() if key.startswith("H6") and key.endswith("H4")} == {
        "H6 010121 > H4": ["010121 1 1 same_code 0"],
        "H6 010129 > H4": ["010121 1 1 same_code 0"],
        "H6 020110 > H4": ["020220 0.5 0.5 equal_split 0", "020230 0.5 0.5 equal_split 0"],
    }
    assert found["H4 010129 > H6"] == ["010121 1 1 same_code 0"]
    assert warnings == ("H6 to H4: 1 codes are lost on the way (020120, ...)",)


def test_a_table_of_its_own_comes_before_the_chain(home: Path) -> None:
    given(home, "one.csv", TO_2017)
    given(home, "two.csv", TO_2012)
    given(home, "three.csv", "HS 2022,HS 2012\n020110,020230\n")
    found, _ = build(home)
    assert {key: rows for key, rows in found.items() if key.startswith("H6") and key.endswith("H4")} == {
        "H6 020110 > H4": ["020230 1 1 fixed 0"]
    }


def test_the_chain_stands_in_where_data_decide_on_its_way_and_the_table_alone_leaves_a_code_open(home: Path) -> None:
    """Nobody went from HS2012 to HS2022 at once; three went from HS2017 to HS2022, and HS2012 has the codes of HS2017 here."""
    given(home, "one.csv", TO_2017 + "010129,010129\n")
    given(home, "two.csv", "HS 2017,HS 2012\n010121,010121\n020110,020110\n020120,020120\n")
    given(home, "three.csv", "HS 2022,HS 2012\n010121,010121\n010129,010121\n020110,020110\n020120,020110\n")
    switching(home)
    found, _ = build(home)
    assert {key: rows for key, rows in found.items() if key.startswith("H4") and key.endswith("H6")} == {
        "H4 010121 > H6": ["010121 0.25 0.0769230769231 fitted 0", "010129 0.75 0.923076923077 fitted 0"],
        # fixed on each step of the chain, where the table of the pair leaves 020110 to its number; 020120 it doesn't know
        "H4 020110 > H6": ["020110 1 1 fixed 0"],
        "H4 020120 > H6": ["020120 1 1 fixed 0"],
    }
    # a code that its own table decides keeps its weights
    assert found["H6 020120 > H4"] == ["020110 1 1 fixed 0"]


def switching(home: Path, *, latest: str = "H6") -> None:
    """Three reporters give 010121 of HS2017 in 2021 as a quarter 010121 and three quarters 010129 in 2022, of which trade doubled.

    In 2022 a kg of 010121 is 10 USD, one of 010129 2.50 USD. A fourth reports HS2017 in both years.
    """
    old, new = [], []
    for reporter, value in (("4", 100), ("8", 200), ("12", 400)):
        old.append(Report(reporter, "842", "X", "010121", value * 4_000, classification="H5"))
        new.append(Report(reporter, "842", "X", "010121", value * 2_000, classification=latest, weight=value * 200))
        new.append(Report(reporter, "156", "M", "010129", value * 6_000, classification=latest, weight=value * 2_400))
    both = Report("20", "842", "X", "010121", 9_000_000, classification="H5")
    commit_year(home, 2021, [*old, both])
    commit_year(home, 2022, [*new, both])


def test_codes_are_fitted_on_reporters_that_switched(home: Path) -> None:
    """Quantities: 0.25 / 10 to 0.75 / 2.50 is 1 to 12."""
    given(home, "one.csv", TO_2017 + "010129,010129\n")
    switching(home)
    found, _ = build(home)
    assert found["H5 010121 > H6"] == ["010121 0.25 0.0769230769231 fitted 3", "010129 0.75 0.923076923077 fitted 3"]
    assert found["H6 010121 > H5"] == ["010121 1 1 fixed 3"]
    # of 010129 in the other direction the data say that all of it was 010121
    assert found["H6 010129 > H5"] == ["010121 1 1 fitted 3"]


def test_too_few_that_switched_fit_nothing(home: Path) -> None:
    given(home, "one.csv", TO_2017 + "010129,010129\n")
    switching(home)
    commit_year(home, 2021, [Report("4", "842", "X", "010121", 400_000), Report("8", "842", "X", "010121", 800_000)])
    found, _ = build(home)
    # unit values are there all the same
    assert found["H5 010121 > H6"] == ["010121 1 1 same_code 2"]


def test_reporters_that_give_both_editions_did_not_switch(home: Path) -> None:
    given(home, "one.csv", TO_2017)
    switching(home, latest="H5")
    assert build(home)[0]["H5 010121 > H6"] == ["010121 1 1 same_code 0"]


def test_weights_that_do_not_sum_to_one_are_refused_with_their_code(home: Path) -> None:
    commit_weights(home, "H5 854231 > H4 854231 0.6 0.5 fitted", "H5 854231 > H4 854232 0.3 0.5 fitted", "H5 854232 > H4 854232 1 1 fixed")
    with pytest.raises(ConcordanceError, match=r"H5 to H4: weights must sum to 1 for each code; those of code 854231 sum to 0.9 \(1 codes"):
        conversions_to(home, ("H4",))
    assert conversions_to(home, ("H5",)) == {}


@pytest.mark.parametrize(
    ("amounts", "caps", "row", "kept"),
    [
        ([3, 4], [3, 4], [0, 0], [3, 4]),
        ([4, 3], [3, 5], [0, 0], [3, 4]),
        ([4, 1, 3, 7], [3, 1, 5, 9], [0, 0, 0, 1], [3, 1, 4, 7]),
        ([4, 4, 0, 0], [3, 3, 1, 1], [0, 0, 0, 0], [3, 3, 1, 1]),
        ([9, 9], [1, 1], [0, 0], [9, 9]),  # above its caps as a whole: as it was stated
        ([5, 5, 2], [5, 5, 1], [0, 0, 1], [5, 5, 2]),
    ],
)
def test_pieces_stay_within_what_holds_them(amounts: list[int], caps: list[int], row: list[int], kept: list[int]) -> None:
    assert within(np.array(amounts), np.array(caps), np.array(row)).tolist() == kept


def _view(home: Path, years: dict[str, frozenset[int]]) -> View:
    settings = Settings(home=home)
    return View(settings, tuple(live_snapshots(settings)), years, {})


@pytest.mark.real_data
def test_weights_are_pinned_to_tables_settings_and_the_years_that_are_there(home: Path, shared_data: Path) -> None:
    assert CONVERSION.inputs(_view(home, {})) == {}
    given(home, "one.csv", TO_2017)
    (table,) = live_snapshots(Settings(home=home))
    take(home, shared_data / "comtrade_v1" / "THA_imports_8542_TradeData.csv")
    (flows,) = (s for s in live_snapshots(Settings(home=home)) if s.kind == "flows")
    years = [[year, year == 2017, year == 2017] for year in (1996, 2002, 2007, 2012, 2017, 2022)]
    expected = [[[table.snapshot_id, table.taken_at.isoformat()]], [["H4", "H5", "H6"], 3], years]
    assert CONVERSION.inputs(_view(home, {flows.snapshot_id: frozenset({2016, 2017, 2018})})) == {"": expected}
    names = [*STAGES]
    assert names.index("reported_flows/comtrade") < names.index(CONVERSION.name) < names.index(HARMONISE.name)
