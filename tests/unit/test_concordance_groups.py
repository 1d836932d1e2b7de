"""Groups of a correlation table, by small examples and in the tables that the UN Statistics Division gives out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.concordance_cases import of, turned, unsd
from transforms.core.concordance.groups import KINDS, ConcordanceError, correlation, groups, left_out


def test_kinds_of_groups() -> None:
    table = of("a>x", "b>y", "c>y", "d>z", "d>u", "e>v", "e>w", "f>w")
    found = groups(table)
    assert [KINDS[k] for k in found.kind] == ["1:1", "n:1", "1:n", "n:m"]
    assert found.of_from.tolist() == [0, 1, 1, 2, 3, 3]
    assert dict(zip(table.to_codes.tolist(), found.of_to.tolist(), strict=True)) == {"x": 0, "y": 1, "z": 2, "u": 2, "v": 3, "w": 3}
    assert found.counts() == {"1:1": 1, "n:1": 1, "1:n": 1, "n:m": 1}
    assert groups(of("a>x")).counts() == {"1:1": 1, "n:1": 0, "1:n": 0, "n:m": 0}


def test_a_cycle_of_relations_is_one_group() -> None:
    assert groups(of("a>x", "a>y", "b>y", "b>z", "c>z", "c>x")).counts()["n:m"] == 1


def test_a_code_that_two_groups_share_makes_them_one() -> None:
    apart = groups(of("a>x", "a>y", "b>z", "b>u"))
    assert apart.counts()["1:n"] == 2
    together = groups(of("a>x", "a>y", "b>z", "b>u", "b>x"))
    assert together.counts() == {"1:1": 0, "n:1": 0, "1:n": 0, "n:m": 1}
    assert together.of_from.tolist() == [0, 0] and together.of_to.tolist() == [0, 0, 0, 0]


def test_one_text_on_both_sides_is_two_codes() -> None:
    assert groups(of("a>b", "b>c")).counts()["1:1"] == 2


def test_order_and_repetition_of_rows_change_nothing() -> None:
    one, other = of("a>x", "b>x", "b>y"), of("b>y", "b>x", "a>x", "b>y")
    for name in ("from_codes", "to_codes", "from_index", "to_index"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


def test_a_long_path_is_one_group() -> None:
    path = [(f"{n:04d}", f"{m:04d}") for n in range(400) for m in (n, n + 1)]
    found = groups(correlation([a for a, _ in path], [b for _, b in path]))
    assert found.counts() == {"1:1": 0, "n:1": 0, "1:n": 0, "n:m": 1}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_groups_are_connected_components(pairs: list[tuple[int, int]]) -> None:
    table = correlation([f"{a:02d}" for a, _ in pairs], [f"{b:02d}" for _, b in pairs])
    found = groups(table)
    sets: list[set[tuple[str, str]]] = []
    for a, b in pairs:
        touched = [s for s in sets if ("from", f"{a:02d}") in s or ("to", f"{b:02d}") in s]
        sets = [s for s in sets if s not in touched] + [{("from", f"{a:02d}"), ("to", f"{b:02d}")}.union(*touched)]
    for members in sets:
        rows = {int(found.of_from[table.from_codes.tolist().index(c)]) for side, c in members if side == "from"}
        columns = {int(found.of_to[table.to_codes.tolist().index(c)]) for side, c in members if side == "to"}
        assert rows == columns and len(rows) == 1
    assert len(found.kind) == len(sets)


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (["a"], [], "has two codes in each row; 1 and 0 were given"),
        ([], [], "has no rows"),
        (["a", ""], ["x", "y"], "lacks a code"),
        (["a", "b"], ["x", ""], "lacks a code"),
    ],
)
def test_tables_that_cannot_be_used(left: list[str], right: list[str], said: str) -> None:
    with pytest.raises(ConcordanceError, match=said):
        correlation(left, right)


def test_codes_that_a_table_leaves_out() -> None:
    assert left_out(of("a>x", "c>x"), ["c", "b", "x", "a", "b"]) == ("b", "x")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("newer", "older", "relations", "codes", "kinds"),
    [
        (2022, 2017, 15657, (5613, 5387), {"1:1": 4097, "n:1": 65, "1:n": 13, "n:m": 26}),
        (2017, 2012, 6141, (5388, 5206), {"1:1": 4744, "n:1": 75, "1:n": 6, "n:m": 36}),
    ],
)
def test_real_tables(shared_data: Path, newer: int, older: int, relations: int, codes: tuple[int, int], kinds: dict[str, int]) -> None:
    table = unsd(shared_data, newer, older)
    assert len(table.from_index) == relations
    assert (len(table.from_codes), len(table.to_codes)) == codes
    assert groups(table).counts() == kinds
    back = groups(turned(table)).counts()
    assert back == {"1:1": kinds["1:1"], "n:1": kinds["1:n"], "1:n": kinds["n:1"], "n:m": kinds["n:m"]}


@pytest.mark.real_data
def test_waste_of_hs2022_hangs_a_fifth_of_it_together(shared_data: Path) -> None:
    """Six codes of heading 8549 may hold what 1,019 codes held before: an equal split of them would reach nearly everything."""
    table = unsd(shared_data, 2022, 2017)
    found = groups(table)
    sizes = np.bincount(found.of_from), np.bincount(found.of_to)
    assert (int(sizes[0].max()), int(sizes[1].max())) == (1167, 1091)
    widest = table.from_codes[table.degree == table.degree.max()]
    assert widest.tolist() == ["854921", "854929", "854931", "854939", "854991", "854999"] and table.degree.max() == 1019


@pytest.mark.real_data
def test_chapter_72_is_one_to_one_between_hs2012_and_hs2017(shared_data: Path) -> None:
    table = unsd(shared_data, 2017, 2012)
    found = groups(table)
    left, right = (np.char.startswith(codes, "72") for codes in (table.from_codes, table.to_codes))
    assert table.from_codes[left].tolist() == table.to_codes[right].tolist() and left.sum() == 167
    assert set(found.kind[found.of_from[left]].tolist()) == {0} and set(found.kind[found.of_to[right]].tolist()) == {0}
    own = left[table.from_index]
    assert (table.from_codes[table.from_index[own]] == table.to_codes[table.to_index[own]]).all()
