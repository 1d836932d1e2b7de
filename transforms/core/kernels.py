"""Compiled loops of the aggregation: one pass over sorted rows, adding into dense arrays of exact integers.

Cells are rows of int64 words, so that all that one flow touches lies together in memory:
value (mills), weight (thousandths of a kg), flows, flows without weight; importer x product
cells go on with the squares' low and high word, the top supplier's value and its index.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def scan_exporter(exporter, rows, maps, of_product, cells, state):  # type: ignore[no-untyped-def]
    """Add one exporter's rows of a batch, from state[POSITION] to its last row there.

    ``rows``: int32 indices of exporter, importer, product (n,), the words of the value's and the
    weight's decimal128 buffer (2n,), the weight's validity bits and their offset (empty: all valid).
    ``maps``: from the batch's three dictionaries to the stratum's dense indices. ``of_product``:
    heading of each product. ``cells``: exporter x product, importer x product, the
    exporter's importers x headings, and a byte for each of those that is in use.
    Sets state[FAULT] where rows aren't strictly ascending or a sum leaves its range.
    """
    exporters, importers, products, values, weights, valid, offset = rows
    exporter_map, importer_map, product_map = maps
    by_exporter, by_importer, by_heading, seen = cells
    last_importer, last_product = state[LAST_IMPORTER], state[LAST_PRODUCT]
    absolute, total, total_weight = state[ABSOLUTE_VALUE], state[TOTAL_VALUE], state[TOTAL_WEIGHT]
    product_count = len(of_product)
    row, end = state[POSITION], len(exporters)
    heading, run_importer = np.int64(-1), np.int64(-1)
    value_run, weight_run, flows_run, missing_run = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    first = row
    while row < end:
        found = exporter_map[exporters[row]]
        if found != exporter:
            if found < exporter:
                state[FAULT] = ORDER_FAULT
            break
        importer, product = np.int64(importer_map[importers[row]]), np.int64(product_map[products[row]])
        if importer < last_importer or (importer == last_importer and product <= last_product):
            state[FAULT] = ORDER_FAULT
            break
        last_importer, last_product = importer, product
        value = values[2 * row]
        weight, missing = np.int64(0), np.int64(0)
        if len(valid) == 0 or (valid[(row + offset) >> 3] >> ((row + offset) & 7)) & 1:
            weight = weights[2 * row]
        else:
            missing = np.int64(1)
        absolute += abs(value)
        total += value
        total_weight += abs(weight)
        if absolute > MAXIMUM or total_weight > MAXIMUM:
            state[FAULT] = RANGE_FAULT
            break
        _add(by_exporter[product], value, weight, 1, missing)
        cell = by_importer[importer * product_count + product]
        if cell[FLOWS] == 0 or value > cell[TOP_VALUE]:
            cell[TOP_VALUE] = value
            cell[TOP_SUPPLIER] = exporter
        _add(cell, value, weight, 1, missing)
        _add_square(cell, value)
        if of_product[product] != heading or importer != run_importer:
            if flows_run:
                _add(by_heading[run_importer, heading], value_run, weight_run, flows_run, missing_run)
                seen[run_importer, heading] = 1
            heading, run_importer = np.int64(of_product[product]), importer
            value_run, weight_run, flows_run, missing_run = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        value_run += value
        weight_run += weight
        flows_run += 1
        missing_run += missing
        row += 1
    if flows_run:
        _add(by_heading[run_importer, heading], value_run, weight_run, flows_run, missing_run)
        seen[run_importer, heading] = 1
    state[POSITION], state[LAST_IMPORTER], state[LAST_PRODUCT] = row, last_importer, last_product
    state[ROWS] += row - first
    state[ABSOLUTE_VALUE], state[TOTAL_VALUE], state[TOTAL_WEIGHT] = absolute, total, total_weight


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def drain_headings(exporter, by_heading, seen, chapter_of, pairs, chapters, out, keys, start):  # type: ignore[no-untyped-def]
    """Empty one exporter's importers x headings into its pair totals, its chapters, and rows of pair_heading.

    ``by_heading`` (I, H, 4) and ``seen`` (I, H rounded up to 8 bytes) are zero afterwards.
    ``pairs`` (I, 4) and ``chapters`` (C, 4) are the exporter's. Rows go to ``out`` (n, 4) and
    ``keys`` (n, 3: exporter, importer, heading) from ``start`` on, in key order; an empty
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
                if len(out):
                    out[at, :] = cell
                    keys[at, 0], keys[at, 1], keys[at, 2] = exporter, importer, heading
                    at += 1
                cell[:] = 0
            words[importer, word] = 0
    return at
