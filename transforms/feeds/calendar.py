"""The publishers' calendar: which periods are out by a day, and when the next one is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from transforms.contracts.feed import Feed


def period_end(period: str) -> date:
    """Last day of a period, YYYY or YYYYMM.

    >>> period_end("202402")
    datetime.date(2024, 2, 29)
    """
    year, month = int(period[:4]), int(period[4:6] or 12)
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def due_on(period: str, lag_days: int) -> date:
    """The day on which the publisher has a period: ``lag_days`` after its last day."""
    return period_end(period) + timedelta(days=lag_days)


def _before(period: str) -> str:
    if len(period) == 4:
        return f"{int(period) - 1:04d}"
    year, month = int(period[:4]), int(period[4:6])
    return f"{year:04d}{month - 1:02d}" if month > 1 else f"{year - 1:04d}12"


def period_after(period: str) -> str:
    """The period that follows."""
    following = period_end(period) + timedelta(days=1)
    return f"{following:%Y}" if len(period) == 4 else f"{following:%Y%m}"


def newest_expected(frequency: str, lag_days: int, today: date) -> str:
    """The newest period that is out by ``today``: the last one whose end lies at least ``lag_days`` back.

    >>> newest_expected("A", 90, date(2025, 3, 30)), newest_expected("A", 90, date(2025, 3, 31))
    ('2023', '2024')
    """
    if frequency not in ("A", "M"):
        raise ValueError(f"frequency {frequency!r} is neither A (annual) nor M (monthly)")
    day = today - timedelta(days=lag_days)
    period = f"{day:%Y}" if frequency == "A" else f"{day:%Y%m}"
    return period if period_end(period) <= day else _before(period)


def _from(first: str, newest: str) -> Iterator[str]:
    while first <= newest:
        yield first
        first = period_after(first)


def wanted_periods(feed: Feed, today: date) -> tuple[str, ...]:
    """Periods of a feed, of any kind, that are out by ``today``, oldest first: of ``periods`` where it lists them, else from
    ``first_period`` on.

    Their form is checked when the feed is declared. With neither, the newest alone. Empty while the first one isn't due.
    """
    newest = newest_expected(feed.frequency, feed.lag_days, today)
    if feed.periods:
        return tuple(sorted(p for p in set(feed.periods) if p <= newest))
    return tuple(_from(feed.first_period or newest, newest))
