"""A feed: where a publisher puts its files, when a new one is due, and what may be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

FeedKind = Literal["file", "comtrade", "comtrade_bulk"]
Cadence = Literal["daily", "weekly", "monthly", "yearly", "manual"]
Frequency = Literal["A", "M"]
Redistribution = Literal["open", "internal", "unknown"]

KINDS: tuple[FeedKind, ...] = get_args(FeedKind)
CADENCES: tuple[Cadence, ...] = get_args(Cadence)
REDISTRIBUTION: tuple[Redistribution, ...] = get_args(Redistribution)
#: What a url may hold in braces; year also with an offset, as {year+2}.
PLACEHOLDERS = ("year", "month", "period", "release", "edition")
#: Comtrade's API takes its key under this name.
COMTRADE_KEY_HEADER = "Ocp-Apim-Subscription-Key"


@dataclass(frozen=True)
class Feed:
    """One [feeds.NAME] of entrepot.toml.

    ``url`` is a template: {year} (four digits; {year+2} too), {month} (two digits), {period} (YYYY or YYYYMM),
    {release}, {edition}. A url with {release} names a file that holds all periods: only the newest is asked for.
    ``lag_days`` counts from a period's last day to the day on which the publisher has it. The key stands in the
    environment variable ``key_env`` or in ``key_file``, and travels in the header ``key_header`` alone.
    """

    name: str
    source: str
    url: str
    kind: FeedKind = "file"
    #: the layout that its files must have, others are refused; None: any that their header says
    layout: str | None = None
    #: allow-list; where nothing is said, the host of ``url``
    hosts: tuple[str, ...] = ()
    #: how often the schedule asks; manual: never by itself
    cadence: Cadence = "manual"
    lag_days: int = 0
    frequency: Frequency = "A"
    first_period: str | None = None
    #: periods wanted; where nothing is said, all from ``first_period`` on
    periods: tuple[str, ...] = ()
    #: so many of the newest periods are asked for again, because publishers revise them
    recheck_periods: int = 1
    #: how the publisher names a release, as "V{year+2}01"; and the editions, as ("HS92", "HS17")
    release: str | None = None
    editions: tuple[str, ...] = ()
    #: None: as the source's layout says
    licence: str | None = None
    attribution: str | None = None
    redistribution: Redistribution | None = None
    key_env: str | None = None
    key_file: Path | None = None
    key_header: str = COMTRADE_KEY_HEADER
    #: for servers on this machine alone; lifts https and the address rule for loopback, nothing else
    allow_loopback: bool = False
    maximum_bytes: int = 8 * 2**30
    #: for one file, retries and waits included
    timeout_seconds: int = 3600
    #: What a Comtrade feed asks for; codes as Comtrade writes them.
    reporters: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    classification: str = "HS"
    products: tuple[str, ...] = ()
