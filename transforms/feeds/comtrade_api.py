"""Asking UN Comtrade's API: the key in a header, leave from the shared quota before each request, the answer into a file.

Source: the endpoints of https://uncomtrade.org/docs/un-comtrade-api (data/v1, bulk/v1) and the public code lists
under files/v1/app/reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from transforms.contracts.feed import Feed
from transforms.feeds.comtrade_answers import read_list
from transforms.feeds.errors import FeedError, FetchError, QuotaExhausted
from transforms.feeds.http import Fetcher
from transforms.feeds.keys import Redactor, key_of
from transforms.feeds.protocols import Getter
from transforms.feeds.quota import Quota
from transforms.io.archives import BadFileError

#: Tries for one answer: after 429, 5xx, a broken connection, a body cut off.
ATTEMPTS = 4
#: After the last 429 that named no time.
_PAUSE_SECONDS = 60.0


def now_text(clock: Callable[[], float]) -> str:
    """The time of ``clock`` (seconds since 1970) as an ISO text in UTC."""
    return datetime.fromtimestamp(clock(), UTC).isoformat(timespec="seconds")


def comtrade_fetcher(feed: Feed, quota: Quota, *, clock: Callable[[], float] = time.time) -> Fetcher:
    """The transport of a Comtrade feed: what it repeats waits for the shared quota and is counted in it."""
    return Fetcher(
        feed.hosts or tuple(filter(None, [urlsplit(feed.url).hostname])),
        allow_loopback=feed.allow_loopback,
        maximum_bytes=feed.maximum_bytes,
        total_seconds=feed.timeout_seconds,
        attempts=ATTEMPTS,
        sleep=quota.again,
        now=lambda: datetime.fromtimestamp(clock(), UTC),
    )


class Api:
    """One feed's way to the API. Holds the key; shows it nowhere. ``clock`` gives seconds since 1970.

    Raises FeedError where the feed says no key.
    """

    def __init__(
        self,
        feed: Feed,
        home: Path,
        *,
        environment: Mapping[str, str] | None = None,
        fetcher: Getter | None = None,
        quota: Quota | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        key = key_of(feed, environment)
        if key is None:
            raise FeedError(
                f'[feeds.{feed.name}]: UN Comtrade answers to a key alone; say where it stands: key_env = "COMTRADE_KEY" or key_file'
            )
        parts = urlsplit(feed.url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._quota = quota or Quota(home, key, clock=clock)
        self._fetcher = fetcher or comtrade_fetcher(feed, self._quota, clock=clock)
        self._feed, self._key = feed, key
        self._redactor = Redactor([key])

    def __repr__(self) -> str:
        return f"Api({self._feed.name}, {self._base})"

    def clean(self, text: str) -> str:
        """``text`` without the key, should a server have said it back; at most 300 characters."""
        return self._redactor.clean(text)[:300]

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The address of ``path`` (absolute addresses stay) with ``query``; commas are left as they are. Never holds the key."""
        whole = urljoin(f"{self._base}/", path)
        return f"{whole}?{urlencode(query, safe=',')}" if query else whole

    def ask(self, path: str, query: Mapping[str, str] | None, target: Path) -> Path | None:
        """One answer into ``target``; None where it is empty (204, or a body of nothing).

        Raises QuotaExhausted before any request while the key is blocked, and FetchError as the transport does.
        """
        self._quota.take()
        try:
            fetched = self._fetcher.get(self.url(path, query), secret_headers={self._feed.key_header: self._key}, target=target)
        except FetchError as error:
            told = self._told(error)
        else:
            return fetched.path if fetched.status == "new" else None
        # Raised here, outside: another transport's error may hold the request with its headers, and must not hang on ours.
        raise told

    def ask_list(self, path: str, query: Mapping[str, str] | None, target: Path, *, key: str = "data") -> tuple[dict[str, Any], ...]:
        """The records of a short answer, whose file is removed. An empty body is no empty list: BadFileError."""
        found = self.ask(path, query, target)
        if found is None:
            raise BadFileError(f"{self.url(path)}: the answer has no body; it is not taken for an empty list, ask again")
        try:
            return read_list(found, key=key, clean=self.clean)
        finally:
            found.unlink()

    def _told(self, error: FetchError) -> FetchError:
        """The same kind of error, without the key; a quota's end, and a wait, are shared with all who use the key."""
        text = self._redactor.clean(str(error))
        if isinstance(error, QuotaExhausted):
            return QuotaExhausted(text, code=error.code, until=self._quota.block(error.until))
        if error.code == 429:
            self._quota.pause(_PAUSE_SECONDS)
        return type(error)(text, code=error.code, until=error.until)
