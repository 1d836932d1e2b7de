"""Asking one feed for what is new: conditional, period by period, landed whole with what is declared about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from transforms.contracts.feed import Feed
from transforms.contracts.layout import Catalog
from transforms.contracts.layouts import BUILT_IN
from transforms.feeds.answers import MESSAGE_BYTES, is_empty_table
from transforms.feeds.errors import FeedError, FetchError, Gone, NotData, QuotaExhausted, Truncated
from transforms.feeds.http import Fetched, Fetcher
from transforms.feeds.keys import key_headers
from transforms.feeds.layouts import MEMBERS_LOOKED_AT, refuse_other_layout
from transforms.feeds.parts import Wanted, declaration, name_of, release_of, wanted_by_edition
from transforms.feeds.state import FeedState, Part, Status, looking, read_state, settled, write_state
from transforms.io.archives import BadFileError, member_names, open_stream
from transforms.io.files import fsync_folder, write_text
from transforms.io.snapshot import SIDECAR

#: After so many files in a row that can't be had, the publisher is taken for down.
_FAILURES_IN_A_ROW = 3


@dataclass(frozen=True)
class FeedAnswer:
    """How a look at a feed ended. ``files`` landed, also where it ended badly after them. ``alert``: newly broken, to be told once."""

    feed: str
    status: Literal["new", "current", "waiting", "empty", "quota", "broken"]
    files: tuple[Path, ...]
    message: str
    alert: bool = False


def new_fetcher(feed: Feed) -> Fetcher:
    """A fetcher with the feed's allow-list and limits."""
    return Fetcher(
        feed.hosts, allow_loopback=feed.allow_loopback, maximum_bytes=feed.maximum_bytes, total_seconds=float(feed.timeout_seconds)
    )


@dataclass
class _Look:
    """One look at one feed, while it lasts."""

    home: Path
    feed: Feed
    landing: Path
    now: datetime
    catalog: Catalog
    state: FeedState
    files: list[Path] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    in_a_row: int = 0

    def keep(self, part: Part) -> None:
        """Remember a file at once: a look that dies later doesn't fetch it again."""
        self.state = self.state.with_part(part)
        write_state(self.home, self.state)


@contextmanager
def _staged(folder: Path, wanted: Wanted) -> Iterator[Path]:
    """A hidden name in the landing folder, which readers pass over; it ends as the address does, and is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".incoming-{wanted.key.replace('/', '_')}{PurePosixPath(urlsplit(wanted.url).path).suffix}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what a look that was killed left half-written."""
    for orphan in folder.glob(".*incoming-*"):
        orphan.unlink(missing_ok=True)


def _has_no_rows(path: Path, name: str) -> bool:
    """True where no member of a file has a row. NotData where an archive is damaged."""
    problem = ""
    try:
        for member in member_names(path)[:MEMBERS_LOOKED_AT]:
            with open_stream(path, member) as stream:
                head = stream.read(MESSAGE_BYTES)
                if not is_empty_table(head, is_all=len(head) < MESSAGE_BYTES):
                    return False
    except BadFileError as error:
        problem = str(error).replace(path.name, name)
    if problem:
        raise NotData(problem)
    return True


def _land(look: _Look, wanted: Wanted, found: Fetched, staged: Path) -> None:
    with staged.open("rb") as handle:
        head = handle.read(64)
    name = name_of(look.feed, wanted, head)
    refuse_other_layout(staged, name, look.feed, look.catalog, look.now.date())
    release = release_of(look.feed, wanted, name, found.last_modified, look.now, look.catalog)
    target = staged.with_name(name)
    # The old file goes first: read with the new one's declaration it would pass for the new release.
    target.unlink(missing_ok=True)
    write_text(target.with_name(name + SIDECAR), json.dumps(declaration(look.feed, wanted, release), indent=1, sort_keys=True) + "\n")
    staged.replace(target)
    fsync_folder(target.parent)
    look.files.append(target)
    look.keep(Part(wanted.key, wanted.period, release, str(found.sha256), found.etag, found.last_modified, name, look.now))


