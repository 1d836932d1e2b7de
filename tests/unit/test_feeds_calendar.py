"""The publishers' calendar, day by day, and when the schedule asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from transforms.contracts.feed import Feed
from transforms.feeds.calendar import due_on, newest_expected, period_end, wanted_periods
from transforms.feeds.state import FeedState, is_due


@pytest.mark.parametrize(
    ("period", "end"),
    [("2024", date(2024, 12, 31)), ("202402", date(2024, 2, 29)), ("202312", date(2023, 12, 31)), ("202501", date(2025, 1, 31))],
)
def test_periods_end(period: str, end: date) -> None:
    assert period_end(period) == end


@pytest.mark.parametrize(
    ("frequency", "lag", "today", "newest"),
    [
        ("A", 0, date(2024, 12, 30), "2023"),
        ("A", 0, date(2024, 12, 31), "2024"),
        ("A", 390, date(2026, 1, 24), "2023"),
        ("A", 390, date(2026, 1, 25), "2024"),
        ("M", 0, date(2024, 2, 28), "202401"),
        ("M", 0, date(2024, 2, 29), "202402"),
        ("M", 46, date(2025, 2, 14), "202411"),
        ("M", 46, date(2025, 2, 15), "202412"),
        ("M", 0, date(2025, 1, 1), "202412"),
    ],
)
def test_the_newest_period_that_is_out(frequency: str, lag: int, today: date, newest: str) -> None:
    assert newest_expected(frequency, lag, today) == newest
    assert due_on(newest, lag) <= today


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(ValueError, match="frequency 'Q' is neither"):
        newest_expected("Q", 0, date(2025, 1, 1))


@pytest.mark.parametrize(
    ("feed", "periods"),
    [
        (Feed("x", "s", "u", first_period="2021", lag_days=90), ("2021", "2022", "2023", "2024")),
        (Feed("x", "s", "u", first_period="202411", lag_days=40, frequency="M"), ("202411", "202412", "202501")),
        (Feed("x", "s", "u", periods=("2024", "2019", "2025")), ("2019", "2024")),
        (Feed("x", "s", "u"), ("2024",)),
        (Feed("x", "comtrade", "u", kind="comtrade", periods=("2023", "2024"), lag_days=180), ("2023",)),
        (Feed("x", "comtrade", "u", kind="comtrade_bulk", first_period="2021", lag_days=180), ("2021", "2022", "2023")),
        (Feed("x", "s", "u", first_period="2025"), ()),
    ],
)
def test_periods_that_are_out(feed: Feed, periods: tuple[str, ...]) -> None:
    assert wanted_periods(feed, date(2025, 4, 1)) == periods


NOW = datetime(2025, 4, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "hours", "missing", "status", "due"),
    [
        ("manual", None, True, "ok", False),
        ("yearly", None, False, "ok", True),
        ("daily", 22, True, "ok", False),
        ("daily", 23, False, "ok", True),
        ("weekly", 6 * 24, False, "ok", False),
        ("weekly", 7 * 24, False, "ok", True),
        ("monthly", 27 * 24, False, "ok", False),
        ("yearly", 300 * 24, False, "ok", False),
        ("yearly", 24, True, "ok", True),
        ("yearly", 24, False, "broken", True),
        ("yearly", 1, False, "quota", True),
    ],
)
def test_when_the_schedule_asks(cadence: str, hours: int | None, missing: bool, status: str, due: bool) -> None:
    checked = None if hours is None else NOW - timedelta(hours=hours)
    state = FeedState("x", status, last_checked=checked)  # type: ignore[arg-type]
    assert is_due(Feed("x", "s", "u", cadence=cadence), state, NOW, missing) is due  # type: ignore[arg-type]


def test_not_before_the_publisher_allows_it() -> None:
    state = FeedState("x", "quota", last_checked=NOW - timedelta(days=9), next_allowed=NOW + timedelta(seconds=1))
    assert not is_due(Feed("x", "s", "u", cadence="daily"), state, NOW, True)
    assert is_due(Feed("x", "s", "u", cadence="daily"), state, NOW + timedelta(seconds=1), True)
