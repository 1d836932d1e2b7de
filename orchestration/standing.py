"""How feeds stand against their calendar: which are due, and what is lacking. Nobody is asked here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time

from transforms.contracts.feed import Feed
from transforms.feeds.calendar import due_on, newest_expected, period_after, wanted_periods
from transforms.feeds.checkpoints import Checkpoints
from transforms.feeds.comtrade_units import Unit, missing_units, plain
from transforms.feeds.keys import key_of
from transforms.feeds.parts import wanted_by_edition
from transforms.feeds.quota import CALLS_PER_DAY, Quota
from transforms.feeds.state import CADENCE_DAYS, FeedState, is_due, read_state
from transforms.settings import Settings


@dataclass(frozen=True)
class Lack:
    """Something that a feed wants and doesn't have. ``unit`` as the feed's state names it; ``state`` and ``reason`` say why."""

    unit: str
    reporter: str | None
    period: str | None
    state: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """How a feed stands. ``newest`` is the newest period fetched (or the release), ``expected`` the newest that is out by the calendar.

    ``next_due`` (UTC) is None for a manual feed; a time that has passed says that it is due.
    """

    feed: Feed
    state: FeedState
    newest: str | None
    expected: str | None
    is_lacking: bool
    next_due: datetime | None


def lacks(settings: Settings, feed: Feed, state: FeedState, today: date) -> tuple[Lack, ...]:
    """What the feed wants by its calendar and doesn't have, with the reason; asks nobody."""
    if feed.kind != "file":
        asked = plain(feed)
        found = missing_units(asked, wanted_periods(asked, today), Checkpoints(settings.home, feed.name).all())
        return tuple(Lack(m.unit, *Unit.of(m.unit), m.state, m.reason) for m in found)
    why, reason = "not-asked", "not asked for yet"
    if state.last_checked is not None:
        is_ok = state.status == "ok"
        why = "late" if is_ok else state.status
        reason = f"not there at the look of {state.last_checked:%Y-%m-%d %H:%M} UTC" if is_ok else state.message
    groups = [group[:1] if feed.release else group for group in wanted_by_edition(feed, state, today)]
    return tuple(Lack(f.key, None, f.period, why, reason) for group in groups for f in group if f.key not in state.parts)


def _is_lacking(settings: Settings, feed: Feed, state: FeedState, today: date) -> bool:
    """True where it is worth asking daily: something that is out isn't here. What Comtrade says it doesn't have isn't out."""
    if any(lack.state != "empty-confirmed" for lack in lacks(settings, feed, state, today)):
        return True
    expected = wanted_periods(feed, today)
    return feed.kind != "file" and bool(expected) and (_newest(settings, feed, state) or "") < expected[-1]


def _newest(settings: Settings, feed: Feed, state: FeedState) -> str | None:
    if feed.kind != "file":
        known = Checkpoints(settings.home, feed.name).all()
        return max((Unit.of(unit).period for unit, c in known.items() if c.held is not None), default=None)
    return state.newest.period or state.newest.release if state.newest else None


def _next_due(feed: Feed, state: FeedState, now: datetime, *, is_lacking: bool) -> datetime | None:
    """When the schedule asks next: after the cadence, or on the day after which a new period is out."""
    if feed.cadence == "manual":
        return None
    if state.last_checked is None or is_due(feed, state, now, is_lacking):
        return now
    last = state.last_checked
    earliest = state.next_allowed or last
    if state.status == "quota":
        return earliest

    def after(days: int) -> datetime:
        return max(earliest, last + timedelta(days=days) - timedelta(hours=1))

    if is_lacking or state.status == "broken":
        return after(1)
    newest = newest_expected(feed.frequency, feed.lag_days, now.date())
    following = period_after(newest)
    regular = after(CADENCE_DAYS[feed.cadence])
    if feed.periods and following not in feed.periods:
        return regular
    is_out = datetime.combine(due_on(following, feed.lag_days), day_time(), UTC)
    return min(regular, max(is_out, after(1)))


def standing(settings: Settings, feed: Feed, now: datetime) -> Standing:
    """How a feed stands at ``now`` (UTC); asks nobody. FeedError where what is remembered of it can't be read."""
    state, today = read_state(settings.home, feed.name), now.date()
    expected = wanted_periods(feed, today)
    is_lacking = _is_lacking(settings, feed, state, today)
    due = _next_due(feed, state, now, is_lacking=is_lacking)
    return Standing(feed, state, _newest(settings, feed, state), expected[-1] if expected else None, is_lacking, due)


def unreadable(feed: Feed, error: ValueError) -> Standing:
    """How a feed stands of which nothing can be read: broken, with the reason."""
    return Standing(feed, FeedState(feed.name, "broken", message=str(error)), None, None, True, None)


def due_feeds(settings: Settings, now: datetime) -> tuple[Feed, ...]:
    """The feeds that the schedule should ask at ``now`` (UTC). One whose state can't be read is among them: asking it says so."""
    found = []
    for feed in settings.feeds:
        try:
            due = standing(settings, feed, now).next_due
        except ValueError:
            due = now if feed.cadence != "manual" else None
        if due is not None and due <= now:
            found.append(feed)
    return tuple(found)


def quota_left(settings: Settings, feed: Feed, now: datetime, environment: Mapping[str, str] | None = None) -> int | None:
    """Calls that the feed's key has left today (UTC); None for a feed that isn't counted.

    FeedError where its key isn't there, or what is remembered of it can't be read.
    """
    if feed.kind == "file":
        return None
    key = key_of(feed, environment)
    state = read_state(settings.home, feed.name)
    if key is None:
        return None
    if state.status == "quota" and state.next_allowed is not None and now < state.next_allowed:
        return 0
    return max(0, CALLS_PER_DAY - Quota(settings.home, key).calls_today)
