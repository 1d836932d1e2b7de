"""The two simple methods: one side's report wherever it exists, the other's where it doesn't."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.core.methods.base import Reports


@dataclass(frozen=True)
class PreferExporter:
    """The exporter's report, FOB as it stands; the importer's, CIF taken off, where the exporter is silent."""

    name: str = "prefer_exporter"

    def weight_exporter(self, reports: Reports) -> NDArray[np.float64]:
        """1 where the exporter reports, else 0. Shape (n,)."""
        return reports.has_exporter.astype(np.float64)


@dataclass(frozen=True)
class PreferImporter:
    """The importer's report, CIF taken off; the exporter's where the importer is silent."""

    name: str = "prefer_importer"

    def weight_exporter(self, reports: Reports) -> NDArray[np.float64]:
        """0 where the importer reports, else 1. Shape (n,)."""
        return (~reports.has_importer).astype(np.float64)
