"""Methods that need no estimates: one side's report wherever it exists, or the mean of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.core.pinned.parameters import Parameters


@dataclass(frozen=True)
class Fixed:
    """``weight`` for every pair: 1 the exporter's report FOB as it stands, 0 the importer's with CIF taken off, 0.5 their mean."""

    name: str
    weight: float
    is_rescaled: bool = False
    is_by_sigma: bool = False

    def weight_exporter(
        self,
        exporter: NDArray[np.int64],
        importer: NDArray[np.int64],
        parameters: Parameters,  # noqa: ARG002 - asks nothing of them
        *,
        of_net_weight: bool = False,  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """The same for all pairs."""
        return np.full(np.broadcast_shapes(exporter.shape, importer.shape), self.weight)
