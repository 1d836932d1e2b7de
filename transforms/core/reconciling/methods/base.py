"""What a reconciliation method is asked, and what it says."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from transforms.core.pinned.parameters import Parameters


class Method(Protocol):
    """A method weighs the exporter's report of a flow that both sides report; everything else is the same for all of them.

    The weight is a function of the two areas and the year's parameters alone, so that it is filled in once per pair and looked up
    for each flow. A lone report has all the weight, whatever the method.
    """

    @property
    def name(self) -> str:
        """Name in settings and in the column ``method``."""
        ...

    @property
    def is_rescaled(self) -> bool:
        """Whether a pair's products are brought to the pair's total, weighed by itself."""
        ...

    @property
    def is_by_sigma(self) -> bool:
        """Whether the weight is made of the areas' sigmas, so that one of an area without its own is marked ``sigma_default``."""
        ...

    def weight_exporter(
        self, exporter: NDArray[np.int64], importer: NDArray[np.int64], parameters: Parameters, *, of_net_weight: bool = False
    ) -> NDArray[np.float64]:
        """Weight of the exporter's report, 0 to 1, for areas by code, broadcast over both; of the net weight where ``of_net_weight``."""
        ...
