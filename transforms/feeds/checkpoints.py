"""How far a feed came: ``<home>/ops/feeds/<feed>.checkpoints.json``, one record per unit, written after each unit.

A run that is killed leaves what it landed on record; the next one asks for the rest alone.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from transforms.feeds.errors import FeedError
from transforms.io.files import write_text

#: done: landed. empty-confirmed: the publisher's list has none. suspect-empty: the list has it, the answer was empty.
State = Literal["done", "empty-confirmed", "suspect-empty", "failed"]
STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True)
class Checkpoint:
    """What is known of one unit.

    ``release`` is what the publisher's list said when it was last asked, ``held`` the release that was landed last
    (it stays when a newer one fails), ``etag`` the listing's, ``rows`` of the answer, ``files`` names in the landing folder,
    ``asked`` the filters that the feed had then: with others, the unit is asked for again.
    """

    state: State
    release: str | None = None
    held: str | None = None
    etag: str | None = None
    asked: str | None = None
    rows: int | None = None
    files: tuple[str, ...] = ()
    reason: str = ""
    at: str = ""


@dataclass(frozen=True)
class Missing:
    """A unit that is wanted and not landed: its state ("not-asked", or one of STATES) and why."""

    unit: str
    state: str
    reason: str


def checkpoints_path(home: Path, feed: str) -> Path:
    """Where a feed's checkpoints stand. ValueError for a name that isn't made of letters, digits, _ and -."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", feed):
        raise ValueError(f"feed {feed!r}: a feed's name is made of letters, digits, _ and -")
    return home / "ops" / "feeds" / f"{feed}.checkpoints.json"


class Checkpoints:
    """The records of one feed, by unit ("842/2020"). Each ``record`` is on disk, whole, when it returns.

    That one process alone runs a feed is the lock of ``transforms.feeds.state.looking``.
    """

    def __init__(self, home: Path, feed: str) -> None:
        self._path = checkpoints_path(home, feed)

    def all(self) -> dict[str, Checkpoint]:
        """Every record, by unit. FeedError where the file can't be read."""
        if not self._path.exists():
            return {}
        try:
            content = json.loads(self._path.read_text("utf-8"))["units"]
            found = {unit: Checkpoint(**{**values, "files": tuple(values["files"])}) for unit, values in content.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FeedError(f"{self._path}: can't be read ({error}); remove it, and everything is asked for again") from error
        odd = sorted(unit for unit, checkpoint in found.items() if checkpoint.state not in STATES)
        if odd:
            raise FeedError(f"{self._path}: {odd[0]} is in no known state; remove the file, and everything is asked for again")
        return found

    def record(self, units: Mapping[str, Checkpoint]) -> None:
        """Add or replace records. Processes that write at once wait for each other."""
        if not units:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            merged = {**self.all(), **units}
            content = {"units": {unit: dataclasses.asdict(merged[unit]) for unit in sorted(merged)}}
            write_text(self._path, json.dumps(content, indent=1) + "\n")
