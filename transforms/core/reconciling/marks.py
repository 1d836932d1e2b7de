"""Marks of how a value came about, as bits while flows are arrays, as text in the tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts.codes import MARKS

Marks = NDArray[np.int32]
_BIT = {name: 1 << place for place, name in enumerate(MARKS)}


def mark(name: str, where: NDArray[np.bool_]) -> Marks:
    """The bit of ``name`` where the flag holds, else 0. Shape (n,)."""
    return where * np.int32(_BIT[name])


def text_of(marks: int) -> str | None:
    """The names of a set of marks in the order of codes.MARKS, separated by blanks; None for none.

    >>> text_of(0), text_of(_BIT["nes_received"] | _BIT["cif_fitted"])
    (None, 'cif_fitted nes_received')
    """
    return " ".join(name for name, bit in _BIT.items() if marks & bit) or None


def as_codes(marks: Marks) -> pa.DictionaryArray:
    """Marks as a code column, NULL where there is none."""
    is_used = np.zeros(1 << len(MARKS), bool)
    is_used[marks] = True  # a table of all sets of marks: no sorting of rows
    names: list[str] = []
    place = np.full(len(is_used), -1, np.int16)
    for found in np.flatnonzero(is_used).tolist():
        text = text_of(found)
        if text is not None:
            place[found] = len(names)
            names.append(text)
    indices = place[marks].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(names, pa.string()))
