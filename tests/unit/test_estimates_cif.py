"""CIF to FOB: published numbers, planted coefficients, the same digits however the rows are cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from transforms.core.estimates.cif import NAMES, PUBLISHED, RULE, Coefficients, Pairs, Routes, Rule, fit, statistics, usable
from transforms.core.estimates.cif_rates import is_kept, predict, tabulate, unfloored
from transforms.core.estimates.sufficient import Flags, merge, rounded

PLANTED = np.array([0.40, -0.13, 0.012, -0.030, -0.050, 0.040, 0.020])
EFFECTS = {2019: -0.01, 2020: 0.03, 2021: -0.02}


def route(distance: float, *, border: bool = False, unit_value: float = 1.0, year: int = 2020) -> Routes:
    flag = np.array([False])
    return Routes(np.array([year]), np.array([distance]), np.array([unit_value]), np.array([border]), flag, flag)


def world(count: int, seed: int, years: tuple[int, ...] = (2019, 2020, 2021)) -> Pairs:
    """Pairs whose importer's unit value stands above the exporter's by the planted equation, with errors."""
    draw = np.random.default_rng(seed)
    year = draw.choice(np.array(years), count)
    distance, unit_value = np.exp(draw.uniform(5.6, 9.8, count)), np.exp(draw.normal(1.0, 1.5, count))
    flags = [draw.random(count) < share for share in (0.1, 0.15, 0.15)]
    routes = Routes(year, distance, unit_value, *flags)
    x = np.column_stack([np.ones(count), np.log(distance), np.log(distance) ** 2, np.log(unit_value), *flags])
    rate = x @ PLANTED + np.array([EFFECTS.get(int(y), 0.0) for y in year])
    kg = np.exp(draw.normal(10.5, 1.0, count))
    importer_kg = kg * np.exp(draw.normal(0, 0.2, count))
    weight = np.minimum(kg, importer_kg) / np.maximum(kg, importer_kg)
    price = unit_value * np.exp(draw.normal(0, 0.3, count))
    error = draw.normal(0, 0.1, count) / np.sqrt(weight)
    return Pairs(routes, price * kg, price * np.exp(rate + error) * importer_kg, kg, importer_kg)


def twice(pairs: Pairs, parts: int, rule: Rule = RULE) -> tuple[Coefficients, Coefficients]:
    """Both passes over ``parts`` partitions."""
    cut = [pairs.where(np.arange(len(pairs.exporter_usd)) % parts == n) for n in range(parts)]
    kept = [part.where(usable(part, rule)) for part in cut]
    first = fit(merge([statistics(part) for part in kept]), rule)
    return first, fit(merge([statistics(part.where(is_kept(first, part, rule))) for part in kept]), rule)


@pytest.mark.parametrize(
    ("distance", "border", "log_rate", "factor"),
    [(1_100, False, 0.04009206, 1.04090659), (8_100, False, 0.13997336, 1.15024316), (400, True, -0.02408463, 1.0)],
)
def test_published_coefficients(distance: float, border: bool, log_rate: float, factor: float) -> None:
    assert unfloored(PUBLISHED, route(distance, border=border))[0] == pytest.approx(log_rate, abs=1e-8)
    rates = predict(PUBLISHED, route(distance, border=border))
    assert rates.factor[0] == pytest.approx(factor, abs=1e-8)
    assert rates.variance.tolist() == [0.0]


def test_the_table_says_what_the_equation_says() -> None:
    pairs = world(4_000, 8, years=(2020, 2021))
    fitted = fit(statistics(pairs.where(usable(pairs))))
    routes = pairs.routes
    gaps = np.arange(4_000) % 9 == 0
    routes = replace(routes, distance_km=np.where(gaps, np.nan, routes.distance_km), unit_value=np.where(gaps[::-1], 0, routes.unit_value))
    table, expected = tabulate(fitted, routes), predict(fitted, routes)
    found = table.rates(np.arange(4_000), routes.unit_value)
    assert found.log_rate == pytest.approx(expected.log_rate, abs=1e-12)
    assert found.factor == pytest.approx(expected.factor, abs=1e-12)
    assert found.variance == pytest.approx(expected.variance, rel=1e-6, abs=1e-14)
    assert found.is_known.tolist() == expected.is_known.tolist()
    published = tabulate(PUBLISHED, route(1_100, unit_value=np.nan)).rates(np.array([0, 0]), np.array([1.0, np.nan]))
    assert published.factor == pytest.approx([1.04090659, 1.033], abs=1e-8)


def test_distance_is_clamped_where_the_quadratic_turns() -> None:
    assert unfloored(PUBLISHED, route(3.0))[0] == unfloored(PUBLISHED, route(245.0))[0]
    assert unfloored(PUBLISHED, route(245.0))[0] == pytest.approx(0.017500016, abs=1e-8)


def test_a_dear_product_has_a_lower_rate() -> None:
    assert unfloored(PUBLISHED, route(1_100, unit_value=2.0))[0] == pytest.approx(0.04009206 - 0.032 * np.log(2), abs=1e-8)


@pytest.mark.parametrize(("distance", "unit_value"), [(np.nan, 1.0), (1_100, np.nan), (0.0, 1.0), (1_100, 0.0)])
def test_missing_distance_or_unit_value_gives_the_mean_rate_and_says_so(distance: float, unit_value: float) -> None:
    rates = predict(PUBLISHED, route(distance, unit_value=unit_value))
    assert rates.is_known.tolist() == [False]
    assert rates.factor[0] == pytest.approx(1.033, abs=1e-11)
    assert rates.variance[0] == pytest.approx(np.log(1.033) ** 2, abs=1e-13)


def test_planted_coefficients_come_back() -> None:
    pairs = world(20_000, 12)
    first = fit(statistics(pairs.where(usable(pairs))))
    assert not first.is_published
    assert (np.abs(first.plain - PLANTED) < 2 * first.standard_errors).all(), dict(zip(NAMES, first.plain, strict=True))
    assert first.years.tolist() == [2019, 2020, 2021]
    assert first.year_effects == pytest.approx([-0.01, 0.03, -0.02], abs=0.005)
    assert first.year_effects.sum() == pytest.approx(0, abs=1e-12)
    assert first.residual_variance == pytest.approx(0.01, rel=0.03)


def test_two_standard_errors_hold_as_often_as_they_should() -> None:
    inside = []
    for seed in range(40):
        pairs = world(2_000, 100 + seed)
        fitted = fit(statistics(pairs.where(usable(pairs))))
        inside.extend((np.abs(fitted.plain - PLANTED) < 2 * fitted.standard_errors).tolist())
    assert 0.92 < np.mean(inside) < 0.98


def test_standard_errors_are_those_of_least_squares() -> None:
    pairs = world(4_000, 5)
    pairs = pairs.where(usable(pairs))
    fitted = fit(statistics(pairs))
    r = pairs.routes
    years = [(r.year == year).astype(float) - (r.year == 2021) for year in (2019, 2020)]
    log = np.log(r.distance_km)
    x = np.column_stack([
        np.ones(len(log)), log, log**2, np.log(r.unit_value), r.is_contiguous, r.is_landlocked_importer, r.is_landlocked_exporter, *years
    ])  # fmt: skip
    root = np.sqrt(pairs.weight)
    expected, residual, *_ = np.linalg.lstsq(x * root[:, None], pairs.response * root, rcond=None)
    assert fitted.plain == pytest.approx(expected[:7], abs=1e-9)
    assert fitted.residual_variance == pytest.approx(float(residual[0]) / (len(log) - 9), rel=1e-9)
    covariance = np.linalg.inv((x * pairs.weight[:, None]).T @ x) * fitted.residual_variance
    assert fitted.standard_errors == pytest.approx(np.sqrt(np.diag(covariance)[:7]), rel=1e-8)
    rates = predict(fitted, r)
    assert rates.variance == pytest.approx(np.einsum("ni,ij,nj->n", x, covariance, x), rel=1e-6)


def test_the_same_digits_in_1_2_and_7_partitions() -> None:
    pairs = world(6_000, 3)
    one, two, seven = (twice(pairs, parts) for parts in (1, 2, 7))
    for step in (0, 1):
        for other in (two[step], seven[step]):
            assert other.plain.tobytes() == one[step].plain.tobytes()
            assert other.spread.tobytes() == one[step].spread.tobytes()
            assert (other.pairs, other.residual_variance) == (one[step].pairs, one[step].residual_variance)
    assert one[0].plain.tolist() == rounded(one[0].plain).tolist()


def test_outliers_are_cut_in_the_second_pass() -> None:
    clean = world(20_000, 7)
    blunders = np.arange(20_000) % 50 == 0
    pairs = replace(clean, importer_usd=np.where(blunders, clean.importer_usd * 8, clean.importer_usd))
    first, second = twice(pairs, 2)
    assert abs(first.plain - PLANTED)[3] < 0.02
    assert second.residual_variance < 0.012 < first.residual_variance
    assert (np.abs(second.plain - PLANTED) < 3 * second.standard_errors).all()
    used = pairs.where(usable(pairs))
    assert not is_kept(first, used)[blunders[usable(pairs)]].any()


def test_cut_by_hand() -> None:
    """The three measures on rows of one year, computed from the hat matrix itself."""
    pairs = world(400, 9, years=(2020,))
    pairs = pairs.where(usable(pairs))
    first = fit(statistics(pairs), Rule(minimum_pairs=10))
    r, log = pairs.routes, np.log(pairs.routes.distance_km)
    x = np.column_stack(
        [np.ones(len(log)), log, log**2, np.log(r.unit_value), r.is_contiguous, r.is_landlocked_importer, r.is_landlocked_exporter]
    ) * np.sqrt(pairs.weight)[:, None]  # fmt: skip
    y = pairs.response * np.sqrt(pairs.weight)
    hat = x @ np.linalg.solve(x.T @ x, x.T)
    n, p, h, e = len(y), 7, np.diag(hat), y - hat @ y
    s2 = e @ e / (n - p)
    outside = (e @ e - e**2 / (1 - h)) / (n - p - 1)
    kept: Flags = (np.abs(e / np.sqrt(outside * (1 - h))) < 2) & (e**2 * h / (p * s2 * (1 - h) ** 2) < 4 / (n - p - 1)) & (h < 2 * p / n)
    assert is_kept(first, pairs).tolist() == kept.tolist()
    assert 0 < (~kept).sum() < n / 4


def test_filters() -> None:
    base = world(1, 1).where(np.array([True]))
    value, weight = np.array([20_000.0]), np.array([3_000.0])
    good = replace(base, exporter_usd=value, importer_usd=value, exporter_kg=weight, importer_kg=weight)
    assert usable(good).tolist() == [True]
    for change in ({"exporter_usd": 10_000.0}, {"importer_usd": 9_999.0}, {"exporter_kg": 2_000.0}, {"importer_kg": np.nan}):
        assert usable(replace(good, **{k: np.array([v]) for k, v in change.items()})).tolist() == [False]
    assert usable(replace(good, routes=replace(good.routes, distance_km=np.array([np.nan])))).tolist() == [False]


def test_below_a_thousand_pairs_the_published_coefficients_stand_and_say_so() -> None:
    pairs = world(3_000, 2)
    pairs = pairs.where(usable(pairs)).where(np.arange(int(usable(pairs).sum())) < 999)
    assert fit(statistics(pairs)) is PUBLISHED
    assert fit(merge([])).is_published
    assert is_kept(PUBLISHED, pairs).all()


def test_one_year_without_borders_or_landlocked_areas_has_an_answer() -> None:
    pairs = world(3_000, 4, years=(2020,))
    none = np.zeros(3_000, bool)
    routes = replace(pairs.routes, is_contiguous=none, is_landlocked_importer=none, is_landlocked_exporter=none)
    pairs = replace(pairs, routes=routes)
    fitted = fit(statistics(pairs.where(usable(pairs))))
    assert fitted.plain[4:].tolist() == [0.0, 0.0, 0.0]
    assert fitted.year_effects == pytest.approx([0.0], abs=1e-12)
    assert fitted.rank == 4
    assert np.isfinite(predict(fitted, routes).variance).all()


def test_a_year_outside_the_fit_has_the_average_years_rate() -> None:
    pairs = world(3_000, 6)
    fitted = fit(statistics(pairs.where(usable(pairs))))
    inside = [unfloored(fitted, route(2_000, year=year))[0] for year in (2019, 2020, 2021)]
    assert unfloored(fitted, route(2_000, year=2030))[0] == pytest.approx(np.mean(inside), abs=1e-12)
