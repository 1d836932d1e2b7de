"""Unit mistakes between the two reports of a flow (docs/methods.md 1.1.5)."""

from __future__ import annotations

import numpy as np

from transforms.core.estimates.sufficient import Integers

#: Factors that a wrong unit or power of ten in the multiplier gives, and how near a ratio must come: |log10| off by this much.
BLUNDERS, NEAR = (1_000, 1_000_000), 0.3


def suspected_blunder(exporter_fob: Integers, importer_fob: Integers) -> Integers:
    """1,000 or 1,000,000 where the reports differ by about that factor, else 0 (n,): a unit mistake, not to be averaged."""
    positive = (exporter_fob > 0) & (importer_fob > 0)
    magnitude = np.abs(np.log10(np.where(positive, importer_fob, 1) / np.where(positive, exporter_fob, 1)))
    found = np.zeros(len(exporter_fob), np.int64)
    for factor in BLUNDERS:
        found[positive & (np.abs(magnitude - np.log10(factor)) <= NEAR)] = factor
    return found
