"""Codes as integers: dictionary columns to ranks in the tables' sort order, rows to one 64-bit key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts.columns import column

#: Area codes have at most three digits.
AREA_CODES = 1000
_ROOM = 2**63 - 1


@dataclass(frozen=True)
class Coded:
    """A code column as indices (-1: NULL) into its texts. Shape (n,)."""

    indices: NDArray[np.int32]
    texts: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Coded:
        """From a dictionary column."""
        merged = column.unify_dictionaries().combine_chunks()
        array = merged.chunk(0) if isinstance(merged, pa.ChunkedArray) else merged
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        indices = array.indices
        return cls((indices.fill_null(-1) if indices.null_count else indices).to_numpy(), array.dictionary)

    def at(self, rows: NDArray[np.int64], has: NDArray[np.bool_]) -> Coded:
        """The codes at ``rows``, NULL where ``has`` is False."""
        return Coded(np.where(has, self.indices[rows], -1).astype(np.int32), self.texts)

    def array(self) -> pa.DictionaryArray:
        """As Arrow, NULL where the index is -1."""
        return pa.DictionaryArray.from_arrays(pa.array(self.indices, mask=self.indices < 0), self.texts)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """Texts as integers, -1 where one isn't all digits. By dictionary index."""
        return np.array([int(t) if t.isdigit() else -1 for t in self.texts.to_pylist()], np.int64)

    def are(self, text: str) -> NDArray[np.bool_]:
        """Where the code is ``text``; NULL isn't. Shape (n,)."""
        texts = self.texts.to_pylist()
        none: NDArray[np.bool_] = np.zeros(len(self.indices), bool)
        return self.indices == texts.index(text) if text in texts else none


def code_order(code: str) -> tuple[int, str]:
    """Sort key of codes: by length, then text, which is numeric order for area codes."""
    return len(code), code


def ranks(values: pa.ChunkedArray, name: str) -> tuple[NDArray[np.int64], list[object]]:
    """Rank of each value in the column's sort order, and the values by rank. Shape (n,).

    Codes order by length and text, every other column as it is. NULL isn't allowed here.
    """
    if column(name).type != "code":
        array = values.to_numpy()
        if len(array) and (array == array[0]).all():  # constant, as a level mostly is: no sort
            return np.zeros(len(array), np.int64), [array[0].item()]
        distinct, inverse = np.unique(array, return_inverse=True)
        return inverse.astype(np.int64), distinct.tolist()
    merged = values.unify_dictionaries() if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    if merged.num_chunks == 0:
        return np.empty(0, np.int64), []
    texts = merged.chunk(0).dictionary.to_pylist()
    indices = np.concatenate([chunk.indices.to_numpy() for chunk in merged.chunks])
    order = sorted(range(len(texts)), key=lambda i: code_order(texts[i]))
    rank = np.empty(len(texts), np.int64)
    rank[order] = np.arange(len(texts))
    return rank[indices], [texts[i] for i in order]


def row_keys(data: pa.Table, columns: Sequence[str]) -> NDArray[np.int64]:
    """One integer per row that orders as ``columns`` do, leftmost first. Shape (n,).

    Raises OverflowError where the columns together have more combinations than 63 bits hold.
    """
    keys = np.zeros(data.num_rows, np.int64)
    room = 1
    for name in columns:
        rank, values = ranks(data.column(name), name)
        size = max(1, len(values))
        room *= size
        if room > _ROOM:
            raise OverflowError(f"{', '.join(columns)} have over 2^63 combinations in one task: use more product buckets")
        keys *= size
        keys += rank
    return keys


def sort_order(keys: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The stable order that sorts ``keys``; None where they are sorted already."""
    if len(keys) < 2 or bool((keys[1:] >= keys[:-1]).all()):
        return None
    return np.argsort(keys, kind="stable")


def starts(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions where sorted ``keys`` change, the first included. Shape (groups,)."""
    if len(keys) == 0:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
