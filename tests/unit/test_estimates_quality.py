"""Reporter quality: against least squares written out, on a planted ranking, and where the data hardly say anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from transforms.core.estimates.quality import Mirrors, Quality, Rule, Side, fit, statistics
from transforms.core.estimates.sufficient import Floats, merge

ROOT = Path(__file__).parents[2]


def mirrors(rows: list[tuple[int, int, int, int, float, float]]) -> Mirrors:
    year, exporter, importer, product, one, other = (np.array(column) for column in zip(*rows, strict=True))
    return Mirrors(year, exporter, importer, product, one.astype(float), other.astype(float))


def world(sigma: Floats, seed: int, products: int, years: tuple[int, ...] = (2022,), share: float = 1.0) -> Mirrors:
    """Flows of all pairs, each reporter off by its own log-normal error."""
    draw, count = np.random.default_rng(seed), len(sigma)
    year, i, j, k = (part.ravel() for part in np.meshgrid(years, np.arange(count), np.arange(count), np.arange(products), indexing="ij"))
    taken = (i != j) & (draw.random(len(i)) < share)
    year, i, j, k = year[taken], i[taken] + 100, j[taken] + 100, k[taken] + 10_000
    truth = np.exp(draw.normal(13, 2, len(i)))
    error = [np.exp(draw.normal(0, 1, len(i)) * sigma[codes - 100]) for codes in (i, j)]
    return Mirrors(year, i, j, k, truth * error[0], truth * error[1])


def spearman(one: Floats, other: Floats) -> float:
    ranks = [np.argsort(np.argsort(numbers)).astype(float) for numbers in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def by_hand(m: Mirrors) -> tuple[Floats, Floats]:
    """Least-squares means of the exporters and their standard errors, from the full design with a constant."""
    levels = [np.unique(codes) for codes in (m.exporter, m.importer, m.year, m.product)]
    columns = [np.ones((len(m.year), 1))]
    for codes, level in zip((m.exporter, m.importer, m.year, m.product), levels, strict=True):
        if len(level) > 1:
            columns.append((codes[:, None] == level[:-1]).astype(float) - (codes == level[-1])[:, None])
    x = np.hstack(columns)
    weight = np.log(m.exporter_fob + m.importer_fob)
    y = np.abs(np.log(m.exporter_fob / m.importer_fob))
    covariance = np.linalg.inv((x * weight[:, None]).T @ x)
    solution = covariance @ ((x * weight[:, None]).T @ y)
    residual = float(((y - x @ solution) ** 2 * weight).sum()) / (len(y) - x.shape[1])
    count = len(levels[0])
    contrast = np.zeros((count, x.shape[1]))
    contrast[:, 0] = 1
    contrast[:-1, 1:count] = np.eye(count - 1)
    contrast[-1, 1:count] = -1
    return contrast @ solution, np.sqrt(residual * np.diag(contrast @ covariance @ contrast.T))


@pytest.mark.parametrize("years", [(2022,), (2020, 2021, 2022)])
def test_least_squares_written_out(years: tuple[int, ...]) -> None:
    m = world(np.array([0.1, 0.3, 0.5, 0.2, 0.7]), 1, products=6, years=years, share=0.6)
    found, (mean, error) = fit(statistics(m)), by_hand(m)
    assert found.exporters.distance == pytest.approx(mean, abs=1e-9)
    assert found.exporters.standard_error == pytest.approx(error, rel=1e-8)
    expected = np.pi / 2 * np.maximum(mean - mean.min() - 2 * error, 0.03)
    assert found.exporters.sigma == pytest.approx(expected, abs=1e-8)
    for effects in (found.year_effects, found.product_effects, found.exporters.distance - found.mean):
        assert effects.sum() == pytest.approx(0, abs=1e-10)


def test_the_same_digits_however_the_rows_are_cut() -> None:
    m = world(np.linspace(0.1, 1, 8), 2, products=20, years=(2021, 2022))
    whole = fit(statistics(m))
    for parts in (2, 7):
        other = fit(merge([statistics(m.where(np.arange(len(m.year)) % parts == n)) for n in range(parts)]))
        for name in ("distance", "standard_error", "sigma"):
            assert getattr(other.exporters, name).tobytes() == getattr(whole.exporters, name).tobytes()
            assert getattr(other.importers, name).tobytes() == getattr(whole.importers, name).tobytes()
        assert other.product_effects.tobytes() == whole.product_effects.tobytes()


def test_the_same_digits_whatever_the_threads() -> None:
    """One thread and two: the system of 120 areas is large enough for a BLAS to split it."""
    program = """
