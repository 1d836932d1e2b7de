"""The value of each flow from its two reports: weight, unit mistakes, interval, net weight (docs/methods.md 1.1.5, 1.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.core.estimates.blunders import suspected_blunder
from transforms.core.estimates.intervals import Intervals, intervals
from transforms.core.estimates.intervals import Rule as IntervalRule
from transforms.core.estimates.weights import settled
from transforms.core.pinned.parameters import Parameters
from transforms.core.reconciling.fob import ImporterFob
from transforms.core.reconciling.marks import Marks, mark
from transforms.core.reconciling.mirrors import Flows
from transforms.core.reconciling.pair_tables import PairTables

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: What DECIMAL(18,3) holds less than, mills.
LARGEST = 1e18


@dataclass(frozen=True)
class Weighed:
    """n flows. ``weight`` of the exporter's report, ``value`` in mills. ``choice``: NaN where both reports may be averaged, else 1
    or 0: the exporter's report, or the importer's, is the one to take."""

    weight: Floats
    value: Integers
    choice: Floats
    marks: Marks


@dataclass(frozen=True)
class NetWeight:
    """Net weights of n flows, thousandths of kg; ``is_estimated`` where any part of it is."""

    kg: Integers
    has: Flags
    is_estimated: Flags


def mixed(weight: Floats, one: Integers, other: Integers) -> Integers:
    """w one + (1 - w) other: exact where the weight is 1 or 0, else rounded half-even; never outside of both.

    Above 2^53 mills a float doesn't hold every mill.
    """
    value = np.rint(weight * one + (1 - weight) * other).astype(np.int64)
    value = np.clip(value, np.minimum(one, other), np.maximum(one, other))
    return np.where(weight == 1.0, one, np.where(weight == 0.0, other, value))


def _nearer(one: Integers, other: Integers, usual_one: Floats, usual_other: Floats) -> Floats:
    """1 where ``one`` lies nearer to what is usual for it than ``other`` does, in logarithms, else 0; the smaller where nothing is usual.

    ``usual_`` (n,) logarithms, not finite where nothing is known.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        is_nearer = np.abs(np.log(one) - usual_one) <= np.abs(np.log(other) - usual_other)
    is_known = np.isfinite(usual_one) & np.isfinite(usual_other)
    return np.where(is_known, is_nearer, one <= other).astype(np.float64)


def _choice(flows: Flows, exporter_fob: Integers, fob: Integers, unit_value: Floats, at: Integers) -> Floats:
    """1 where the exporter's report of the flows ``at`` is taken whole, else 0; neither is to be averaged with the other."""
    one, other, usual = exporter_fob[at], fob[at], unit_value[at]
    kg_one, kg_other = flows.exporter_kg[at], flows.importer_kg[at]
    kg = np.where(kg_one > 0, kg_one, kg_other), np.where(kg_other > 0, kg_other, kg_one)
    with np.errstate(divide="ignore"):
        usual_value = [np.log(usual) + np.log(weight) for weight in kg]
    return np.where((one > 0) & (other > 0), _nearer(one, other, *usual_value), one > other).astype(np.float64)


def weigh(flows: Flows, tables: PairTables, pair: Integers, exporter_fob: Integers, importer: ImporterFob, unit_value: Floats) -> Weighed:
    """Weights and values. Two kinds of pairs are averaged by no method: one report is taken whole.

    A pair whose reports differ by a factor near 1,000 or 1,000,000: the report nearer to the product's usual unit value at the
    weight that is reported (its own, else the other side's) is taken, the smaller where no weight is known. A pair of which
    one report is above zero and the other isn't: the one above. Methods that take one side whole anyway stay with it.
    """
    fob = importer.fob
    both = flows.has_exporter & flows.has_importer
    weight = settled(tables.weight[pair], flows.has_exporter, flows.has_importer)
    suspected = np.where(both, suspected_blunder(exporter_fob, fob), 0)
    is_odd = both & ((exporter_fob > 0) != (fob > 0))
    at = np.flatnonzero((suspected > 0) | is_odd)
    choice = np.full(len(flows), np.nan)
    if len(at):
        choice[at] = _choice(flows, exporter_fob, fob, unit_value, at)
        averaged = at[(weight[at] > 0) & (weight[at] < 1)]
        weight[averaged] = choice[averaged]
    marks = importer.marks | mark("suspected_1000", suspected == 1_000) | mark("suspected_1000000", suspected == 1_000_000)
    return Weighed(weight, mixed(weight, exporter_fob, fob), choice, marks | mark("not_positive", is_odd))


