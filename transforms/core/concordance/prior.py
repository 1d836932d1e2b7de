"""What stands where no data decide: a code that carries on under its number keeps its value, others are split equally."""

from __future__ import annotations

import numpy as np

from transforms.core.concordance.chain import without
from transforms.core.concordance.groups import Correlation
from transforms.core.concordance.weights import EQUAL_SPLIT, SAME_CODE, Prior, Weights

#: Codes that a code is split over equally at most. Beyond it a share says nothing, and a flow would become a thousand phantoms.
LARGEST_SPLIT = 100


def same_code(table: Correlation) -> Prior:
    """The prior of a table between two editions of one classification; origins SAME_CODE and EQUAL_SPLIT.

    Equal shares alone would send most of a code that goes on as it was to codes that took a sliver of it: electronic
    waste (8549 of HS2022) is related to the codes of all that can become waste.
    """
    own = table.from_codes[table.from_index] == table.to_codes[table.to_index]
    carries_on = np.bincount(table.from_index, own, len(table.from_codes)) > 0
    weight = np.where(carries_on[table.from_index], own.astype(np.float64), 1.0 / table.degree[table.from_index])
    return Prior(weight, np.where(carries_on, SAME_CODE, EQUAL_SPLIT).astype(np.int64))


def without_phantoms(weights: Weights) -> Weights:
    """The rows but those split equally over more than LARGEST_SPLIT codes: these stay unmapped."""
    return without(weights, (weights.origin == EQUAL_SPLIT) & (np.diff(weights.start) > LARGEST_SPLIT))
