"""Compiled loops of the aggregation: one pass over sorted rows, adding into dense arrays of exact integers.

Cells are rows of int64 words, so that all that one flow touches lies together in memory:
value (mills), weight (thousandths of a kg), flows, flows without weight; importer x product
cells go on with the squares' low and high word, the top supplier's value and its index.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

VALUE, WEIGHT, FLOWS, MISSING = 0, 1, 2, 3
SQUARE_LOW, SQUARE_HIGH, TOP_VALUE, TOP_SUPPLIER = 4, 5, 6, 7
#: Words of a plain cell, and of an importer x product cell (one cache line).
PLAIN_WORDS, SUPPLIER_WORDS = 4, 8

#: Where the scan stands: row reached, last importer and product, sums of |value| and weight, fault.
POSITION, LAST_IMPORTER, LAST_PRODUCT, ROWS, TOTAL_VALUE, ABSOLUTE_VALUE, TOTAL_WEIGHT, FAULT = range(8)
STATE_WORDS = 8
ORDER_FAULT, RANGE_FAULT = 1, 2
#: Largest sum that DECIMAL(18,3) holds, in mills.
MAXIMUM = 10**18 - 1

_HALF = np.uint64(32)
_LOW_BITS = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
#: Rows between asking for an importer x product cell and adding to it: about the time a cache miss takes.
AHEAD = 12


@intrinsic  # type: ignore[untyped-decorator]
def _prefetch(typing: Any, cells: Any, row: Any) -> Any:  # noqa: ARG001 - numba calls it so
    """Ask the cache for a row of a C-contiguous (n, 8) int64 array, which may lie outside it."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        cell = builder.gep(array.data, [builder.mul(arguments[1], ir.Constant(ir.IntType(64), SUPPLIER_WORDS))])
        pointer = builder.bitcast(cell, ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
        builder.call(function, [pointer, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(cells, types.int64), emit


@njit(inline="always")  # type: ignore[untyped-decorator]
def _add_square(cell: np.ndarray, value: np.int64) -> None:
    """Add value^2 to the 128-bit integer in two words; |value| < 2^60, so nothing is lost."""
    magnitude = np.uint64(abs(value))
    high, low = magnitude >> _HALF, magnitude & _LOW_BITS
    square_low = magnitude * magnitude
    square_high = high * high + ((((high * low) << _ONE) + ((low * low) >> _HALF)) >> _HALF)
    total = np.uint64(cell[SQUARE_LOW]) + square_low
    carry = _ONE if total < square_low else np.uint64(0)
    cell[SQUARE_LOW] = np.int64(total)
    cell[SQUARE_HIGH] = np.int64(np.uint64(cell[SQUARE_HIGH]) + square_high + carry)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _add(cell: np.ndarray, value: np.int64, weight: np.int64, flows: np.int64, missing: np.int64) -> None:
    cell[VALUE] += value
    cell[WEIGHT] += weight
    cell[FLOWS] += flows
    cell[MISSING] += missing


@njit(inline="always")  # type: ignore[untyped-decorator]
def _add_supplier(cell: np.ndarray, exporter: np.int64, value: np.int64, weight: np.int64, missing: np.int64) -> None:
    """Add a flow to an importer x product cell; exporters come in order, so the first keeps a tie."""
    if cell[FLOWS] == 0 or value > cell[TOP_VALUE]:
        cell[TOP_VALUE] = value
        cell[TOP_SUPPLIER] = exporter
    _add(cell, value, weight, 1, missing)
    _add_square(cell, value)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _weight(weights, valid, bit, row):  # type: ignore[no-untyped-def]
    """Weight of a row, and 1 where it is missing."""
    if len(valid) == 0 or (valid[bit >> 3] >> (bit & 7)) & 1:
        return weights[2 * row], np.int64(0)
    return np.int64(0), np.int64(1)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _flush(by_heading, seen, importer, heading, run):  # type: ignore[no-untyped-def]
    """Add a finished run of one importer and heading to its cell, and empty it."""
    if run[FLOWS]:
        _add(by_heading[importer, heading], run[VALUE], run[WEIGHT], run[FLOWS], run[MISSING])
        seen[importer, heading] = 1
        run[:] = 0


@njit(inline="always")  # type: ignore[untyped-decorator]
def _bound(state, value, weight):  # type: ignore[no-untyped-def]
    """Count a row's value and weight in the stream's totals; False where they leave their range."""
    state[TOTAL_VALUE] += value
    state[ABSOLUTE_VALUE] += abs(value)
    state[TOTAL_WEIGHT] += abs(weight)
    return state[ABSOLUTE_VALUE] <= MAXIMUM and state[TOTAL_WEIGHT] <= MAXIMUM


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def scan_exporter(exporter, rows, maps, of_product, cells, state):  # type: ignore[no-untyped-def]
    """Add one exporter's rows of a batch, from state[POSITION] to its last row there.

    ``rows``: int32 indices of exporter, importer, product (n,), the words of the value's and the
    weight's decimal128 buffer (2n,), the weight's validity bits and their offset (empty: all valid).
    ``maps``: from the batch's three dictionaries to the stratum's dense indices. ``of_product``:
    heading of each product. ``cells``: exporter x product, importer x product, the exporter's
    importers x headings, and a byte for each of those that is in use.
    Sets state[FAULT] where rows aren't strictly ascending or a sum leaves its range.
    """
    exporters, importers, products, values, weights, valid, offset = rows
    by_exporter, by_importer, by_heading, seen = cells
    importer, product, heading = state[LAST_IMPORTER], state[LAST_PRODUCT], np.int64(-1)
    run = np.zeros(PLAIN_WORDS, np.int64)
    first, last = state[POSITION], len(exporters) - AHEAD
    row = first
    while row < len(exporters) and maps[0][exporters[row]] == exporter:
        next_importer, next_product = np.int64(maps[1][importers[row]]), np.int64(maps[2][products[row]])
        if next_importer < importer or (next_importer == importer and next_product <= product):
            state[FAULT] = ORDER_FAULT
            break
        if next_importer != importer or of_product[next_product] != heading:
            _flush(by_heading, seen, importer, heading, run)
        importer, product, heading = next_importer, next_product, np.int64(of_product[next_product])
        if row < last:
            _prefetch(by_importer, np.int64(maps[1][importers[row + AHEAD]]) * len(of_product) + maps[2][products[row + AHEAD]])
        value = values[2 * row]
        weight, missing = _weight(weights, valid, row + offset, row)
        if not _bound(state, value, weight):
            state[FAULT] = RANGE_FAULT
            break
        _add(run, value, weight, 1, missing)
        _add(by_exporter[product], value, weight, 1, missing)
        _add_supplier(by_importer[importer * len(of_product) + product], exporter, value, weight, missing)
        row += 1
    _flush(by_heading, seen, importer, heading, run)
    if row < len(exporters) and maps[0][exporters[row]] < exporter:
        state[FAULT] = ORDER_FAULT
    state[POSITION], state[LAST_IMPORTER], state[LAST_PRODUCT] = row, importer, product
    state[ROWS] += row - first


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def drain_headings(exporter, by_heading, seen, chapter_of, pairs, chapters, out, keys, start):  # type: ignore[no-untyped-def]
    """Empty one exporter's importers x headings into its pair totals, its chapters, and rows of pair_heading.

    ``by_heading`` (I, H, 4) and ``seen`` (I, H rounded up to 8 bytes) are zero afterwards.
    ``pairs`` (I, 4) and ``chapters`` (C, 4) are the exporter's. Rows go to ``out`` (4, n) and
    ``keys`` (3, n: exporter, importer, heading) from ``start`` on, in key order; an empty
    ``out`` takes none. Returns the row after the last one written.
    """
    at = start
    words = seen.view(np.int64)
    for importer in range(by_heading.shape[0]):
        for word in range(words.shape[1]):
            if words[importer, word] == 0:
                continue
            for heading in range(8 * word, min(8 * word + 8, by_heading.shape[1])):
                if not seen[importer, heading]:
                    continue
                cell = by_heading[importer, heading]
                _add(pairs[importer], cell[VALUE], cell[WEIGHT], cell[FLOWS], cell[MISSING])
                if len(chapters):
                    _add(chapters[chapter_of[heading]], cell[VALUE], cell[WEIGHT], cell[FLOWS], cell[MISSING])
                if out.shape[1]:
                    for measure in range(PLAIN_WORDS):
                        out[measure, at] = cell[measure]
                    keys[0, at], keys[1, at], keys[2, at] = exporter, importer, heading
                    at += 1
                cell[:] = 0
            words[importer, word] = 0
    return at
