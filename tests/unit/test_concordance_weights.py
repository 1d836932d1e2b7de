"""Conversion weights: fixed, fitted, a prior's, split equally; and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.concordance_cases import given_weights, of, turned, unsd
from transforms.core.concordance.groups import ConcordanceError, Correlation
from transforms.core.concordance.least_squares import Problem, onto_simplex, solve
from transforms.core.concordance.weights import (
    EQUAL_SPLIT,
    FITTED,
    FIXED,
    SAME_CODE,
    Observations,
    Prior,
    Weights,
    estimate,
    make_weights,
    significant,
)

EDITIONS = ("H5", "H4")


def as_text(weights: Weights) -> list[str]:
    names = weights.from_codes[weights.row], weights.to_codes[weights.target]
    return [f"{a}>{b} {w:.12g}" for a, b, w in zip(*names, weights.weight, strict=True)]


def planted(table: Correlation, seed: int, reporters: int) -> tuple[np.ndarray, Observations]:
    """Weights drawn by chance, and what reporters would report after switching with them."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weight = rng.gamma(0.7, 1.0, len(table.from_index)) + 1e-3
    weight /= np.bincount(table.from_index, weight)[table.from_index]
    before = np.exp(rng.normal(14.0, 2.0, (reporters, len(table.from_codes))))
    after = np.zeros((reporters, len(table.to_codes)))
    np.add.at(after.T, table.to_index, (before[:, table.from_index] * weight).T)
    return weight, Observations(before, after)


def test_without_data_fixed_rows_and_equal_splits() -> None:
    found = estimate(of("a>x", "b>y", "c>y", "d>z", "d>u", "e>v", "e>w", "f>w"), EDITIONS)
    assert as_text(found) == ["a>x 1", "b>y 1", "c>y 1", "d>u 0.5", "d>z 0.5", "e>v 0.5", "e>w 0.5", "f>w 1"]
    assert found.origin.tolist() == [FIXED, FIXED, FIXED, EQUAL_SPLIT, EQUAL_SPLIT, FIXED]
    assert (found.from_edition, found.to_edition, found.observations.tolist()) == ("H5", "H4", [0] * 6)


def test_one_reporter_decides_a_split() -> None:
    seen = Observations(np.array([[200.0]]), np.array([[50.0, 150.0]]))
    found = estimate(of("d>u", "d>z"), EDITIONS, seen)
    assert as_text(found) == ["d>u 0.25", "d>z 0.75"]
    assert (found.origin.tolist(), found.observations.tolist()) == ([FITTED], [1])


def test_growth_between_the_years_is_no_conversion() -> None:
    before, after = np.array([[100.0]]), np.array([[50.0, 150.0]])
    assert as_text(estimate(of("d>u", "d>z"), EDITIONS, Observations(before, after))) == ["d>u 0.25", "d>z 0.75"]
    # as they stand: (u, z) nearest to (0.5, 1.5) among weights that sum to 1
    assert as_text(estimate(of("d>u", "d>z"), EDITIONS, Observations(before, after, match_totals=False)))[-1] == "d>z 1"


