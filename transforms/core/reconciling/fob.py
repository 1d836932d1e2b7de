"""Importers' reports FOB (docs/methods.md 1.1.3): what the row states, else what its valuation says, else the CIF equation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.core.coded import AREA_CODES
from transforms.core.estimates.cif import PUBLISHED, Rule
from transforms.core.estimates.cif_rates import RateTable, tabulate
from transforms.core.pinned.parameters import Parameters
from transforms.core.places.geography import Geography
from transforms.core.places.valuation import fob_importers_of
from transforms.core.reconciling.marks import Marks, mark
from transforms.core.reconciling.mirrors import Flows
from transforms.settings import Settings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


#: CIF over a FOB value of the same row that is still believed; observed rates rarely pass 1.3.
LARGEST_RATE = 2


@dataclass(frozen=True)
class RouteRates:
    """The CIF equation over all routes of one year. ``position`` (AREA_CODES,): place in the geography, the last for areas without."""

    position: Integers
    places: int
    table: RateTable
    is_great_circle: Flags
    is_fob_importer: Flags
    parameters: Parameters
    mark: str
    constant: float | None

    def routes(self, exporter: Integers, importer: Integers) -> Integers:
        """Index of each pair of areas into the table (n,)."""
        return self.position[exporter] * self.places + self.position[importer]


@dataclass(frozen=True)
class ImporterFob:
    """Importers' reports of n flows: FOB in mills (0 where none), the factor taken off (NaN where none was), variance of its logarithm."""

    fob: Integers
    factor: Floats
    log_variance: Floats
    marks: Marks


def cif_rule(settings: Settings) -> Rule:
    """The rule of the CIF equation as the home sets it."""
    e = settings.estimate
    return Rule(e.cif_more_than_usd, e.cif_more_than_kg, e.cif_minimum_pairs, e.cif_studentised, e.cif_minimum_km)


def rates_of(parameters: Parameters, geography: Geography, settings: Settings, year: int) -> RouteRates:
    """Rates of a year, as [reconcile] cif asks."""
    chosen = PUBLISHED if settings.reconcile.cif == "published" else parameters.cif
    places = len(geography.areas) + 1
    one, other = (axis.ravel() for axis in np.indices((places, places)))
    circle = np.pad(geography.is_great_circle, (0, 1)).ravel()
    is_fob = np.zeros(AREA_CODES, bool)
    is_fob[[int(code) for code in fob_importers_of(year)]] = True
    constant = float(settings.reconcile.cif_factor) if settings.reconcile.cif == "constant" else None
    table = tabulate(chosen, geography.routes(year, one, other, np.ones(len(one))), cif_rule(settings))
    name = "cif_constant" if constant else "cif_published" if chosen.is_published else "cif_fitted"
    return RouteRates(geography.position(), places, table, circle, is_fob, parameters, name, constant)


def importer_fob(flows: Flows, rates: RouteRates) -> ImporterFob:
    """The importers' reports of ``flows`` FOB, rounded half-even to the mill.

    A report valued CIF becomes the FOB value that its row states (at most the CIF value, at least half of it), else is divided by the
    equation's rate, at least 1. One valued FOB stays; harmonising has put the dated list of importers into the valuations.
    """
    reported, stated = flows.importer_reported, flows.importer_stated_fob
    is_cif = flows.is_importer_cif
    # a FOB value far below its CIF value is in another unit, or of something else
    implausible = is_cif & (stated > 0) & (reported > LARGEST_RATE * stated)
    observed = is_cif & (stated > 0) & ~implausible
    listed = flows.has_importer & ~is_cif & rates.is_fob_importer[flows.importer]
    estimated = is_cif & ~observed
    factor, variance = np.full(len(flows), np.nan), np.zeros(len(flows))
    fob = reported.copy()
    marks = mark("cif_observed", observed) | mark("fob_importer", listed) | mark("fob_implausible", implausible)
    if observed.any():
        fob[observed] = np.minimum(stated[observed], reported[observed])
        factor[observed] = np.maximum(1.0, reported[observed] / np.maximum(fob[observed], 1))
    if estimated.any():
        log_variance, is_known, far = _estimated(flows, rates, factor, estimated)
        variance[estimated] = log_variance
        whole = np.rint(reported[estimated] / factor[estimated]).astype(np.int64)
        fob[estimated] = np.where(factor[estimated] == 1.0, reported[estimated], np.minimum(whole, reported[estimated]))
        known = np.zeros(len(flows), bool)
        known[estimated] = is_known
        marks |= mark(rates.mark, estimated & known) | mark("cif_mean", estimated & ~known)
        marks[estimated] |= mark("great_circle", far & is_known)
    return ImporterFob(fob, factor, variance, marks)


def _estimated(flows: Flows, rates: RouteRates, factor: Floats, where: Flags) -> tuple[Floats, Flags, Flags]:
    """Fill ``factor`` where asked; variances of ln rate, whether distance and unit value were there, whether it is a great circle."""
    if rates.constant is not None:
        factor[where] = rates.constant
        count = int(where.sum())
        return np.zeros(count), np.ones(count, bool), np.zeros(count, bool)
    route = rates.routes(flows.exporter[where], flows.importer[where])
    found = rates.table.rates(route, unit_values(flows, rates.parameters)[where])
    factor[where] = found.factor
    return found.variance, found.is_known, rates.is_great_circle[route]


def unit_values(flows: Flows, parameters: Parameters) -> Floats:
    """The product's usual unit value of each flow, USD per kg, NaN where it isn't known (n,); looked up once per code."""
    coded = flows.rows.coded("product_code")
    found: Floats = parameters.unit_value_of(flows.classification, coded.numbers)[coded.indices[flows.first]]
    return found
