"""Methods that weigh both reports by how reliable their reporters are (docs/methods.md 1.1.5, 1.2, 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.core.estimates import weights
from transforms.core.pinned.parameters import Parameters

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def _pairs(exporter: Floats, importer: Floats) -> tuple[Floats, Floats]:
    one, other = np.broadcast_arrays(exporter, importer)
    return one, other


@dataclass(frozen=True)
class Baci:
    """CEPII's BACI: f(sigma_j) / (f(sigma_i) + f(sigma_j)) of the reporters' qualities; the net weight by qualities of its own."""

    name: str = "baci"
    is_rescaled: bool = False
    is_by_sigma: bool = True

    def weight_exporter(self, exporter: Integers, importer: Integers, parameters: Parameters, *, of_net_weight: bool = False) -> Floats:
        """0.5 where the sigmas are equal, as of reporters at the floor."""
        one = parameters.sigma_of(exporter, is_exporter=True, of_net_weight=of_net_weight)
        other = parameters.sigma_of(importer, is_exporter=False, of_net_weight=of_net_weight)
        return weights.quality_weight(*_pairs(one, other))


@dataclass(frozen=True)
class GrowthLab:
    """The Growth Lab's reliabilities; a pair's products are then brought to the pair's total (docs/methods.md 1.2)."""

    name: str = "growth_lab"
    is_rescaled: bool = True
    is_by_sigma: bool = False

    def weight_exporter(
        self,
        exporter: Integers,
        importer: Integers,
        parameters: Parameters,
        *,
        of_net_weight: bool = False,  # noqa: ARG002 - one weight for values and quantities
    ) -> Floats:
        """e^r_i / (e^r_i + e^r_j)."""
        one = parameters.reliability_of(exporter, is_exporter=True)
        return weights.reliability_weight(*_pairs(one, parameters.reliability_of(importer, is_exporter=False)))


@dataclass(frozen=True)
class SymmetryIndex:
    """The OECD's symmetry index: the value share of an area's flows on which both reports all but agree."""

    name: str = "symmetry_index"
    is_rescaled: bool = False
    is_by_sigma: bool = False

    def weight_exporter(
        self,
        exporter: Integers,
        importer: Integers,
        parameters: Parameters,
        *,
        of_net_weight: bool = False,  # noqa: ARG002 - one weight for values and quantities
    ) -> Floats:
        """SI_i / (SI_i + SI_j); 0.5 where both are 0."""
        one = parameters.symmetry_of(exporter, is_exporter=True)
        return weights.symmetry_weight(*_pairs(one, parameters.symmetry_of(importer, is_exporter=False)))
