"""Fetching one file over HTTP so that what arrives is whole, is data, and comes from where it should."""

from __future__ import annotations

import secrets
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.connection import HTTPConnection

from transforms.feeds.answers import next_midnight, seconds_to_wait, speaks_of_quota
from transforms.feeds.body import Body, Deadline, save
from transforms.feeds.errors import FetchError, Gone, HostRefused, NotData, QuotaExhausted, Truncated
from transforms.feeds.guards import check_hop, guarded_adapter
from transforms.feeds.keys import Redactor, Secret, shown_url

__all__ = ["FetchError", "Fetched", "Fetcher", "Gone", "HostRefused", "NotData", "QuotaExhausted", "Truncated"]

MAXIMUM_REDIRECTS = 5
#: The longest pause between two attempts that the server didn't ask for.
_LONGEST_PAUSE = 60.0
_CHANCE = secrets.SystemRandom()
_REDIRECTS = (301, 302, 303, 307, 308)
_AGAIN = (202, 408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Fetched:
    """What came. ``path``, ``bytes`` and ``sha256`` only with status "new"; ``url_said`` is the last address, credentials hidden."""

    status: Literal["new", "not_modified", "empty"]
    path: Path | None
    etag: str | None
    last_modified: str | None
    bytes: int
    sha256: str | None
    url_said: str
    retry_after: float | None = None


@dataclass(frozen=True)
class _Again:
    """An attempt that may be repeated: its error, and the seconds that the server asks to wait."""

    error: FetchError
    wait: float | None = None


class Fetcher:
    """Fetches files from ``hosts`` alone; not for several threads at once.

    ``total_seconds`` bounds one ``get`` with its retries and waits. ``attempts`` counts tries for 429, 5xx, broken
    connections and truncated bodies. Proxies, netrc and cookies are not used; TLS certificates are always checked.
    """

    def __init__(
        self,
        hosts: Collection[str],
        *,
        allow_loopback: bool = False,
        maximum_bytes: int = 8 * 2**30,
        connect_timeout: float = 20,
        read_timeout: float = 120,
        total_seconds: float = 3600,
        attempts: int = 3,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = _CHANCE.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hosts, self._allow_loopback, self._maximum_bytes = tuple(hosts), allow_loopback, maximum_bytes
        self._timeout, self._total, self._attempts = (connect_timeout, read_timeout), total_seconds, attempts
        self._clock, self._sleep, self._jitter, self._now = clock, sleep, jitter, now
        self._connections: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = guarded_adapter(allow_loopback=allow_loopback, opened=self._connections.add)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        """Close the connections kept open."""
        self._session.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        target: Path,
    ) -> Fetched:
        """Fetch ``url`` to ``target``, which stands there whole or not at all.

        ``secret_headers`` go to the url's own origin alone. With ``etag`` or ``last_modified`` the answer may be
        "not_modified". Raises FetchError and its kinds (transforms.feeds.errors).
        """
        asked = {"Accept-Encoding": "identity", "User-Agent": "entrepot", **(headers or {})}
        asked |= {"If-None-Match": etag} if etag else {}
        asked |= {"If-Modified-Since": last_modified} if last_modified else {}
        hidden = {name: Secret(value) for name, value in (secret_headers or {}).items()}
        call = _Call(url, asked, hidden, Redactor(hidden.values()), target)
        deadline = Deadline(self._clock, self._total, shown_url(url))
        # A server that drips its headers never lets a read time out: at the limit the connections are cut.
        watch = threading.Timer(self._total, self._cut)
        watch.daemon = True
        watch.start()
        try:
            return self._attempt_all(call, deadline)
        finally:
            watch.cancel()

    def _cut(self) -> None:
        for connection in list(self._connections):
            if (sock := connection.sock) is not None:
                try:
                    sock.shutdown(2)
                except OSError:
                    continue  # already closed: nothing left to cut

    def _attempt_all(self, call: _Call, deadline: Deadline) -> Fetched:
        for attempt in range(1, self._attempts + 1):
            found = self._attempt(call, deadline)
            if isinstance(found, Fetched):
                return found
            deadline.check()
            wait = found.wait if found.wait is not None else min(_LONGEST_PAUSE, 2.0 ** (attempt - 1)) * (1 + self._jitter())
            if found.wait is not None and wait > deadline.left():
                raise self._later(found.error, wait)
            if attempt == self._attempts or wait > deadline.left():
                raise found.error
            self._sleep(wait)
        raise AssertionError("attempts is at least 1")

    def _later(self, error: FetchError, wait: float) -> FetchError:
        """The error for a wait that is longer than this fetch may take: it is told to the caller, not slept."""
        until = self._now() + timedelta(seconds=wait)
        text = f"{error} It asks to come again at {until:%Y-%m-%d %H:%M:%S} UTC."
        return QuotaExhausted(text, code=error.code, until=until) if error.code == 429 else FetchError(text, code=error.code, until=until)

    def _attempt(self, call: _Call, deadline: Deadline) -> Fetched | _Again:
        url = call.url
        seen = {url}
        while True:
            check_hop(url, self._hosts, allow_loopback=self._allow_loopback, before=None if url == call.url else call.url)
            answer = self._send(call, url, deadline)
            if isinstance(answer, _Again):
                return answer
            with answer:
                location = answer.headers.get("Location")
                if answer.status_code not in _REDIRECTS or not location:
                    return self._judge(call, answer, url, deadline)
            url = self._next_hop(call, url, location, seen)

    def _next_hop(self, call: _Call, url: str, location: str, seen: set[str]) -> str:
        following = urljoin(url, location)
        if call.redactor.holds(following):
            raise HostRefused(f"{shown_url(url)} leads to an address that holds the key: nothing was sent there")
        check_hop(following, self._hosts, allow_loopback=self._allow_loopback, before=url)
        if following in seen or len(seen) > MAXIMUM_REDIRECTS:
            raise HostRefused(
                f"{shown_url(call.url)} leads in a circle, or over more than {MAXIMUM_REDIRECTS} redirects; look at it in a browser"
            )
        seen.add(following)
        return following

    def _send(self, call: _Call, url: str, deadline: Deadline) -> requests.Response | _Again:
        headers = {**call.headers, **(call.secrets if _origin(url) == _origin(call.url) else {})}
        timeout = tuple(max(0.001, min(t, deadline.left())) for t in self._timeout)
        problem, lasting = "", False
        try:
            return self._session.get(url, headers=headers, timeout=timeout, stream=True, allow_redirects=False)  # type: ignore[arg-type]
        except requests.exceptions.SSLError:
            problem, lasting = (
                "its certificate isn't valid for it; the connection was refused. Ask the publisher, or set this clock right",
                True,
            )
        except requests.exceptions.Timeout:
            problem = "no answer within the time limit"
        except requests.exceptions.ConnectionError:
            problem = "no connection (the name is unknown, nobody answers there, or it was cut)"
        except (requests.exceptions.RequestException, ValueError):
            problem, lasting = "the request can't be sent, or the answer isn't HTTP", True
        # Raised here, outside: the library's own error holds the request with its headers, and must not hang on ours.
        deadline.check()
        error = FetchError(f"{shown_url(url)}: {problem}")
        if lasting:
            raise error
        return _Again(error)

    def _judge(self, call: _Call, answer: requests.Response, url: str, deadline: Deadline) -> Fetched | _Again:
        code, shown = answer.status_code, shown_url(url)
        if code in (200, 203):
            return self._take(call, answer, shown, deadline)
        if code == 204 or (code == 304 and call.is_conditional):
            status: Literal["empty", "not_modified"] = "empty" if code == 204 else "not_modified"
            return Fetched(status, None, answer.headers.get("ETag"), answer.headers.get("Last-Modified"), 0, None, shown)
        body = Body(answer, deadline).beginning()
        text, excerpt = call.redactor.clean(body), call.redactor.clean(body)[:200]
        wait = seconds_to_wait(answer.headers, text, self._now())
        said = f"{shown}: status {code}" + (f", {excerpt!r}." if excerpt and not excerpt.startswith("<") else ".")
        if code in (403, 429) and speaks_of_quota(text):
            until = next_midnight(self._now()) if wait is None else self._now() + timedelta(seconds=wait)
            raise QuotaExhausted(f"{said} The quota is used up; it begins anew at {until:%Y-%m-%d %H:%M:%S} UTC", code=code, until=until)
        if code in _AGAIN or (code == 403 and wait is not None):
            advice = " The publisher's server is in trouble; ask again later" if code >= 500 else ""
            return _Again(FetchError(said + advice, code=code), wait)
        if code in (401, 403):
            raise FetchError(f"{said} The publisher doesn't let this key in: check the key and what it is subscribed to", code=code)
        if code in (404, 410):
            raise Gone(
                f"{said} Nothing is there{' any more' if code == 410 else ''}: not yet published, or the address has changed", code=code
            )
        raise FetchError(f"{said} Check the feed's url", code=code)

    def _take(self, call: _Call, answer: requests.Response, shown: str, deadline: Deadline) -> Fetched | _Again:
        try:
            size, sha256 = save(Body(answer, deadline), call.target, shown, self._maximum_bytes, call.redactor)
        except Truncated as error:
            return _Again(Truncated(str(error)))
        wait = seconds_to_wait(answer.headers, "", self._now())
        status: Literal["new", "empty"] = "new" if size else "empty"
        path = call.target if size else None
        tags = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        return Fetched(status, path, *tags, size, sha256 if size else None, shown, wait)


@dataclass(frozen=True)
class _Call:
    url: str
    headers: Mapping[str, str]
    secrets: Mapping[str, str]
    redactor: Redactor
    target: Path

    @property
    def is_conditional(self) -> bool:
        return bool({"If-None-Match", "If-Modified-Since"} & set(self.headers))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
