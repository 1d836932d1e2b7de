"""Correlation tables as groups: which codes of two classifications hang together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
#: Kinds of group, by codes on the from side and on the to side.
KINDS = ("1:1", "n:1", "1:n", "n:m")


class ConcordanceError(ValueError):
    """A correlation table or weights that can't be used as they are; says which code and what to do."""


@dataclass(frozen=True)
class Correlation:
    """Relations between two classifications. Codes of each side in text order; relations by index, in order, each once."""

    from_codes: NDArray[np.str_]
    to_codes: NDArray[np.str_]
    from_index: Ints
    to_index: Ints

    @cached_property
    def degree(self) -> Ints:
        """How many codes each from code is related to, (n,); at least 1."""
        return np.bincount(self.from_index, minlength=len(self.from_codes)).astype(np.int64)


@dataclass(frozen=True)
class Groups:
    """Connected components: no relation leaves one, so that every code is in one group exactly.

    ``of_from`` (n,) and ``of_to`` (m,) number the groups in the order of their first from code; ``kind`` (g,) indexes KINDS.
    """

    of_from: Ints
    of_to: Ints
    kind: Ints

    def counts(self) -> dict[str, int]:
        """Number of groups by kind, all kinds named."""
        found = Counter(self.kind.tolist())
        return {name: found[n] for n, name in enumerate(KINDS)}


def correlation(from_codes: Sequence[str], to_codes: Sequence[str]) -> Correlation:
    """Relations from a table's two columns, in any order; one that stands twice counts once.

    Raises ConcordanceError for columns of unequal length, none at all, and empty codes.
    """
    if len(from_codes) != len(to_codes):
        raise ConcordanceError(f"a correlation table has two codes in each row; {len(from_codes)} and {len(to_codes)} were given")
    if not len(from_codes):
        raise ConcordanceError("the correlation table has no rows: give another file")
    if not all(from_codes) or not all(to_codes):
        raise ConcordanceError("a row of the correlation table lacks a code: leave out codes without a counterpart")
    left, from_index = np.unique(np.asarray(from_codes, dtype=np.str_), return_inverse=True)
    right, to_index = np.unique(np.asarray(to_codes, dtype=np.str_), return_inverse=True)
    keys = np.unique(from_index.astype(np.int64) * len(right) + to_index)
    return Correlation(left, right, keys // len(right), keys % len(right))


def groups(table: Correlation) -> Groups:
    """The connected components: labels run along relations, the least one wins, until nothing changes."""
    left = np.arange(len(table.from_codes), dtype=np.int64)
    right = np.full(len(table.to_codes), len(left), dtype=np.int64)
    while True:
        before = left.copy()
        np.minimum.at(right, table.to_index, left[table.from_index])
        np.minimum.at(left, table.from_index, right[table.to_index])
        left = left[left]  # a label's own label: halves the way
        if np.array_equal(before, left):
            break
    _, of_from = np.unique(left, return_inverse=True)
    of_to = np.empty(len(right), dtype=np.int64)
    of_to[table.to_index] = of_from[table.from_index]
    many_from, many_to = np.bincount(of_from) > 1, np.bincount(of_to) > 1
    return Groups(of_from.astype(np.int64), of_to, many_from.astype(np.int64) + 2 * many_to.astype(np.int64))


def left_out(table: Correlation, codes: Iterable[str]) -> tuple[str, ...]:
    """Codes of the from side that the table doesn't know, in text order: they stay unmapped."""
    return tuple(sorted(set(codes) - set(table.from_codes.tolist())))
