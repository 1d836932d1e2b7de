"""The weight of the exporter's report by each method (docs/methods.md 1.1.5, 1.2, 1.3); the value is w Vx + (1 - w) Vm_fob.

Weights are of two-sided flows, shape (n,), between 0 and 1; ``settled`` gives a lone report all the weight.
"""

from __future__ import annotations

import numpy as np

from transforms.core.estimates.sufficient import Flags, Floats

#: From here on sigma^2 would leave a float; weights there are 0, 1 or tied.
_LARGEST = 1e150
#: Below it exp(s^2) - 1 is s^2 to the last digit, and s^2 might vanish.
_SMALLEST = 1e-8


def quality_weight(sigma_exporter: Floats, sigma_importer: Floats) -> Floats:
    """w = f(sigma_j) / (f(sigma_i) + f(sigma_j)), from logarithms: no sigma >= 0 overflows, equal ones give 0.5.

    f(s) = exp(s^2) (exp(s^2) - 1), the variance of a log-normal error of unit median.
    """
    return _odds(_log_variance(sigma_importer), _log_variance(sigma_exporter))


def reliability_weight(exporter: Floats, importer: Floats) -> Floats:
    """w = e^{r_i} / (e^{r_i} + e^{r_j}) of the Growth Lab's reliabilities."""
    return _odds(exporter, importer)


def symmetry_weight(exporter: Floats, importer: Floats) -> Floats:
    """w = SI_i / (SI_i + SI_j) of the OECD's symmetry indices; 0.5 where both are 0."""
    total = exporter + importer
    weight: Floats = np.where(total > 0, exporter / np.where(total > 0, total, 1.0), 0.5)
    return weight


def settled(weight: Floats, has_exporter: Flags, has_importer: Flags) -> Floats:
    """``weight`` where both report, 1 where the exporter alone does, else 0 (n,)."""
    lone: Floats = np.where(has_exporter, 1.0, 0.0)
    return np.where(has_exporter & has_importer, weight, lone)


def _log_variance(sigma: Floats) -> Floats:
    """ln f(s) = 2 s^2 + ln(1 - exp(-s^2)); -inf at 0."""
    bounded = np.minimum(sigma, _LARGEST)
    square = np.maximum(bounded, _SMALLEST) ** 2
    with np.errstate(divide="ignore"):
        small = 2 * np.log(bounded)
    logarithm: Floats = np.where(bounded < _SMALLEST, small, 2 * square + np.log(-np.expm1(-square)))
    return logarithm


def _odds(one: Floats, other: Floats) -> Floats:
    """e^one / (e^one + e^other), also where either is beyond a float's exponent."""
    with np.errstate(invalid="ignore"):
        difference = np.where(one == other, 0.0, other - one)
    weight: Floats = 1 / (1 + np.exp(np.clip(difference, -700.0, 700.0)))
    return weight