def test_larger_reporters_weigh_more() -> None:
    # minimise (100 w - 50)^2 + (200 w - 160)^2: w = (5,000 + 32,000) / 50,000
    seen = Observations(np.array([[100.0], [200.0]]), np.array([[50.0, 50.0], [160.0, 40.0]]))
    found = estimate(of("d>u", "d>z"), EDITIONS, seen)
    assert found.weight.tolist() == pytest.approx([0.74, 0.26], abs=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_planted_weights_come_back(seed: int) -> None:
    table = of("a>x", "a>y", "a>z", "b>y", "b>z", "c>z", "d>z", "d>u", "e>q", "f>r", "f>s")
    weight, seen = planted(table, seed, 12)
    found = estimate(table, EDITIONS, seen)
    assert np.abs(found.weight - weight).max() < 1e-6
    assert found.origin.tolist() == [FITTED, FITTED, FIXED, FITTED, FIXED, FITTED]


def test_relations_that_carry_nothing_are_dropped() -> None:
    before = np.array([[100.0, 10.0], [50.0, 80.0], [20.0, 30.0]])
    after = np.column_stack([before[:, 0], before[:, 1]])
    found = estimate(of("a>x", "a>y", "b>y"), EDITIONS, Observations(before, after))
    assert as_text(found) == ["a>x 1", "b>y 1"]


def test_what_reporters_say_against_the_table_moves_no_weight_below_nothing() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    table = of("a>x", "a>y", "b>x", "b>y", "b>z", "c>z", "c>x")
    seen = Observations(rng.lognormal(0, 2, (5, 3)), rng.lognormal(0, 2, (5, 3)))
    found = estimate(table, EDITIONS, seen)
    assert (found.weight > 0).all() and np.abs(found.sums() - 1).max() < 1e-11


def test_codes_without_observations_are_split_equally_beside_fitted_ones() -> None:
    # b is traded by nobody: its row says so, and a is fitted all the same
    seen = Observations(np.array([[100.0, 0.0]]), np.array([[30.0, 70.0]]))
    found = estimate(of("a>x", "a>y", "b>x", "b>y"), EDITIONS, seen)
    assert as_text(found) == ["a>x 0.3", "a>y 0.7", "b>x 0.5", "b>y 0.5"]
    assert found.origin.tolist() == [FITTED, EQUAL_SPLIT] and found.observations.tolist() == [1, 0]


def test_too_few_observations_are_none() -> None:
    seen = Observations(np.array([[100.0]]), np.array([[30.0, 70.0]]))
    found = estimate(of("a>x", "a>y"), EDITIONS, seen, minimum_observations=2)
    assert (as_text(found), found.origin.tolist(), found.observations.tolist()) == (["a>x 0.5", "a>y 0.5"], [EQUAL_SPLIT], [1])


def test_reporters_without_the_group_in_one_year_don_t_count() -> None:
    seen = Observations(np.array([[100.0], [0.0], [7.0]]), np.array([[30.0, 70.0], [9.0, 1.0], [0.0, 0.0]]))
    assert as_text(estimate(of("a>x", "a>y"), EDITIONS, seen)) == ["a>x 0.3", "a>y 0.7"]


def test_a_prior_stands_where_data_are_missing() -> None:
    table = of("a>x", "a>y", "b>z", "b>u")
    prior = Prior(np.array([0.9, 0.1, 0.25, 0.75]), np.array([SAME_CODE, SAME_CODE]))
    seen = Observations(np.array([[0.0, 4.0]]), np.array([[1.0, 0.0, 0.0, 3.0]]))
    found = estimate(table, EDITIONS, seen, prior=prior)
    assert as_text(found) == ["a>x 0.9", "a>y 0.1", "b>u 0.25", "b>z 0.75"]
    assert found.origin.tolist() == [SAME_CODE, FITTED]
    with pytest.raises(ConcordanceError, match=r"those of code a sum to 0\.8"):
        estimate(table, EDITIONS, prior=Prior(np.array([0.7, 0.1, 0.25, 0.75]), prior.origin))


def test_each_direction_is_estimated_by_itself() -> None:
    table = of("a>x", "a>y", "b>y")
    there = estimate(table, EDITIONS, Observations(np.array([[60.0, 40.0]]), np.array([[45.0, 55.0]])))
    back = estimate(turned(table), EDITIONS[::-1], Observations(np.array([[45.0, 55.0]]), np.array([[60.0, 40.0]])))
    assert as_text(there) == ["a>x 0.75", "a>y 0.25", "b>y 1"]
    names = as_text(back)
    assert names[0] == "x>a 1" and back.weight[1:].tolist() == pytest.approx([15 / 55, 40 / 55], abs=1e-8)


def test_the_same_in_any_order_of_rows_and_again() -> None:
    pairs = ["a>x", "a>y", "a>z", "b>y", "b>z", "c>z", "c>x"]
    _, seen = planted(of(*pairs), 5, 9)
    one, other, again = (
        estimate(of(*pairs), EDITIONS, seen),
        estimate(of(*pairs[::-1]), EDITIONS, seen),
        estimate(of(*pairs), EDITIONS, seen),
    )
    assert one.weight.tobytes() == other.weight.tobytes() == again.weight.tobytes()


def test_twelve_significant_digits() -> None:
    assert significant(np.array([1 / 3, 2 / 3e5, 1.0])).tolist() == [0.333333333333, 6.66666666667e-06, 1.0]
    assert estimate(of("a>x", "a>y", "a>z"), EDITIONS).weight.tolist() == [0.333333333333] * 3


def test_small_weights_are_dropped_and_the_rest_put_right() -> None:
    found = given_weights(EDITIONS, ["a"] * 3, ["x", "y", "z"], [0.5, 0.4999995, 5e-7])
    assert as_text(found) == ["a>x 0.50000025", "a>y 0.49999975"]
    kept = given_weights(EDITIONS, ["a"] * 2, ["x", "y"], [1 - 1e-6, 1e-6])
    assert as_text(kept) == ["a>x 0.999999", "a>y 1e-06"]


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([0.5, 0.4], r"H5 to H4: weights must sum to 1 for each code; those of code a sum to 0\.9 \(1 codes in all\)"),
        ([0.5, 0.5 + 2e-9], "weights must sum to 1"),
        ([1.5, -0.5], "code a has a weight that is negative or no number"),
        ([float("nan"), 1.0], "code a has a weight that is negative or no number"),
    ],
)
def test_weights_that_don_t_sum_are_refused(weights: list[float], said: str) -> None:
    with pytest.raises(ConcordanceError, match=said):
        given_weights(EDITIONS, ["a", "a"], ["x", "y"], weights)


