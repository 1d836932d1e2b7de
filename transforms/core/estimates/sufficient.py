"""Exact sums of float terms: the form in which rows leave their partition.

A term is cut once into two integers on a fixed grid, and integers are added, so that a sum is the same to the last bit
in whatever order and grouping it is taken (float sums: four runs, four bit patterns).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Bits after the point in the high and, beyond them, in the low integer: terms are kept to 2^-52.
HIGH_BITS, LOW_BITS = 16, 36
#: Terms must be smaller than this; then 2^26 of them fit whatever they are.
TERM_LIMIT = 2.0**19
#: Years, and the two codes of a key (areas, products), are below these.
YEAR_LIMIT, CODE_LIMIT = 1 << 13, 1 << 22
#: Significant digits of every published coefficient.
DIGITS = 12
#: Rows of a partition taken at a time.
BLOCK_ROWS = 1 << 18


class EstimateError(ValueError):
    """Rows that no estimate can be made of; says what was expected and what was found."""


@dataclass(frozen=True)
class Sums:
    """Exact sums by key. ``keys`` ascending without repeats (n,), see ``key``; ``high`` and ``low`` the sums' words (n,).

    The sum is high / 2^16 + low / 2^52, with 0 <= low < 2^36: one representation per number, so equal sums are equal bytes.
    """

    keys: Integers
    high: Integers
    low: Integers

    @classmethod
    def of(cls, keys: Integers, terms: Floats | float) -> Sums:
        """Sum ``terms`` (n,) over equal ``keys`` (n,). EstimateError for a term that is NaN, infinite or 2^19 and more."""
        return _grouped(keys, *_words(np.broadcast_to(np.asarray(terms, np.float64), keys.shape)))

    @classmethod
    def total(cls, one_key: Integers, terms: Floats) -> Sums:
        """Sum all ``terms`` (n,) under ``one_key`` (1,); errors as ``of``."""
        high, low = _words(terms)
        return _grouped(one_key, np.array([high.sum()]), np.array([low.sum()]), terms=len(terms))

    @classmethod
    def several(cls, kinds: Sequence[Kind], keys: Integers, terms: Sequence[Floats | Integers]) -> Sums:
        """Of each kind the sums of its terms (n,) over the same ``keys`` (n,) without a kind: sorted once. Integers are summed whole."""
        order = _order(keys)
        sorted_keys = keys if order is None else keys[order]
        parts = []
        for kind, term in zip(kinds, terms, strict=True):
            is_whole = np.issubdtype(term.dtype, np.integer)
            high, low = (term.astype(np.int64), np.zeros(len(term), np.int64)) if is_whole else _words(term.astype(np.float64))
            if order is not None:
                high, low = high[order], low[order]
            parts.append(_summed(sorted_keys + key(kind), high, low))
        return merge(parts)

    @property
    def integers(self) -> Integers:
        """The sums of whole numbers (n,)."""
        return self.high

    @property
    def values(self) -> Floats:
        """The sums as floats (n,)."""
        return np.ldexp(self.high.astype(np.float64) + np.ldexp(self.low.astype(np.float64), -LOW_BITS), -HIGH_BITS)

    def of_kind(self, kind: Kind) -> Sums:
        """The sums of one kind."""
        start, end = np.searchsorted(self.keys, np.array([kind, kind + 1], np.int64) << _KIND)
        return Sums(self.keys[start:end], self.high[start:end], self.low[start:end])

    def over(self, keys: Integers) -> Sums:
        """Summed further: ``keys`` (n,) says under which key each sum goes."""
        return _grouped(keys, self.high, self.low)

    def where(self, mask: Flags) -> Sums:
        """The sums where ``mask`` (n,) holds."""
        return Sums(self.keys[mask], self.high[mask], self.low[mask])

    def same(self, other: Sums) -> bool:
        """Whether both are equal to the last bit."""
        pairs = ((self.keys, other.keys), (self.high, other.high), (self.low, other.low))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


_SECOND, _FIRST, _YEAR, _KIND = 0, 22, 44, 57


class Kind(IntEnum):
    """What a sum is of: five bits of its key, so below 32. No two that are ever merged into one table share a number."""

    NONE = 0  #: told apart by its place alone
    CIF = 1  #: products of the equation's terms and the count, by year and place (estimates/cif.py)
    # weights by two codes, weighted distances and flows by one (estimates/quality.py)
    EXPORTER_PRODUCT = 2
    IMPORTER_PRODUCT = 3
    EXPORTER_IMPORTER = 4
    RD_EXPORTER = 5
    RD_IMPORTER = 6
    RD_PRODUCT = 7
    RD_SQUARE = 8
    FLOWS_EXPORTER = 9
    FLOWS_IMPORTER = 10
    # mills by area, and those of flows on which both agree (estimates/symmetry.py)
    EXPORTS = 11
    EXPORTS_AGREED = 12
    IMPORTS = 13
    IMPORTS_AGREED = 14
    # ln(tonnes per unit) by product and unit (estimates/units.py)
    UNIT_PAIRS = 15
    UNIT_WEIGHT = 16
    UNIT_LOG = 17
    UNIT_SQUARE = 18
    # ln(Vx / Vm) by pair (estimates/intervals.py)
    GAP_FLOWS = 19
    GAP_LOG = 20
    GAP_SQUARE = 21
    # mills, thousandths of kg and reports by product (estimates/unit_values.py)
    FOB_VALUE = 22
    FOB_KG = 23
    FOB_REPORTS = 24
    CIF_VALUE = 25
    CIF_KG = 26
    CIF_REPORTS = 27
    # mills by pair, of which reliabilities are made (core/estimating/estimation.py)
    EXPORTER_TOTAL = 28
    IMPORTER_TOTAL = 29


def key(kind: Kind, year: Integers | int = 0, first: Integers | int = 0, second: Integers | int = 0) -> Integers:
    """Key of a sum: kind, year, and two codes as integers (areas, products); broadcast to shape (n,)."""
    parts = [np.asarray(part, np.int64) for part in (year, first, second)]
    for part, limit in zip(parts, (YEAR_LIMIT, CODE_LIMIT, CODE_LIMIT), strict=True):
        if part.size and (int(part.min()) < 0 or int(part.max()) >= limit):
            raise EstimateError(f"a year or code of a key is {int(part.min())} to {int(part.max())}; expected 0 to {limit - 1}")
    year_part, first_part, second_part = parts
    packed = (np.int64(kind) << _KIND) | (year_part << _YEAR) | (first_part << _FIRST) | (second_part << _SECOND)
    return np.atleast_1d(packed)


def year_of(keys: Integers) -> Integers:
    """Years of keys (n,)."""
    return (keys >> _YEAR) & (YEAR_LIMIT - 1)


def first_of(keys: Integers) -> Integers:
    """First codes of keys (n,)."""
    return (keys >> _FIRST) & (CODE_LIMIT - 1)


def second_of(keys: Integers) -> Integers:
    """Second codes of keys (n,)."""
    return (keys >> _SECOND) & (CODE_LIMIT - 1)


def merge(parts: Sequence[Sums]) -> Sums:
    """The parts added up, exactly; none: an empty table."""
    if not parts:
        return Sums(*(np.zeros(0, np.int64) for _ in range(3)))
    return _grouped(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("keys", "high", "low")))


def rounded(numbers: Floats | Sequence[float] | float) -> Floats:
    """To 12 significant digits, half to even on the decimal number, as estimates are kept. Same shape."""
    array = np.asarray(numbers, np.float64)
    return np.array([float(f"{number:.{DIGITS - 1}e}") for number in array.ravel()], np.float64).reshape(array.shape)


def blocks(rows: int) -> Iterator[slice]:
    """Slices of at most BLOCK_ROWS rows, so that a partition's temporaries stay small; sums don't see the cuts."""
    for start in range(0, rows, BLOCK_ROWS):
        yield slice(start, start + BLOCK_ROWS)


def _words(terms: Floats) -> tuple[Integers, Integers]:
    """Terms (n,) on the grid: high and low integers."""
    fits = np.abs(terms) < TERM_LIMIT
    if not bool(fits.all()):
        raise EstimateError(f"a term of a sum is {terms[~fits][0]}; expected a number between -{TERM_LIMIT:.0f} and {TERM_LIMIT:.0f}")
    scaled = np.ldexp(terms, HIGH_BITS)
    high = np.rint(scaled)
    return high.astype(np.int64), np.rint(np.ldexp(scaled - high, LOW_BITS)).astype(np.int64)


def _order(keys: Integers) -> Integers | None:
    """The stable order that sorts ``keys``, 16 bits at a time; None where they are sorted already."""
    if not len(keys) or bool((keys[1:] >= keys[:-1]).all()):
        return None
    least = int(keys.min())
    bits = (int(keys.max()) - least).bit_length()
    if bits > 3 * 16:
        return np.argsort(keys, kind="stable")
    left = keys - least
    order = np.argsort((left & 0xFFFF).astype(np.uint16), kind="stable")
    for shift in range(16, bits, 16):
        order = order[np.argsort(((left >> shift) & 0xFFFF).astype(np.uint16)[order], kind="stable")]
    return order


def _grouped(keys: Integers, high: Integers, low: Integers, *, terms: int = 0) -> Sums:
    """Words added over equal keys, carried into their one representation; ``terms``: how many they are sums of already."""
    order = _order(keys)
    if order is not None:
        keys, high, low = keys[order], high[order], low[order]
    return _summed(keys, high, low, terms=terms)


def _summed(keys: Integers, high: Integers, low: Integers, *, terms: int = 0) -> Sums:
    """The same of sorted ``keys``."""
    if not len(keys):
        return Sums(keys, high, low)
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    _check(high, first, max(terms, len(keys)))
    highs, lows = np.add.reduceat(high, first), np.add.reduceat(low, first)
    return Sums(keys[first], highs + (lows >> LOW_BITS), lows & ((1 << LOW_BITS) - 1))


def _check(high: Integers, first: Integers, terms: int) -> None:
    """EstimateError where a sum may leave its integer."""
    largest = max(float(high.max()), -float(high.min())) * len(high)
    if largest > 2.0**62:
        largest = float(np.add.reduceat(np.abs(high).astype(np.float64), first).max())
    if largest > 2.0**62 or terms >= 1 << 26:
        raise EstimateError(f"a sum of {terms} terms reaches {largest * 2.0**-HIGH_BITS:.3g}; expected less than 2^46 and 2^26 terms")
