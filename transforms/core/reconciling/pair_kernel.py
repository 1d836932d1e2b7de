"""Both sides' reports summed by pair in one compiled pass over the flows."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Integers = NDArray[np.int64]
#: Rows of ``pair_sums``: numbers of flows, then sums. Of two-sided flows both sides, the importer's as reported and the absolute
#: gaps; of one-sided flows; of those whose other side reports in the period; of suspected flows the report to take and both sides.
ROWS = 15
N_TWO_SIDED, N_EXPORTER_ONLY, N_IMPORTER_ONLY, N_SUSPECTED = range(4)
VALUE, TWO_SIDED_EXPORTER, TWO_SIDED_IMPORTER, TWO_SIDED_REPORTED, GAPS = range(4, 9)
EXPORTER_ONLY, IMPORTER_ONLY, ORPHANS, TAKEN, SUSPECTED_EXPORTER, SUSPECTED_IMPORTER = range(9, ROWS)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pair_sums(
    row: Integers, is_kept: NDArray[np.bool_], exporter_row: Integers, importer_row: Integers, choice: NDArray[np.float64],
    exporter_fob: Integers, importer_fob: Integers, importer_reported: Integers, value: Integers, is_silent: NDArray[np.bool_], pairs: int,
) -> Integers:  # fmt: skip
    """Counts and sums in mills (ROWS, pairs) of n flows, by the rows named above.

    ``row`` (n,) is the pair's place, ``choice`` (n,) NaN where reports may be averaged: where they may not the flow is suspected.
    A suspected flow is in its own sums and among the two-sided in their number alone.
    """
    sums = np.zeros((ROWS, pairs), np.int64)
    for i in range(len(row)):
        if not is_kept[i]:
            continue
        p = row[i]
        one, other = exporter_fob[i], importer_fob[i]
        sums[VALUE, p] += value[i]
        if exporter_row[i] >= 0 and importer_row[i] >= 0:
            sums[N_TWO_SIDED, p] += 1
            if np.isnan(choice[i]):
                sums[TWO_SIDED_EXPORTER, p] += one
                sums[TWO_SIDED_IMPORTER, p] += other
                sums[TWO_SIDED_REPORTED, p] += importer_reported[i]
                sums[GAPS, p] += abs(other - one)
            else:
                sums[N_SUSPECTED, p] += 1
                sums[TAKEN, p] += one if choice[i] == 1.0 else other
                sums[SUSPECTED_EXPORTER, p] += one
                sums[SUSPECTED_IMPORTER, p] += other
        else:
            if exporter_row[i] >= 0:
                sums[N_EXPORTER_ONLY, p] += 1
                sums[EXPORTER_ONLY, p] += one
            else:
                sums[N_IMPORTER_ONLY, p] += 1
                sums[IMPORTER_ONLY, p] += other
            if not is_silent[i]:
                sums[ORPHANS, p] += value[i]
    return sums