def _ask_one(look: _Look, fetcher: Fetcher, wanted: Wanted, secret: Mapping[str, str]) -> None:
    known = look.state.parts.get(wanted.key)
    etag, day = (known.etag, known.last_modified) if known else (None, None)
    with _staged(look.landing / look.feed.name, wanted) as staged:
        found = fetcher.get(wanted.url, secret_headers=secret, etag=etag, last_modified=day, target=staged)
        if found.status == "not_modified":
            return
        if found.status == "empty" or _has_no_rows(staged, wanted.key):
            look.empty.append(wanted.key)
        elif known is not None and known.sha256 == found.sha256:
            look.keep(replace(known, etag=found.etag, last_modified=found.last_modified))
        else:
            _land(look, wanted, found, staged)


def _is_late(look: _Look, wanted: Wanted, error: Gone) -> bool:
    """True where a file isn't there yet; one that was there, or an address retired for good (410), is a fault."""
    return error.code == 404 and wanted.period is not None and wanted.key not in look.state.parts


def _ask_group(look: _Look, fetcher: Fetcher, group: list[Wanted], secret: Mapping[str, str]) -> None:
    """Ask for the files of one edition. Raises FetchError where asking on is no use."""
    for wanted in group:
        try:
            _ask_one(look, fetcher, wanted, secret)
        except (Gone, NotData, Truncated) as error:
            if isinstance(error, Gone) and _is_late(look, wanted, error):
                look.late.append(wanted.key)
            else:
                look.failed.append(str(error))
                look.in_a_row += 1
                if look.in_a_row >= _FAILURES_IN_A_ROW:
                    return
            continue
        look.in_a_row = 0
        if look.feed.release:
            return


def _outcome(look: _Look) -> tuple[Status, str]:
    if look.failed:
        return "broken", " ".join(look.failed[:_FAILURES_IN_A_ROW])
    if look.late and not look.state.parts:
        return "broken", f"nothing is there under any address asked for ({', '.join(look.late[:5])}): look whether the url has changed"
    if look.empty:
        return "empty", f"the answer for {', '.join(look.empty[:5])} has no rows; what is here stays as it is"
    late = f"; not there yet: {', '.join(look.late[:5])}" if look.late else ""
    return "ok", f"{len(look.files)} new{late}"


def _ask_all(
    look: _Look, fetcher_factory: Callable[[Feed], Fetcher], environment: Mapping[str, str] | None
) -> tuple[Status, str, datetime | None]:
    try:
        secret = key_headers(look.feed, environment)
        with fetcher_factory(look.feed) as fetcher:
            for group in wanted_by_edition(look.feed, look.state, look.now.date()):
                _ask_group(look, fetcher, group, secret)
                if look.in_a_row >= _FAILURES_IN_A_ROW:
                    break
    except QuotaExhausted as error:
        return "quota", str(error), error.until
    except FetchError as error:
        return "broken", str(error), error.until
    except FeedError as error:
        return "broken", str(error), None
    return *_outcome(look), None


def ask(
    settings_home: Path,
    feed: Feed,
    *,
    landing: Path,
    now: datetime,
    fetcher_factory: Callable[[Feed], Fetcher] = new_fetcher,
    environment: Mapping[str, str] | None = None,
    catalog: Catalog = BUILT_IN,
) -> FeedAnswer:
    """Ask a feed of kind "file" for what the calendar says is out and isn't here, and for its newest file once more.

    New files land in ``landing/<feed>/`` with a sidecar. ``now`` (UTC) dates the look. What the publisher does wrong is an
    answer ("broken", "quota", "empty"), never an error; what was landed before stays. FeedError for a feed of another kind.
    """
    if feed.kind != "file":
        raise FeedError(f"[feeds.{feed.name}]: a {feed.kind} feed is asked by its own client, not as a file")
    with looking(settings_home, feed.name) as is_ours:
        if not is_ours:
            return FeedAnswer(feed.name, "waiting", (), "another process is asking it")
        state = read_state(settings_home, feed.name)
        if state.next_allowed is not None and now < state.next_allowed:
            return FeedAnswer(feed.name, "waiting", (), f"not before {state.next_allowed:%Y-%m-%d %H:%M:%S} UTC: {state.message}")
        look = _Look(settings_home, feed, landing, now, catalog, state)
        _sweep(landing / feed.name)
        status, message, until = _ask_all(look, fetcher_factory, environment)
        after, alert = settled(look.state, status, message, now, until)
        write_state(settings_home, after)
    good: Literal["new", "current"] = "new" if look.files else "current"
    return FeedAnswer(feed.name, good if status == "ok" else status, tuple(look.files), message, alert)
