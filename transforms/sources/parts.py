"""Parts of one flow that a publisher states side by side, without their total: added up to one row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.contracts.targets import FLAGS, MEASURES
from transforms.io.writer import decimals, mills
from transforms.sources import supersede


def add_up(table: pa.Table, leaves: np.ndarray, fate: np.ndarray) -> pa.Table:
    """The rows at ``leaves`` (positions in sort order), one per key; every further part becomes SUMMED in ``fate``.

    Values and weights are exact sums, NULL where one part has none; a flag is true where it is
    for a part. Line, snapshot and codes are those of the first part. Comext's procedures: normal
    trade, inward and outward processing.
    """
    standing = table.take(pa.array(leaves))
    if len(leaves) < 2:
        return standing
    keys = supersede.keys_of(standing.unify_dictionaries().combine_chunks())
    again = np.zeros(len(leaves), bool)
    again[1:] = (keys.first[1:] == keys.first[:-1]) & (keys.second[1:] == keys.second[:-1])
    if not again.any():
        return standing
    fate[leaves[again]] = supersede.SUMMED
    starts = np.flatnonzero(~again)
    summed = standing.take(pa.array(starts))
    for name in MEASURES:
        column = standing.column(name)
        valid = np.logical_and.reduceat(np.asarray(column.is_valid()), starts)
        summed = _replaced(summed, name, decimals(np.add.reduceat(mills(column), starts), valid))
    for name in (*FLAGS, "is_value_rounded"):
        column = standing.column(name)
        truth = np.maximum.reduceat(np.asarray(column.cast(pa.int8()).fill_null(-1)), starts)
        summed = _replaced(summed, name, pa.array(truth == 1, mask=truth < 0))
    return summed


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)
