"""How reliable both reporters are: sigmas, their ranks of the year, and the interval that follows from their variances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from orchestration.evidence.recompute import marks, mills
from orchestration.evidence.tables import Row
from transforms.core.estimates.intervals import Rule, intervals
from transforms.core.pinned.parameters import Parameters
from transforms.core.reconciling.methods import METHODS


@dataclass(frozen=True)
class Reporter:
    """A reporter in a role. ``rank`` 1 is the most reliable of ``ranked``; None where nothing was fitted for it, and then
    ``sigma`` is the role's median, or nothing at all. Without any mirror in the year there is no figure at all."""

    role: str
    area_code: str
    sigma: float | None
    standard_error: float | None
    flows_compared: int | None
    rank: int | None
    ranked: int
    reliability: float | None
    symmetry_index: float | None


@dataclass(frozen=True)
class Interval:
    """The 90 % interval. ``variance_*`` are s^2 of the reporters and ln of the CIF rate, None where unknown.

    ``half_width`` is q sqrt(ln(1 + CV^2)) as the bounds show it; ``squared_variation`` is CV^2 from the variances, and ``agrees``
    says whether the bounds are those that it gives, to a thousandth of a dollar: None where a variance isn't known, and where the
    row was rescaled, as its bounds were then scaled by a factor that the row doesn't have.
    """

    low_usd: Decimal
    high_usd: Decimal
    quantile: float
    variance_exporter: float | None
    variance_importer: float | None
    variance_rate: float | None
    half_width: float | None
    squared_variation: float | None
    agrees: bool | None


def reporter_of(role: str, area: str, sigma: float | None, parameters: Parameters) -> Reporter:
    """Sigma, rank and the other methods' figures of an area as ``exporter`` or ``importer``."""
    place = 0 if role == "exporter" else 1
    side, code = parameters.quality[place], np.array([int(area)])
    at = np.flatnonzero(side.area == code[0])
    has = len(at) > 0
    # where nothing was estimated, the figures that make weights tie (sigma 1, r 1, SI 0) say nothing of the reporters
    is_judged = parameters.has_qualities
    return Reporter(
        role,
        area,
        sigma if is_judged else None,
        float(side.standard_error[at[0]]) if has else None,
        int(side.flows[at[0]]) if has else None,
        1 + int((side.sigma < side.sigma[at[0]]).sum()) if has else None,
        len(side.area),
        float(parameters.reliability_of(code, is_exporter=place == 0)[0]) if is_judged else None,
        float(parameters.symmetry_of(code, is_exporter=place == 0)[0]) if is_judged else None,
    )


def weight_by(method: str, exporter: str, importer: str, parameters: Parameters) -> float | None:
    """What a method gives the exporter's report of a flow that both sides report, from the pinned parameters; None for no method."""
    known = METHODS.get(method)
    if known is None:
        return None
    return float(known.weight_exporter(np.array([int(exporter)]), np.array([int(importer)]), parameters)[0])


def _variance(area: str, parameters: Parameters, *, is_exporter: bool) -> float | None:
    found = float(parameters.variance_of(np.array([int(area)]), is_exporter=is_exporter)[0])
    return None if math.isnan(found) else found


def interval_of(row: Row, quantile: float, rate_variance: float | None, parameters: Parameters) -> Interval | None:
    """The row's interval with its formula filled in; None where the row has none."""
    low, high, value, weight = row["value_low_usd"], row["value_high_usd"], row["value_fob_usd"], row["weight_exporter"]
    if low is None or high is None:
        return None
    half = math.log(mills(high) / mills(value)) if mills(value) > 0 and mills(high) > 0 else None
    one = _variance(row["exporter_code"], parameters, is_exporter=True)
    other = _variance(row["importer_code"], parameters, is_exporter=False)
    variation, agrees = None, None
    if weight is not None and (weight == 1 or rate_variance is not None):
        w, s_i, s_j, v = (np.array([math.nan if n is None else n]) for n in (weight, one, other, rate_variance or 0.0))
        found = intervals(w, s_i, s_j, v, Rule(quantile=quantile))
        if found.is_known[0]:
            variation = float(found.squared_variation[0])
            bounds = [round(mills(value) * float(bound[0])) for bound in (found.low, found.high)]
            agrees = None if "rescaled" in marks(row) else bounds == [mills(low), mills(high)]
    return Interval(low, high, quantile, one, other, rate_variance, half, variation, agrees)
