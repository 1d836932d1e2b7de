"""UN Comtrade's API, unit by unit: a unit is one reporter and one period of a feed.

The list of what is available is asked first; a unit is asked for where that list has a release which isn't landed.
An answer at the record cap is cut into smaller queries; nothing that may be cut off is ever landed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from transforms.contracts.feed import Feed
from transforms.feeds.calendar import wanted_periods
from transforms.feeds.checkpoints import Checkpoint, Checkpoints, Missing
from transforms.feeds.comtrade_answers import check_answer, read_count
from transforms.feeds.comtrade_api import Api, now_text
from transforms.feeds.comtrade_landing import declared, land, release_day
from transforms.feeds.comtrade_queries import CodeLists, Query, pieces, shortened
from transforms.feeds.comtrade_units import FAILURES_IN_A_ROW, PERIODS_PER_LIST, Report, Unit, missing_units, newest, plain
from transforms.feeds.errors import FetchError, QuotaExhausted
from transforms.feeds.protocols import Getter
from transforms.feeds.quota import Quota
from transforms.io.archives import BadFileError
from transforms.settings import Settings

#: Records that the API gives in one answer, with a key (uncomtrade.org, "Subscription Plans").
RECORD_CAP = 250_000


@dataclass(frozen=True)
class _Piece:
    path: Path
    query: Query
    rows: int


class ComtradeGet:
    """A feed of kind "comtrade". ``cap`` is the record cap, ``clock`` gives seconds since 1970.

    Raises FeedError where the feed says no key. Nothing is asked before ``available`` or ``run``.
    """

    def __init__(
        self,
        feed: Feed,
        settings: Settings,
        *,
        fetcher: Getter | None = None,
        environment: Mapping[str, str] | None = None,
        quota: Quota | None = None,
        cap: int = RECORD_CAP,
        clock: Callable[[], float] = time.time,
    ) -> None:
        feed = plain(feed)
        self._feed, self._cap, self._clock = feed, cap, clock
        self._api = Api(feed, settings.home, environment=environment, fetcher=fetcher, quota=quota, clock=clock)
        self._checkpoints = Checkpoints(settings.home, feed.name)
        self._staging = settings.home / "ops" / "feeds" / "staging" / feed.name
        self._landing = settings.landing_folder / feed.name
        self._asked = f"{feed.classification} {Query('', '', feed.products, feed.partners, feed.flows).digest}"
        self._lists = CodeLists(cache(self._products), cache(self._partners))

    def __repr__(self) -> str:
        return f"ComtradeGet({self._feed.name})"

    def available(self) -> dict[Unit, str]:
        """Release (the time of the last publication) of every unit of the feed that UN Comtrade has."""
        periods = wanted_periods(self._feed, datetime.fromtimestamp(self._clock(), UTC).date())
        found: dict[Unit, str] = {}
        for start in range(0, len(periods), PERIODS_PER_LIST):
            batch = periods[start : start + PERIODS_PER_LIST]
            query = {"period": ",".join(batch)}
            if self._feed.reporters:
                query["reporterCode"] = ",".join(self._feed.reporters)
            records = self._api.ask_list(self._path("getDa"), query, self._staging / "available.json")
            found.update(newest(records, self._feed, batch))
        return found

    def run(self) -> Report:
        """Land every unit whose release is new; each is on record before the next is asked for.

        Where the quota ends, the report says so (``stopped``, ``until``) and the next run goes on. Raises FetchError
        where the list of what is available can't be had, or UN Comtrade fails for several units in a row.
        The caller holds the lock of the feed (transforms.feeds.state.looking).
        """
        report = Report()
        try:
            listed = self.available()
            self._take_all(self._reconcile(listed), listed, report)
        except QuotaExhausted as error:
            report.stopped, report.until = str(error), error.until
        report.missing = self.missing()
        return report

    def _take_all(self, units: Sequence[Unit], listed: Mapping[Unit, str], report: Report) -> None:
        failures = 0
        for unit in units:
            try:
                report.landed += self._take(unit, listed[unit])
                failures = 0
            except QuotaExhausted as error:
                self._note(unit, "failed", listed[unit], str(error))
                raise
            except (FetchError, BadFileError) as error:
                self._note(unit, "failed", listed[unit], str(error))
                failures += isinstance(error, FetchError)
                if failures == FAILURES_IN_A_ROW:
                    raise

    def missing(self) -> tuple[Missing, ...]:
        """Every unit that is wanted and whose newest known release isn't landed, with the reason; asks nobody."""
        periods = wanted_periods(self._feed, datetime.fromtimestamp(self._clock(), UTC).date())
        return missing_units(self._feed, periods, self._checkpoints.all())

    def _path(self, service: str) -> str:
        return f"/data/v1/{service}/C/{self._feed.frequency}/{self._feed.classification}"

    def _reconcile(self, listed: Mapping[Unit, str]) -> list[Unit]:
        """What to ask for; units that the list doesn't have are noted at once, without a request."""
        known, notes = self._checkpoints.all(), {}
        periods = wanted_periods(self._feed, datetime.fromtimestamp(self._clock(), UTC).date())
        asked = [Unit(r, p) for p in periods for r in self._feed.reporters]
        before = [] if self._feed.reporters else [Unit.of(name) for name in known if Unit.of(name).period in periods]
        for unit in sorted({*asked, *before} - set(listed)):
            held = known.get(str(unit), Checkpoint("empty-confirmed"))
            if held.held is None:
                notes[str(unit)] = replace(
                    held, state="empty-confirmed", release=None, reason="UN Comtrade's list has none", at=self._now()
                )
            else:
                why = "landed before, and UN Comtrade's list doesn't have it any more; what is landed stays"
                notes[str(unit)] = replace(held, state="suspect-empty", release=None, reason=why, at=self._now())
        back = [(str(u), c) for u in listed if (c := known.get(str(u))) and (c.held, c.asked) == (listed[u], self._asked)]
        notes.update({name: replace(c, state="done", release=c.held, reason="", at=self._now()) for name, c in back if c.state != "done"})
        self._checkpoints.record(notes)
        return [unit for unit in sorted(listed) if str(unit) not in dict(back)]

    def _now(self) -> str:
        return now_text(self._clock)

    def _note(self, unit: Unit, state: str, release: str, reason: str) -> None:
        old = self._checkpoints.all().get(str(unit), Checkpoint("failed"))
        self._checkpoints.record({str(unit): replace(old, state=state, release=release, reason=reason, at=self._now())})  # type: ignore[arg-type]

    def _take(self, unit: Unit, release: str) -> list[Path]:
        """Fetch, check and land one unit; its new files. An empty answer lands nothing and replaces nothing."""
        day = release_day(release, f"reporter {unit.reporter}, period {unit.period}")
        whole = Query(unit.reporter, unit.period, self._feed.products, self._feed.partners, self._feed.flows)
        parts = [piece for piece in self._fetch(whole, release) if piece.rows]
        if not parts:
            self._note(unit, "suspect-empty", release, "UN Comtrade's list has this release, and the answer was empty; ask again later")
            self._sweep(unit)
            return []
        is_whole = not (whole.products or whole.partners or whole.flows)
        coverage: Literal["complete", "partial"] = "complete" if is_whole and parts[0].query == whole else "partial"
        stem = f"COMTRADE-API-C{self._feed.frequency}{unit.reporter:0>3}{unit.period}{self._feed.classification}[{day}]"
        landed, names = [], []
        for part in parts:
            name = f"{stem}.json" if part.query == whole else f"{stem}-{part.query.digest}.json"
            if land(part.path, self._landing / name, declared(self._feed, day, coverage)):
                landed.append(self._landing / name)
            names.append(name)
        rows = sum(part.rows for part in parts)
        done = Checkpoint("done", release, release, asked=self._asked, rows=rows, files=tuple(names), at=self._now())
        self._checkpoints.record({str(unit): done})
        self._sweep(unit)
        return landed

    def _sweep(self, unit: Unit) -> None:
        """Nothing of a unit that is on record stays in staging: an empty piece of today may hold rows tomorrow."""
        for left in self._staging.glob(f"{unit.reporter}-{unit.period}-*"):
            left.unlink()

    def _fetch(self, query: Query, release: str, *, is_piece: bool = False) -> list[_Piece]:
        """The checked answers that together are the answer to ``query``: one, or its pieces where it reached the cap."""
        short = shortened(query)
        if len(short) > 1:
            return [piece for part in short for piece in self._fetch(part, release)]
        # The release in the name: what a killed run left in staging is taken up only where it is of the same release.
        stamp = "".join(c for c in release if c.isdigit())[:14]
        path = self._staging / f"{query.reporter}-{query.period}-{self._feed.classification}-{stamp}-{query.digest}.json"
        if path.exists():
            return [_Piece(path, query, self._check(path, query))]
        arriving = path.with_suffix(".arriving")
        if self._api.ask(self._path("get"), {**query.parameters, "maxRecords": str(self._cap)}, arriving) is None:
            return []
        rows = self._check(arriving, query)
        if rows < self._cap:
            arriving.replace(path)
            return [_Piece(path, query, rows)]
        arriving.unlink()
        return self._split(query, release, rows, is_piece=is_piece)

    def _check(self, path: Path, query: Query) -> int:
        """Rows of an answer that can be believed; one that can't isn't kept."""
        try:
            return check_answer(path, query, cap=self._cap, clean=self._api.clean).rows
        except BadFileError:
            path.unlink()
            raise

    def _split(self, query: Query, release: str, capped: int, *, is_piece: bool) -> list[_Piece]:
        """The pieces of a query whose answer reached the cap; their sum must be what the API counts for the whole."""
        smaller = pieces(query, self._lists)
        if not smaller:
            raise BadFileError(f"{query}: the answer reaches the cap of {self._cap:,} records and can't be cut further; it is refused")
        # Counted once, for the whole: that the sum is right says it of every piece.
        count = 0 if is_piece else self._count(query)
        found = [piece for part in smaller for piece in self._fetch(part, release, is_piece=True)]
        total = sum(piece.rows for piece in found)
        # A count at the cap may itself be cut there; then the pieces must at least hold what the whole held.
        if total != count if count > self._cap else total < capped:
            for piece in found:
                piece.path.unlink(missing_ok=True)
            raise BadFileError(f"{query}: its pieces hold {total:,} records, the whole {max(count, capped):,}; it is refused, ask again")
        return found

    def _count(self, query: Query) -> int:
        path = self._api.ask(self._path("get"), {**query.parameters, "countOnly": "true"}, self._staging / "count.json")
        if path is None:
            return 0
        try:
            return read_count(path, clean=self._api.clean)
        finally:
            path.unlink()

    def _codes(self, name: str, columns: Sequence[str]) -> tuple[str, ...]:
        records = self._api.ask_list(f"/files/v1/app/reference/{name}.json", None, self._staging / f"{name}.json", key="results")
        found = (next((record[c] for c in columns if c in record), None) for record in records)
        return tuple(str(code) for code in found if code is not None)

    def _products(self) -> tuple[str, ...]:
        return self._codes(self._feed.classification, ("id",))

    def _partners(self) -> tuple[str, ...]:
        return self._codes("partnerAreas", ("PartnerCode", "id"))
