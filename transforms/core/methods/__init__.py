"""Reconciliation methods behind one interface. To add one: a module here, a line in METHODS below."""

from __future__ import annotations

from transforms.core.methods.base import Method, Reports
from transforms.core.methods.prefer import PreferExporter, PreferImporter

METHODS: dict[str, Method] = {method.name: method for method in (PreferExporter(), PreferImporter())}

__all__ = ["METHODS", "Method", "Reports"]
