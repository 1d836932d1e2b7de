"""What the CIF equation says of a row: its rate, how sure that is, and whether a pair is an outlier of the first fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from transforms.core.estimates.cif import NAMES, RULE, Coefficients, Pairs, Routes, Rule, columns, is_complete
from transforms.core.estimates.linear import times
from transforms.core.estimates.sufficient import Flags, Floats, Integers

_PLAIN = len(NAMES)
_UNIT_VALUE = NAMES.index("ln_unit_value")


@dataclass(frozen=True)
class Rates:
    """Estimated rates of n rows. ``factor`` = exp(``log_rate``), at least 1; FOB = CIF value / factor.

    ``variance`` is that of the estimated mean of log_rate, before the floor. Where ``is_known`` is False distance or unit
    value is missing: the rate is the fit's mean, with its own square for variance.
    """

    log_rate: Floats
    factor: Floats
    variance: Floats
    is_known: Flags


def unfloored(coefficients: Coefficients, routes: Routes, rule: Rule = RULE) -> Floats:
    """ln of the rate as the equation gives it (n,), distance clamped below; every route must be complete."""
    return _fitted(coefficients, routes, np.maximum(routes.distance_km, rule.minimum_km))


def predict(coefficients: Coefficients, routes: Routes, rule: Rule = RULE) -> Rates:
    """Rates of ``routes``."""
    known = is_complete(routes)
    complete = routes.where(known)
    distance = np.maximum(complete.distance_km, rule.minimum_km)
    mean = max(0.0, coefficients.mean_log_rate)
    log_rate, variance = np.full(len(known), mean), np.full(len(known), mean**2)
    log_rate[known] = _fitted(coefficients, complete, distance)
    variance[known] = coefficients.residual_variance * _quadratic(coefficients, complete, distance)
    log_rate = np.maximum(log_rate, 0.0)
    return Rates(log_rate, np.exp(log_rate), np.maximum(variance, 0.0), known)


@dataclass(frozen=True)
class RateTable:
    """The equation with all but the product's unit value filled in, for p routes; what a row costs is then two look-ups.

    ``base`` (p,) is the log rate at a unit value of 1, ``variance_base`` and ``variance_linear`` (p,) with ``variance_square``
    the variance's polynomial in ln UV. ``is_known`` (p,): the distance is there.
    """

    base: Floats
    slope: float
    variance_base: Floats
    variance_linear: Floats
    variance_square: float
    is_known: Flags
    mean_log_rate: float

    def rates(self, route: Integers, unit_value: Floats) -> Rates:
        """Rates of n rows from their ``route`` (0..p-1) and their product's unit value, USD per kg; as ``predict``."""
        known = self.is_known[route] & (unit_value > 0) & np.isfinite(unit_value)
        log = np.log(np.where(known, unit_value, 1.0))
        variance = self.variance_base[route] + log * (self.variance_linear[route] + log * self.variance_square)
        log_rate = np.where(known, self.base[route] + self.slope * log, self.mean_log_rate)
        log_rate = np.maximum(log_rate, 0.0)
        variance = np.where(known, np.maximum(variance, 0.0), self.mean_log_rate**2)
        return Rates(log_rate, np.exp(log_rate), variance, known)


def tabulate(coefficients: Coefficients, routes: Routes, rule: Rule = RULE) -> RateTable:
    """The table of p ``routes``, such as all pairs of areas in one year; their ``unit_value`` isn't read."""
    mean = max(0.0, coefficients.mean_log_rate)
    numbers = np.zeros((3, len(routes.year)))
    numbers[0] = mean
    known = (routes.distance_km > 0) & np.isfinite(routes.distance_km)
    some = replace(routes.where(known), unit_value=np.ones(int(known.sum())))
    distance = np.maximum(some.distance_km, rule.minimum_km)
    at_one = _quadratic(coefficients, some, distance)
    above, below = (_quadratic(coefficients, replace(some, unit_value=np.full(len(distance), np.exp(v))), distance) for v in (1.0, -1.0))
    numbers[:, known] = _fitted(coefficients, some, distance), at_one, (above - below) / 2
    scale = coefficients.residual_variance
    square = float(scale * coefficients.spread[_UNIT_VALUE, _UNIT_VALUE])
    slope = float(coefficients.plain[_UNIT_VALUE])
    return RateTable(numbers[0], slope, scale * numbers[1], scale * numbers[2], square, known, mean)


def is_kept(first: Coefficients, pairs: Pairs, rule: Rule = RULE) -> Flags:
    """Usable ``pairs`` that stay for the second pass (n,): no outlier by studentised residual, Cook's distance or leverage.

    The residual is externally studentised; n and p are the first fit's pairs and rank. All stay where the first fit is
    the published one, exact, or leaves no degree of freedom.
    """
    free = first.pairs - first.rank - 1
    if first.is_published or first.residual_variance == 0 or free <= 0:
        return np.ones(len(pairs.exporter_usd), np.bool_)
    routes = pairs.routes
    leverage = pairs.weight * _quadratic(first, routes, routes.distance_km)
    rest = np.maximum(1 - leverage, 1e-12)
    error = pairs.response - _fitted(first, routes, routes.distance_km)
    internal = pairs.weight * error * error / (first.residual_variance * rest)
    external = internal * free / np.maximum(free + 1 - internal, 1e-12)
    cook = internal * leverage / (first.rank * rest)
    mask: Flags = (external < rule.studentised**2) & (cook < 4 / free) & (leverage < 2 * first.rank / first.pairs)
    return mask


def _fitted(coefficients: Coefficients, routes: Routes, distance_km: Floats) -> Floats:
    """The equation's right side (n,), column by column: a row's answer doesn't depend on the rows beside it."""
    effects = np.append(coefficients.year_effects, 0.0)
    total = effects[_place(coefficients.years, routes.year)]
    for weight, column in zip(coefficients.plain, columns(routes, distance_km), strict=True):
        total = total + weight * column
    return total


def _quadratic(coefficients: Coefficients, routes: Routes, distance_km: Floats) -> Floats:
    """x' S x of each row (n,), S the coefficients' spread."""
    years = len(coefficients.years)
    spreads = np.empty((years + 1, _PLAIN, _PLAIN))
    for place in range(years + 1):
        select = np.zeros((_PLAIN, _PLAIN + years))
        select[:, :_PLAIN] = np.eye(_PLAIN)
        if place < years:
            select[0, _PLAIN + place] = 1
        spreads[place] = times(times(select, coefficients.spread), select.T)
    at, design = _place(coefficients.years, routes.year), columns(routes, distance_km)
    total = np.zeros(len(at))
    for one in range(_PLAIN):
        for other in range(one, _PLAIN):
            total = total + (1 if one == other else 2) * spreads[at, one, other] * design[one] * design[other]
    return total


def _place(years: Integers, year: Integers) -> Integers:
    """Place of each year among the fitted ones (n,); their number where it isn't one."""
    if not len(years):
        return np.zeros(len(year), np.int64)
    at = np.minimum(np.searchsorted(years, year), len(years) - 1)
    return np.where(years[at] == year, at, len(years)).astype(np.int64)
