"""Both sides' reports summed by pair in one compiled pass over the flows."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pair_sums(
    row: Integers, is_kept: NDArray[np.bool_], exporter_row: Integers, importer_row: Integers, choice: NDArray[np.float64],
    exporter_fob: Integers, importer_fob: Integers, importer_reported: Integers, value: Integers, is_silent: NDArray[np.bool_], pairs: int,
) -> Integers:  # fmt: skip
    """Counts and sums in mills (15, pairs) of n flows; ``row`` (n,) is the pair's place, ``choice`` NaN where reports may be averaged.

    Rows: two-sided flows, exporter only, importer only, suspected; value; both sides of two-sided flows, the importer's as
    reported, their absolute gaps; exporter only, importer only, orphans; suspected: the report to take, exporter's, importer's.
    """
    sums = np.zeros((15, pairs), np.int64)
    for i in range(len(row)):
        if not is_kept[i]:
            continue
        p = row[i]
        one, other = exporter_fob[i], importer_fob[i]
        sums[4, p] += value[i]
        if exporter_row[i] >= 0 and importer_row[i] >= 0:
            sums[0, p] += 1
            if np.isnan(choice[i]):
                sums[5, p] += one
                sums[6, p] += other
                sums[7, p] += importer_reported[i]
                sums[8, p] += abs(other - one)
            else:
                sums[3, p] += 1
                sums[12, p] += one if choice[i] == 1.0 else other
                sums[13, p] += one
                sums[14, p] += other
        else:
            if exporter_row[i] >= 0:
                sums[1, p] += 1
                sums[9, p] += one
            else:
                sums[2, p] += 1
                sums[10, p] += other
            if not is_silent[i]:
                sums[11, p] += value[i]
    return sums
