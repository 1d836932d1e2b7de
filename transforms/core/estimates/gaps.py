"""Mirror gaps (docs/methods.md 2): how far apart the two reports of a flow stand, both FOB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Flags, Floats, Integers

#: Factors that a wrong unit or power of ten in the multiplier gives, and how near a ratio must come: |log10| off by this much.
BLUNDERS, NEAR = (1_000, 1_000_000), 0.3


@dataclass(frozen=True)
class Gaps:
    """Gaps of n flows, basis FOB. Absolute = Vm_fob - Vx in mills; relative = |Vm_fob - Vx| / (Vm_fob + Vx), 0 to 1;
    log = ln(Vm_fob / Vx). Where ``has_`` is False the number is 0 and stands for nothing."""

    absolute: Integers
    relative: Floats
    log: Floats
    has_absolute: Flags
    has_relative: Flags
    has_log: Flags


def gaps(exporter_fob: Integers, importer_fob: Integers, has_exporter: Flags, has_importer: Flags) -> Gaps:
    """Gaps where both report. Relative needs values that aren't negative and don't sum to 0; log needs both above 0."""
    both = has_exporter & has_importer
    positive = both & (exporter_fob > 0) & (importer_fob > 0)
    comparable = both & (exporter_fob >= 0) & (importer_fob >= 0) & (exporter_fob + importer_fob > 0)
    absolute = np.where(both, importer_fob - exporter_fob, 0)
    total = np.where(comparable, exporter_fob + importer_fob, 1)
    relative = np.where(comparable, np.abs(absolute) / total, 0.0)
    log = np.log(np.where(positive, importer_fob, 1) / np.where(positive, exporter_fob, 1))
    return Gaps(absolute, relative, log, both, comparable, positive)


def hub_part(absolute: Integers, is_hub_pair: Flags) -> tuple[Integers, Integers]:
    """Absolute gaps split into what stands on pairs with a hub and the rest; the two sum to the whole. Shapes (n,)."""
    return np.where(is_hub_pair, absolute, 0), np.where(is_hub_pair, 0, absolute)


def suspected_blunder(exporter_fob: Integers, importer_fob: Integers) -> Integers:
    """1,000 or 1,000,000 where the reports differ by about that factor, else 0 (n,): a unit mistake, not to be averaged."""
    positive = (exporter_fob > 0) & (importer_fob > 0)
    magnitude = np.abs(np.log10(np.where(positive, importer_fob, 1) / np.where(positive, exporter_fob, 1)))
    found = np.zeros(len(exporter_fob), np.int64)
    for factor in BLUNDERS:
        found[positive & (np.abs(magnitude - np.log10(factor)) <= NEAR)] = factor
    return found
