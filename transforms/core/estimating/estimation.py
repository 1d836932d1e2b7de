"""A year's estimates (docs/methods.md 1.1 to 1.4) from sums per product bucket: three passes over the flows, a fit after each.

1. What is known of products: unit values, tonnes per unit; the CIF equation over all pairs that may enter it.
2. The CIF equation over the pairs that stay.
3. With CIF taken off: quality of values and of weights, variances of intervals, symmetry indices, reliabilities.

A pass returns exact sums, so that the estimates are the same however the flows lie in buckets and row groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import TaskResult
from transforms.core.estimates import cif, cif_rates, growth_lab, intervals, quality, symmetry, unit_values, units
from transforms.core.estimates.sufficient import Kind, Sums, first_of, key, merge, second_of
from transforms.core.estimating.witnesses import (
    QUANTITIES,
    RE_EXPORTS,
    Ground,
    are_countries,
    flows_by_group,
    is_of,
    is_original,
    is_sound,
    products,
    touch,
)
from transforms.core.pinned.parameter_rows import to_rows
from transforms.core.pinned.parameters import KILOGRAMS, Parameters
from transforms.core.places.valuation import fob_importers_of, hubs_of
from transforms.core.reconciling.fob import RouteRates, cif_rule, rates_of
from transforms.core.reconciling.mirrors import Flows
from transforms.core.reconciling.reconciled import mirrored
from transforms.io import lake
from transforms.settings import Settings

ESTIMATION_VERSION = "1"

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Mills in a USD, grams in a kg.
_THOUSAND = 1000.0


@dataclass(frozen=True)
class Products:
    """What is known of products, by classification, and the CIF equation fitted on all pairs."""

    unit_values: dict[str, unit_values.UnitValues]
    units: dict[str, units.TonnesPerUnit]
    cif: cif.Coefficients


@dataclass(frozen=True)
class FirstSums:
    """Sums of the first pass over a bucket; those of products by classification."""

    products: dict[str, Sums]
    cif: Sums


@dataclass(frozen=True)
class ThirdSums:
    """Sums of the third pass over a bucket: quality of values, of weights, and the rest, whose kinds are apart."""

    values: Sums
    weights: Sums
    others: Sums


@dataclass(frozen=True)
class _Candidates:
    """Flows (n,) with both values and weights above the rule's bounds; USD and kg."""

    exporter: Integers
    importer: Integers
    product: Integers
    numbers: tuple[Floats, Floats, Floats, Floats]

    def pairs(self, ground: Ground, known: unit_values.UnitValues) -> cif.Pairs:
        """With distance and unit value."""
        position = ground.geography.position()
        places = position[self.exporter], position[self.importer]
        return cif.Pairs(ground.geography.routes(ground.year, *places, known.of(self.product)), *self.numbers)


def first_pass(home: Path, ground: Ground, bucket: int, settings: Settings) -> FirstSums:
    """Sums over one bucket. All flows of a product lie in it, so its unit value is known here."""
    parts: dict[str, list[Sums]] = {}
    candidates = []
    for flows in flows_by_group(home, ground, bucket, RE_EXPORTS, of_all=True):
        if flows.level == codes.HS_LEVEL:
            parts.setdefault(flows.classification, []).append(_product_sums(flows))
        if is_of(flows, ground.stratum):
            candidates.append(_candidates(flows, cif_rule(settings)))
    sums = {name: merge(found) for name, found in parts.items()}
    known = unit_values.fit(sums.get(ground.stratum.classification, merge([]))) if ground.stratum else unit_values.NO_UNIT_VALUES
    return FirstSums(sums, merge([cif.statistics(pairs) for pairs in _usable(candidates, ground, known, settings)]))


def first_fit(buckets: Sequence[FirstSums], settings: Settings) -> Products:
    """Over all buckets; of tonnes per unit only those that pass the gate."""
    names = sorted({name for bucket in buckets for name in bucket.products})
    sums = {name: merge([bucket.products[name] for bucket in buckets if name in bucket.products]) for name in names}
    rule = units.Rule(settings.estimate.unit_minimum_pairs, settings.estimate.unit_spread_below)
    values = {name: unit_values.fit(found) for name, found in sums.items()}
    tonnes = {name: _accepted(units.fit(found, rule)) for name, found in sums.items()}
    return Products(
        {name: found for name, found in values.items() if len(found.product)},
        {name: found for name, found in tonnes.items() if len(found.product)},
        cif.fit(merge([bucket.cif for bucket in buckets]), cif_rule(settings)),
    )


