"""Numbers and texts of a page for a reader: 80 columns, money exact, nothing that needs colour."""

from __future__ import annotations

import textwrap
from decimal import Decimal

WIDTH = 80


def money(value: Decimal | None) -> str:
    """USD with thousands apart; digits behind the point only where there are any.

    >>> [money(v) for v in (Decimal("1234567.000"), Decimal("0.500"), None)]
    ['1,234,567', '0.5', '-']
    """
    if value is None:
        return "-"
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".")


def cell(value: Decimal | None) -> str:
    """``money`` for a column of numbers: empty where there is none."""
    return "" if value is None else money(value)


def dollars(value: Decimal | None) -> str:
    """Whole USD with thousands apart, for sums beside which thousandths say nothing; --json has them."""
    return "" if value is None else f"{value:,.0f}"


def number(value: float | None, digits: int = 4) -> str:
    """A figure to ``digits`` significant ones; '-' for None.

    >>> number(0.123456), number(None), number(8100.0)
    ('0.1235', '-', '8100')
    """
    return "-" if value is None else f"{value:.{digits}g}" if abs(value) < 1e4 else f"{value:,.0f}"


def percent(part: Decimal | None, whole: Decimal | None) -> str:
    """Share of ``whole`` in percent; empty where there is none.

    >>> percent(Decimal(1), Decimal(8)), percent(Decimal(1), Decimal(0))
    ('12.5 %', '')
    """
    if part is None or not whole:
        return ""
    return f"{100 * part / whole:.1f} %"


def yes(value: bool | None) -> str:
    """yes, no, or '-' where it isn't known."""
    return "-" if value is None else "yes" if value else "no"


def wrapped(text: str, *, indent: str = "  ", first: str | None = None) -> list[str]:
    """A paragraph in lines of at most WIDTH columns; a path is never broken."""
    lead = indent if first is None else first
    return textwrap.wrap(
        text, WIDTH, initial_indent=lead, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [lead.rstrip()]  # fmt: skip


def pairs(entries: list[tuple[str, str]], *, indent: str = "  ") -> list[str]:
    """Names and values below one another, values aligned, long ones wrapped."""
    width = max((len(name) for name, _ in entries), default=0)
    lines: list[str] = []
    for name, value in entries:
        lines += wrapped(value, indent=indent + " " * (width + 2), first=f"{indent}{name.ljust(width)}  ")
    return lines
