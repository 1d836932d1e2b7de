"""Dictionary-encoded code columns: each distinct text is judged once, rows only carry numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from transforms.io.archives import BadFileError
from transforms.sources import tokenise
from transforms.sources.reader import Block, decoded

#: Distinct texts one code column may have; more is no code list.
MAXIMUM_CODES = 1 << 15
#: Room at first: most columns have a few hundred, and a file may be small.
_FIRST_CODES = 1 << 9


class Encoder:
    """Texts of one code column, over all blocks of a member, numbered in order of appearance."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.texts: list[str] = []
        self._room(_FIRST_CODES)

    def _room(self, codes: int) -> None:
        """Tables for so many codes; what is known is put in again by the next block."""
        self._keys = np.zeros((codes * 2, 2), np.uint64)
        self._taken = np.full(codes * 2, -1, np.int32)
        self._entries = np.zeros((codes, 2), np.uint64)

    def _grow(self) -> None:
        if len(self._entries) >= MAXIMUM_CODES:
            raise BadFileError(f"column {self.column} holds more than {MAXIMUM_CODES:,} different codes: these are no codes")
        known = self._entries
        self._room(min(8 * len(known), MAXIMUM_CODES))
        self._entries[: len(known)] = known
        tokenise.rehash(self._keys, self._taken, self._entries, len(known))

    def encode(self, block: Block, encodings: Sequence[str]) -> np.ndarray:
        """Number of each row's text, shape (rows,) int32; TOO_LONG where it can't be a code."""
        ids = np.empty(block.rows, np.int32)
        before = count = len(self.texts)
        while True:
            count = tokenise.encode(block.data, *block.span(self.column), self._keys, self._taken, self._entries, count, ids)
            if count < len(self._entries) or not (ids == tokenise.FULL).any():
                break
            self._grow()
        for high, low in self._entries[before:count].tolist():
            raw = low.to_bytes(8, "big").lstrip(b"\0")
            self.texts.append(decoded(high.to_bytes(8, "big") + raw if high else raw, encodings))
        return ids


class Judged:
    """Distinct inputs (a number each) to distinct accepted values, or to a reason for refusal.

    ``judge`` gives (value, reason): value None with a reason refuses, value None without is NULL.
    """

    def __init__(self, judge: Callable[[int], tuple[object, str | None]]) -> None:
        self._judge = judge
        self._to = np.full(256, -3, np.int32)
        self._numbers: dict[object, int] = {}
        self.values: list[object] = []
        self.reasons: dict[int, str] = {}
        self._lookups: dict[str, np.ndarray] = {}
        self._parts: dict[int, tuple[pa.Array, np.ndarray]] = {}

    def of(self, keys: np.ndarray) -> np.ndarray:
        """Number of the accepted value per row; -1 NULL, below -9 refused (see ``reasons``). Keys >= 0."""
        if len(keys) and int(keys.max()) >= len(self._to):
            grown = np.full(max(2 * len(self._to), int(keys.max()) + 1), -3, np.int32)
            grown[: len(self._to)] = self._to
            self._to = grown
        found: np.ndarray = self._to[keys]
        if len(found) and int(found.min()) <= -3 and (found == -3).any():
            for key in np.unique(keys[found == -3]):
                self._to[key] = self._decide(int(key))
            found = self._to[keys]
        return found

    def _decide(self, key: int) -> int:
        value, reason = self._judge(key)
        if reason is not None:
            number = -10 - len(self.reasons)
            self.reasons[number] = reason
            return number
        if value is None:
            return -1
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]

    def lookup(self, name: str, of_value: Callable[[object], int]) -> np.ndarray:
        """An integer per accepted value, then one 0 for NULL (index -1).

        Kept under ``name`` until values are added: one name, one question.
        """
        known = self._lookups.get(name)
        if known is None or len(known) != len(self.values) + 1:
            before = known[:-1] if known is not None else np.empty(0, np.int64)
            fresh = [of_value(v) for v in self.values[len(before) :]]
            known = self._lookups[name] = np.concatenate([before, np.array([*fresh, 0], np.int64)])
        return known

    def parts(self, position: int) -> tuple[pa.Array, np.ndarray]:
        """Distinct texts of one part of values that are tuples, and their number per value, then -1 for NULL and empty ones."""
        known = self._parts.get(position)
        if known is None or len(known[1]) != len(self.values) + 1:
            texts = [str(v[position]) for v in self.values]  # type: ignore[index]
            distinct = {text: number for number, text in enumerate(dict.fromkeys(t for t in texts if t))}
            renumber = np.array([*(distinct.get(t, -1) for t in texts), -1], np.int32)
            known = self._parts[position] = pa.array(list(distinct), pa.string()), renumber
        return known

    def arrow(self, numbers: np.ndarray) -> pa.DictionaryArray:
        """Numbers (-1 NULL) as an Arrow dictionary array of text."""
        mask = numbers < 0
        indices = pa.array(numbers, pa.int32(), mask=mask if mask.any() else None)
        return pa.DictionaryArray.from_arrays(indices, pa.array([str(v) for v in self.values], pa.string()))