def second_pass(home: Path, ground: Ground, bucket: int, known: Products, settings: Settings) -> Sums:
    """Sums of the CIF equation over one bucket's pairs that are no outliers of the first fit."""
    rule = cif_rule(settings)
    candidates = [_candidates(flows, rule) for flows in flows_by_group(home, ground, bucket, QUANTITIES | RE_EXPORTS)]
    values = known.unit_values.get(ground.stratum.classification if ground.stratum else "", unit_values.NO_UNIT_VALUES)
    pairs = _usable(candidates, ground, values, settings)
    return merge([cif.statistics(some.where(cif_rates.is_kept(known.cif, some, rule))) for some in pairs])


def second_fit(ground: Ground, known: Products, buckets: Sequence[Sums], settings: Settings) -> Parameters:
    """The set as far as CIF needs it."""
    fitted = cif.fit(merge(list(buckets)), cif_rule(settings))
    fitted_on = str(ground.stratum) if ground.stratum else None
    return Parameters(fitted_on=fitted_on, cif=fitted, unit_values=known.unit_values, units=known.units, reporters=ground.reporters)


def third_pass(home: Path, ground: Ground, bucket: int, parameters: Parameters, settings: Settings) -> ThirdSums:
    """Sums over one bucket's flows, both sides as reconciling sees them."""
    rates = rates_of(parameters, ground.geography, settings, ground.year)
    rule = symmetry.Rule(round(settings.estimate.symmetric_within * 1000))
    found = [_third(flows, rates, rule, settings) for flows in flows_by_group(home, ground, bucket, QUANTITIES)]
    return _together(found)


def write_parameters(home: Path, ground: Ground, parameters: Parameters, buckets: Sequence[ThirdSums], settings: Settings) -> TaskResult:
    """Fit the rest and write the year's partition of parameter_set; none where the year has no report of our own basis."""
    whole = third_fit(parameters, _together(buckets), settings)
    file = lake.write_partition(home, contracts.PARAMETER_SET, {"year": ground.year}, [to_rows(whole)])
    return TaskResult((file,) if file is not None else ())


def third_fit(parameters: Parameters, sums: ThirdSums, settings: Settings) -> Parameters:
    """The whole set."""
    e = settings.estimate
    rule = quality.Rule(e.sigma_floor, e.sigma_anchor_flows)
    of_values, of_weights = quality.fit(sums.values, rule), quality.fit(sums.weights, rule)
    one, other = (sums.others.of_kind(kind) for kind in (Kind.EXPORTER_TOTAL, Kind.IMPORTER_TOTAL))
    return replace(
        parameters,
        quality=(of_values.exporters, of_values.importers),
        weight_quality=(of_weights.exporters, of_weights.importers),
        variances=intervals.fit(sums.others),
        reliability=growth_lab.reliability(
            first_of(one.keys), second_of(one.keys), one.integers / _THOUSAND, other.integers / _THOUSAND,
            growth_lab.Rule(iterations=e.reliability_iterations),
        ),
        symmetry=symmetry.fit(sums.others),
    )  # fmt: skip


def _together(parts: Iterable[ThirdSums]) -> ThirdSums:
    found = list(parts)
    return ThirdSums(*(merge([getattr(part, name) for part in found]) for name in ThirdSums.__dataclass_fields__))


def _accepted(found: units.TonnesPerUnit) -> units.TonnesPerUnit:
    return units.TonnesPerUnit(*(getattr(found, name)[found.is_accepted] for name in units.TonnesPerUnit.__dataclass_fields__))


def _product_sums(flows: Flows) -> Sums:
    """Unit values of every report with a weight that nobody estimated; tonnes per unit of mirrors."""
    both = flows.has_exporter & flows.has_importer
    some = flows.where(
        is_original(flows)
        & (~both | (is_sound(flows.exporter_reported, flows.importer_reported) & is_sound(flows.exporter_kg, flows.importer_kg)))
    )
    product = products(some)
    stated = some.importer_stated_fob
    value, is_fob = np.where(stated > 0, stated, some.importer_reported), (stated > 0) | ~some.is_importer_cif
    one = np.where(some.is_exporter_kg_estimated, 0, some.exporter_kg)
    other = np.where(some.is_importer_kg_estimated, 0, some.importer_kg)
    return merge([
        unit_values.statistics(product, some.exporter_reported, one, np.ones(len(some), np.bool_)),
        unit_values.statistics(product, value, other, is_fob),
        _unit_sums(some, product, one, other),
    ])  # fmt: skip


