"""Asking UN Comtrade's API: the key in a header, leave from the shared quota before each request, the answer into a file.

Source: the endpoints of https://uncomtrade.org/docs/un-comtrade-api (data/v1, bulk/v1) and the public code lists
under files/v1/app/reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from transforms.contracts.feed import Feed, FeedError
from transforms.feeds.errors import FetchError, QuotaExhausted
from transforms.feeds.keys import Redactor, Secret
from transforms.feeds.protocols import Getter
from transforms.feeds.quota import Quota

#: Asked again so often after a 429; every one waits at least this long where the server names no time.
_ATTEMPTS_AFTER_429 = 5
_PAUSE_SECONDS = 2.0


def now_text(clock: Callable[[], float]) -> str:
    """The time of ``clock`` (seconds since 1970) as an ISO text in UTC."""
    return datetime.fromtimestamp(clock(), UTC).isoformat(timespec="seconds")


class Api:
    """One feed's way to the API. Holds the key; shows it nowhere."""

    def __init__(self, feed: Feed, fetcher: Getter, key: str | None, quota: Quota, *, clock: Callable[[], float] = time.time) -> None:
        if not key:
            raise FeedError(
                f'[feeds.{feed.name}]: UN Comtrade answers to a key alone; say where it stands: key_env = "COMTRADE_KEY" or key_file'
            )
        parts = urlsplit(feed.url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._feed, self._fetcher, self._key, self._quota, self._clock = feed, fetcher, Secret(key), quota, clock
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
        """One answer into ``target``; None where the server says that there is none (204).

        Raises QuotaExhausted before any request while the key is blocked, and FetchError as the transport does.
        """
        url = self.url(path, query)
        for attempt in range(_ATTEMPTS_AFTER_429):
            self._quota.take()
            try:
                fetched = self._fetcher.get(url, secret_headers={self._feed.key_header: self._key}, target=target)
            except FetchError as error:
                if error.code == 429 and attempt + 1 < _ATTEMPTS_AFTER_429:
                    self._quota.pause(self._pause(error.until, attempt))
                    continue
                raise self._told(error) from None
            return fetched.path if fetched.status == "new" else None
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _pause(self, until: datetime | None, attempt: int) -> float:
        """Seconds: what the server asked for, else doubling from two."""
        if until is not None:
            return max(until.timestamp() - self._clock(), _PAUSE_SECONDS)
        return float(_PAUSE_SECONDS * 2**attempt)

    def _told(self, error: FetchError) -> FetchError:
        """The same kind of error, without the key and without the chain that might hold it; a quota's end is shared."""
        text = self._redactor.clean(str(error))
        if isinstance(error, QuotaExhausted):
            return QuotaExhausted(text, code=error.code, until=self._quota.block(error.until))
        return type(error)(text, code=error.code, until=error.until)
