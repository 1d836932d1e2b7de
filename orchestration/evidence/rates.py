"""The CIF rate of a flow with its inputs, computed anew from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from orchestration.evidence.recompute import marks
from orchestration.evidence.tables import Row
from transforms.core.estimates.cif import NAMES, PUBLISHED, Coefficients, Routes, Rule
from transforms.core.estimates.cif_rates import predict
from transforms.core.pinned.parameters import Parameters

#: mark -> how the rate came about
KINDS = {
    "cif_observed": "observed",
    "fob_importer": "listed",
    "cif_fitted": "fitted",
    "cif_published": "published",
    "cif_mean": "mean",
    "cif_constant": "constant",
}


@dataclass(frozen=True)
class Rate:
    """``kind`` is a value of KINDS, or none: the importer gives no CIF value.

    ``computed_factor`` is the equation's, from the inputs beside it, ``log_variance`` that of its logarithm; None where an input
    isn't there or no equation was used. ``agrees`` compares it with ``factor`` to 1e-9.
    """

    kind: str
    factor: float | None
    distance_km: float | None
    distance_source: str | None
    is_contiguous: bool | None
    is_landlocked_exporter: bool | None
    is_landlocked_importer: bool | None
    usd_per_kg: float | None
    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    year_effect: float
    pairs: int
    minimum_km: float
    computed_factor: float | None
    log_variance: float | None
    agrees: bool | None


def unit_value(row: Row, parameters: Parameters) -> float | None:
    """The product's usual unit value, USD per kg; None where it isn't known."""
    product = row["product_code"]
    if not product.isdigit():
        return None
    found = float(parameters.unit_value_of(row["classification"], np.array([int(product)]))[0])
    return None if math.isnan(found) else found


def _routes(year: int, place: Row, usd_per_kg: float | None) -> Routes:
    distance, unit = place.get("distance_km"), usd_per_kg
    numbers = [np.array([math.nan if n is None else n]) for n in (distance, unit)]
    flags = [np.array([bool(place.get(n))]) for n in ("is_contiguous", "is_landlocked_partner", "is_landlocked_area")]
    return Routes(np.array([year]), numbers[0], numbers[1], *flags)


def _effect(coefficients: Coefficients, year: int) -> float:
    at = np.flatnonzero(coefficients.years == year)
    return float(coefficients.year_effects[at[0]]) if len(at) else 0.0


def rate_of(row: Row, geography: Row | None, parameters: Parameters, rule: Rule) -> Rate:
    """The rate of a row of bilateral_flows; ``geography`` is the row of its pair."""
    kind = next((word for mark, word in KINDS.items() if mark in marks(row)), "none")
    chosen = {"published": PUBLISHED, "fitted": parameters.cif, "mean": parameters.cif}.get(kind)
    place, usd_per_kg, factor = geography or {}, unit_value(row, parameters), row["cif_factor"]
    coefficients, errors, computed, variance = {}, {}, None, None
    if chosen is not None:
        if kind != "mean":
            coefficients = dict(zip(NAMES, chosen.plain.tolist(), strict=True))
            errors = {} if chosen.is_published else dict(zip(NAMES, chosen.standard_errors.tolist(), strict=True))
        found = predict(chosen, _routes(row["year"], place, usd_per_kg), rule)
        if bool(found.is_known[0]) == (kind != "mean"):
            computed, variance = float(found.factor[0]), float(found.variance[0])
    return Rate(
        kind,
        factor,
        place.get("distance_km"),
        place.get("distance_source"),
        place.get("is_contiguous"),
        place.get("is_landlocked_area"),
        place.get("is_landlocked_partner"),
        usd_per_kg,
        coefficients,
        errors,
        _effect(chosen, row["year"]) if chosen and coefficients else 0.0,
        chosen.pairs if chosen else 0,
        rule.minimum_km,
        computed,
        0.0 if kind in ("observed", "listed", "constant", "none") else variance,
        None if computed is None or factor is None else math.isclose(computed, factor, rel_tol=1e-9),
    )
