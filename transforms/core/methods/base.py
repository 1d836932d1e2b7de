"""What a reconciliation method sees and says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Reports:
    """Both reports of n flows. Values FOB in mills; where ``has_`` is False the value is 0.

    ``sigma_exporter`` and ``sigma_importer`` are the reporters' quality (docs/methods.md 1.1.4), None
    for methods that don't need them.
    """

    exporter_fob: NDArray[np.int64]
    importer_fob: NDArray[np.int64]
    has_exporter: NDArray[np.bool_]
    has_importer: NDArray[np.bool_]
    sigma_exporter: NDArray[np.float64] | None = None
    sigma_importer: NDArray[np.float64] | None = None


class Method(Protocol):
    """A method weighs the exporter's report; the value follows from the weight for all of them alike."""

    @property
    def name(self) -> str:
        """Name in settings and in the column ``method``."""
        ...

    def weight_exporter(self, reports: Reports) -> NDArray[np.float64]:
        """Weight of the exporter's report, 0 to 1, shape (n,); 1 or 0 where only one side reports."""
        ...
