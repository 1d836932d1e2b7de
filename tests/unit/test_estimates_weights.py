"""Weights of each method with worked numbers; the Growth Lab's reliabilities and rescaling; the OECD's symmetry index."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.core.estimates import growth_lab, symmetry, weights
from transforms.core.estimates.sufficient import EstimateError, merge

BOTH = np.array([True, True, False]), np.array([True, False, True])


@pytest.mark.parametrize(
    ("exporter", "importer", "weight"),
    [(0.1, 0.2, 0.80711264), (0.2, 0.1, 0.19288736), (0.5, 0.5, 0.5), (0.1, 1.0, 0.99783137)],
)
def test_quality_weight(exporter: float, importer: float, weight: float) -> None:
    assert weights.quality_weight(np.array([exporter]), np.array([importer]))[0] == pytest.approx(weight, abs=1e-8)


@pytest.mark.parametrize(
    ("exporter", "importer", "weight"),
    [
        (0.0, 0.0, 0.5), (0.0, 0.5, 1.0), (0.5, 0.0, 0.0), (40.0, 40.0, 0.5), (40.0, 30.0, 0.0), (1e200, 1e-200, 0.0), (1e-200, 1e200, 1.0),
        (1e-200, 1e-200, 0.5), (np.inf, np.inf, 0.5), (np.inf, 1.0, 0.0), (1e-9, 2e-9, 0.8), (5e-324, 1.0, 1.0),
    ],
)  # fmt: skip
def test_quality_weight_at_the_edges(exporter: float, importer: float, weight: float) -> None:
    assert weights.quality_weight(np.array([exporter]), np.array([importer]))[0] == pytest.approx(weight, abs=1e-12)


@given(one=st.floats(0, 1e308), other=st.floats(0, 1e308))
def test_quality_weights_of_a_pair_sum_to_one(one: float, other: float) -> None:
    weight = weights.quality_weight(np.array([one, other]), np.array([other, one]))
    assert weight.sum() == pytest.approx(1, abs=1e-12)
    assert one == other or (weight[0] >= 0.5) == (one <= other) or weight[0] == pytest.approx(0.5)


def test_reliability_weight() -> None:
    found = weights.reliability_weight(np.array([10.0, 10 / 3, 1.0, 1000.0, 0.0]), np.array([5.0, 5.0, 1.0, 1.0, 1000.0]))
    assert found == pytest.approx([0.99330715, 0.15886910, 0.5, 1.0, 0.0], abs=1e-8)


def test_symmetry_weight() -> None:
    assert weights.symmetry_weight(np.array([0.6, 0.0, 0.0]), np.array([0.2, 0.0, 0.4])).tolist() == pytest.approx([0.75, 0.5, 0.0])


def test_a_lone_report_has_all_the_weight() -> None:
    assert weights.settled(np.array([0.3, np.nan, np.nan]), *BOTH).tolist() == [0.3, 1, 0]


def reliability(rows: list[tuple[int, int, float, float]], iterations: int = 25) -> growth_lab.Reliability:
    one, other, x, m = (np.array(column) for column in zip(*rows, strict=True))
    return growth_lab.reliability(one, other, x.astype(float), m.astype(float), growth_lab.Rule(iterations=iterations))


def test_reliabilities_worked() -> None:
    """d(1, 9) = .1, d(2, 9) = .3. Odd rounds: r = 10, 10/3 and 2 / (.1 + .3) = 5; even rounds: 2, 2/3 and 1."""
    rows = [(1, 9, 110.0, 90.0), (2, 9, 70.0, 130.0), (1, 3, 100.0, 0.0), (5, 5, 7.0, 8.0)]
    odd, even = reliability(rows), reliability(rows, 24)
    assert odd.area.tolist() == [1, 2, 9]
    assert odd.exporter == pytest.approx([10, 10 / 3, 1], abs=1e-10)
    assert odd.importer == pytest.approx([1, 1, 5], abs=1e-10)
    assert even.exporter == pytest.approx([2, 2 / 3, 1], abs=1e-10)
    assert even.importer[2] == pytest.approx(1, abs=1e-10)
    assert odd.of(np.array([9, 1, 77]), is_exporter=False).tolist() == [5, 1, 1]


def test_reports_that_agree_bound_the_reliability() -> None:
    found = reliability([(1, 2, 100.0, 100.0)])
    assert (found.exporter[0], found.importer[1]) == (1000.0, 1000.0)
    assert weights.reliability_weight(found.exporter[:1], found.importer[1:])[0] == 0.5


def test_a_pair_that_comes_twice_is_refused() -> None:
    with pytest.raises(EstimateError, match="comes twice"):
        reliability([(1, 2, 1.0, 2.0), (1, 2, 3.0, 4.0)])


def test_no_pair_has_no_reliability() -> None:
    found = reliability([(1, 2, 1.0, 0.0)])
    assert found.area.tolist() == []
    assert found.of(np.array([1]), is_exporter=True).tolist() == [1.0]


def test_products_are_scaled_to_the_pair_total_to_the_mill() -> None:
    found = growth_lab.rescaled(np.array([1, 1, 1, 50, 50]), np.array([0, 0, 0, 1, 1]), np.array([5, 80]))
    assert found.tolist() == [2, 2, 1, 40, 40]


def test_a_pair_without_a_product_above_zero_stays() -> None:
    assert growth_lab.rescaled(np.array([0, 0, 3]), np.array([0, 0, 1]), np.array([7, 9])).tolist() == [0, 0, 9]
    assert growth_lab.rescaled(np.array([5, 3]), np.array([0, 0]), np.array([0])).tolist() == [0, 0]


@given(
    products=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**12)), max_size=30),
    totals=st.lists(st.integers(0, 10**14), min_size=4, max_size=4),
)
def test_nothing_is_lost_in_rescaling(products: list[tuple[int, int]], totals: list[int]) -> None:
    products = sorted(products, key=lambda row: row[0])
    pair, values = np.array([p for p, _ in products], np.int64), np.array([v for _, v in products], np.int64)
    found = growth_lab.rescaled(values, pair, np.array(totals))
    sums = np.zeros(4, np.int64)
    np.add.at(sums, pair, found)
    before = np.bincount(pair, values, 4)
    assert sums.tolist() == [total if has else 0 for total, has in zip(totals, before > 0, strict=True)]
    assert bool((found >= 0).all())


@given(
    products=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 10**12)), min_size=1, max_size=40),
    seed=st.integers(0, 99),
)
def test_rescaling_in_two_steps_over_buckets_keeps_the_pair_total(products: list[tuple[int, int, int]], seed: int) -> None:
    """Pair totals to buckets first, then each bucket's products to its own: what separate tasks can do."""
    rows = np.array(sorted(products), np.int64)
    cells, cell = np.unique(rows[:, 0] * 4 + rows[:, 1], return_inverse=True)
    sums = np.zeros(len(cells), np.int64)
    np.add.at(sums, cell, rows[:, 2])
    totals = np.random.default_rng(seed).integers(0, 10**13, 3)
    to_buckets = growth_lab.rescaled(sums, cells // 4, totals)
    within = growth_lab.rescaled(rows[:, 2], cell, to_buckets)
    found = np.zeros(3, np.int64)
    np.add.at(found, rows[:, 0], within)
    assert found.tolist() == np.where(np.bincount(rows[:, 0], minlength=3) > 0, totals, 0).tolist()


def test_symmetry_index_worked() -> None:
    """Area 1 exports 110 and 300: the first within a tenth of 90, the second not of 200. Area 2 imports both from 1 and 3."""
    year, one, other = np.array([2022] * 4), np.array([1, 1, 3, 1]), np.array([2, 4, 2, 5])
    exports, imports = np.array([110_000, 300_000, 500, 9]), np.array([90_000, 200_000, 5_000, 0])
    parts = [symmetry.statistics(*(p[n::2] for p in (year, one, other, exports, imports))) for n in (0, 1)]
    assert merge(parts).same(symmetry.statistics(year, one, other, exports, imports))
    exporters, importers = symmetry.fit(merge(parts))
    assert exporters.area.tolist() == [1, 3]
    assert exporters.share == pytest.approx([110 / 410, 0.0], abs=1e-12)
    assert importers.area.tolist() == [2, 4]
    assert importers.share == pytest.approx([90 / 95, 0.0], abs=1e-12)
    assert importers.of(np.array([2, 7])).tolist() == pytest.approx([0.947368421053, 0.0])
    weight = weights.symmetry_weight(exporters.of(np.array([1])), importers.of(np.array([2])))
    assert weight[0] == pytest.approx(0.22069694, abs=1e-8)


def test_symmetry_of_nothing() -> None:
    exporters, importers = symmetry.fit(merge([]))
    assert (exporters.of(np.array([1])).tolist(), importers.of(np.array([1])).tolist()) == ([0.0], [0.0])
