"""Intervals: variances that were planted, coverage in a log-normal world, worked bounds."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.core.estimates import quality, weights
from transforms.core.estimates.intervals import Intervals, fit, intervals, statistics
from transforms.core.estimates.sufficient import Floats, Integers, merge

Flows = tuple[Integers, Integers, Integers, Integers, Floats, Floats, Floats]


def world(sigma: Floats, seed: int, products: int, bias: float = 0.0) -> Flows:
    """Year, exporter, importer, product, both reports and the truth; the importer's is off by ``bias`` for all."""
    draw, count = np.random.default_rng(seed), len(sigma)
    i, j, k = (part.ravel() for part in np.meshgrid(np.arange(count), np.arange(count), np.arange(products), indexing="ij"))
    taken = (i != j) & (draw.random(len(i)) < 0.5)
    i, j, k = i[taken], j[taken], k[taken]
    truth = np.exp(draw.normal(13, 2, len(i)))
    one, other = (truth * np.exp(draw.normal(0, 1, len(i)) * sigma[codes]) for codes in (i, j))
    return np.full(len(i), 2022), i, j, k, one, other * np.exp(bias), truth


def one(weight: float, exporter: float, importer: float, cif: float = 0.0) -> Intervals:
    return intervals(*(np.array([number]) for number in (weight, exporter, importer, cif)))


def test_worked_bounds() -> None:
    """Half the weight on each, s = .1 and .2: CV^2 = (f(.1) + f(.2)) / 4 = (0.01015117 + 0.04247629) / 4."""
    found = one(0.5, 0.01, 0.04)
    assert found.squared_variation[0] == pytest.approx(0.01315687, abs=1e-8)
    assert found.high[0] == pytest.approx(np.exp(1.645 * np.sqrt(np.log(1.0131568657))), abs=1e-8)
    assert found.high[0] == pytest.approx(1.20691899, abs=1e-8)
    assert found.low[0] * found.high[0] == pytest.approx(1, abs=1e-12)
    assert found.expected_bias[0] == pytest.approx((np.exp(0.005) + np.exp(0.02)) / 2 - 1, abs=1e-12)
    assert found.expected_bias[0] == pytest.approx(0.01260693, abs=1e-8)


def test_a_lone_report_counts_its_own_variance_only() -> None:
    assert one(1.0, 0.25, np.nan).squared_variation[0] == pytest.approx(0.36469585, abs=1e-8)
    assert one(0.0, np.nan, 0.25, 0.01).squared_variation[0] == pytest.approx(0.37469585, abs=1e-8)
    assert one(1.0, 0.25, 0.25, 0.01).squared_variation[0] == pytest.approx(0.36469585, abs=1e-8)


def test_what_was_never_fitted_has_no_interval() -> None:
    found = one(0.5, np.nan, 0.25)
    assert not found.is_known[0]
    assert (found.low[0], found.high[0], found.expected_bias[0]) == (0, 0, 0)
    nothing = fit(merge([]))
    assert np.isnan(nothing.of(np.array([1]), is_exporter=True)).all()
    assert (nothing.bias, nothing.flows) == (0.0, 0)


def test_an_extreme_variance_stays_a_number() -> None:
    found = one(0.5, 1e300, np.inf)
    assert not found.is_known[0]
    assert np.isfinite(one(0.5, 1e300, 0.0).high).all()


def test_planted_variances_come_back_and_the_common_bias_is_taken_off() -> None:
    sigma = np.random.default_rng(1).permutation(np.linspace(0.1, 0.8, 25))
    year, i, j, _, x, m, _ = world(sigma, 2, products=60, bias=0.2)
    found = fit(statistics(year, i, j, x, m))
    assert found.bias == pytest.approx(-0.2, abs=0.01)
    for variance in (found.exporter_variance, found.importer_variance):
        assert np.sqrt(variance) == pytest.approx(sigma, abs=0.08)
    assert found.exporter_variance.mean() == pytest.approx(found.importer_variance.mean(), rel=0.02)
    assert found.flows == len(i)


def test_the_same_digits_however_the_rows_are_cut() -> None:
    year, i, j, _, x, m, _ = world(np.linspace(0.1, 0.8, 8), 3, products=20)
    whole = fit(statistics(year, i, j, x, m))
    for parts in (2, 7):
        other = fit(merge([statistics(*(part[n::parts] for part in (year, i, j, x, m))) for n in range(parts)]))
        assert other.exporter_variance.tobytes() == whole.exporter_variance.tobytes()
        assert other.importer_variance.tobytes() == whole.importer_variance.tobytes()


def test_a_single_pair_is_split_evenly() -> None:
    log = np.log(2)
    found = fit(statistics(*(np.array(v) for v in ([2022, 2022], [1, 1], [2, 2])), np.array([2.0, 1.0]), np.array([1.0, 2.0])))
    assert found.bias == 0
    assert found.exporter_variance.tolist() == pytest.approx([log**2 / 2], abs=1e-10)
    assert found.importer_variance.tolist() == pytest.approx([log**2 / 2], abs=1e-10)
    assert found.of(np.array([77]), is_exporter=True).tolist() == found.exporter_variance.tolist()


def test_variances_are_never_negative() -> None:
    """Exporter 1's pairs agree to the last digit, 2's don't: it keeps a twentieth of the median. Reports that all agree have none."""
    codes = np.array([1, 1, 2, 2]), np.array([3, 4, 3, 4])
    found = fit(statistics(np.full(4, 2022), *codes, np.array([1.0, 1.0, 3.0, 1.0]), np.array([1.0, 1.0, 1.0, 3.0])))
    assert found.exporter_variance[0] == pytest.approx(0.05 * np.log(3) ** 2 / 2, rel=1e-3)
    assert found.exporter_variance[1] == pytest.approx(np.log(3) ** 2, rel=1e-3)
    assert bool((found.importer_variance >= 0).all())
    agreed = fit(statistics(np.full(4, 2022), *codes, np.ones(4), np.ones(4)))
    assert agreed.exporter_variance.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(6))
def test_coverage_of_the_90_percent_interval(seed: int) -> None:
    """A log-normal world with spread sigmas, weighed by estimated quality: 87 to 93 of 100 truths lie inside."""
    sigma = np.random.default_rng(100 + seed).permutation(np.linspace(0.1, 0.8, 25))
    year, i, j, k, x, m, truth = world(sigma, seed, products=30)
    found = fit(statistics(year, i, j, x, m))
    judged = quality.fit(quality.statistics(quality.Mirrors(year, i, j, k, x, m)))
    weight = weights.quality_weight(judged.exporters.sigma_of(i), judged.importers.sigma_of(j))
    bounds = intervals(weight, found.of(i, is_exporter=True), found.of(j, is_exporter=False), np.zeros(len(i)))
    value = weight * x + (1 - weight) * m
    assert 0.87 <= np.mean((value * bounds.low <= truth) & (truth <= value * bounds.high)) <= 0.93
    assert np.mean(value / truth) - 1 == pytest.approx(float(bounds.expected_bias.mean()), abs=0.01)
