"""What reconciling knows of every pair of areas of a row group, filled in once per pair and looked up for each flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.contracts.codes import ESTIMATED_METHODS, NO_COUNTRIES
from transforms.core.pinned.parameters import Parameters
from transforms.core.places.valuation import hubs_of
from transforms.core.reconciling.methods import METHODS, Method
from transforms.core.reconciling.mirrors import Flows

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_NOBODY = np.array(sorted(int(code) for code in NO_COUNTRIES), np.int64)


@dataclass(frozen=True)
class PairTables:
    """E exporters and I importers of a row group. ``weight``, ``weight_kg`` (E * I,): of the exporter's report by the chosen method;
    ``weight_by_method``: by each that estimates. Sigmas and variances (E,) and (I,); ``is_default``: no sigma of its own."""

    importers: int
    weight: Floats
    weight_kg: Floats
    weight_by_method: dict[str, Floats]
    sigma_exporter: Floats
    sigma_importer: Floats
    is_default: Flags
    variance_exporter: Floats
    variance_importer: Floats
    is_hub: Flags
    has_estimates: bool

    def pair(self, flows: Flows) -> Integers:
        """Index of each flow's pair (n,)."""
        exporter, importer = (flows.rows.coded(name).indices[flows.first] for name in ("exporter_code", "importer_code"))
        return exporter.astype(np.int64) * self.importers + importer


def pair_tables(flows: Flows, method: Method, parameters: Parameters) -> PairTables:
    """The tables of all pairs that ``flows`` may hold."""
    exporter, importer = (flows.rows.coded(name).numbers for name in ("exporter_code", "importer_code"))
    ends = exporter[:, None], importer[None, :]
    known = parameters.has_sigma(exporter, is_exporter=True)[:, None] & parameters.has_sigma(importer, is_exporter=False)
    hubs = np.array([int(code) for code in hubs_of(flows.year)], np.int64)
    # areas that are no countries are no reporters: nothing is said of their quality
    real = ~np.isin(exporter, _NOBODY)[:, None] & ~np.isin(importer, _NOBODY)

    def by(name: str) -> Floats:
        return METHODS[name].weight_exporter(*ends, parameters).ravel()

    return PairTables(
        len(importer),
        method.weight_exporter(*ends, parameters).ravel(),
        method.weight_exporter(*ends, parameters, of_net_weight=True).ravel(),
        {name: by(name) for name in ESTIMATED_METHODS},
        parameters.sigma_of(exporter, is_exporter=True),
        parameters.sigma_of(importer, is_exporter=False),
        (~known & real).ravel(),
        parameters.variance_of(exporter, is_exporter=True),
        parameters.variance_of(importer, is_exporter=False),
        (np.isin(exporter, hubs)[:, None] | np.isin(importer, hubs)).ravel(),
        parameters.has_qualities,
    )
