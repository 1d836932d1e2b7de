"""One door to feeds of every kind: files, UN Comtrade's API, its bulk files."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from datetime import datetime

from transforms.contracts.feed import Feed
from transforms.feeds import check
from transforms.feeds.check import FeedAnswer
from transforms.feeds.checkpoints import Checkpoints, Missing
from transforms.feeds.comtrade import ComtradeGet
from transforms.feeds.comtrade_bulk import ComtradeBulk
from transforms.feeds.comtrade_units import Report
from transforms.feeds.errors import FetchError
from transforms.feeds.state import Status, looking, read_state, settled, write_state
from transforms.settings import Settings

#: So many units are named in a message; `entrepot feeds missing` names all.
_NAMED = 3


def _failed(settings: Settings, feed: Feed, error: Exception, now: datetime) -> FeedAnswer:
    """Broken for a reason on this side: a state that can't be read, a folder that can't be written. Remembered where that can be."""
    alert = True
    try:
        with looking(settings.home, feed.name) as is_ours:
            state = read_state(settings.home, feed.name)
            after, alert = settled(state, "broken", str(error), now, state.next_allowed)
            if is_ours:
                write_state(settings.home, after)
    except (OSError, ValueError):
        # What isn't remembered is told again: the answer below carries the reason.
        alert = True
    return FeedAnswer(feed.name, "broken", (), str(error), alert)


def _ended(report: Report) -> tuple[Status, str]:
    """Status and message of a Comtrade run that came to its end."""
    by_state: dict[str, list[Missing]] = {}
    for lack in report.missing:
        by_state.setdefault(lack.state, []).append(lack)
    if report.stopped:
        return "quota", f"{len(report.landed)} new, then {report.stopped}; {len(report.missing)} missing"
    for state, status in (("failed", "broken"), ("suspect-empty", "empty")):
        if found := by_state.get(state):
            told = "; ".join(f"{m.unit}: {m.reason}" for m in found[:_NAMED])
            more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            return status, f"{len(report.landed)} new; {told}{more}"  # type: ignore[return-value]
    silent = by_state.get("empty-confirmed", [])
    return "ok", f"{len(report.landed)} new" + (f"; {len(silent)} of those wanted not published" if silent else "")


def _ask_comtrade(settings: Settings, feed: Feed, now: datetime, environment: Mapping[str, str] | None) -> FeedAnswer:
    """Run a Comtrade client under the feed's lock, and remember the look as a file feed's is remembered."""
    with looking(settings.home, feed.name) as is_ours:
        if not is_ours:
            return FeedAnswer(feed.name, "waiting", (), "another process is asking it")
        state = read_state(settings.home, feed.name)
        if state.next_allowed is not None and now < state.next_allowed:
            return FeedAnswer(feed.name, "waiting", (), f"not before {state.next_allowed:%Y-%m-%d %H:%M:%S} UTC: {state.message}")
        before, began = Checkpoints(settings.home, feed.name).all(), time.monotonic()
        until: datetime | None = None
        try:
            client = ComtradeGet if feed.kind == "comtrade" else ComtradeBulk
            report = client(feed, settings, environment=environment, clock=lambda: now.timestamp() + time.monotonic() - began).run()
            files, (status, message), until = tuple(report.landed), _ended(report), report.until
        except (FetchError, ValueError) as error:
            # What came before it stays landed, and is on record.
            done = (c for unit, c in Checkpoints(settings.home, feed.name).all().items() if c.state == "done" and c != before.get(unit))
            files = tuple(settings.landing_folder / feed.name / name for c in done for name in c.files)
            status, message, until = "broken", str(error), error.until if isinstance(error, FetchError) else None
        after, alert = settled(state, status, message, now, until)
        write_state(settings.home, after)
    if status == "ok":
        return FeedAnswer(feed.name, "new" if files else "current", files, message)
    return FeedAnswer(feed.name, status, files, message, alert)


def _forget_wait(settings: Settings, feed: Feed) -> None:
    """Drop the time that a publisher named. What a Comtrade key may call stays counted, and blocked where it is."""
    with looking(settings.home, feed.name) as is_ours:
        state = read_state(settings.home, feed.name)
        if is_ours and state.next_allowed is not None:
            write_state(settings.home, dataclasses.replace(state, next_allowed=None))


def ask_feed(
    settings: Settings, feed: Feed, now: datetime, *, is_forced: bool = False, environment: Mapping[str, str] | None = None
) -> FeedAnswer:
    """Ask a feed of any kind now (UTC); new files stand in ``settings.landing_folder / feed.name``.

    Whatever goes wrong is an answer ("broken"): at the publisher's, a key that isn't there, a folder that can't be written. A time
    before which the publisher wants no question is kept ("waiting") unless ``is_forced``.
    """
    try:
        if is_forced:
            _forget_wait(settings, feed)
        if feed.kind != "file":
            return _ask_comtrade(settings, feed, now, environment)
        landing, catalog = settings.landing_folder, settings.catalog
        return check.ask(settings.home, feed, landing=landing, now=now, environment=environment, catalog=catalog)
    except (OSError, ValueError) as error:
        return _failed(settings, feed, error, now)
