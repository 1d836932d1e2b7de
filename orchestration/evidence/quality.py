"""How reliable both reporters are: sigmas, their ranks of the year, and the interval that follows from their variances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestration.evidence.estimates import Parameter
from orchestration.evidence.recompute import mills
from orchestration.evidence.tables import Row


@dataclass(frozen=True)
class Reporter:
    """A reporter in a role. ``rank`` 1 is the most reliable of ``ranked``; None where nothing was fitted for it."""

    role: str
    area_code: str
    sigma: float | None
    standard_error: float | None
    observations: int | None
    rank: int | None
    ranked: int


@dataclass(frozen=True)
class Interval:
    """The 90 % interval. ``variance_*`` are s^2 of the reporters, None where unknown; ``half_width`` is q sqrt(ln(1 + CV^2)) as the
    bounds show it, ``squared_variation`` the CV^2 behind it; ``computed_half_width`` the same from the variances."""

    low_usd: Decimal
    high_usd: Decimal
    quantile: float
    variance_exporter: float | None
    variance_importer: float | None
    half_width: float | None
    squared_variation: float | None
    computed_half_width: float | None


def reporter_of(role: str, area: str, sigma: float | None, parameters: Sequence[Parameter]) -> Reporter:
    """Sigma and rank of an area as ``exporter`` or ``importer``."""
    kind = f"quality_{role}"
    scores = {p.subject: p for p in parameters if p.kind == kind and p.name == "sigma"}
    own = scores.get(area)
    rank = 1 + sum(p.value < own.value for p in scores.values()) if own else None
    return Reporter(
        role, area, sigma if sigma is not None else own.value if own else None, own.standard_error if own else None,
        own.observations if own else None, rank, len(scores),
    )  # fmt: skip


def error_variance(square: float) -> float:
    """f(s) = exp(s^2) (exp(s^2) - 1), of s^2."""
    return math.exp(square) * math.expm1(square)


def squared_variation(weight: float, exporter: float | None, importer: float | None) -> float | None:
    """CV^2 = w^2 f(s_i) + (1 - w)^2 f(s_j), without the variance of the CIF rate; None where a variance that is needed isn't known."""
    if (weight > 0 and exporter is None) or (weight < 1 and importer is None):
        return None
    one = weight**2 * error_variance(exporter or 0.0) if weight else 0.0
    other = (1 - weight) ** 2 * error_variance(importer or 0.0) if weight < 1 else 0.0
    return one + other


def interval_of(row: Row, quantile: float, exporter: float | None, importer: float | None) -> Interval | None:
    """The row's interval with its formula filled in; None where the row has none."""
    low, high, value = row["value_low_usd"], row["value_high_usd"], row["value_fob_usd"]
    if low is None or high is None:
        return None
    half = math.log(mills(high) / mills(value)) if mills(value) > 0 and mills(high) > 0 else None
    variation = None if half is None else math.expm1((half / quantile) ** 2)
    weight = row["weight_exporter"]
    computed = None if weight is None else squared_variation(weight, exporter, importer)
    width = None if computed is None else quantile * math.sqrt(math.log1p(computed))
    return Interval(low, high, quantile, exporter, importer, half, variation, width)