def _unit_sums(flows: Flows, product: Integers, exporter_kg: Integers, importer_kg: Integers) -> Sums:
    """The exporter's weight by the importer's unit; where there isn't both, the importer's weight by the exporter's unit."""
    ours = (exporter_kg > 0) & _counts(flows.importer_unit, flows.importer_quantity)
    theirs = ~ours & (importer_kg > 0) & _counts(flows.exporter_unit, flows.exporter_quantity)
    both = (flows.exporter_reported > 0) & (flows.importer_reported > 0) & are_countries(flows)
    parts = []
    for rows, kg, unit, quantity in (
        (ours & both, exporter_kg, flows.importer_unit, flows.importer_quantity),
        (theirs & both, importer_kg, flows.exporter_unit, flows.exporter_quantity),
    ):
        weight = units.mirror_weight(flows.exporter_reported[rows] / _THOUSAND, flows.importer_reported[rows] / _THOUSAND)
        tonnes = kg[rows] / _THOUSAND / _THOUSAND
        years = np.full(len(tonnes), flows.year, np.int64)
        parts.append(units.statistics(years, product[rows], unit[rows], tonnes, quantity[rows] / _THOUSAND, weight))
    return merge(parts)


def _counts(unit: Integers, quantity: Integers) -> Flags:
    """A quantity in a unit that is no weight (n,)."""
    counted: Flags = (unit >= 0) & (unit != KILOGRAMS) & (quantity > 0)
    return counted


def _candidates(flows: Flows, rule: cif.Rule) -> _Candidates:
    """Mirrors whose importer reports CIF alone, with weights that nobody estimated. Observed rates stay out, to be a check."""
    one, other = flows.exporter_reported, flows.importer_reported
    kg_one, kg_other = flows.exporter_kg, flows.importer_kg
    large = np.minimum(one, other) > rule.more_than_usd * _THOUSAND
    large &= np.minimum(kg_one, kg_other) > rule.more_than_kg * _THOUSAND
    some = flows.where(large)
    listed = np.array(sorted(int(code) for code in fob_importers_of(flows.year)), np.int64)
    kept = some.is_importer_cif & (some.importer_stated_fob == 0) & ~np.isin(some.importer, listed)
    kept &= ~(some.is_exporter_kg_estimated | some.is_importer_kg_estimated)
    kept &= is_original(some) & are_countries(some)
    kept &= is_sound(some.exporter_reported, some.importer_reported) & is_sound(some.exporter_kg, some.importer_kg)
    some = some.where(kept)
    numbers = some.exporter_reported, some.importer_reported, some.exporter_kg, some.importer_kg
    one_usd, other_usd, one_kg, other_kg = (number / _THOUSAND for number in numbers)
    return _Candidates(some.exporter, some.importer, products(some), (one_usd, other_usd, one_kg, other_kg))


def _usable(candidates: Iterable[_Candidates], ground: Ground, known: unit_values.UnitValues, settings: Settings) -> list[cif.Pairs]:
    """Those with distance and unit value."""
    rule = cif_rule(settings)
    pairs = (some.pairs(ground, known) for some in candidates)
    return [some.where(cif.usable(some, rule)) for some in pairs]


def _third(flows: Flows, rates: RouteRates, rule: symmetry.Rule, settings: Settings) -> ThirdSums:
    found = mirrored(flows, rates, is_nes_moved=settings.reconcile.is_nes_moved)
    one, other = found.exporter_fob, found.importer.fob
    sound = are_countries(flows) & ~flows.is_copied & is_sound(one, other)
    year = np.full(len(flows), flows.year, np.int64)
    totals = key(Kind.NONE, 0, flows.exporter[sound], flows.importer[sound])
    compared = sound & is_original(flows) & (one > 0) & (other > 0)
    apart = compared & ~touch(flows, hubs_of(flows.year))
    weighed = apart & (found.apart == 0) & ~(flows.is_exporter_kg_estimated | flows.is_importer_kg_estimated)
    weighed &= (flows.exporter_kg > 0) & (flows.importer_kg > 0) & is_sound(flows.exporter_kg, flows.importer_kg)
    product = products(flows)
    mirrors = quality.Mirrors(year, flows.exporter, flows.importer, product, one / _THOUSAND, other / _THOUSAND)
    kilograms = replace(mirrors, exporter_fob=flows.exporter_kg / _THOUSAND, importer_fob=flows.importer_kg / _THOUSAND).where(weighed)
    agreed = symmetry.statistics(year[compared], flows.exporter[compared], flows.importer[compared], one[compared], other[compared], rule)
    mirrors = mirrors.where(apart)
    varied = intervals.statistics(mirrors.year, mirrors.exporter, mirrors.importer, mirrors.exporter_fob, mirrors.importer_fob)
    summed = Sums.several((Kind.EXPORTER_TOTAL, Kind.IMPORTER_TOTAL), totals, (one[sound], other[sound]))
    return ThirdSums(quality.statistics(mirrors), quality.statistics(kilograms), merge([varied, agreed, summed]))
