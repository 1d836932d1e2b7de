"""The calls a key may make, shared by every process of a home: a locked ledger in ``<home>/ops/feeds/quota.json``.

A quota belongs to the key, not to the process or the feed: two feeds of one key see each other's calls and refusals.
The ledger knows a key by a salted hash alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from transforms.feeds.errors import FeedError, QuotaExhausted
from transforms.io.files import write_text

#: What a free subscription of UN Comtrade may do (uncomtrade.org, "Subscription Plans").
CALLS_PER_DAY = 500
CALLS_PER_SECOND = 1.0
#: A wait longer than this isn't sat out: the run stops and the next one goes on.
PATIENCE_SECONDS = 300.0


def ledger_path(home: Path) -> Path:
    """Where the ledger of a home stands."""
    return home / "ops" / "feeds" / "quota.json"


def next_midnight(now: float) -> float:
    """The next midnight UTC after ``now`` (seconds since 1970): where a day's count begins anew."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1)).timestamp()


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"salt": secrets.token_hex(16), "keys": {}}
    try:
        content = json.loads(path.read_text("utf-8"))
        if isinstance(content["salt"], str) and isinstance(content["keys"], dict):
            return dict(content)
    except (ValueError, KeyError, TypeError) as error:
        raise FeedError(f"{path}: the ledger of calls can't be read ({error}); remove it once today's calls don't matter") from error
    raise FeedError(f"{path}: the ledger of calls lacks its salt or its keys; remove it once today's calls don't matter")


class Quota:
    """Leave to call, for one key. ``clock`` gives seconds since 1970, ``sleep`` waits seconds.

    ``take`` before each request; ``pause`` after a 429; ``block`` after a 403 that speaks of the quota.
    """

    def __init__(
        self,
        home: Path,
        key: str,
        *,
        per_day: int = CALLS_PER_DAY,
        per_second: float = CALLS_PER_SECOND,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if per_day < 1 or per_second <= 0:
            raise ValueError("a quota allows at least one call a day and some calls a second")
        self._path = ledger_path(home)
        self._per_day, self._spacing, self._patience = per_day, 1.0 / per_second, patience
        self._clock, self._sleep = clock, sleep
        with self._ledger() as content:
            # Not the key itself: it must not stand in this object's attributes, which tracebacks may show.
            self.identity = hashlib.sha256(f"{content['salt']}:{key}".encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Quota({self.identity})"

    @contextmanager
    def _ledger(self) -> Iterator[dict[str, Any]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name("quota.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = _load(self._path)
            before = json.dumps(content, sort_keys=True)
            yield content
            if json.dumps(content, sort_keys=True) != before or not self._path.exists():
                write_text(self._path, json.dumps(content, indent=1, sort_keys=True) + "\n")

    def _entry(self, content: dict[str, Any]) -> dict[str, Any]:
        fresh = {"day": "", "calls": 0, "not_before": 0.0, "blocked_until": 0.0}
        entry: dict[str, Any] = content["keys"].setdefault(self.identity, fresh)
        return entry

    def _stopped(self, until: float, why: str) -> QuotaExhausted:
        when = datetime.fromtimestamp(until, UTC)
        return QuotaExhausted(f"{why}: no call with this key before {when:%Y-%m-%d %H:%M:%S} UTC", until=when)

    def _ask(self) -> float:
        """Seconds to wait before asking again; 0.0: the call is granted and counted."""
        with self._ledger() as content:
            entry, now = self._entry(content), self._clock()
            if entry["blocked_until"] > now:
                raise self._stopped(entry["blocked_until"], "the quota of calls is used up")
            day = datetime.fromtimestamp(now, UTC).date().isoformat()
            if entry["day"] != day:
                entry.update(day=day, calls=0)
            if entry["calls"] >= self._per_day:
                raise self._stopped(next_midnight(now), f"the {self._per_day} calls of a day are made")
            wait = float(entry["not_before"]) - now
            if wait > self._patience:
                raise self._stopped(entry["not_before"], "the publisher asked for a long pause")
            if wait > 0:
                return wait
            entry.update(calls=entry["calls"] + 1, not_before=now + self._spacing)
            return 0.0

    def take(self) -> None:
        """Wait for leave to make one call, and count it. QuotaExhausted where the wait is too long, without a call."""
        while (wait := self._ask()) > 0:
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """After a 429: nobody with this key calls for ``seconds``."""
        with self._ledger() as content:
            entry = self._entry(content)
            entry["not_before"] = max(float(entry["not_before"]), self._clock() + max(seconds, 0.0))

    def again(self, seconds: float) -> None:
        """Before a request is repeated: everybody with this key waits ``seconds``, and the repetition is counted too."""
        self.pause(seconds)
        self.take()

    def block(self, until: datetime | None) -> datetime:
        """After a 403: nobody with this key calls before ``until`` (None: the next midnight UTC). Returns the time."""
        now = self._clock()
        stamp = until.timestamp() if until is not None else next_midnight(now)
        with self._ledger() as content:
            entry = self._entry(content)
            entry["blocked_until"] = max(float(entry["blocked_until"]), stamp)
            stamp = entry["blocked_until"]
        return datetime.fromtimestamp(stamp, UTC)

    @property
    def calls_today(self) -> int:
        """Calls that were granted to this key since midnight UTC, over all processes."""
        with self._ledger() as content:
            entry = self._entry(content)
            today = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
            return int(entry["calls"]) if entry["day"] == today else 0
