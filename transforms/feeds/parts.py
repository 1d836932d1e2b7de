"""The files of a feed by its calendar: their addresses, their names in the landing folder, what is declared about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from transforms.contracts.feed import Feed
from transforms.contracts.layout import Catalog, Source
from transforms.declared.template import fields_of, filled
from transforms.feeds.calendar import wanted_periods
from transforms.feeds.errors import FeedError
from transforms.feeds.state import FeedState
from transforms.io.recognise import from_name

#: Where the newest release isn't out yet at the first look, so many older ones are tried.
_OLDER_RELEASES = 3
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]*\.[A-Za-z0-9]{1,5}")
_EDITION = re.compile(r"(HS(19|20)?\d\d|H\d|S[1-4])", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """A file to ask for. ``key`` as in transforms.feeds.state.Part."""

    key: str
    url: str
    period: str | None
    release: str | None
    edition: str | None


def _wanted(feed: Feed, period: str | None, edition: str | None) -> Wanted:
    release = filled(feed.release, period) if feed.release else None
    key = "/".join(word for word in (release or period, edition) if word) or "file"
    return Wanted(key, filled(feed.url, period, release=release, edition=edition), period, release, edition)


def wanted_by_edition(feed: Feed, state: FeedState, today: date) -> Iterator[list[Wanted]]:
    """For each edition, the files to ask for, in order.

    Of a url with {release}: the newest; where that isn't there yet, the one that is here, or at the first look older ones.
    Else the periods that are out and not here, oldest first, and the newest of those that are here once more: an address
    that was retired shows there, while what was never there may just be late.
    """
    periods = wanted_periods(feed, today)
    used = fields_of(feed.url)
    has_period = bool(used & {"year", "month", "period", "release"})
    for edition in feed.editions or (None,):
        if not has_period:
            yield [_wanted(feed, None, edition)]
            continue
        files = [_wanted(feed, period, edition) for period in periods]
        if not files:
            yield []
        elif "release" in used:
            here = [f for f in files[:-1] if f.key in state.parts][-1:]
            yield files[-1:] + here if here or files[-1:][0].key in state.parts else files[: -_OLDER_RELEASES - 1 : -1]
        else:
            again = [f.key for f in files if f.key in state.parts][-feed.recheck_periods :]
            yield [f for f in files if f.key not in state.parts or f.key in again]


def lacks_some(feed: Feed, state: FeedState, today: date) -> bool:
    """True where something that the calendar says is out was never fetched."""
    groups = list(wanted_by_edition(feed, state, today))
    return any(f.key not in state.parts for group in groups for f in (group[:1] if feed.release else group))


def _suffix(head: bytes) -> str:
    for magic, suffix in ((b"\x1f\x8b", ".gz"), (b"PK", ".zip"), (b"7z\xbc\xaf", ".7z")):
        if head.startswith(magic):
            return suffix
    return ".json" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")) else ".csv"


def name_of(feed: Feed, wanted: Wanted, head: bytes) -> str:
    """The file's name when it lands: the publisher's where that tells its files apart, else the feed's, its part and what it is."""
    last = PurePosixPath(unquote(urlsplit(wanted.url).path)).name
    template = urlsplit(feed.url).path.rpartition("/")[2]
    if _SAFE_NAME.fullmatch(last) and fields_of(feed.url) <= fields_of(template):
        return last
    return f"{feed.name}_{wanted.key.replace('/', '_')}{_suffix(head)}"


def _day(last_modified: str | None, now: datetime) -> str:
    try:
        when = parsedate_to_datetime(last_modified) if last_modified else now
    except ValueError:
        when = now
    return f"{when if when.tzinfo is None else when.astimezone(UTC):%Y-%m-%d}"


def release_of(feed: Feed, wanted: Wanted, name: str, last_modified: str | None, now: datetime, catalog: Catalog) -> str | None:
    """The release to declare: as the template says, else the day of Last-Modified or of the fetch.

    None where the file's name says it, or where the source's releases aren't written as days. FeedError where the
    template's release isn't written as the source's are: releases that can't be compared never replace each other.
    """
    source = catalog.sources.get(feed.source) or Source(feed.source, feed.source)
    said = wanted.release or _day(last_modified, now)
    if re.fullmatch(source.release_form, said):
        layouts = [entry for entry in catalog.layouts.values() if entry.source == feed.source and feed.layout in (None, entry.name)]
        is_in_name = wanted.release is None and any(from_name(entry, name).get("release") for entry in layouts)
        return None if is_in_name else said
    if wanted.release is None:
        return None
    raise FeedError(f"[feeds.{feed.name}]: release gives {said!r}; {feed.source} writes its releases as {source.release_example}")


def declaration(feed: Feed, wanted: Wanted, release: str | None) -> dict[str, str]:
    """What the sidecar says of a landed file, as transforms.io.snapshot reads it; only what the feed knows or overrides."""
    edition = wanted.edition if wanted.edition and _EDITION.fullmatch(wanted.edition) else None
    said = {
        "source_release": release,
        "edition": edition,
        "licence": feed.licence,
        "attribution": feed.attribution,
        "redistribution": feed.redistribution,
    }
    return {key: value for key, value in said.items() if value is not None}
