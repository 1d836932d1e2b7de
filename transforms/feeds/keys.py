"""Keys: read when they are needed, shown nowhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from transforms.contracts.feed import Feed
from transforms.declared.addresses import is_secret_name
from transforms.feeds.errors import FeedError

HIDDEN = "[key]"


class Secret(str):
    """A text whose repr doesn't show it: debuggers and tracebacks that print variables print this."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


def key_of(feed: Feed, environment: Mapping[str, str] | None = None) -> Secret | None:
    """The feed's key from its environment variable or file; None where it declares none.

    Raises FeedError that names the variable or the file, never what stands in it.
    """
    env = os.environ if environment is None else environment
    if feed.key_env is not None:
        text, where = env.get(feed.key_env, ""), f"the environment variable {feed.key_env}"
    elif feed.key_file is not None:
        where = f"the file {feed.key_file}"
        try:
            text = feed.key_file.read_text("utf-8")
        except FileNotFoundError:
            text = ""
        except OSError as error:
            raise FeedError(f"[feeds.{feed.name}]: {where} can't be read ({error.strerror}); let the user that asks read it") from None
        except UnicodeDecodeError:
            raise FeedError(f"[feeds.{feed.name}]: what {where} holds is no key: a key is one word of plain characters") from None
    else:
        return None
    key = text.strip()
    if not key:
        raise FeedError(f"[feeds.{feed.name}]: {where} holds no key; put the publisher's key there, or drop the setting to ask without one")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise FeedError(f"[feeds.{feed.name}]: what {where} holds is no key: a key is one word of plain characters")
    return Secret(key)


def key_headers(feed: Feed, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The header in which the key travels; empty without one. Raises FeedError as key_of does."""
    key = key_of(feed, environment)
    return {} if key is None else {feed.key_header: key}


def shown_url(url: str) -> str:
    """``url`` without user, password and fragment; credentials in its query are hidden."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = parts.query
    if any(is_secret_name(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        shown = [(n, HIDDEN if is_secret_name(n) else v) for n, v in parse_qsl(query, keep_blank_values=True)]
        query = urlencode(shown, safe="[]/:,")
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


class Redactor:
    """Takes secrets out of texts that others wrote: a server may say back what it was sent."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # "Bearer WORD" is sent; a server may say back the word alone.
        words = {str(w) for s in secrets for w in (s, *s.split()) if len(w) >= 4}
        self._secrets = sorted({form for w in words for form in (w, quote(w, safe=""))}, key=len, reverse=True)

    def holds(self, text: str) -> bool:
        """True where ``text`` holds a secret."""
        return any(secret in text for secret in self._secrets)

    def clean(self, text: str) -> str:
        """``text`` with every secret hidden, on one line."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())
