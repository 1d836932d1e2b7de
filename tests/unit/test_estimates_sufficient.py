"""Exact sums: any order, any grouping, the same bits; and the small systems solved on them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.core.estimates.linear import components, pseudo_inverse, times
from transforms.core.estimates.sufficient import EstimateError, Kind, Sums, blocks, first_of, key, merge, rounded, second_of, year_of

TERMS = st.lists(st.floats(-500_000, 500_000, allow_nan=False), max_size=60)


@given(terms=TERMS, cut=st.integers(0, 60), seed=st.integers(0, 9))
def test_sums_do_not_depend_on_order_or_grouping(terms: list[float], cut: int, seed: int) -> None:
    array = np.array(terms, np.float64)
    keys = np.arange(len(array), dtype=np.int64) % 3
    whole = Sums.of(keys, array)
    order = np.random.default_rng(seed).permutation(len(array))
    parts = [Sums.of(keys[order][:cut], array[order][:cut]), Sums.of(keys[order][cut:], array[order][cut:])]
    assert merge(parts).same(whole)
    assert merge(parts[::-1]).same(whole)


@given(terms=TERMS)
def test_sums_are_exact_to_the_grid(terms: list[float]) -> None:
    total = Sums.of(np.zeros(len(terms), np.int64), np.array(terms, np.float64))
    exact = sum((Fraction(term) for term in terms), Fraction(0))
    found = sum((Fraction(int(h), 2**16) + Fraction(int(v), 2**52) for h, v in zip(total.high, total.low, strict=True)), Fraction(0))
    assert abs(found - exact) <= Fraction(len(terms), 2**53)
    if terms:
        assert Sums.total(np.zeros(1, np.int64), np.array(terms, np.float64)).same(total)
    assert all(0 <= int(low) < 2**36 for low in total.low)


def test_a_float_sum_that_depends_on_order_does_not_here() -> None:
    terms = np.array([1e4, 1e-12, -1e4, 1e-12])
    assert float(terms.sum()) != 2e-12
    assert Sums.of(np.zeros(4, np.int64), terms).values[0] == pytest.approx(2e-12, rel=1e-3)


@pytest.mark.parametrize("term", [np.nan, np.inf, 2.0**19, -(2.0**19)])
def test_a_term_that_cannot_be_kept_is_refused(term: float) -> None:
    with pytest.raises(EstimateError, match="a term of a sum is"):
        Sums.of(np.zeros(2, np.int64), np.array([1.0, term]))


def test_keys_hold_a_kind_a_year_and_two_codes() -> None:
    keys = key(Kind.IMPORTER_PRODUCT, 2023, np.array([842, 56]), 870380)
    assert year_of(keys).tolist() == [2023, 2023]
    assert first_of(keys).tolist() == [842, 56]
    assert second_of(keys).tolist() == [870380, 870380]
    sums = merge([Sums.of(keys, 1.0), Sums.of(key(Kind.EXPORTER_IMPORTER, 2023, 842, 1), 2.0)])
    assert sums.of_kind(Kind.IMPORTER_PRODUCT).values.tolist() == [1.0, 1.0]
    assert sums.of_kind(Kind.EXPORTER_IMPORTER).values.tolist() == [2.0]
    assert sums.over(key(Kind.NONE, 0, first_of(sums.keys))).values.tolist() == [1.0, 3.0]
    with pytest.raises(EstimateError, match="expected 0 to"):
        key(Kind.CIF, 2023, -1)


def test_twelve_significant_digits() -> None:
    assert rounded([1 / 3, 2e20 / 3, -1e-20 / 3, 0.0]).tolist() == [0.333333333333, 66666666666700000000.0, -3.33333333333e-21, 0.0]


def test_nothing_merged_is_empty() -> None:
    assert len(merge([]).keys) == 0
    assert merge([merge([]), Sums.of(key(Kind.CIF), 2.5)]).values.tolist() == [2.5]


@pytest.mark.parametrize("rank", [1, 4, 7, 8])
def test_inverse_is_moore_penrose(rank: int) -> None:
    root = np.random.default_rng(rank).normal(size=(8, rank)) * np.array([1, 1, 10, 100, 1, 1, 0.1, 1])[:, None]
    normal = root @ root.T
    found = pseudo_inverse(normal, np.diag(normal))
    assert found.rank == rank
    assert found.matrix == pytest.approx(np.linalg.pinv(normal, rcond=1e-12), rel=1e-6, abs=1e-9)


def test_a_singular_system_gets_its_smallest_solution() -> None:
    normal = np.array([[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    found = pseudo_inverse(normal, np.diag(normal))
    assert found.rank == 1
    assert times(found.matrix, np.array([4.0, 4.0, 0.0])).tolist() == pytest.approx([1.0, 1.0, 0.0])
    assert pseudo_inverse(np.zeros((0, 0)), np.zeros(0)).rank == 0


def test_one_observation_counts_beside_a_hundred_million() -> None:
    found = pseudo_inverse(np.array([[1e8, 1.0], [1.0, 1.0]]), np.array([1e8, 1.0]))
    assert found.rank == 2
    assert found.matrix[1, 1] == pytest.approx(1 / (1 - 1e-8), rel=1e-12)


def test_components_are_named_by_their_smallest_member() -> None:
    assert components(6, np.array([5, 1]), np.array([3, 2])).tolist() == [0, 1, 1, 3, 4, 3]
    assert components(60, np.arange(59), np.arange(1, 60)).tolist() == [0] * 60


def test_blocks_cover_the_rows() -> None:
    assert [(b.start, b.stop) for b in blocks(600_000)] == [(0, 262_144), (262_144, 524_288), (524_288, 786_432)]
    assert list(blocks(0)) == []
