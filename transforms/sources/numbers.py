"""Decimal text to exact thousandths, compiled: digits and exponent as declared, never a float.

>>> parse_text("1.12339E+11", exponent=True)
(112339000000000, 4)
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: What a number field holds. OK_EXPONENT: digits may be lost; OK_CUT: some beyond thousandths were rounded.
#: Others have no value.
OK, MISSING, BAD, NEGATIVE, OK_EXPONENT, TOO_BIG, NOT_FINITE, OK_CUT = 0, 1, 2, 3, 4, 5, 6, 7
VALID = (OK, OK_EXPONENT, OK_CUT)
REASONS = {
    BAD: "is not a number as this layout writes them",
    NEGATIVE: "is negative",
    TOO_BIG: "does not fit DECIMAL(18,3)",
    NOT_FINITE: "is not a finite number",
}
#: DECIMAL(18,3) holds 15 digits before the point.
LIMIT = 10**18

_DIGITS = 40


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _same(data, start, end, token):  # type: ignore[no-untyped-def]
    """True where the field's bytes are ``token``'s, whatever the case of ASCII letters."""
    if end - start != len(token):
        return False
    for i in range(len(token)):
        byte = data[start + i]
        if 65 <= byte <= 90:
            byte += 32
        if byte != token[i]:
            return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _exponent(data, position, end):  # type: ignore[no-untyped-def]
    """(value, True) of an exponent's digits from ``position`` to ``end``; (0, False) where it is none."""
    negative = False
    if position < end and (data[position] == 43 or data[position] == 45):
        negative = data[position] == 45
        position += 1
    if position >= end or end - position > 4:
        return 0, False
    value = 0
    while position < end:
        if data[position] < 48 or data[position] > 57:
            return 0, False
        value = value * 10 + (data[position] - 48)
        position += 1
    return (-value if negative else value), True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _scaled(digits, count, point):  # type: ignore[no-untyped-def]
    """Round ``0.d1d2d3... x 10^point`` half to even to an integer; -1 where it exceeds LIMIT - 1."""
    lead = 0
    while lead < count and digits[lead] == 0:
        lead += 1
    if lead == count or point - lead < 0:
        return 0
    if point - lead > 18:
        return -1
    value = 0
    for i in range(lead, point):
        value = value * 10 + (digits[i] if i < count else 0)
    if point < count and point >= 0:
        rest = False
        for i in range(point + 1, count):
            if digits[i] != 0:
                rest = True
        if digits[point] > 5 or (digits[point] == 5 and (rest or value % 2 == 1)):
            value += 1
    return value if value < LIMIT else -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _read_digits(data, position, end, mark, allow_exponent, digits):  # type: ignore[no-untyped-def]
    """(count, point, status) of ``0.d1d2d3... x 10^point``; ``digits`` takes the first 40 from the first non-zero on."""
    count, point, seen_point, has_digit = 0, 0, False, False
    while position < end:
        byte = data[position]
        if 48 <= byte <= 57:
            has_digit = True
            if count == 0 and byte == 48:
                point -= 1 if seen_point else 0
            else:
                if count < _DIGITS:
                    digits[count] = byte - 48
                    count += 1
                elif byte != 48:
                    # beyond forty digits only "not nothing" matters, for rounding
                    digits[_DIGITS - 1] |= 1
                point += 0 if seen_point else 1
        elif byte == mark and not seen_point:
            seen_point = True
        elif (byte == 69 or byte == 101) and allow_exponent and has_digit:
            shift, is_good = _exponent(data, position + 1, end)
            return count, point + shift, OK_EXPONENT if is_good else BAD
        else:
            return 0, 0, BAD
        position += 1
    return count, point, OK if has_digit else BAD


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _parse_one(data, start, end, mark, allow_exponent, scale, digits):  # type: ignore[no-untyped-def]
    """(thousandths, status) of one trimmed, non-missing field."""
    position = start
    is_negative = position < end and data[position] == 45
    if position < end and (data[position] == 45 or data[position] == 43):
        position += 1
    count, point, status = _read_digits(data, position, end, mark, allow_exponent, digits)
    if status == BAD:
        return 0, BAD
    if is_negative and count > 0:
        return 0, NEGATIVE
    value = _scaled(digits, count, point + 3 + scale) if count else 0
    if value < 0:
        return 0, TOO_BIG
    if status == OK:
        for i in range(max(point + 3 + scale, 0), count):
            if digits[i] != 0:
                status = OK_CUT
    return value, status


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _plain(data, start, end, mark, places):  # type: ignore[no-untyped-def]
    """Thousandths of a field of digits with at most one mark, short enough to be exact; -1: read it the long way.

    ``places`` (three, and the scale) are the digits after the mark that count.
    """
    if end - start > 18:
        return -1
    value, after = 0, -1
    for position in range(start, end):
        byte = data[position]
        if 48 <= byte <= 57:
            value = value * 10 + (byte - 48)
            if after >= 0:
                after += 1
        elif byte == mark and after < 0:
            after = 0
        else:
            return -1
    missing = places - max(after, 0)
    if missing < 0 or missing > 9:
        return -1
    for _ in range(missing):
        if value >= 10**17:
            return -1
        value *= 10
    return value if value < LIMIT else -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _ungrouped(data, start, end, mark, group, buffer):  # type: ignore[no-untyped-def]
    """The field in ``buffer`` without its group marks: its length, -1 where they don't part groups of three digits."""
    if end - start > len(buffer):
        return -1
    length, run, is_grouped, is_whole = 0, 0, False, True
    for position in range(start, end):
        byte = data[position]
        if byte == group and is_whole:
            if run == 0 or run > 3 or (is_grouped and run != 3):
                return -1
            is_grouped, run = True, 0
            continue
        if is_whole and 48 <= byte <= 57:
            run += 1
        elif (is_whole and length > 0) or byte == mark:
            if is_grouped and run != 3:
                return -1
            is_whole = False
        buffer[length] = byte
        length += 1
    return -1 if is_whole and is_grouped and run != 3 else length


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def parse(data, starts, ends, tokens, token_ends, not_finite, finite_ends, mark, group, allow_exponent, scale, values, statuses):  # type: ignore[no-untyped-def]
    """Fields to ``values`` (int64 thousandths) and ``statuses``; ``scale`` multiplies by 10^scale.

    ``tokens``/``not_finite`` are lower-case texts run together, ``*_ends`` where each ends (none begins with a digit). Digits
    beyond thousandths round half to even; a status not in VALID leaves value 0. ``group`` 0: no marks between groups.
    """
    digits = np.zeros(_DIGITS, np.int64)
    buffer = np.zeros(64, np.uint8)
    for i in range(len(starts)):
        start, end = starts[i], ends[i]
        if start < end and 48 <= data[start] <= 57:
            quick = _plain(data, start, end, mark, 3 + scale)
            if quick >= 0:
                values[i], statuses[i] = quick, OK
                continue
            if group != 0:
                length = _ungrouped(data, start, end, mark, group, buffer)
                if length < 0:
                    values[i], statuses[i] = 0, BAD
                    continue
                values[i], statuses[i] = _parse_one(buffer, 0, length, mark, allow_exponent, scale, digits)
                continue
            values[i], statuses[i] = _parse_one(data, start, end, mark, allow_exponent, scale, digits)
            continue
        values[i], statuses[i] = 0, -1
        begin = 0
        for stop in token_ends:
            if _same(data, start, end, tokens[begin:stop]):
                statuses[i] = MISSING
            begin = stop
        if statuses[i] == MISSING:
            continue
        begin = 0
        for stop in finite_ends:
            if _same(data, start, end, not_finite[begin:stop]):
                statuses[i] = NOT_FINITE
            begin = stop
        if statuses[i] == NOT_FINITE:
            continue
        values[i], statuses[i] = _parse_one(data, start, end, mark, allow_exponent, scale, digits)


def packed(texts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Texts, lower-case, as one byte array and the position where each ends."""
    encoded = [t.lower().encode() for t in texts]
    return np.frombuffer(b"".join(encoded) + b"\0", np.uint8), np.cumsum([len(e) for e in encoded], dtype=np.int64)


INFINITE = ("nan", "inf", "-inf", "+inf", "infinity", "-infinity", "-nan")


def parse_text(
    text: str, *, missing: tuple[str, ...] = ("",), exponent: bool = False, scale: int = 0, mark: str = ".", group: str = ""
) -> tuple[int, int]:
    """(thousandths, status) of one text: what the kernel does, for one value."""
    data = np.frombuffer(text.encode() + b"\0", np.uint8)
    values, statuses = np.zeros(1, np.int64), np.zeros(1, np.int8)
    size = len(data) - 1
    bounds = np.array([0], np.int32), np.array([size], np.int32)
    marks = ord(mark), ord(group) if group else 0
    parse(data, *bounds, *packed(missing), *packed(INFINITE), *marks, exponent, scale, values, statuses)
    return int(values[0]), int(statuses[0])
