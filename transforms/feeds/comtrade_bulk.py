"""UN Comtrade's bulk files: the list says what there is, and only files that are new are fetched.

Each is one reporter, period and classification, tab-separated, gzip, under the name that UN Comtrade's own tools give it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from transforms.contracts.feed import Feed
from transforms.feeds.calendar import wanted_periods
from transforms.feeds.checkpoints import Checkpoint, Checkpoints, Missing
from transforms.feeds.comtrade_api import Api, now_text
from transforms.feeds.comtrade_landing import declared, land, release_day
from transforms.feeds.comtrade_units import FAILURES_IN_A_ROW, PERIODS_PER_LIST, Report, Unit, missing_units, plain
from transforms.feeds.errors import FetchError, QuotaExhausted
from transforms.feeds.protocols import Getter
from transforms.feeds.quota import Quota
from transforms.io.archives import BadFileError, open_stream, packing
from transforms.io.files import CHUNK
from transforms.settings import Settings

#: 183.34 KB in the list are 187,742 bytes: 1,024 to the KB.
_UNITS = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
#: One in so many bytes may be off: the list rounds to two decimals, or to one; a body cut off is caught by the gzip's own end.
_SIZE_TOLERANCE = 20


def size_bytes(text: str) -> int:
    """Bytes of a size as the list writes it: "532 B", "183.34 KB", "3.4 GB". BadFileError for any other unit or form."""
    match = re.fullmatch(r"\s*(\d+(?:,\d{3})*|\d+)(\.\d+)?\s*([A-Za-z]+)\s*", text)
    unit = _UNITS.get(match[3].upper()) if match else None
    if match is None or unit is None:
        raise BadFileError(
            f"size {text[:40]!r} in UN Comtrade's list of bulk files: none of {', '.join(_UNITS)}; the file isn't fetched blind"
        )
    return int(Decimal(match[1].replace(",", "") + (match[2] or "")) * unit)


@dataclass(frozen=True)
class BulkFile:
    """One entry of the list. ``size`` in bytes, roughly; ``published`` is the time of publication as the list says it."""

    reporter: str
    period: str
    classification: str
    frequency: str
    url: str
    size: int
    published: str
    etag: str

    @property
    def unit(self) -> str:
        return f"{self.reporter}/{self.period}/{self.classification}"

    @property
    def name(self) -> str:
        """The name that UN Comtrade's own tools give the file."""
        day = release_day(self.published, self.unit)
        return f"COMTRADE-FINAL-C{self.frequency}{self.reporter:0>3}{self.period}{self.classification}[{day}].gz"


def _listed(record: Mapping[str, Any], feed: Feed, api: Api) -> BulkFile:
    """An entry as UN Comtrade lists it; ``fileUrl`` may be an address or the file's id alone."""
    lacking = [k for k in ("fileUrl", "fileSize", "reporterCode", "period", "classificationCode") if record.get(k) in (None, "")]
    if lacking:
        raise BadFileError(f"UN Comtrade's list of bulk files: an entry without {lacking[0]}")
    place = str(record["fileUrl"])
    url = place if "://" in place else api.url(f"/bulk/v1/file/{record.get('partitionKey') or record['reporterCode']}/{place}")
    host = urlsplit(url).hostname
    if host not in (feed.hosts or (urlsplit(feed.url).hostname,)):
        raise BadFileError(f"UN Comtrade's list of bulk files leads to {host}, which isn't among the feed's hosts; nothing was sent there")
    if not re.fullmatch(r"\d{1,4}", str(record["reporterCode"])) or not re.fullmatch(r"[A-Z0-9]{1,6}", str(record["classificationCode"])):
        raise BadFileError("UN Comtrade's list of bulk files: a reporter or classification that can't be part of a file's name")
    return BulkFile(
        str(record["reporterCode"]),
        str(record["period"]),
        str(record["classificationCode"]),
        feed.frequency,
        url,
        size_bytes(str(record["fileSize"])),
        # Some entries say no publication; then the day on which the entry itself was written.
        str(record.get("publicationDate") or record.get("timestamp") or ""),
        str(record.get("eTag") or ""),
    )


