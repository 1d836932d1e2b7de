"""Reconciliation methods: the weight each gives the exporter's report."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.core.pinned.parameters import NO_PARAMETERS
from transforms.core.reconciling.methods import METHODS

AREAS = np.array([156, 842], np.int64)


@pytest.mark.parametrize(("name", "weight"), [("prefer_exporter", 1.0), ("prefer_importer", 0.0), ("mean", 0.5)])
@pytest.mark.parametrize("of_net_weight", [False, True])
def test_fixed_weights(name: str, weight: float, of_net_weight: bool) -> None:
    found = METHODS[name].weight_exporter(AREAS[:, None], AREAS[None, :], NO_PARAMETERS, of_net_weight=of_net_weight)
    assert found.tolist() == [[weight, weight], [weight, weight]]


@pytest.mark.parametrize("name", ["baci", "growth_lab", "symmetry_index"])
def test_without_estimates_both_reports_weigh_the_same(name: str) -> None:
    assert METHODS[name].weight_exporter(AREAS[:, None], AREAS[None, :], NO_PARAMETERS).tolist() == [[0.5, 0.5], [0.5, 0.5]]
