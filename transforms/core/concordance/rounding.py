"""Values distributed over codes without losing a mill: largest remainder, in whole numbers throughout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.core.concordance.weights import Weights, make_weights, positions

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Weights are parts of 2^62: a product with an int64 has its whole part above bit 62 and the remainder below.
PARTS_BITS = 62
PARTS = 1 << PARTS_BITS
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class Pieces:
    """What rows became. ``row`` (p,) the input row, ``code`` (p,) index of the to code or -1, ``value`` (p,) in the input's unit.

    A row whose code the weights don't know is one piece, as it was, with code -1; ``unmapped`` counts those. Pieces of 0 stay.
    """

    row: Ints
    code: Ints
    value: Ints
    unmapped: int


def whole_parts(weights: Weights) -> Ints:
    """Weights as parts of 2^62 that sum to 2^62 exactly in each row: the largest weight (the first of equals) takes what is open."""
    parts = np.rint(weights.weight * PARTS).astype(np.int64)
    row = weights.row
    order = np.lexsort((np.arange(len(row)), -weights.weight, row))
    firsts = order[weights.start[:-1]]
    sums = np.zeros(len(weights.from_codes), dtype=np.int64)
    others = np.ones(len(row), dtype=bool)
    others[firsts] = False
    np.add.at(sums, row[others], parts[others])
    parts[firsts] = PARTS - sums
    return parts


def _product(value: Words, parts: Words) -> tuple[Ints, Words]:
    """value x parts as (whole, remainder) of 2^62, by halves of 32 bits; value below 2^63, parts up to 2^62."""
    high, low = value >> _HALF, value & _LOW
    high_parts, low_parts = parts >> _HALF, parts & _LOW
    bottom = low * low_parts
    first, second = high * low_parts, low * high_parts
    middle = (bottom >> _HALF) + (first & _LOW) + (second & _LOW)
    top = high * high_parts + (first >> _HALF) + (second >> _HALF) + (middle >> _HALF)
    bottom = (bottom & _LOW) | (middle << _HALF)
    whole = (top << np.uint64(2)) | (bottom >> np.uint64(PARTS_BITS))
    return whole.astype(np.int64), bottom & np.uint64(PARTS - 1)


def distribute(values: Ints, rows: Ints, weights: Weights, parts: Ints | None = None) -> Pieces:
    """Values (v,) of rows of ``weights`` (v,), -1 for a code that they don't know, as pieces in the order of rows and to codes.

    The pieces of a value sum to it exactly. Each gets the whole part of its share; what is left goes, one by one, to the largest
    remainders, the first code of equals. Negative values are distributed as their absolute values are. ``parts``: whole_parts of
    the weights, where the caller has them. Raises OverflowError for the one int64 without an absolute value.
    """
    if len(values) and int(values.min()) == np.iinfo(np.int64).min:
        raise OverflowError("-2^63 has no absolute value in 64 bits")
    parts = whole_parts(weights) if parts is None else parts
    known = rows >= 0
    start = weights.start if len(weights.from_codes) else np.zeros(2, dtype=np.int64)
    first = np.where(known, start[np.maximum(rows, 0)], 0)
    degree = np.where(known, start[np.maximum(rows, 0) + 1] - first, 1)
    begins = np.cumsum(degree) - degree
    of = np.repeat(np.arange(len(values), dtype=np.int64), degree)
    offset = np.arange(len(of), dtype=np.int64) - begins[of]
    place = first[of] + offset
    whole = np.abs(values)[of]
    split = np.flatnonzero(degree[of] > 1)  # most codes have one target, which takes all
    whole[split] = _shared(whole[split], parts[place[split]], of[split], offset[split])
    code = np.where(known[of], weights.target[place] if len(weights.target) else -1, -1)
    return Pieces(of, code.astype(np.int64), whole * np.sign(values)[of], int((~known).sum()))


def _shared(values: Ints, parts: Ints, of: Ints, offset: Ints) -> Ints:
    """Largest remainders of values of at least 0, each repeated for its targets (``of``: whose, ``offset``: which target)."""
    whole, remainder = _product(values.astype(np.uint64), parts.astype(np.uint64))
    begins = np.flatnonzero(offset == 0)
    if not len(begins):
        return whole
    left = np.repeat(values[begins] - np.add.reduceat(whole, begins), np.diff(np.append(begins, len(of))))
    # remainders of a row from the largest on, the first code of equals: the first `left` of them get one more
    order = np.lexsort((offset, -remainder.astype(np.int64), of))
    whole[order[offset < left]] += 1
    return whole


def rows_of(codes: NDArray[np.str_], weights: Weights) -> Ints:
    """Row of each code in ``weights``, -1 where they don't know it."""
    return positions(codes, weights.from_codes)


def quantity_weights(weights: Weights, unit_value: Floats) -> Weights:
    """Weights of quantities: value shares over unit values relative to their mean, so that each part keeps its price.

    ``unit_value`` (m,) USD per unit of the to codes, NaN or 0 where unknown: there the mean of the row's other codes stands (their
    value shares over their quantities), and a row without any keeps the weights of values. Rows sum to 1: the quantity of
    a row is kept as its value is. A row's dearer codes get less quantity than value.
    """
    row = weights.row
    value = unit_value[weights.target]
    known = np.isfinite(value) & (value > 0)
    share = np.where(known, weights.weight, 0.0)
    quantity = np.where(known, weights.weight / np.where(known, value, 1.0), 0.0)
    count = len(weights.from_codes)
    sums = np.bincount(row, share, count), np.bincount(row, quantity, count)
    mean = np.divide(sums[0], sums[1], out=np.ones(count), where=sums[1] > 0)
    part = weights.weight * mean[row] / np.where(known, value, mean[row])
    part /= np.bincount(row, part, count)[row]
    editions, codes = (weights.from_edition, weights.to_edition), (weights.from_codes, weights.to_codes)
    # none is dropped: each piece of value keeps a piece of quantity beside it
    return make_weights(editions, codes, (row, weights.target, part), weights.origin, weights.observations, least=0.0)


def within(amounts: Ints, caps: Ints, row: Ints) -> Ints:
    """Amounts of pieces (p,) kept at most at ``caps`` (p,), both at least 0; ``row`` (p,) says whose pieces they are, in order.

    What a piece has too much goes to the first others of its row that have room. A row that is above its caps as a whole stays.
    """
    over = np.maximum(amounts - caps, 0)
    if not over.any():
        return amounts
    count = int(row[-1]) + 1
    excess, room = np.zeros(count, np.int64), np.zeros(count, np.int64)
    free = np.maximum(caps - amounts, 0)
    np.add.at(excess, row, over)
    np.add.at(room, row, free)
    mended = (excess > 0) & (excess <= room)
    running = np.cumsum(free) - free
    before = running - running[np.searchsorted(row, row)]
    given = np.clip(excess[row] - before, 0, free)
    return np.where(mended[row], amounts - over + given, amounts)