def test_float_noise_is_put_right() -> None:
    assert as_text(given_weights(EDITIONS, ["a", "a", "b"], ["x", "y", "y"], [0.5, 0.5 + 5e-10, 1.0]))[-1] == "b>y 1"


def test_a_code_without_a_relation_is_refused() -> None:
    codes = np.array(["a", "b"]), np.array(["x"])
    empty = np.zeros(2, dtype=np.int64)
    with pytest.raises(ConcordanceError, match="those of code b sum to 0"):
        make_weights(EDITIONS, codes, (np.array([0]), np.array([0]), np.array([1.0])), empty, empty)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (np.ones((2, 3)), np.ones((2, 2)), r"observations are \(R, 1\) and \(R, 2\)"),
        (np.ones((2, 1)), np.ones((3, 2)), "observations are"),
        (np.array([[-1.0]]), np.ones((1, 2)), "at least 0"),
        (np.array([[np.nan]]), np.ones((1, 2)), "at least 0"),
    ],
)
def test_observations_that_cannot_be_used(before: np.ndarray, after: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        estimate(of("a>x", "a>y"), EDITIONS, Observations(before, after))


# the solver


@pytest.mark.parametrize(
    ("point", "total", "expected"),
    [
        ([0.5, 0.5], 1.0, [0.5, 0.5]),
        ([2.0, 0.0], 1.0, [1.0, 0.0]),
        ([1.0, 0.8, -3.0], 1.0, [0.6, 0.4, 0.0]),
        ([0.0, 0.0, 0.0], 3.0, [1.0, 1.0, 1.0]),
    ],
)
def test_projection_onto_the_simplex(point: list[float], total: float, expected: list[float]) -> None:
    assert onto_simplex(np.array(point), total).tolist() == pytest.approx(expected, abs=1e-15)


def problem(seed: int) -> Problem:
    rng = np.random.Generator(np.random.PCG64(seed))
    n, m, reporters = rng.integers(2, 7), rng.integers(2, 7), rng.integers(1, 12)
    is_related = rng.random((n, m)) < 0.6
    is_related[np.arange(n), rng.integers(0, m, n)] = True
    row, column = np.nonzero(is_related)
    prior = 1.0 / np.bincount(row)[row]
    return Problem(rng.lognormal(0, 1.5, (reporters, n)), rng.lognormal(0, 1.5, (reporters, m)), row, column, prior)


def objective(given: Problem, weight: np.ndarray) -> float:
    filled = np.zeros((given.x.shape[1], given.y.shape[1]))
    filled[given.row, given.column] = weight
    return float(((given.y - given.x @ filled) ** 2).sum())


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_no_feasible_step_is_better(seed: int) -> None:
    """First-order optimality: moving weight between any two relations of a row gains nothing."""
    posed = problem(seed)
    found = solve(posed)
    assert found.is_exact and (found.weight >= 0).all()
    assert np.bincount(posed.row, found.weight) == pytest.approx(np.ones(posed.x.shape[1]), abs=1e-9)
    filled = np.zeros((posed.x.shape[1], posed.y.shape[1]))
    filled[posed.row, posed.column] = found.weight
    slope = (posed.x.T @ (posed.x @ filled - posed.y))[posed.row, posed.column]
    scale = (posed.x**2).sum(0)[posed.row] + np.abs(posed.x.T @ posed.y)[posed.row, posed.column]
    for i in np.unique(posed.row):
        own = posed.row == i
        lowest = (slope / scale.max())[own].min()
        taking = own & (found.weight > 1e-7)
        assert ((slope / scale.max())[taking] <= lowest + 1e-6).all()


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_no_other_weights_fit_better(seed: int) -> None:
    posed = problem(seed)
    best = objective(posed, solve(posed).weight)
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(30):
        other = rng.gamma(0.5, 1.0, len(posed.row)) + 1e-12
        other /= np.bincount(posed.row, other)[posed.row]
        assert best <= objective(posed, other) * (1 + 1e-6)


def test_what_data_leave_open_is_split_as_equally_as_they_allow() -> None:
    # a and b always move together: only their joint weights are known, and both take the same
    found = estimate(of("a>x", "a>y", "b>x", "b>y"), EDITIONS, Observations(np.array([[10.0, 10.0]]), np.array([[5.0, 15.0]])))
    assert found.weight.tolist() == pytest.approx([0.25, 0.75, 0.25, 0.75], abs=1e-7)


def test_a_code_without_an_observation_is_no_problem_to_pose() -> None:
    with pytest.raises(ValueError, match="without an observation"):
        Problem(np.array([[0.0]]), np.array([[1.0]]), np.array([0]), np.array([0]), np.array([1.0]))


def test_groups_too_large_for_the_exact_way_end_with_the_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.core.concordance.least_squares.EXACT_RELATIONS", 0)
    table = of("a>x", "a>y", "b>y", "b>z")
    weight, seen = planted(table, 1, 20)
    assert np.abs(estimate(table, EDITIONS, seen).weight - weight).max() < 1e-5
    posed = Problem(seen.before / 1e6, seen.after / 1e6, table.from_index, table.to_index, np.full(4, 0.5))
    monkeypatch.setattr("transforms.core.concordance.least_squares.ROW_UPDATES", 2)
    assert not solve(posed).is_exact


# real tables


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("newer", "older", "fixed", "split"),
    [(2022, 2017, 5489, 124), (2017, 2012, 5322, 66)],
)
def test_every_row_of_a_real_table_sums_to_one(shared_data: Path, newer: int, older: int, fixed: int, split: int) -> None:
    found = estimate(unsd(shared_data, newer, older), ("newer", "older"))
    assert np.abs(found.sums() - 1).max() < 1e-11
    assert np.bincount(found.origin, minlength=4).tolist() == [fixed, 0, 0, split]
    assert found.weight.min() >= 1e-6


@pytest.mark.real_data
@pytest.mark.parametrize(("newer", "older"), [(2022, 2017), (2017, 2012)])
def test_weights_planted_in_a_real_table_come_back(shared_data: Path, newer: int, older: int) -> None:
    """All groups, as 60 reporters would show them; that of waste (1,167 codes) by the descent alone."""
    table = unsd(shared_data, newer, older)
    weight, seen = planted(table, 11, 60)
    found = estimate(table, EDITIONS, seen)
    filled = np.zeros((len(table.from_codes), len(table.to_codes)))
    filled[found.row, found.target] = found.weight
    assert np.abs(filled[table.from_index, table.to_index] - weight).max() < 3e-6
    assert np.bincount(found.origin, minlength=5)[EQUAL_SPLIT] == 0 and found.inexact == 0


@pytest.mark.real_data
def test_a_fit_that_ends_at_its_limits_is_told(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.core.concordance.least_squares.ROW_UPDATES", 10)
    table = unsd(shared_data, 2022, 2017)
    found = estimate(table, EDITIONS, planted(table, 11, 60)[1])
    assert found.inexact == 1167 and np.abs(found.sums() - 1).max() < 1e-11
