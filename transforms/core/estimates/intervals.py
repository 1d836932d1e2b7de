"""Intervals and expected bias of reconciled values (docs/methods.md 1.4).

    E[(ln(Vx / Vm_fob) - bias)^2] = s_i^2 + s_j^2

The bias is the weighted mean over all two-sided flows: what a common error in the CIF rates leaves. A reporter's own bias
stays in its variance, since the interval must cover it. Fitted by quasi-likelihood (each pair's mean square against its
expectation, relative), so that a noisy pair doesn't drown a precise one, and no variance is negative. The split
between exporter and importer isn't in the data: it is the one with equal mean variances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.linear import components
from transforms.core.estimates.sufficient import Flags, Floats, Integers, Kind, Sums, first_of, key, rounded, second_of

_KINDS = (Kind.GAP_FLOWS, Kind.GAP_LOG, Kind.GAP_SQUARE)
_TINY = 1e-300
#: Of the least variances of both roles together, the part that each role's least keeps.
KEPT = 0.25
#: Least variance, as a share of its role's median.
LEAST_OF_MEDIAN = 0.05


@dataclass(frozen=True)
class Rule:
    """``quantile`` of the normal for each tail (1.645: 90 %); rounds of the fit at most, and the relative change that ends it."""

    quantile: float = 1.645
    iterations: int = 3_000
    tolerance: float = 1e-10
    largest_variance: float = 100.0


RULE = Rule()


@dataclass(frozen=True)
class Variances:
    """s^2 of each area in each role: ``exporter`` (E,) ascending with ``exporter_variance`` (E,), importers alike; ``bias`` taken off."""

    exporter: Integers
    exporter_variance: Floats
    importer: Integers
    importer_variance: Floats
    bias: float
    flows: int

    def of(self, area: Integers, *, is_exporter: bool) -> Floats:
        """s^2 of each ``area`` (m,); the role's median for one without mirrors, NaN where nothing was fitted."""
        known, numbers = (self.exporter, self.exporter_variance) if is_exporter else (self.importer, self.importer_variance)
        if not len(known):
            return np.full(len(area), np.nan)
        at = np.minimum(np.searchsorted(known, area), len(known) - 1)
        return np.where(known[at] == area, numbers[at], rounded(np.median(numbers)))


@dataclass(frozen=True)
class Intervals:
    """Of n values: bounds as factors of the value, CV^2, and the bias expected of the value (0.02: 2 % too high).

    ``is_known`` is False where a variance that is needed was never fitted; the numbers are then 0.
    """

    low: Floats
    high: Floats
    squared_variation: Floats
    expected_bias: Floats
    is_known: Flags


def statistics(year: Integers, exporter: Integers, importer: Integers, exporter_fob: Floats, importer_fob: Floats) -> Sums:
    """Flows, ln(Vx / Vm_fob) and its square per year and pair, of flows with both reports above 0 between two areas. All (n,)."""
    both = (exporter_fob > 0) & (importer_fob > 0) & (exporter != importer)
    log = np.log(exporter_fob[both] / importer_fob[both])
    keys = key(Kind.NONE, year[both], exporter[both], importer[both])
    return Sums.several(_KINDS, keys, (np.ones(len(log)), log, log * log))


def fit(sums: Sums, rule: Rule = RULE) -> Variances:
    """Variances over all years in ``sums``. Groups of areas that share no flow are split evenly each by itself."""
    pooled = [sums.of_kind(kind) for kind in _KINDS]
    pooled = [part.over(key(Kind.NONE, 0, first_of(part.keys), second_of(part.keys))) for part in pooled]
    flows, log, square = (part.values for part in pooled)
    total = float(flows.sum())
    bias = float(rounded(log.sum() / total)) if total else 0.0
    exporters, importers = np.unique(first_of(pooled[0].keys)), np.unique(second_of(pooled[0].keys))
    at = np.searchsorted(exporters, first_of(pooled[0].keys)), np.searchsorted(importers, second_of(pooled[0].keys))
    count, squares = np.zeros((len(exporters), len(importers))), np.zeros((len(exporters), len(importers)))
    count[at] = flows
    squares[at] = np.maximum(square - 2 * bias * log + bias * bias * flows, 0.0)
    one, other = _two_way(count, squares, rule)
    one, other = _even(one, other, count)
    # the best of few mirrors may fit all but exactly: that makes no reporter exact
    one, other = (np.maximum(side, LEAST_OF_MEDIAN * float(np.median(side))) if len(side) else side for side in (one, other))
    return Variances(exporters, rounded(one), importers, rounded(other), bias, int(total))


