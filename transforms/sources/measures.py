"""Number columns of a block: exact thousandths, zeros that mean nothing, and other currencies to USD."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from transforms.contracts.layout import Field
from transforms.contracts.rates import RATE_DECIMALS
from transforms.contracts.targets import MEASURES
from transforms.sources import numbers
from transforms.sources.reader import Block

_UNIT: int = 10**RATE_DECIMALS
_HALF = 10 ** (RATE_DECIMALS // 2)

#: Nothing that is traded weighs nothing: a weight of 0 is a missing one, whatever the value.
_WEIGHTS = ("net_weight_kg", "gross_weight_kg")


def parse_column(block: Block, column: str, entry: Field) -> tuple[np.ndarray, np.ndarray]:
    """Thousandths (int64) and statuses (int8) of one column; each (rows,)."""
    values, statuses = np.empty(block.rows, np.int64), np.empty(block.rows, np.int8)
    tokens = (*numbers.packed(entry.missing), *numbers.packed(numbers.INFINITE))
    marks = ord(entry.decimal_mark), ord(entry.group_mark) if entry.group_mark else 0
    numbers.parse(block.data, *block.span(column), *tokens, *marks, entry.exponent, entry.scale, values, statuses)
    return values, statuses


def is_too_big(values: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Whether the converted value leaves DECIMAL(18,3); (rows,) bool."""
    found: np.ndarray = values.astype(np.float64) * rate >= float(numbers.LIMIT) * _UNIT
    return found


def converted(values: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Thousandths of a currency to mills of a USD, exact, half to even; ``rate`` in units of 10**-12 USD. (rows,)

    >>> converted(np.array([4739000, 1]), np.array([945600000000, 500000000000])).tolist()
    [4481198, 0]
    """
    # a product has up to 36 digits: both factors in two halves of six digits and the rest, so that each part fits in 64 bits
    whole, rest = np.divmod(values, _HALF)
    high, low = np.divmod(rate, _HALF)
    middle, below = np.divmod(whole * low + rest * high, _HALF)
    carry, over = np.divmod(below * _HALF + rest * low, _UNIT)
    result = whole * high + middle + carry
    up = (over * 2 > _UNIT) | ((over * 2 == _UNIT) & (result % 2 == 1))
    found: np.ndarray = result + up
    return found


def without_zeros(values: Mapping[str, np.ndarray], valid: dict[str, np.ndarray], without_unit: np.ndarray) -> None:
    """Zero stands for missing where the value is above zero, or (quantity) where the row has no unit."""
    has_value = values["reported_value_usd"] > 0
    for column in MEASURES[1:]:
        if column not in values:
            continue
        is_zero = values[column] == 0
        gone = is_zero if column in _WEIGHTS else is_zero & has_value
        if column == "quantity":
            gone |= is_zero & without_unit
        valid[column] &= ~gone


def exact_sum(values: np.ndarray) -> int:
    """Sum of int64 without overflow, as a Python int."""
    return (int((values >> 20).sum()) << 20) + int((values & ((1 << 20) - 1)).sum())
