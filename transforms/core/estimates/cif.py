"""CIF to FOB (docs/methods.md 1.1.3): how far an importer's unit value stands above the exporter's, explained by the route.

    ln(UVm / UVx) = a + b ln d + c (ln d)^2 + g ln UV + contiguity + landlocked importer + landlocked exporter + year

Weighted least squares on sums per year. The ln d of the sums is centred, so that the system is well conditioned; the
coefficients are the equation's. Year effects sum to zero over the fitted years, so a year outside them has effect 0 and
the average year's rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np

from transforms.core.estimates.linear import pseudo_inverse, times
from transforms.core.estimates.sufficient import (
    EstimateError,
    Flags,
    Floats,
    Integers,
    Kind,
    Sums,
    blocks,
    first_of,
    key,
    merge,
    rounded,
    year_of,
)

#: Names of the coefficients before the years', in the order of every array here.
NAMES = ("constant", "ln_distance", "ln_distance_squared", "ln_unit_value", "contiguity", "landlocked_importer", "landlocked_exporter")
_CENTRE = 8.0
_PLAIN = len(NAMES)
#: Products of two of (1, six regressors, y) kept as sums, then the count.
_PRODUCTS = tuple(combinations_with_replacement(range(_PLAIN + 1), 2))
_COUNT = len(_PRODUCTS)


@dataclass(frozen=True)
class Rule:
    """Which pairs take part, and how predictions are bounded. Values in USD, weights in kg, distance in km."""

    more_than_usd: float = 10_000.0
    more_than_kg: float = 2_000.0
    minimum_pairs: int = 1_000
    studentised: float = 2.0
    minimum_km: float = 245.0


RULE = Rule()


@dataclass(frozen=True)
class Routes:
    """What a rate depends on, shape (n,) each. ``unit_value`` is the product's, USD per kg; NaN where it or the distance is missing."""

    year: Integers
    distance_km: Floats
    unit_value: Floats
    is_contiguous: Flags
    is_landlocked_importer: Flags
    is_landlocked_exporter: Flags

    def where(self, mask: Flags | slice) -> Routes:
        """The routes where ``mask`` holds."""
        return Routes(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Pairs:
    """Both reports of n flows: routes, values in USD (FOB and CIF), weights in kg; NaN where a side gives none."""

    routes: Routes
    exporter_usd: Floats
    importer_usd: Floats
    exporter_kg: Floats
    importer_kg: Floats

    def where(self, mask: Flags | slice) -> Pairs:
        """The pairs where ``mask`` holds."""
        return Pairs(self.routes.where(mask), *(getattr(self, name)[mask] for name in list(self.__dataclass_fields__)[1:]))

    @cached_property
    def weight(self) -> Floats:
        """min(Qx, Qm) / max(Qx, Qm), 0 to 1."""
        smaller: Floats = np.minimum(self.exporter_kg, self.importer_kg)
        return smaller / np.maximum(self.exporter_kg, self.importer_kg)

    @cached_property
    def response(self) -> Floats:
        """ln(UVm / UVx)."""
        ratio: Floats = np.log(self.importer_usd / self.importer_kg) - np.log(self.exporter_usd / self.exporter_kg)
        return ratio


@dataclass(frozen=True)
class Coefficients:
    """A fitted or the published equation. ``plain`` (7,) as NAMES, ``year_effects`` (T,) of ``years`` (T,).

    ``spread`` (7 + T, 7 + T) times ``residual_variance`` is the covariance; ``rank`` the number of parameters that the
    pairs identify, ``mean_log_rate`` the weighted mean of the response.
    """

    plain: Floats
    years: Integers
    year_effects: Floats
    spread: Floats
    residual_variance: float
    pairs: int
    rank: int
    mean_log_rate: float
    is_published: bool = False

    @property
    def standard_errors(self) -> Floats:
        """Of the plain coefficients (7,); 0 for the published ones, whose covariance isn't."""
        errors: Floats = np.sqrt(self.residual_variance * np.diag(self.spread)[:_PLAIN])
        return errors


#: CEPII WP 2010-23, weighted unit values, 1989-2004. Their covariance isn't published: its share in an interval is 0.
PUBLISHED = Coefficients(
    plain=np.array([0.32, -0.11, 0.010, -0.032, -0.044, 0.049, -0.009]),
    years=np.zeros(0, np.int64),
    year_effects=np.zeros(0),
    spread=np.zeros((_PLAIN, _PLAIN)),
    residual_variance=0.0,
    pairs=9_053_610,
    rank=_PLAIN,
    # not rounded as a fit is: its exponential is 1.033 itself
    mean_log_rate=float(np.log(1.033)),
    is_published=True,
)


def usable(pairs: Pairs, rule: Rule = RULE) -> Flags:
    """Pairs that enter the estimation: both sides in kg, over 10 kUSD and over 2 t each, distance and unit value there."""
    values = np.minimum(pairs.exporter_usd, pairs.importer_usd) > rule.more_than_usd
    weights = np.minimum(pairs.exporter_kg, pairs.importer_kg) > rule.more_than_kg
    mask: Flags = values & weights & is_complete(pairs.routes)
    return mask


def is_complete(routes: Routes) -> Flags:
    """Whether distance and unit value are there and positive. Shape (n,)."""
    mask: Flags = (routes.distance_km > 0) & np.isfinite(routes.distance_km) & (routes.unit_value > 0) & np.isfinite(routes.unit_value)
    return mask


def columns(routes: Routes, distance_km: Floats, *, centre: float = 0.0) -> list[Floats]:
    """Design matrix but for the years: NAMES' columns, shape (n,) each."""
    distance = np.log(distance_km) - centre
    flags = (routes.is_contiguous, routes.is_landlocked_importer, routes.is_landlocked_exporter)
    plain = [np.ones(len(distance)), distance, distance * distance, np.log(routes.unit_value)]
    return plain + [flag.astype(np.float64) for flag in flags]


def statistics(pairs: Pairs) -> Sums:
    """X'WX, X'Wy, y'Wy and n per year of usable ``pairs``."""
    parts = []
    for block in blocks(len(pairs.exporter_usd)):
        some = pairs.where(block)
        for year in np.unique(some.routes.year):
            rows = some.where(some.routes.year == year)
            design = [*columns(rows.routes, rows.routes.distance_km, centre=_CENTRE), rows.response]
            weighted = [rows.weight * column for column in design]
            terms = [weighted[one] * design[other] for one, other in _PRODUCTS] + [np.ones(len(rows.weight))]
            parts += [Sums.total(key(Kind.CIF, int(year), place), term) for place, term in enumerate(terms)]
    return merge(parts)


def fit(sums: Sums, rule: Rule = RULE) -> Coefficients:
    """Coefficients from merged statistics; PUBLISHED below ``minimum_pairs``.

    A regressor that never varies, or repeats another, gets the minimum-norm solution: 0 if it is always 0.
    """
    moments = sums.of_kind(Kind.CIF)
    counts = moments.where(first_of(moments.keys) == _COUNT)
    pairs = int(counts.values.sum())
    if pairs < rule.minimum_pairs:
        return PUBLISHED
    years = year_of(counts.keys)
    by_year = np.array([_moments(moments.where(year_of(moments.keys) == year)) for year in years])
    normal, right = _system(by_year)
    solved = pseudo_inverse(normal, np.diag(normal))
    solution = times(solved.matrix, right)
    squares = float(by_year[:, -1, -1].sum())
    residual = max(0.0, squares - float((solution * right).sum())) / max(1, pairs - solved.rank)
    back = _uncentred(len(years))
    plain = rounded(times(back, solution))
    spread = times(times(back, solved.matrix), back.T)
    spread = rounded((spread + spread.T) / 2)
    return Coefficients(
        plain[:_PLAIN], years, plain[_PLAIN:], spread, float(rounded(residual)), pairs, solved.rank,
        float(rounded(by_year[:, 0, -1].sum() / by_year[:, 0, 0].sum())),
    )  # fmt: skip


def _moments(sums: Sums) -> Floats:
    """One year's sums of products as a symmetric matrix (8, 8): 1, the six regressors, y."""
    matrix = np.zeros((_PLAIN + 1, _PLAIN + 1))
    if not np.array_equal(first_of(sums.keys), np.arange(_COUNT + 1)):
        raise EstimateError(f"CIF statistics of {int(year_of(sums.keys)[0])}: {len(sums.keys)} sums, expected {_COUNT + 1}")
    for (one, other), number in zip(_PRODUCTS, sums.values[:_COUNT], strict=True):
        matrix[one, other] = matrix[other, one] = number
    return matrix


def _system(by_year: Floats) -> tuple[Floats, Floats]:
    """Normal equations of the six regressors and one constant a year: (6 + T, 6 + T) and (6 + T,)."""
    slopes, count = _PLAIN - 1, len(by_year)
    normal, right = np.zeros((slopes + count, slopes + count)), np.zeros(slopes + count)
    for place, matrix in enumerate(by_year):
        at = slopes + place
        normal[:slopes, :slopes] += matrix[1:_PLAIN, 1:_PLAIN]
        normal[:slopes, at] = normal[at, :slopes] = matrix[0, 1:_PLAIN]
        normal[at, at] = matrix[0, 0]
        right[:slopes] += matrix[1:_PLAIN, -1]
        right[at] = matrix[0, -1]
    return normal, right


def _uncentred(years: int) -> Floats:
    """From slopes on centred ln d and a constant a year to the equation: (7 + T, 6 + T)."""
    slopes = _PLAIN - 1
    back = np.zeros((_PLAIN + years, slopes + years))
    back[1:_PLAIN, :slopes] = np.eye(slopes)
    back[1, 1] = -2 * _CENTRE
    back[0, :2] = -_CENTRE, _CENTRE**2
    back[0, slopes:] = 1 / years
    back[_PLAIN:, slopes:] = np.eye(years) - 1 / years
    return back
