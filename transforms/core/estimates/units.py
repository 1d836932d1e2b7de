"""Tonnes per unit (docs/methods.md 1.1.1), from flows of which one side reports weight and the other the unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Flags, Floats, Integers, Kind, Sums, first_of, key, rounded, second_of

_KINDS = (Kind.UNIT_PAIRS, Kind.UNIT_WEIGHT, Kind.UNIT_LOG, Kind.UNIT_SQUARE)


@dataclass(frozen=True)
class Rule:
    """The gate: pairs needed, and the standard deviation of ln(tonnes per unit) that they must stay below."""

    minimum_pairs: int = 10
    spread_below: float = 2.5


RULE = Rule()


@dataclass(frozen=True)
class TonnesPerUnit:
    """Per product and unit (n,), ascending: the weighted geometric mean, its pairs, the weighted standard deviation of its
    logarithm (infinite with one pair), and whether the gate lets it through. Only accepted ones may be used."""

    product: Integers
    unit: Integers
    tonnes: Floats
    pairs: Integers
    spread: Floats
    is_accepted: Flags

    def tonnes_of(self, product: Integers, unit: Integers, quantity: Floats) -> tuple[Floats, Flags]:
        """Tonnes of ``quantity`` units (m,) and where they could be estimated; 0 where not. Estimated ones stay out of price work."""
        if not len(self.product):
            return np.zeros(len(quantity)), np.zeros(len(quantity), np.bool_)
        known, asked = key(Kind.NONE, 0, self.product, self.unit), key(Kind.NONE, 0, product, unit)
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found: Flags = (known[at] == asked) & self.is_accepted[at] & (quantity > 0)
        return np.where(found, self.tonnes[at] * np.where(found, quantity, 0.0), 0.0), found


def mirror_weight(exporter_fob: Floats, importer_fob: Floats) -> Floats:
    """min(V) / max(V): reports of like value are likelier to speak of the same goods. Shape (n,); values above 0."""
    weight: Floats = np.minimum(exporter_fob, importer_fob) / np.maximum(exporter_fob, importer_fob)
    return weight


def statistics(year: Integers, product: Integers, unit: Integers, tonnes: Floats, quantity: Floats, weight: Floats) -> Sums:
    """Pairs, weights, and weighted ln(tonnes per unit) and its square per product and unit; rows (n,) with both above 0 count."""
    usable = (tonnes > 0) & (quantity > 0) & (weight > 0)
    ratio, weight = np.log(tonnes[usable] / quantity[usable]), weight[usable]
    keys = key(Kind.NONE, year[usable], product[usable], unit[usable])
    terms = np.ones(len(ratio)), weight, weight * ratio, weight * ratio * ratio
    return Sums.several(_KINDS, keys, terms)


def fit(sums: Sums, rule: Rule = RULE) -> TonnesPerUnit:
    """Estimates over all years in ``sums``, each with the gate's answer."""
    pooled = [sums.of_kind(kind) for kind in _KINDS]
    pooled = [part.over(key(Kind.NONE, 0, first_of(part.keys), second_of(part.keys))) for part in pooled]
    pairs, weight, log, square = (part.values for part in pooled)
    mean = log / weight
    many = pairs > 1
    variance = np.maximum(square / weight - mean * mean, 0.0) * pairs / np.where(many, pairs - 1, 1.0)
    spread = rounded(np.where(many, np.sqrt(variance), np.inf))
    accepted: Flags = (pairs >= rule.minimum_pairs) & (spread < rule.spread_below)
    keys = pooled[0].keys
    return TonnesPerUnit(first_of(keys), second_of(keys), rounded(np.exp(mean)), pairs.astype(np.int64), spread, accepted)
