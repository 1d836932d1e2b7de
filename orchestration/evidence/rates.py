"""The CIF rate of a flow with its inputs, computed anew from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.evidence.estimates import Parameter
from orchestration.evidence.recompute import marks
from orchestration.evidence.tables import Row
from transforms.core.estimates.cif import NAMES, PUBLISHED

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
    """``kind`` is a value of KINDS, or none: the importer gives no CIF value. ``computed_factor`` is the equation's, from the inputs
    beside it; None where an input isn't there or no equation was used. ``agrees`` compares it with ``factor`` to 1e-9."""

    kind: str
    factor: float | None
    distance_km: float | None
    distance_source: str | None
    is_contiguous: bool | None
    is_landlocked_exporter: bool | None
    is_landlocked_importer: bool | None
    usd_per_kg: float | None
    coefficients: dict[str, float]
    year_effect: float
    minimum_km: float
    computed_factor: float | None
    agrees: bool | None


def coefficients_of(kind: str, parameters: Sequence[Parameter]) -> tuple[dict[str, float], float]:
    """Coefficients by name in the order of the equation, and the year's effect; the published ones where those were used."""
    if kind == "published":
        return dict(zip(NAMES, PUBLISHED.plain.tolist(), strict=True)), 0.0
    known = {p.name: p.value for p in parameters if p.kind == "cif"}
    effects = [value for name, value in known.items() if name.startswith("year")]
    return {name: known[name] for name in NAMES if name in known}, effects[0] if effects else 0.0


def rate_of(row: Row, geography: Row | None, usd_per_kg: float | None, parameters: Sequence[Parameter], minimum_km: float) -> Rate:
    """The rate of a row of bilateral_flows."""
    kind = next((word for mark, word in KINDS.items() if mark in marks(row)), "none")
    coefficients, effect = coefficients_of(kind, parameters) if kind in ("fitted", "published") else ({}, 0.0)
    place = geography or {}
    inputs = (place.get("distance_km"), usd_per_kg)
    computed = None
    if len(coefficients) == len(NAMES) and all(inputs):
        computed = factor_by(coefficients, effect, place, usd_per_kg or 1.0, minimum_km)
    factor = row["cif_factor"]
    agrees = None if computed is None or factor is None else math.isclose(computed, factor, rel_tol=1e-9)
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
        effect,
        minimum_km,
        computed,
        agrees,
    )


def factor_by(
    coefficients: Mapping[str, float], year_effect: float, place: Mapping[str, object], usd_per_kg: float, minimum_km: float
) -> float:
    """exp of the equation (docs/methods.md 1.1.3), at least 1; the distance clamped below at ``minimum_km``."""
    distance = math.log(max(float(str(place["distance_km"])), minimum_km))
    terms = {
        "constant": 1.0,
        "ln_distance": distance,
        "ln_distance_squared": distance * distance,
        "ln_unit_value": math.log(usd_per_kg),
        "contiguity": float(bool(place["is_contiguous"])),
        "landlocked_importer": float(bool(place["is_landlocked_partner"])),
        "landlocked_exporter": float(bool(place["is_landlocked_area"])),
    }
    return math.exp(max(0.0, year_effect + sum(coefficients[name] * term for name, term in terms.items())))
