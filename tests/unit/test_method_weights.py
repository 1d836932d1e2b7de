"""Reconciliation methods: which there are, and the weight each gives the exporter's report."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.contracts import codes
from transforms.core.methods import METHODS, Reports

#: both report, the exporter alone, the importer alone
REPORTS = Reports(
    np.array([90, 90, 0]), np.array([100, 0, 100]), np.array([True, True, False]), np.array([True, False, True])
)  # fmt: skip


def test_every_selectable_method_is_there() -> None:
    assert set(METHODS) == set(codes.METHODS) - {"baci_published"}
    assert all(name == method.name for name, method in METHODS.items())


@pytest.mark.parametrize(("name", "weights"), [("prefer_exporter", [1, 1, 0]), ("prefer_importer", [0, 1, 0])])
def test_weights(name: str, weights: list[int]) -> None:
    assert METHODS[name].weight_exporter(REPORTS).tolist() == weights


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_lone_report_has_all_the_weight(name: str) -> None:
    assert METHODS[name].weight_exporter(REPORTS)[1:].tolist() == [1, 0]
