"""What is remembered of a feed between two looks: ``<home>/ops/feeds/<name>.json``, replaced as a whole."""

from __future__ import annotations

import dataclasses
import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from transforms.contracts.feed import Feed
from transforms.feeds.errors import FeedError
from transforms.io.files import write_text

Status = Literal["ok", "broken", "quota", "empty"]
STATUSES: tuple[Status, ...] = ("ok", "broken", "quota", "empty")
#: A feed is asked again after so many days; while something that is due is missing, every day.
CADENCE_DAYS = {"daily": 1, "weekly": 7, "monthly": 28, "yearly": 365}


@dataclass(frozen=True)
class Part:
    """One file of a feed as it was last fetched. ``key`` names its period (or release) and edition, as "2024" or "V202501/HS17"."""

    key: str
    period: str | None
    release: str | None
    sha256: str
    etag: str | None
    last_modified: str | None
    file: str
    fetched_at: datetime


@dataclass(frozen=True)
class FeedState:
    """How a feed stands. Times are UTC. ``alerted``: that it is broken was told, and isn't told again until it recovers."""

    name: str
    status: Status = "ok"
    last_checked: datetime | None = None
    next_allowed: datetime | None = None
    broken_since: datetime | None = None
    alerted: bool = False
    message: str = ""
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def newest(self) -> Part | None:
        """The part with the newest period, or the one fetched last."""
        return max(self.parts.values(), key=lambda p: (p.period or "", p.fetched_at), default=None)

    @property
    def periods(self) -> tuple[str, ...]:
        """Periods fetched, oldest first."""
        return tuple(sorted({p.period for p in self.parts.values() if p.period}))

    @property
    def last_release(self) -> str | None:
        """Release of the newest part."""
        return self.newest.release if self.newest else None

    @property
    def etag(self) -> str | None:
        """ETag of the newest part."""
        return self.newest.etag if self.newest else None

    @property
    def last_modified(self) -> str | None:
        """Last-Modified of the newest part."""
        return self.newest.last_modified if self.newest else None

    def with_part(self, part: Part) -> FeedState:
        """This state and one more file fetched."""
        return dataclasses.replace(self, parts={**self.parts, part.key: part})


def state_path(home: Path, name: str) -> Path:
    """Where a feed's state stands."""
    return home / "ops" / "feeds" / f"{name}.json"


@contextmanager
def looking(home: Path, name: str) -> Iterator[bool]:
    """True while this process alone looks at a feed, False where another does. The lock doesn't outlive the process."""
    path = state_path(home, name).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_ours = False
        else:
            is_ours = True
        yield is_ours


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def read_state(home: Path, name: str) -> FeedState:
    """A feed's state; a new one before its first look. FeedError where the file can't be read."""
    path = state_path(home, name)
    if not path.exists():
        return FeedState(name)
    try:
        said: dict[str, Any] = json.loads(path.read_text("utf-8"))
        times = {key: _time(said[key]) for key in ("last_checked", "next_allowed", "broken_since")}
        parts = {p["key"]: Part(**{**p, "fetched_at": datetime.fromisoformat(p["fetched_at"])}) for p in said["parts"]}
        if said["status"] not in STATUSES:
            raise ValueError(said["status"])
        return FeedState(name, said["status"], **times, alerted=bool(said["alerted"]), message=said["message"], parts=parts)
    except (ValueError, KeyError, TypeError) as error:
        raise FeedError(f"{path}: isn't the state of a feed ({error!r}); remove it, and the feed is asked from its beginning") from error


def write_state(home: Path, state: FeedState) -> None:
    """Keep a feed's state, atomically."""
    said = {**vars(state), "parts": [vars(state.parts[key]) for key in sorted(state.parts)]}
    write_text(state_path(home, state.name), json.dumps(said, indent=1, sort_keys=True, default=datetime.isoformat) + "\n")


def settled(state: FeedState, status: Status, message: str, now: datetime, next_allowed: datetime | None = None) -> tuple[FeedState, bool]:
    """The state after a look that ended with ``status``, and whether that it is broken must be told now (once)."""
    is_broken = status == "broken"
    since = (state.broken_since or now) if is_broken else None
    told = is_broken and not state.alerted
    after = dataclasses.replace(
        state, status=status, message=message, last_checked=now, next_allowed=next_allowed, broken_since=since, alerted=is_broken
    )
    return after, told


def is_due(feed: Feed, state: FeedState, now: datetime, missing: bool) -> bool:
    """True where the schedule should ask: never a manual feed, none before the publisher allows it, each at most once a day.

    ``missing``: something that the calendar says is out isn't here, so that it is asked for daily until it comes.
    """
    if feed.cadence == "manual" or (state.next_allowed is not None and now < state.next_allowed):
        return False
    if state.last_checked is None or state.status == "quota":
        return True
    # An hour of grace: a nightly schedule doesn't begin at the same second.
    days = 1 if missing or state.status == "broken" else CADENCE_DAYS[feed.cadence]
    return now - state.last_checked >= timedelta(days=days) - timedelta(hours=1)