def verify(path: Path, file: BulkFile, settings: Settings) -> int:
    """Lines of a bulk file, once it is read to its end. BadFileError where it is no gzip, cut off, of another size, or empty."""
    size = path.stat().st_size
    if abs(size - file.size) > max(file.size // _SIZE_TOLERANCE, 16):
        raise BadFileError(f"{file.name}: has {size:,} bytes where UN Comtrade's list says about {file.size:,}; it is refused, ask again")
    if packing(path) != "gzip":
        raise BadFileError(f"{file.name}: is no gzip file; UN Comtrade gave something else (an error page?)")
    lines, last = 0, b""
    with open_stream(path, path.name, settings) as stream:
        while chunk := stream.read(CHUNK):
            lines, last = lines + chunk.count(b"\n"), chunk
    lines += bool(last) and not last.endswith(b"\n")
    if lines < 2:
        raise BadFileError(f"{file.name}: holds no rows; an empty answer is not taken for data")
    return lines


class ComtradeBulk:
    """A feed of kind "comtrade_bulk". ``clock`` gives seconds since 1970. Raises FeedError where the feed says no key."""

    def __init__(
        self,
        feed: Feed,
        settings: Settings,
        *,
        fetcher: Getter | None = None,
        environment: Mapping[str, str] | None = None,
        quota: Quota | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        feed = plain(feed)
        self._feed, self._settings, self._clock = feed, settings, clock
        self._api = Api(feed, settings.home, environment=environment, fetcher=fetcher, quota=quota, clock=clock)
        self._checkpoints = Checkpoints(settings.home, feed.name)
        self._staging = settings.home / "ops" / "feeds" / "staging" / feed.name
        self._landing = settings.landing_folder / feed.name
        #: entries that can't be used, by unit, and why
        self._refused: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"ComtradeBulk({self._feed.name})"

    def available(self) -> tuple[BulkFile, ...]:
        """Every bulk file of the feed's reporters and periods, as UN Comtrade lists it now."""
        periods = wanted_periods(self._feed, datetime.fromtimestamp(self._clock(), UTC).date())
        found: dict[str, BulkFile] = {}
        for start in range(0, len(periods), PERIODS_PER_LIST):
            query = {"period": ",".join(periods[start : start + PERIODS_PER_LIST])}
            if self._feed.reporters:
                query["reporterCode"] = ",".join(self._feed.reporters)
            where = f"/bulk/v1/get/C/{self._feed.frequency}/{self._feed.classification}"
            for file in self._usable(self._api.ask_list(where, query, self._staging / "files.json"), periods):
                old = found.get(file.unit)
                found[file.unit] = old if old is not None and old.published > file.published else file
        return tuple(found[unit] for unit in sorted(found))

    def _usable(self, records: Iterable[Mapping[str, Any]], periods: tuple[str, ...]) -> Iterable[BulkFile]:
        for record in records:
            reporter, period = str(record.get("reporterCode", "")), str(record.get("period", ""))
            if period not in periods or (self._feed.reporters and reporter not in self._feed.reporters):
                continue
            try:
                yield _listed(record, self._feed, self._api)
            except BadFileError as error:
                self._refused[f"{reporter}/{period}/{record.get('classificationCode', '')}"] = str(error)

    def pending(self) -> tuple[BulkFile, ...]:
        """Files of the list whose publication or eTag isn't the landed one; the sum of their sizes is what a run fetches."""
        return self._new_of(self.available())

    def _new_of(self, files: tuple[BulkFile, ...]) -> tuple[BulkFile, ...]:
        known = self._checkpoints.all()

        def landed(file: BulkFile) -> bool:
            old = known.get(file.unit)
            return old is not None and old.state == "done" and (old.held, old.etag) == (file.published, file.etag)

        return tuple(file for file in files if not landed(file))

    def _unlisted(self, files: tuple[BulkFile, ...]) -> dict[str, Checkpoint]:
        """Notes for reporters and periods of the feed of which the list has no file."""
        periods = wanted_periods(self._feed, datetime.fromtimestamp(self._clock(), UTC).date())
        has = {(file.reporter, file.period) for file in files} | {Unit.of(name) for name in self._refused}
        lacking = [Unit(r, p) for p in periods for r in self._feed.reporters if (r, p) not in has]
        note = Checkpoint("empty-confirmed", reason="UN Comtrade's list has no file", at=now_text(self._clock))
        return {str(unit): note for unit in lacking}

    def run(self) -> Report:
        """Land every file that is new; each is on record before the next is asked for. Errors as ComtradeGet.run has them."""
        report, failures = Report(), 0
        try:
            self._refused.clear()
            files = self._new_of(listed := self.available())
            self._checkpoints.record({u: self._failed(u, None, why) for u, why in self._refused.items()} | self._unlisted(listed))
            for file in files:
                try:
                    report.landed += self._take(file)
                    failures = 0
                except (FetchError, BadFileError) as error:
                    self._checkpoints.record({file.unit: self._failed(file.unit, file.published, str(error))})
                    failures += isinstance(error, FetchError)
                    if isinstance(error, QuotaExhausted) or failures == FAILURES_IN_A_ROW:
                        raise
        except QuotaExhausted as error:
            report.stopped, report.until = str(error), error.until
        report.missing = self.missing()
        return report

    def missing(self) -> tuple[Missing, ...]:
        """Units that are wanted and not landed, with the reason; asks nobody."""
        periods = wanted_periods(self._feed, datetime.fromtimestamp(self._clock(), UTC).date())
        return missing_units(self._feed, periods, self._checkpoints.all())

    def _failed(self, unit: str, release: str | None, why: str) -> Checkpoint:
        old = self._checkpoints.all().get(unit, Checkpoint("failed"))
        return replace(old, state="failed", release=release, reason=why, at=now_text(self._clock))

    def _take(self, file: BulkFile) -> list[Path]:
        """Fetch, check and land one file."""
        day = release_day(file.published, file.unit)
        staged = self._api.ask(file.url, None, self._staging / f"{file.unit.replace('/', '-')}.gz")
        if staged is None:
            raise BadFileError(f"{file.name}: UN Comtrade lists it and gives nothing (204); ask again later")
        try:
            lines = verify(staged, file, self._settings)
        except BadFileError:
            staged.unlink()
            raise
        target = self._landing / file.name
        is_new = land(staged, target, declared(self._feed, day, "complete"))
        done = Checkpoint(
            "done", file.published, file.published, etag=file.etag, rows=lines - 1, files=(file.name,), at=now_text(self._clock)
        )
        self._checkpoints.record({file.unit: done})
        return [target] if is_new else []
