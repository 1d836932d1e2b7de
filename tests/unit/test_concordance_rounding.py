"""Rounding that loses no mill; quantities by weights of their own; codes that no table knows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.concordance_cases import given_weights, of, unsd
from transforms.core.concordance.chain import chain
from transforms.core.concordance.rounding import PARTS, Pieces, distribute, quantity_weights, rows_of, whole_parts
from transforms.core.concordance.weights import Weights, estimate

EDITIONS = ("H5", "H4")
THIRDS = estimate(of("a>x", "a>y", "a>z", "b>y"), EDITIONS)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def triples(pieces: Pieces) -> list[tuple[int, int, int]]:
    return list(zip(pieces.row.tolist(), pieces.code.tolist(), pieces.value.tolist(), strict=True))


def test_largest_remainders_by_hand() -> None:
    halves = given_weights(EDITIONS, ["a"] * 3, ["x", "y", "z"], [0.5, 0.3, 0.2])
    # 11: 5.5, 3.3, 2.2: one left, to x; 13: 6.5, 3.9, 2.6: two left, to y and z
    assert triples(distribute(ints(11, 13), ints(0, 0), halves)) == [(0, 0, 6), (0, 1, 3), (0, 2, 2), (1, 0, 6), (1, 1, 4), (1, 2, 3)]


def test_equal_remainders_go_to_the_first_codes() -> None:
    quarters = estimate(of("a>w", "a>x", "a>y", "a>z"), EDITIONS)
    assert [p[2] for p in triples(distribute(ints(6), ints(0), quarters))] == [2, 2, 1, 1]


def test_one_target_takes_all_and_order_is_kept() -> None:
    assert triples(distribute(ints(7, 5, 9), ints(1, 1, 1), THIRDS)) == [(0, 1, 7), (1, 1, 5), (2, 1, 9)]


def test_a_code_that_the_weights_don_t_know_stays_as_it_is_and_is_counted() -> None:
    pieces = distribute(ints(10, 99, -5), ints(1, -1, -1), THIRDS)
    assert triples(pieces) == [(0, 1, 10), (1, -1, 99), (2, -1, -5)] and pieces.unmapped == 2
    assert rows_of(np.array(["b", "c", "a", "0"]), THIRDS).tolist() == [1, -1, 0, -1]


def test_weights_that_a_chain_left_empty_know_no_code() -> None:
    lost = chain([estimate(of("a>p"), ("H6", "H5")), estimate(of("q>x"), ("H5", "H4"))])
    rows = rows_of(np.array(["a", "b"]), lost.weights)
    assert rows.tolist() == [-1, -1]
    assert triples(distribute(ints(3, -4), rows, lost.weights)) == [(0, -1, 3), (1, -1, -4)]


def test_zero_negative_and_nothing() -> None:
    halves = estimate(of("a>x", "a>y"), EDITIONS)
    assert triples(distribute(ints(0, -3, 1), ints(0, 0, 0), halves)) == [
        (0, 0, 0),
        (0, 1, 0),
        (1, 0, -2),
        (1, 1, -1),
        (2, 0, 1),
        (2, 1, 0),
    ]
    empty = distribute(ints(), ints(), halves)
    assert triples(empty) == [] and empty.unmapped == 0
    with pytest.raises(OverflowError, match="no absolute value"):
        distribute(ints(-(2**63)), ints(0), halves)


def test_parts_sum_exactly() -> None:
    parts = whole_parts(THIRDS)
    assert parts[:3].sum() == PARTS and parts[3] == PARTS
    # 0.333333333333 three times: the first takes what is open
    assert parts[0] > parts[1] == parts[2]


def weights_of(shares: list[int]) -> Weights:
    total = sum(shares)
    return given_weights(EDITIONS, ["a"] * len(shares), [f"{n:02d}" for n in range(len(shares))], [s / total for s in shares])


VALUES = st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(-1000, 1000), st.integers(-(10**16), 10**16))


@given(st.lists(VALUES, min_size=1, max_size=20), st.lists(st.integers(1, 1000), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_value_before_is_value_after(values: list[int], shares: list[int]) -> None:
    weights = weights_of(shares)
    pieces = distribute(np.array(values, dtype=np.int64), np.zeros(len(values), dtype=np.int64), weights)
    after = [0] * len(values)
    for row, _, value in triples(pieces):
        after[row] += value
    assert after == values
    parts = [int(p) for p in whole_parts(weights)]
    for row, code, value in triples(pieces):
        assert abs(value - Fraction(values[row] * parts[code], PARTS)) < 1  # nobody gets more than a mill too much or too little
        assert value == 0 or (value > 0) == (values[row] > 0)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=8), st.integers(0, 10**5))
@settings(max_examples=100, deadline=None)
def test_pieces_are_those_of_exact_largest_remainders(shares: list[int], value: int) -> None:
    weights = weights_of([s + 100 for s in shares])
    exact = [Fraction(value * int(p), PARTS) for p in whole_parts(weights)]
    expected = [int(e) for e in exact]
    order = sorted(range(len(exact)), key=lambda n: (-(exact[n] - int(exact[n])), n))
    for n in order[: value - sum(expected)]:
        expected[n] += 1
    assert distribute(ints(value), ints(0), weights).value.tolist() == expected


# quantities


def test_quantities_follow_prices() -> None:
    # half the value each; y costs three times x: quantities 3 to 1
    halves = given_weights(EDITIONS, ["a", "a"], ["x", "y"], [0.5, 0.5])
    assert quantity_weights(halves, np.array([10.0, 30.0])).weight.tolist() == [0.75, 0.25]
    # 100 kg and 1,500 USD: 75 kg for 750 USD and 25 kg for 750 USD, at 10 and 30 USD per kg
    assert distribute(ints(100), ints(0), quantity_weights(halves, np.array([10.0, 30.0]))).value.tolist() == [75, 25]


@pytest.mark.parametrize("unknown", [float("nan"), 0.0, -1.0, float("inf")])
def test_an_unknown_unit_value_is_the_mean_of_the_others(unknown: float) -> None:
    weights = given_weights(EDITIONS, ["a"] * 3, ["x", "y", "z"], [0.25, 0.25, 0.5])
    # x 0.25 / 10, y 0.25 / 30: mean 0.5 / (0.1 / 3) = 15; z 0.5 / 15
    assert quantity_weights(weights, np.array([10.0, 30.0, unknown])).weight.tolist() == pytest.approx([0.375, 0.125, 0.5], abs=1e-12)
    same = quantity_weights(weights, np.full(3, unknown))
    assert same.weight.tolist() == [0.25, 0.25, 0.5]


def test_no_piece_of_value_loses_its_quantity() -> None:
    halves = given_weights(EDITIONS, ["a", "a"], ["x", "y"], [0.5, 0.5])
    found = quantity_weights(halves, np.array([1.0, 1e9]))
    assert found.target.tolist() == halves.target.tolist() and found.weight.tolist() == pytest.approx([1.0, 1e-9], rel=1e-6)


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0.01, 1e4)), min_size=1, max_size=8), st.integers(0, 10**12))
@settings(max_examples=100, deadline=None)
def test_quantity_before_is_quantity_after(codes: list[tuple[int, float]], quantity: int) -> None:
    weights = quantity_weights(weights_of([share for share, _ in codes]), np.array([price for _, price in codes]))
    assert int(distribute(ints(quantity), ints(0), weights).value.sum()) == quantity


@pytest.mark.real_data
def test_a_year_of_values_through_a_real_table_loses_nothing(shared_data: Path) -> None:
    table = unsd(shared_data, 2022, 2017)
    weights = estimate(table, ("H6", "H5"))
    rng = np.random.Generator(np.random.PCG64(1))
    codes = np.concatenate([table.from_codes, np.array(["000000", "99XXXX"])])
    values = np.rint(np.exp(rng.normal(20.0, 4.0, len(codes)))).astype(np.int64)
    pieces = distribute(values, rows_of(codes, weights), weights)
    assert pieces.unmapped == 2 and pieces.code[pieces.code < 0].tolist() == [-1, -1]
    assert (np.bincount(pieces.row, minlength=len(codes)) >= 1).all()
    after = np.zeros(len(codes), dtype=np.int64)
    np.add.at(after, pieces.row, pieces.value)
    assert after.tolist() == values.tolist()