def interval_of(
    tables: PairTables, pair: Integers, weighed: Weighed, importer: ImporterFob, quantile: float
) -> tuple[Integers, Integers, Flags]:
    """Lower and upper end in mills, and whether there is an interval: not without estimates, nor for a value of 0 or less.

    Nor where its upper end is more than the column holds: reports so far apart say nothing of the value.
    """
    exporter_place, importer_place = np.divmod(pair, tables.importers)
    found: Intervals = intervals(
        weighed.weight,
        tables.variance_exporter[exporter_place],
        tables.variance_importer[importer_place],
        importer.log_variance,
        IntervalRule(quantile=quantile),
    )
    high = weighed.value * found.high
    has = found.is_known & (weighed.value > 0) & (high < LARGEST)
    ends = (np.rint(np.where(has, end, 0.0)).astype(np.int64) for end in (weighed.value * found.low, high))
    low, upper = (np.where(has, end, 0) for end in ends)
    return np.minimum(low, weighed.value), np.maximum(upper, weighed.value), has


def net_weight(flows: Flows, tables: PairTables, pair: Integers, value: Integers, unit_value: Floats, parameters: Parameters) -> NetWeight:
    """Net weights by the method's weights for quantities, a unit mistake in them not averaged; from units where neither side weighs."""
    one, other = flows.exporter_kg, flows.importer_kg
    has_one, has_other = one > 0, other > 0
    weight = settled(tables.weight_kg[pair], has_one, has_other)
    is_mixed = has_one & has_other & (weight > 0) & (weight < 1)
    at = np.flatnonzero(is_mixed & (suspected_blunder(one, other) > 0))
    if len(at):
        with np.errstate(divide="ignore", invalid="ignore"):
            usual = np.log(np.maximum(value[at], 0)) - np.log(unit_value[at])
        weight[at] = _nearer(one[at], other[at], usual, usual)
    kg = mixed(weight, one, other)
    is_estimated = (flows.is_exporter_kg_estimated & (weight > 0)) | (flows.is_importer_kg_estimated & (weight < 1))
    has: Flags = has_one | has_other
    return _from_units(flows, NetWeight(kg, has, is_estimated & has), parameters)


def _from_units(flows: Flows, found: NetWeight, parameters: Parameters) -> NetWeight:
    """Weights by tonnes per unit where neither side reports one, the exporter's quantity first; marked as estimated."""
    lacking = np.flatnonzero(~found.has & ((flows.exporter_quantity > 0) | (flows.importer_quantity > 0)))
    if not len(lacking):
        return found
    kg, has, is_estimated = found.kg.copy(), found.has.copy(), found.is_estimated.copy()
    product = flows.product[lacking]
    for unit, quantity in (
        (flows.exporter_unit[lacking], flows.exporter_quantity[lacking]), (flows.importer_unit[lacking], flows.importer_quantity[lacking])
    ):  # fmt: skip
        weight, known = parameters.kg_of(flows.classification, product, unit, quantity.astype(np.float64))
        known &= ~has[lacking] & (weight >= 0.5) & (weight < 2.0**53)
        kg[lacking[known]] = np.rint(weight[known]).astype(np.int64)
        has[lacking[known]] = is_estimated[lacking[known]] = True
    return NetWeight(kg, has, is_estimated)
