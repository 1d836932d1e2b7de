"""Finding rows and fields in a block of delimited text, compiled: no copy, no per-row Python.

A quote opens only at the start of a field; inside it delimiters and newlines are text and a
doubled quote is one quote. Everything is bytes: delimiter, quote and newline are the same byte
in every encoding that a layout may declare.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: What a row is, as the kernel sees it.
GOOD, WRONG_COUNT, OPEN_QUOTE, AFTER_QUOTE, NO_NEWLINE = 0, 1, 2, 3, 4
#: A quoted field longer than this is a quote that nobody closed.
MAXIMUM_QUOTED = 1 << 16

_NEWLINE, _RETURN = 10, 13


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _quoted_end(data, position, size, quote):  # type: ignore[no-untyped-def]
    """Position of the closing quote from inside a quoted field; -1 where it isn't within reach."""
    stop = min(size, position + MAXIMUM_QUOTED)
    while position < stop:
        if data[position] == quote:
            if position + 1 < size and data[position + 1] == quote:
                position += 2
                continue
            return position
        position += 1
    return -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _line_end(data, position, size):  # type: ignore[no-untyped-def]
    """Position of the next newline, ``size`` where there is none."""
    while position < size and data[position] != _NEWLINE:
        position += 1
    return position


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _newlines(data, start, stop):  # type: ignore[no-untyped-def]
    """Newlines in ``data[start:stop]``."""
    count = 0
    for position in range(start, stop):
        if data[position] == _NEWLINE:
            count += 1
    return count


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _row(data, start, size, delimiter, quote, slots, has_spare, starts, ends, row):  # type: ignore[no-untyped-def]
    """Fields of the row at ``start``: (its end, its status, whether it is whole, newlines inside quotes)."""
    position, column, status, inner = start, 0, GOOD, 0
    columns = len(slots)
    while True:
        begin = position
        if position < size and data[position] == quote:
            begin = position + 1
            close = _quoted_end(data, begin, size, quote)
            if close < 0:
                whole = size - begin >= MAXIMUM_QUOTED
                return _line_end(data, start, size), OPEN_QUOTE, whole, 0
            inner += _newlines(data, begin, close)
            finish = close
            position = close + 1
            while position < size and data[position] != delimiter and data[position] != _NEWLINE:
                if data[position] != _RETURN and data[position] != 32:
                    status = AFTER_QUOTE
                position += 1
        else:
            while position < size and data[position] != delimiter and data[position] != _NEWLINE:
                position += 1
            finish = position
            if finish > begin and data[finish - 1] == _RETURN and (position == size or data[position] == _NEWLINE):
                finish -= 1
        if column < columns and slots[column] >= 0:
            while begin < finish and data[begin] == 32:
                begin += 1
            while finish > begin and data[finish - 1] == 32:
                finish -= 1
            starts[slots[column], row] = begin
            ends[slots[column], row] = finish
        column += 1
        if position >= size or data[position] == _NEWLINE:
            break
        position += 1
    if has_spare and column == columns - 1:
        starts[slots[column], row] = ends[slots[column], row] = position
    elif column != columns:
        status = WRONG_COUNT
    return position, status, position < size, inner


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def tokenise(data, size, is_last, delimiter, quote, slots, has_spare, starts, ends, bounds, lines, statuses, first_line):  # type: ignore[no-untyped-def]
    """Split ``data[:size]`` into rows.

    ``slots[column]`` is the row of ``starts``/``ends`` (int32, slots x rows) that takes the
    column's bytes without blanks at its ends, -1 where it isn't wanted; with ``has_spare`` a row may lack
    the last column; ``bounds`` (rows x 2) takes each row's own bytes.
    Returns (rows, bytes consumed, next line). A row cut by the block's end stays for the next
    call, unless ``is_last``. Blank lines count as lines, not as rows.
    """
    row, position, line = 0, 0, first_line
    capacity = len(lines)
    while position < size and row < capacity:
        byte = data[position]
        if byte == _NEWLINE:
            position += 1
            line += 1
            continue
        if byte == _RETURN and position + 1 < size and data[position + 1] == _NEWLINE:
            position += 2
            line += 1
            continue
        end, status, is_whole, inner = _row(data, position, size, delimiter, quote, slots, has_spare, starts, ends, row)
        if not is_whole:
            if not is_last:
                break
            if end >= size and status == GOOD:
                status = NO_NEWLINE
        bounds[row, 0], bounds[row, 1] = position, end
        lines[row] = line
        statuses[row] = status
        row += 1
        line += 1 + inner
        position = min(end + 1, size)
    return row, position, line


#: ids of codes that can't be one: longer than sixteen bytes, or the dictionary is full.
TOO_LONG, FULL = -1, -2
CODE_BYTES = 16


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _slot(high, low, mask):  # type: ignore[no-untyped-def]
    """Where in the table a key is looked for first."""
    mixed = (low ^ (high * np.uint64(0xC2B2AE3D27D4EB4F))) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(40)) & mask


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def rehash(keys, slots_taken, entries, count):  # type: ignore[no-untyped-def]
    """Put ``count`` entries into an empty, larger table."""
    mask = np.uint64(len(slots_taken) - 1)
    for number in range(count):
        slot = _slot(entries[number, 0], entries[number, 1], mask)
        while slots_taken[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        keys[slot, 0], keys[slot, 1] = entries[number, 0], entries[number, 1]
        slots_taken[slot] = number


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def encode(data, starts, ends, keys, slots_taken, entries, count, ids):  # type: ignore[no-untyped-def]
    """Dictionary-encode fields of up to sixteen bytes; returns the number of entries.

    ``slots_taken`` is an open hash table (power of two) of positions in ``entries`` (n x 2), the
    texts in order of appearance as two words; ``keys`` (slots x 2) repeats them beside it. A longer
    field gets TOO_LONG, one beyond the table's room FULL.
    """
    mask = np.uint64(len(slots_taken) - 1)
    last_high, last_low, last_id = np.uint64(0), np.uint64(0), np.int32(-3)
    for i in range(len(starts)):
        start, length = starts[i], ends[i] - starts[i]
        if length > CODE_BYTES:
            ids[i] = TOO_LONG
            continue
        high, low = np.uint64(0), np.uint64(0)
        for position in range(start, start + min(length, 8)):
            low = (low << np.uint64(8)) | np.uint64(data[position])
        if length > 8:
            high = low
            low = np.uint64(0)
            for position in range(start + 8, start + length):
                low = (low << np.uint64(8)) | np.uint64(data[position])
        if last_id >= 0 and low == last_low and high == last_high:
            ids[i] = last_id
            continue
        slot = _slot(high, low, mask)
        while slots_taken[slot] >= 0 and (keys[slot, 0] != high or keys[slot, 1] != low):
            slot = (slot + np.uint64(1)) & mask
        if slots_taken[slot] < 0:
            if count >= len(entries):
                ids[i] = FULL
                continue
            keys[slot, 0], keys[slot, 1] = high, low
            entries[count, 0], entries[count, 1] = high, low
            slots_taken[slot] = count
            count += 1
        last_high, last_low, last_id = high, low, slots_taken[slot]
        ids[i] = last_id
    return count
