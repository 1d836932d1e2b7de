"""How asking a publisher can end badly, and what may stand in the way of asking. No text here ever holds a key."""

from __future__ import annotations

from datetime import datetime


class FeedError(ValueError):
    """A feed that can't be asked for a reason on this side: what is remembered of it can't be read, its key isn't there.

    The text says which file or setting, and what to do.
    """


class FetchError(RuntimeError):
    """A file that couldn't be fetched; the text names the address, what happened, and what to do.

    ``code`` is the HTTP status where there was one, ``until`` (UTC) the time before which asking again is no use.
    """

    def __init__(self, text: str, *, code: int | None = None, until: datetime | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.until = until


class QuotaExhausted(FetchError):
    """The publisher gives no more for now; ``until`` (UTC) says when it does again."""


class HostRefused(FetchError):
    """An address outside the allow-list, a private one, or a redirect that would lead there: nothing was sent."""


class Gone(FetchError):
    """404 or 410: not there, or not there any more."""


class Truncated(FetchError):
    """The body ended early, or nothing vouches that it didn't."""


class NotData(FetchError):
    """Status 200, and an error page, a login page or an error message instead of data."""