def _two_way(count: Floats, squares: Floats, rule: Rule) -> tuple[Floats, Floats]:
    """Non-negative v (E,) and u (I,) that maximise the quasi-likelihood of v_i + u_j, by multiplicative steps that never lower it."""
    start = squares.sum() / max(float(count.sum()), 1.0) / 2
    one, other = np.full(count.shape[0], start), np.full(count.shape[1], start)
    for _ in range(rule.iterations):
        expected = np.maximum(one[:, None] + other, _TINY)
        found, wanted = squares / expected / expected, count / expected
        next_one = one * np.sqrt(found.sum(axis=1) / np.maximum(wanted.sum(axis=1), _TINY))
        next_other = other * np.sqrt(found.sum(axis=0) / np.maximum(wanted.sum(axis=0), _TINY))
        change = max(float(np.abs(next_one - one).max(initial=0.0)), float(np.abs(next_other - other).max(initial=0.0)))
        one, other = next_one, next_other
        if change <= rule.tolerance * start:
            break
    return one, other


def _even(one: Floats, other: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Within each connected group move a constant from one role to the other until the means are equal.

    No further than the best of a role keeps a quarter of what the best of both have together: a lone report is never taken for exact.
    """
    exporter, importer = np.nonzero(count)
    label = components(sum(count.shape), exporter.astype(np.int64), (len(one) + importer).astype(np.int64))
    for name in np.unique(label):
        mine, theirs = label[: len(one)] == name, label[len(one) :] == name
        shift = (float(other[theirs].mean()) - float(one[mine].mean())) / 2
        least = float(one[mine].min()), float(other[theirs].min())
        kept = KEPT * (least[0] + least[1])
        shift = min(max(shift, kept - least[0]), least[1] - kept)
        one, other = np.where(mine, one + shift, one), np.where(theirs, other - shift, other)
    return np.maximum(one, 0.0), np.maximum(other, 0.0)


def intervals(weight: Floats, exporter_variance: Floats, importer_variance: Floats, cif_variance: Floats, rule: Rule = RULE) -> Intervals:
    """Bounds of w Vx + (1 - w) Vm_fob with w fixed; all (n,). A lone report has weight 1 or 0, and only its variance counts.

    CV^2 = w^2 f(s_i) + (1 - w)^2 (f(s_j) + variance of ln rate); bounds = exp(+-1.645 sqrt(ln(1 + CV^2))). Expected bias:
    w exp(s_i^2 / 2) + (1 - w) exp(s_j^2 / 2) - 1, since a log-normal error of unit median has a mean above 1.
    ``cif_variance`` is 0 where no rate was estimated.
    """
    rest = 1 - weight
    known = ((weight == 0) | np.isfinite(exporter_variance)) & ((rest == 0) | np.isfinite(importer_variance))
    one = np.minimum(np.where(known & (weight > 0), exporter_variance, 0.0), rule.largest_variance)
    other = np.minimum(np.where(known & (rest > 0), importer_variance, 0.0), rule.largest_variance)
    variation = weight**2 * np.exp(one) * np.expm1(one) + rest**2 * (np.exp(other) * np.expm1(other) + cif_variance)
    half = rule.quantile * np.sqrt(np.log1p(variation))
    bias = weight * np.exp(one / 2) + rest * np.exp(other / 2) - 1
    low, high, variation, bias = (np.where(known, number, 0.0) for number in (np.exp(-half), np.exp(half), variation, bias))
    return Intervals(low, high, variation, bias, known)
