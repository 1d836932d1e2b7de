"""Is a source fresh? Asked of each source and frequency by period: the newest in the lake against its feeds' calendar.

When a table was last written says nothing about it: filling in an old year writes, and makes nothing newer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from transforms.contracts.ops import LEDGER
from transforms.feeds.calendar import due_on, wanted_periods
from transforms.io import lake
from transforms.settings import Settings


@dataclass(frozen=True)
class Freshness:
    """One source and frequency ("A", "M"). Periods are YYYY or YYYYMM.

    ``newest`` in the lake, ``expected`` the newest that is out by the calendar. ``days_late`` counts from the day on which
    the first period after ``newest`` was due (where nothing is held, ``expected``). ``lacking``: periods that are out and not in the lake.
    """

    source: str
    frequency: str
    newest: str | None
    expected: str | None
    days_late: int
    is_fresh: bool
    lacking: tuple[str, ...]

    @property
    def said(self) -> str:
        """In a few words, for a table."""
        if self.is_fresh:
            return "fresh"
        return f"{self.days_late} days late: {self.expected} is out, {self.newest or 'nothing'} is here"


def periods_in_lake(home: Path) -> dict[tuple[str, str], set[str]]:
    """(source, frequency) -> periods with rows of reported flows, YYYY or YYYYMM. From the ledger: no flow is read."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in lake.read(home, LEDGER, ["stage", "source", "frequency", "period", "reason", "row_count"]).to_pylist():
        if row["stage"] == "ingest" and row["reason"] == "out" and row["row_count"] > 0:
            found.setdefault((row["source"], row["frequency"]), set()).add(row["period"].replace("-", ""))
    return found


def freshness(settings: Settings, today: date) -> tuple[Freshness, ...]:
    """How fresh each source is of which a feed is declared, by source and frequency. Without a feed there is no calendar."""
    due: dict[tuple[str, str], dict[str, date]] = {}
    for feed in settings.feeds:
        days = due.setdefault((feed.source, feed.frequency), {})
        for period in wanted_periods(feed, today):
            days[period] = min(days.get(period, date.max), due_on(period, feed.lag_days))
    held = periods_in_lake(settings.home)
    return tuple(_freshness(*key, days, held.get(key, set()), today) for key, days in sorted(due.items()))


def _freshness(source: str, frequency: str, due: dict[str, date], held: set[str], today: date) -> Freshness:
    newest, expected = max(held, default=None), max(due, default=None)
    lacking = tuple(sorted(set(due) - held))
    if expected is None or (newest is not None and newest >= expected):
        return Freshness(source, frequency, newest, expected, 0, True, lacking)
    since = due[expected] if newest is None else min(day for period, day in due.items() if period > newest)
    return Freshness(source, frequency, newest, expected, (today - since).days, False, lacking)
