"""Reporter quality (docs/methods.md 1.1.4): how far a reporter's figures stand from its partners', others' faults set aside.

    RD = |ln(Vx / Vm_fob)| = mean + alpha_i + beta_j + lambda_t + gamma_k + e,   weights ln(Vx + Vm_fob), effects summing to zero

Solved exactly on sums of weights by (exporter, product), (importer, product) and (exporter, importer): the products'
block is diagonal and eliminated, what is left is as large as there are areas and years.

sigma ranks and weighs; it is not a standard deviation (the paper calls the subtraction in it ad hoc).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.linear import components, pseudo_inverse, times
from transforms.core.estimates.sufficient import (
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
    second_of,
    year_of,
)


@dataclass(frozen=True)
class Rule:
    """``floor`` of the reporting distance in sigma; ``anchor_flows``: flows from which on a reporter may be the best one."""

    floor: float = 0.03
    anchor_flows: int = 1


RULE = Rule()


@dataclass(frozen=True)
class Mirrors:
    """Both FOB values of n flows, USD; codes as integers. The caller leaves out hubs and reports exchanged between partners."""

    year: Integers
    exporter: Integers
    importer: Integers
    product: Integers
    exporter_fob: Floats
    importer_fob: Floats

    def where(self, mask: Flags | slice) -> Mirrors:
        """The flows where ``mask`` holds."""
        return Mirrors(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Side:
    """Reporters in one role. ``area`` ascending (n,); ``flows`` compared; ``distance`` the least-squares mean of RD.

    ``group``: reporters of unlike groups share no product, directly or over others. Each group's effects then sum to
    zero by themselves (the minimum-norm solution), so a comparison between groups isn't in the data. The largest is 0.
    """

    area: Integers
    flows: Integers
    distance: Floats
    standard_error: Floats
    sigma: Floats
    group: Integers

    def sigma_of(self, area: Integers) -> Floats:
        """sigma of each ``area`` (n,); of one that had no mirror the median; without any estimate 1 for all, so weights tie."""
        if not len(self.area):
            return np.ones(len(area))
        at = np.minimum(np.searchsorted(self.area, area), len(self.area) - 1)
        return np.where(self.area[at] == area, self.sigma[at], rounded(np.median(self.sigma)))


@dataclass(frozen=True)
class Quality:
    """A fit. ``residual_variance`` is 0 where no ``degrees_of_freedom`` are left: the standard errors are then 0 too."""

    exporters: Side
    importers: Side
    years: Integers
    year_effects: Floats
    products: Integers
    product_effects: Floats
    mean: float
    residual_variance: float
    degrees_of_freedom: int


def is_compared(mirrors: Mirrors) -> Flags:
    """Flows that both sides report with a positive value, over 1 USD together, between two areas. Shape (n,)."""
    positive = (mirrors.exporter_fob > 0) & (mirrors.importer_fob > 0) & (mirrors.exporter_fob + mirrors.importer_fob > 1)
    mask: Flags = positive & (mirrors.exporter != mirrors.importer)
    return mask


def statistics(mirrors: Mirrors) -> Sums:
    """All sums that the fit needs, of the flows that can be compared."""
    return merge([_statistics(mirrors.where(block)) for block in blocks(len(mirrors.year))])


def _statistics(mirrors: Mirrors) -> Sums:
    m = mirrors.where(is_compared(mirrors))
    weight = np.log(m.exporter_fob + m.importer_fob)
    distance = np.abs(np.log(m.exporter_fob / m.importer_fob))
    weighted = weight * distance
    ones = np.ones(len(weight))
    return merge([
        Sums.of(key(Kind.EXPORTER_PRODUCT, m.year, m.exporter, m.product), weight),
        Sums.of(key(Kind.IMPORTER_PRODUCT, m.year, m.importer, m.product), weight),
        Sums.of(key(Kind.EXPORTER_IMPORTER, m.year, m.exporter, m.importer), weight),
        Sums.several((Kind.RD_EXPORTER, Kind.FLOWS_EXPORTER), key(Kind.NONE, m.year, m.exporter), (weighted, ones)),
        Sums.several((Kind.RD_IMPORTER, Kind.FLOWS_IMPORTER), key(Kind.NONE, m.year, m.importer), (weighted, ones)),
        Sums.of(key(Kind.RD_PRODUCT, m.year, m.product), weighted),
        Sums.of(key(Kind.RD_SQUARE, m.year), weighted * distance),
    ])  # fmt: skip


@dataclass(frozen=True)
class _System:
    """Normal equations. A = exporters, importers, years one after the other; P products."""

    exporters: Integers
    importers: Integers
    years: Integers
    products: Integers
    areas: Floats  # (A, A)
    cross: Floats  # (A, P)
    product: Floats  # (P,)
    right: Floats  # (A,)
    right_product: Floats  # (P,)


def _system(sums: Sums) -> _System:
    """The normal equations of all years in ``sums``."""
    exporters, importers, products = (
        np.unique(first_of(sums.of_kind(kind).keys)) for kind in (Kind.RD_EXPORTER, Kind.RD_IMPORTER, Kind.RD_PRODUCT)
    )
    years = np.unique(year_of(sums.of_kind(Kind.RD_SQUARE).keys))
    e, i, size = len(exporters), len(importers), len(exporters) + len(importers) + len(years)
    areas, cross = np.zeros((size, size)), np.zeros((size, len(products)))
    right, right_product = np.zeros(size), np.zeros(len(products))
    for kind, of_cross, of_right, codes, start in (
        (Kind.EXPORTER_PRODUCT, True, Kind.RD_EXPORTER, exporters, 0), (Kind.IMPORTER_PRODUCT, False, Kind.RD_IMPORTER, importers, e)
    ):  # fmt: skip
        cells = sums.of_kind(kind)
        _add(cross, cells, codes, products, start, over_years=True)
        by_year = cells.over(key(Kind.NONE, 0, first_of(cells.keys), year_of(cells.keys)))
        _add(areas, by_year, codes, years, start, e + i)
        if of_cross:
            of_year = cells.over(key(Kind.NONE, 0, year_of(cells.keys), second_of(cells.keys)))
            _add(cross, of_year, years, products, e + i)
        heard = sums.of_kind(of_right)
        heard = heard.over(key(Kind.NONE, 0, first_of(heard.keys)))
        right[start : start + len(codes)] = heard.values
    _add(areas, sums.of_kind(Kind.EXPORTER_IMPORTER), exporters, importers, 0, e, over_years=True)
    areas += areas.T
    heard = sums.of_kind(Kind.RD_EXPORTER)
    right[e + i :] = heard.over(key(Kind.NONE, 0, year_of(heard.keys))).values
    heard = sums.of_kind(Kind.RD_PRODUCT)
    right_product[:] = heard.over(key(Kind.NONE, 0, first_of(heard.keys))).values
    np.fill_diagonal(areas, cross.sum(axis=1))
    return _System(exporters, importers, years, products, areas, cross, cross[:e].sum(axis=0), right, right_product)


def _add(matrix: Floats, cells: Sums, rows: Integers, columns: Integers, row: int, column: int = 0, *, over_years: bool = False) -> None:
    """Put sums with keys (first, second) at their places, from ``row`` and ``column`` on."""
    if over_years:
        cells = cells.over(key(Kind.NONE, 0, first_of(cells.keys), second_of(cells.keys)))
    at = np.searchsorted(rows, first_of(cells.keys)), np.searchsorted(columns, second_of(cells.keys))
    matrix[row + at[0], column + at[1]] = cells.values


def fit(sums: Sums, rule: Rule = RULE) -> Quality:
    """Effects, least-squares means, standard errors and sigmas from merged statistics of one or more years.

    Never fails for want of data: without mirrors there are no reporters; a lone reporter's or year's effect is 0.
    """
    system = _system(sums)
    share = system.cross / system.product
    schur = system.areas - _crossed(share, system.cross)
    solved = pseudo_inverse(schur, np.diag(system.areas))
    theta = times(solved.matrix, system.right - times(share, system.right_product))
    product = (system.right_product - times(system.cross.T, theta)) / system.product
    count = int(sums.of_kind(Kind.FLOWS_EXPORTER).values.sum())
    squares = float(sums.of_kind(Kind.RD_SQUARE).values.sum())
    free = max(0, count - solved.rank - len(product))
    explained = float((theta * system.right).sum()) + float((product * system.right_product).sum())
    variance = max(0.0, squares - explained) / free if free else 0.0
    mean = float(product.mean()) if len(product) else 0.0
    spread = _spread(system, share, solved.matrix) * variance
    group = _groups(system)
    e, i = len(system.exporters), len(system.importers)
    sides = []
    for codes, kind, part in (
        (system.exporters, Kind.FLOWS_EXPORTER, slice(0, e)),
        (system.importers, Kind.FLOWS_IMPORTER, slice(e, e + i)),
    ):
        flows = sums.of_kind(kind)
        counts = flows.over(key(Kind.NONE, 0, first_of(flows.keys))).values.astype(np.int64)
        sides.append(_side(codes, counts, mean + theta[part], np.sqrt(np.maximum(spread[part], 0.0)), group[part], rule))
    return Quality(
        sides[0], sides[1], system.years, rounded(theta[e + i :]), system.products, rounded(product - mean),
        float(rounded(mean)), float(rounded(variance)), free,
    )  # fmt: skip


def _crossed(share: Floats, cross: Floats) -> Floats:
    """N_ap inv(G) N_pa (A, A)."""
    product: Floats = np.einsum("ik,jk->ij", share, cross, optimize=False)
    return product


def _spread(system: _System, share: Floats, matrix: Floats) -> Floats:
    """Variance of each area's least-squares mean (A,), in units of the residual variance."""
    if not len(system.product):
        return np.zeros(len(matrix))
    middle = share.mean(axis=1)
    pulled = times(matrix, middle)
    mean: Floats = (1 / system.product).sum() / len(system.product) ** 2 + np.diag(matrix) - 2 * pulled + (middle * pulled).sum()
    return mean


def _groups(system: _System) -> Integers:
    """Group of each exporter and importer (E + I,): 0 the largest, the others by size, ties by their first member."""
    areas = len(system.exporters) + len(system.importers)
    area, product = np.nonzero(system.cross[:areas])
    label = components(areas + len(system.products), area.astype(np.int64), (areas + product).astype(np.int64))[:areas]
    names, place, size = np.unique(label, return_inverse=True, return_counts=True)
    order = np.lexsort((names, -size))
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return rank[place]


def _side(area: Integers, flows: Integers, distance: Floats, error: Floats, group: Integers, rule: Rule) -> Side:
    """sigma = (pi / 2) max(distance - least distance - 2 standard errors, floor)."""
    distance, error = rounded(distance), rounded(error)
    anchors = flows >= rule.anchor_flows
    best = float(distance[anchors].min()) if anchors.any() else float(distance.min(initial=np.inf))
    sigma = np.pi / 2 * np.maximum(distance - best - 2 * error, rule.floor)
    return Side(area, flows, distance, error, rounded(sigma), group)
