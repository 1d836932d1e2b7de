"""Reconciliation methods behind one interface. To add one: a module here, a line in METHODS below."""

from __future__ import annotations

from transforms.core.reconciling.methods.base import Method
from transforms.core.reconciling.methods.prefer import Fixed
from transforms.core.reconciling.methods.weighed import Baci, GrowthLab, SymmetryIndex

METHODS: dict[str, Method] = {
    method.name: method
    for method in (Baci(), GrowthLab(), SymmetryIndex(), Fixed("mean", 0.5), Fixed("prefer_exporter", 1.0), Fixed("prefer_importer", 0.0))
}

__all__ = ["METHODS", "Method"]
