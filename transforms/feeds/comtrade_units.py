"""Units of a Comtrade feed: which reporters and periods are wanted, available, missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from transforms.contracts.feed import Feed
from transforms.feeds.checkpoints import Checkpoint, Missing

#: Periods in one question for what is available (the API's limit).
PERIODS_PER_LIST = 12
#: So many units in a row that the transport can't fetch: the publisher is down, and the run stops.
FAILURES_IN_A_ROW = 3


class Unit(NamedTuple):
    """One reporter (Comtrade's code) and one period (YYYY or YYYYMM); written "842/2020"."""

    reporter: str
    period: str

    def __str__(self) -> str:
        return f"{self.reporter}/{self.period}"

    @classmethod
    def of(cls, text: str) -> Unit:
        """The unit that "842/2020" names; what stands behind a second slash (a classification) isn't part of it."""
        reporter, period = text.split("/")[:2]
        return cls(reporter, period)


@dataclass
class Report:
    """What a run did: files that are new in the landing folder, what is missing, and why it stopped early (if it did)."""

    landed: list[Path] = field(default_factory=list)
    missing: tuple[Missing, ...] = ()
    stopped: str | None = None
    until: datetime | None = None


def plain(feed: Feed) -> Feed:
    """The feed with its areas as Comtrade's answers write them: no zeros in front; "all" is no filter."""

    def codes(said: Sequence[str]) -> tuple[str, ...]:
        return () if "all" in said else tuple(dict.fromkeys(code.lstrip("0") or "0" for code in said))

    return replace(feed, reporters=codes(feed.reporters), partners=codes(feed.partners))


def newest(records: Iterable[Mapping[str, Any]], feed: Feed, periods: Sequence[str]) -> dict[Unit, str]:
    """The newest release of each unit in a list of what is available; others than the feed asked for are passed over.

    A record without a time of release is kept with "": it is refused with a reason when its turn comes.
    """
    found: dict[Unit, str] = {}
    for record in records:
        # Comtrade spells these names ReporterCode in one format and reporterCode in another.
        said = {str(key).lower(): value for key, value in record.items()}
        unit = Unit(str(said.get("reportercode", "")), str(said.get("period", "")))
        if unit.period not in periods or (feed.reporters and unit.reporter not in feed.reporters):
            continue
        release = str(said.get("lastreleased") or said.get("firstreleased") or "")
        found[unit] = max(found.get(unit, ""), release)
    return found


def missing_units(feed: Feed, periods: Sequence[str], known: Mapping[str, Checkpoint]) -> tuple[Missing, ...]:
    """Units that are wanted and not landed at their newest known release. Without named reporters: of those known."""
    in_files = {Unit.of(name) for name in known if name.count("/") > 1}
    names = {str(Unit(r, p)) for p in periods for r in feed.reporters}
    names |= {
        name for name in known if Unit.of(name).period in periods and (not feed.reporters or Unit.of(name).reporter in feed.reporters)
    }
    found = []
    # A bulk file is known with its classification, 842/2020/H6: it says more than 842/2020.
    for name in sorted(name for name in names if name.count("/") > 1 or Unit.of(name) not in in_files):
        checkpoint = known.get(name)
        if checkpoint is None:
            found.append(Missing(name, "not-asked", "not asked for yet"))
        elif not (checkpoint.state == "done" and checkpoint.held == checkpoint.release):
            found.append(Missing(name, checkpoint.state, checkpoint.reason))
    return tuple(found)
