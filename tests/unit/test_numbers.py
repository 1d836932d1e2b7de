"""Decimal text to thousandths: exact, as decimal.Decimal has it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sources import numbers


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        ("283780322735", 283_780_322_735_000, numbers.OK),
        ("11267085662.933", 11_267_085_662_933, numbers.OK),
        ("11267085662.9334", 11_267_085_662_933, numbers.OK_CUT),
        ("11267085662.93300", 11_267_085_662_933, numbers.OK),
        ("1.12339E+11", 112_339_000_000_000, numbers.OK_EXPONENT),
        ("1e-3", 1, numbers.OK_EXPONENT),
        ("0.0005", 0, numbers.OK_CUT),
        ("0.0015", 2, numbers.OK_CUT),
        ("0.00050001", 1, numbers.OK_CUT),
        ("999999999999999.999", 10**18 - 1, numbers.OK),
        ("999999999999999.9995", 0, numbers.TOO_BIG),
        ("1000000000000000", 0, numbers.TOO_BIG),
        ("", 0, numbers.MISSING),
        ("-5", 0, numbers.NEGATIVE),
        ("-0", 0, numbers.OK),
        ("NaN", 0, numbers.NOT_FINITE),
        ("inf", 0, numbers.NOT_FINITE),
        ("1.234,5", 0, numbers.BAD),
        ("12,000", 0, numbers.BAD),
        ("n/a", 0, numbers.BAD),
        (":", 0, numbers.BAD),
        ("NA", 0, numbers.BAD),
        ("1E", 0, numbers.BAD),
        (".", 0, numbers.BAD),
    ],
)
def test_texts(text: str, value: int, status: int) -> None:
    assert numbers.parse_text(text, exponent=True) == (value, status)


def test_exponents_only_where_the_layout_declares_them() -> None:
    assert numbers.parse_text("1E3")[1] == numbers.BAD


def test_missing_tokens_and_scale_are_declared() -> None:
    assert numbers.parse_text("NA", missing=("", "NA"))[1] == numbers.MISSING
    assert numbers.parse_text("1.2345678", scale=3) == (1_234_568, numbers.OK_CUT)


@given(st.decimals(min_value=0, max_value=Decimal("999999999999999"), places=7))
def test_fixed_notation_is_what_decimal_says(value: Decimal) -> None:
    expected = int(value.scaleb(3).quantize(Decimal(1), ROUND_HALF_EVEN))
    status = numbers.OK if Decimal(expected).scaleb(-3) == value else numbers.OK_CUT
    assert numbers.parse_text(f"{value:f}") == (expected, status)


@given(st.integers(0, 10**17), st.integers(-25, 5), st.sampled_from(["e", "E"]))
def test_exponent_notation_is_what_decimal_says(digits: int, shift: int, letter: str) -> None:
    text = f"{digits}{letter}{shift:+d}"
    expected = int(Decimal(text).scaleb(3).quantize(Decimal(1), ROUND_HALF_EVEN)) if Decimal(text) < 10**15 else None
    value, status = numbers.parse_text(text, exponent=True)
    if expected is None or expected >= numbers.LIMIT:
        assert status == numbers.TOO_BIG
    else:
        assert (value, status) == (expected, numbers.OK_EXPONENT)
