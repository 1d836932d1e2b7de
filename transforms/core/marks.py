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
    distinct, index = np.unique(marks, return_inverse=True)
    texts = [text_of(int(number)) for number in distinct]
    names = [text for text in texts if text is not None]
    place = np.array([names.index(text) if text is not None else -1 for text in texts], np.int32)[index]
    return pa.DictionaryArray.from_arrays(pa.array(place, mask=place < 0), pa.array(names, pa.string()))
