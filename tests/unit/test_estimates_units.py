"""Tonnes per unit from mirror pairs, and unit mistakes: worked numbers."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.core.estimates.blunders import suspected_blunder
from transforms.core.estimates.sufficient import Sums, merge
from transforms.core.estimates.units import Rule, TonnesPerUnit, fit, mirror_weight, statistics


def pairs(ratios: list[float], weight: list[float] | None = None, product: int = 870380, unit: int = 5) -> Sums:
    count = len(ratios)
    codes = np.full(count, 2022), np.full(count, product), np.full(count, unit)
    return statistics(*codes, np.array(ratios) * 4, np.full(count, 4.0), np.array(weight or [1.0] * count))


def test_ten_pairs_that_agree_are_accepted() -> None:
    found = fit(pairs([1.0, 4.0] * 5))
    assert found.tonnes == pytest.approx([2.0], abs=1e-11)
    assert found.spread == pytest.approx([np.log(2) * np.sqrt(10 / 9)], abs=1e-11)
    assert (found.pairs.tolist(), found.is_accepted.tolist()) == ([10], [True])
    tonnes, estimated = found.tonnes_of(
        np.array([870380, 870380, 870390, 870380]), np.array([5, 8, 5, 5]), np.array([3.0, 3.0, 3.0, np.nan])
    )
    assert tonnes == pytest.approx([6.0, 0, 0, 0], abs=1e-10)
    assert estimated.tolist() == [True, False, False, False]


def test_nine_pairs_are_not() -> None:
    found = fit(pairs([1.0] * 9))
    assert found.is_accepted.tolist() == [False]
    assert found.tonnes_of(np.array([870380]), np.array([5]), np.array([3.0]))[1].tolist() == [False]


@pytest.mark.parametrize(("factor", "accepted"), [(np.exp(2.37), True), (np.exp(2.38), False)])
def test_the_spread_stays_below_two_and_a_half(factor: float, accepted: bool) -> None:
    """Ten logarithms, half of each sign: sd = |ln| sqrt(10 / 9), so 2.3717 is the edge."""
    assert fit(pairs([factor, 1 / factor] * 5)).is_accepted.tolist() == [accepted]


def test_weights_count() -> None:
    found = fit(pairs([1.0, np.e], [0.75, 0.25]), Rule(minimum_pairs=2))
    assert found.tonnes == pytest.approx([np.exp(0.25)], abs=1e-10)
    assert found.spread == pytest.approx([np.sqrt(0.1875 * 2)], abs=1e-10)
    assert mirror_weight(np.array([100.0, 30.0]), np.array([80.0, 60.0])).tolist() == [0.8, 0.5]


def test_partitions_add_up_and_products_stay_apart() -> None:
    ratios = [1.1, 0.9, 1.3, 0.7, 1.0, 1.2, 0.8]
    parts = [pairs([ratio]) for ratio in ratios] + [pairs([7.0], unit=8), pairs([2.0], product=1)]
    found = fit(merge(parts))
    assert merge(parts[:7]).same(pairs(ratios))
    assert (found.product.tolist(), found.unit.tolist(), found.pairs.tolist()) == ([1, 870380, 870380], [5, 5, 8], [1, 7, 1])
    assert found.spread[0] == np.inf


def test_zero_missing_and_nothing() -> None:
    assert len(pairs([0.0, -1.0, np.nan]).keys) == 0
    nothing = fit(merge([]))
    assert isinstance(nothing, TonnesPerUnit)
    assert nothing.tonnes_of(np.array([1]), np.array([1]), np.array([1.0]))[1].tolist() == [False]


def test_reports_a_thousand_or_a_million_apart_are_suspected() -> None:
    exporter = np.array([1_000, 1_000, 5_000_000, 1_000, 1_000, 0, 1_000])
    importer = np.array([1_000_000, 1_250_000, 5, 1_000_000_000, 10_000, 5, -1_000_000])
    assert suspected_blunder(exporter, importer).tolist() == [1_000, 1_000, 1_000_000, 1_000_000, 0, 0, 0]
    edges = np.array([499_000, 502_000, 1_300_000, 1_995_000, 2_005_000])
    assert suspected_blunder(np.full(5, 1_000), edges).tolist() == [0, 1_000, 1_000, 1_000, 0]
