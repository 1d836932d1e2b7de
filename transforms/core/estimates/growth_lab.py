"""The Growth Lab's reliabilities and its rescaling to pair totals (docs/methods.md 1.2).

Not repeated from the public pipeline: 0/1 flags in the place of weights, World rows dropped before totals are taken,
1 - tau as the inverse of 1 + tau, a rest that belongs to no product (what a total holds beyond its products is a leaf here).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import EstimateError, Floats, Integers, rounded


@dataclass(frozen=True)
class Rule:
    """``least_discrepancy``: mean weighted discrepancy below which a reporter counts as having this one (r <= 1 / it)."""

    iterations: int = 25
    least_discrepancy: float = 1e-3


RULE = Rule()


@dataclass(frozen=True)
class Reliability:
    """r of each area as exporter and as importer; ``area`` ascending (n,). An area never compared in a role has 1, the start."""

    area: Integers
    exporter: Floats
    importer: Floats

    def of(self, area: Integers, *, is_exporter: bool) -> Floats:
        """r of each ``area`` (m,); 1 where it isn't known."""
        numbers = self.exporter if is_exporter else self.importer
        if not len(self.area):
            return np.ones(len(area))
        at = np.minimum(np.searchsorted(self.area, area), len(self.area) - 1)
        return np.where(self.area[at] == area, numbers[at], 1.0)


def reliability(exporter: Integers, importer: Integers, exporter_fob: Floats, importer_fob: Floats, rule: Rule = RULE) -> Reliability:
    """From the pair totals that both sides report (m,), one period, each pair once.

    d = |X - M| / (X + M); r_exp_i = n_i / sum_j d_ij r_imp_j and r_imp_j = n_j / sum_i d_ij r_exp_i, both from the round
    before. Their common scale swings between rounds, so the number of rounds is part of the method.
    """
    compared = (exporter_fob > 0) & (importer_fob > 0) & (exporter != importer)
    one, other = exporter[compared], importer[compared]
    area = np.unique(np.concatenate([one, other]))
    at = np.searchsorted(area, one), np.searchsorted(area, other)
    flat = at[0] * len(area) + at[1]
    if len(np.unique(flat)) < len(flat):
        raise EstimateError("a pair of areas comes twice; expected its total of one period")
    discrepancy, partners = np.zeros((len(area), len(area))), np.zeros((len(area), len(area)))
    discrepancy[at] = np.abs(exporter_fob - importer_fob)[compared] / (exporter_fob + importer_fob)[compared]
    partners[at] = 1.0
    exports, imports = partners.sum(axis=1), partners.sum(axis=0)
    r_exporter, r_importer = np.ones(len(area)), np.ones(len(area))
    for _ in range(rule.iterations):
        of_exporters, of_importers = (discrepancy * r_importer).sum(axis=1), (discrepancy * r_exporter[:, None]).sum(axis=0)
        r_exporter, r_importer = _round(exports, of_exporters, rule), _round(imports, of_importers, rule)
    return Reliability(area, rounded(r_exporter), rounded(r_importer))


def _round(partners: Floats, weighted: Floats, rule: Rule) -> Floats:
    """n / sum, bounded where the reports all but agree; 1 without partners."""
    r: Floats = np.where(partners > 0, partners / np.maximum(weighted, np.maximum(partners, 1) * rule.least_discrepancy), 1.0)
    return r


def rescaled(values: Integers, pair: Integers, totals: Integers) -> Integers:
    """Products' ``values`` (n,) >= 0 of pairs 0..p-1 (``pair``, ascending) brought to the pairs' ``totals`` (p,) >= 0; all in mills.

    Scaled in proportion, largest remainder, ties to the first. A pair whose products are all 0 has nothing to scale and keeps them.
    """
    sums = np.zeros(len(totals), np.int64)
    np.add.at(sums, pair, values)
    scaled = np.flatnonzero(((totals != sums) & (sums != 0))[pair])
    out = values.copy()
    out[scaled] = _shared(values[scaled], pair[scaled], totals, sums)
    return out


def _shared(values: Integers, pair: Integers, totals: Integers, sums: Integers) -> Integers:
    """Values times their pair's total / sum, in whole mills that sum to the total."""
    exact = values * (totals / np.where(sums > 0, sums, 1))[pair]
    floors = np.floor(exact)
    left = totals.copy()
    np.subtract.at(left, pair, floors.astype(np.int64))
    order = np.lexsort((floors - exact, pair))
    first = np.searchsorted(pair, pair)
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values)) - first
    return floors.astype(np.int64) + (rank < left[pair])