import hashlib, numpy as np
from transforms.core.estimates.quality import Mirrors, fit, statistics
draw, n = np.random.default_rng(1), 60_000
i, j, k = (draw.integers(0, top, n) for top in (120, 120, 800))
value = np.exp(draw.normal(11, 2, n))
found = fit(statistics(Mirrors(np.full(n, 2022), i, j, k, value, value * np.exp(draw.normal(0, 0.5, n)))))
arrays = (found.exporters.distance, found.exporters.standard_error, found.importers.sigma, found.product_effects)
print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
"""
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads},
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(said) == 1


def test_the_order_of_the_rows_does_not_matter() -> None:
    m = world(np.linspace(0.1, 1, 6), 8, products=10)
    order = np.random.default_rng(1).permutation(len(m.year))
    assert statistics(Mirrors(*(getattr(m, name)[order] for name in m.__dataclass_fields__))).same(statistics(m))


def test_values_a_trillion_apart_are_taken_in() -> None:
    found = fit(statistics(mirrors([(2022, 1, 2, 7, 1e15, 0.001), (2022, 2, 1, 7, 5.0, 6.0)])))
    assert np.isfinite(found.exporters.sigma).all()


def test_a_planted_ranking_comes_back() -> None:
    sigma = np.random.default_rng(5).permutation(np.linspace(0.1, 1.5, 20))
    found = fit(statistics(world(sigma, 3, products=40, share=0.3)))
    assert spearman(found.exporters.distance, sigma) > 0.9
    assert spearman(found.importers.distance, sigma) > 0.9
    assert spearman(found.exporters.sigma + found.importers.sigma, sigma) > 0.9
    assert found.exporters.flows.sum() == found.importers.flows.sum()
    assert set(found.exporters.group.tolist()) == {0}


def test_worked_example() -> None:
    """Two exporters, two importers, one product: RD .1, .2, .3, .6 with equal weights; means .15, .45 and .2, .4."""
    value = 1000.0

    def row(i: int, j: int, distance: float) -> tuple[int, int, int, int, float, float]:
        other = 2 * value / (1 + np.exp(distance))
        return (2022, i, j, 1, 2 * value - other, other)

    found = fit(statistics(mirrors([row(1, 3, 0.1), row(1, 4, 0.2), row(2, 3, 0.3), row(2, 4, 0.6)])), Rule(floor=0.01))
    assert found.exporters.distance == pytest.approx([0.15, 0.45], abs=1e-10)
    assert found.importers.distance == pytest.approx([0.20, 0.40], abs=1e-10)
    assert found.mean == pytest.approx(0.3, abs=1e-10)
    assert found.degrees_of_freedom == 1
    weight = np.log(2 * value)
    assert found.residual_variance == pytest.approx(weight * 0.01, abs=1e-10)
    assert found.exporters.standard_error == pytest.approx([np.sqrt(0.005)] * 2, abs=1e-10)
    assert found.exporters.sigma == pytest.approx([np.pi / 2 * 0.01, np.pi / 2 * (0.3 - 2 * np.sqrt(0.005))], abs=1e-10)


def test_a_reporter_with_one_flow_has_an_estimate_and_its_doubt() -> None:
    base = world(np.array([0.2, 0.3, 0.4]), 4, products=10)
    extra = mirrors([(2022, 500, 100, 10_003, 100.0, 900.0)])
    both = Mirrors(*(np.concatenate([getattr(base, n), getattr(extra, n)]) for n in base.__dataclass_fields__))
    found = fit(statistics(both))
    assert found.exporters.area.tolist() == [100, 101, 102, 500]
    assert found.exporters.flows.tolist() == [20, 20, 20, 1]
    assert found.exporters.standard_error[3] > 2 * found.exporters.standard_error[0]
    assert np.isfinite(found.exporters.sigma).all()


def test_a_year_with_one_reporter() -> None:
    found = fit(statistics(mirrors([(2022, 1, j, k, 100.0, 100.0 * (1 + j)) for j in (2, 3) for k in (7, 8)])))
    assert found.exporters.area.tolist() == [1]
    assert found.exporters.distance.tolist() == [found.mean]
    assert found.exporters.sigma.tolist() == pytest.approx([np.pi / 2 * 0.03])
    assert found.years.tolist() == [2022]
    assert found.year_effects.tolist() == pytest.approx([0.0], abs=1e-12)


def test_groups_without_a_common_product_each_sum_to_zero() -> None:
    """Areas 1 to 4 trade product 7 only, areas 11 to 13 product 8 only: nothing says which group reports better."""
    rows = [(2022, i, j, 7, 100.0, 100.0 * (1 + i * j)) for i in (1, 2, 3) for j in (3, 4) if i != j]
    rows += [(2022, i, j, 8, 100.0, 150.0 * i * j) for i in (11, 12) for j in (12, 13) if i != j]
    found = fit(statistics(mirrors(rows)))
    assert found.exporters.area.tolist() == [1, 2, 3, 11, 12]
    assert found.exporters.group.tolist() == [0, 0, 0, 1, 1]
    assert found.importers.group.tolist() == [0, 0, 1, 1]
    effects = found.exporters.distance - found.mean
    assert effects[:3].sum() == pytest.approx(0, abs=1e-10)
    assert effects[3:].sum() == pytest.approx(0, abs=1e-10)
    assert np.isfinite(found.exporters.sigma).all()


def test_zero_negative_self_and_missing_values_stay_out() -> None:
    good = [(2022, 1, 2, 7, 100.0, 110.0), (2022, 2, 1, 7, 50.0, 60.0)]
    bad = [
        (2022, 1, 2, 8, 0.0, 5.0),
        (2022, 1, 2, 8, 5.0, -5.0),
        (2022, 3, 3, 7, 9.0, 9.0),
        (2022, 1, 2, 8, np.nan, 9.0),
        (2022, 1, 2, 8, 0.4, 0.5),
    ]
    assert statistics(mirrors(good + bad)).same(statistics(mirrors(good)))


def test_nothing_two_sided_gives_ties() -> None:
    found = fit(merge([]))
    assert isinstance(found, Quality)
    assert len(found.exporters.area) == 0
    assert found.exporters.sigma_of(np.array([1, 2])).tolist() == [1.0, 1.0]


def test_an_area_without_mirrors_has_the_median_sigma() -> None:
    n = np.zeros(3, np.int64)
    side = Side(np.array([4, 8, 56]), n, n * 0.5, n * 0.5, np.array([0.1, 0.9, 0.3]), n)
    assert side.sigma_of(np.array([8, 5, 900, 4])).tolist() == [0.9, 0.3, 0.3, 0.1]


def test_an_anchor_can_be_asked_to_have_flows_enough() -> None:
    base = world(np.array([0.2, 0.3, 0.4]), 4, products=30)
    extra = mirrors([(2022, 500, 100, 10_003, 1000.0, 1000.0)])
    both = Mirrors(*(np.concatenate([getattr(base, n), getattr(extra, n)]) for n in base.__dataclass_fields__))
    lone, anchored = fit(statistics(both)), fit(statistics(both), Rule(anchor_flows=10))
    assert lone.exporters.distance.argmin() == 3
    assert anchored.exporters.sigma[2] < lone.exporters.sigma[2]
