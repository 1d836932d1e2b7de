"""[feeds.NAME] of entrepot.toml, read into feeds; what can't be meant is refused by section and key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from transforms.contracts.codes import CLASSIFICATIONS, FLOWS
from transforms.contracts.feed import CADENCES, KINDS, REDISTRIBUTION, Feed
from transforms.contracts.layout import Catalog
from transforms.declared.addresses import is_loopback_name, is_secret_name
from transforms.declared.checks import DeclarationError
from transforms.declared.template import fields_of, wrong_field

#: Where a Comtrade feed asks when it declares no url.
COMTRADE_URL = "https://comtradeapi.un.org"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: No publisher has trade by code from before 1900.
_PERIODS = {"A": re.compile(r"(19|20)\d\d"), "M": re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])")}
_COMTRADE_ONLY = ("reporters", "partners", "flows", "classification", "products")

Check = Callable[[Any], bool]


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _one_of(*allowed: str) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def _words(form: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, list) and bool(value) and all(isinstance(v, str) and form.fullmatch(v) for v in value)


def _number(low: int, high: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _form(form: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and bool(form.fullmatch(value))


_CODES = (_words(re.compile(r"\d{1,3}|all")), 'a list of area codes in quotes, as ["842", "156"]')
_LISTED = '", "'.join
#: key -> is the value right, and what to write
_KEYS: dict[str, tuple[Check, str]] = {
    "source": (_form(_NAME), 'the name of a source, as "baci"'),
    "layout": (_form(_NAME), 'the name of a layout of its source, as "comext_v2"'),
    "kind": (_one_of(*KINDS), f'one of "{_LISTED(KINDS)}"'),
    "url": (_text, 'an address in quotes, as "https://example.org/trade_{period}.zip"'),
    "hosts": (_words(_HOST), 'a list of host names, as ["example.org", "files.example.org"], lower case, without https:// and port'),
    "cadence": (_one_of(*CADENCES), f'one of "{_LISTED(CADENCES)}"'),
    "lag_days": (_number(0, 3660), "a number of days, 0 to 3660, from a period's end to the day on which the publisher has it"),
    "frequency": (_one_of("A", "M"), '"A" (annual) or "M" (monthly)'),
    "first_period": (_text, 'a period in quotes, as "2017" or "201701"'),
    "periods": (_words(re.compile(r"\d+")), 'a list of periods in quotes, as ["2022", "2023"]'),
    "recheck_periods": (_number(1, 1200), "a number, at least 1: how many of the newest periods are asked for again"),
    "release": (_text, 'how the publisher names a release, as "V{year+2}01"'),
    "editions": (_words(_WORD), 'a list of editions as the publisher writes them, as ["HS92", "HS17"]'),
    "licence": (_text, 'a text, as "CC BY 4.0"'),
    "attribution": (_text, 'a text, as "Ministry of Trade"'),
    "redistribution": (_one_of(*REDISTRIBUTION), f'one of "{_LISTED(REDISTRIBUTION)}"'),
    "key_env": (_form(_VARIABLE), 'the name of an environment variable, as "COMTRADE_KEY", never the key'),
    "key_file": (_text, "the path of a file that holds the key and nothing else"),
    "key_header": (_form(_HEADER), 'the name of the header in which the key is sent, as "Ocp-Apim-Subscription-Key"'),
    "allow_loopback": (lambda value: isinstance(value, bool), "true or false"),
    "maximum_bytes": (_number(1, 2**50), "a number of bytes, at least 1"),
    "timeout_seconds": (_number(1, 7 * 86400), "a number of seconds, 1 to 604800"),
    "reporters": _CODES,
    "partners": _CODES,
    "flows": (_words(re.compile("|".join(FLOWS))), f'a list of flows, of "{_LISTED(FLOWS)}"'),
    "classification": (_one_of("HS", *CLASSIFICATIONS), f'one of "{_LISTED(("HS", *CLASSIFICATIONS))}"'),
    "products": (_words(re.compile(r"[0-9A-Z]{1,6}")), 'a list of product codes in quotes, as ["TOTAL", "8542"]'),
}


def _check_url(url: str, hosts: tuple[str, ...], where: str, *, allow_loopback: bool) -> str:
    """The url's host; DeclarationError where the address could not be asked safely."""
    parts = urlsplit(url)
    if re.search(r"[\s\\\x00-\x1f]", url) or parts.scheme not in ("https", "http") or not parts.hostname:
        raise DeclarationError(f"{where}: url = {parts.scheme or url[:40]!r}... should be {_KEYS['url'][1]}")
    if parts.username is not None or parts.password is not None:
        raise DeclarationError(f"{where}: url holds a user or a password; a key belongs into key_env or key_file")
    if "{" in parts.netloc or "}" in parts.netloc:
        raise DeclarationError(f"{where}: url has a placeholder in its host; the host is fixed, write it out")
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if is_secret_name(name):
            raise DeclarationError(
                f"{where}: url carries {name}=, and an address ends up in logs; leave it out, and say key_env or key_file: "
                "the key is then sent in the header key_header"
            )
    if parts.scheme == "http" and not (allow_loopback and is_loopback_name(parts.hostname)):
        raise DeclarationError(
            f"{where}: url begins with http://; write https:// (http is for servers on this machine, with allow_loopback = true)"
        )
    if hosts and parts.hostname not in hosts:
        raise DeclarationError(f"{where}: hosts lacks the url's own host; add {parts.hostname!r}")
    return parts.hostname


def _check_template(feed: Feed, where: str) -> None:
    for key, text in (("url", feed.url), ("release", feed.release or "")):
        problem = wrong_field(text, key, feed.frequency)
        if problem:
            raise DeclarationError(f"{where}: {key} {problem}")
    used = fields_of(feed.url)
    if feed.kind != "file":
        if used:
            raise DeclarationError(
                f"{where}: url has {{{sorted(used)[0]}}}; a {feed.kind} feed builds its queries itself: write the address without"
            )
        return
    for placeholder, key, value in (("release", "release", feed.release), ("edition", "editions", feed.editions)):
        if placeholder in used and not value:
            raise DeclarationError(f"{where}: url has {{{placeholder}}}, so {key} is needed: {_KEYS[key][1]}")
        if value and placeholder not in used:
            raise DeclarationError(f"{where}: {key} is said, but url has no {{{placeholder}}}; put it there, or drop {key}")
    if used & {"year", "month", "period"} and not (feed.first_period or feed.periods):
        raise DeclarationError(f"{where}: url names a period, so first_period is needed: {_KEYS['first_period'][1]}")
    if feed.frequency == "M" and "year" in used and not used & {"month", "period"}:
        raise DeclarationError(f"{where}: url has {{year}} alone, but frequency is M; add {{month}}, or write {{period}}")


def _check_periods(feed: Feed, where: str) -> None:
    form = _PERIODS[feed.frequency]
    said = [("first_period", feed.first_period)] if feed.first_period else []
    for key, period in [*said, *(("periods", p) for p in feed.periods)]:
        if not form.fullmatch(period):
            example = "2017" if feed.frequency == "A" else "201701"
            raise DeclarationError(f'{where}: {key} has {period!r}; with frequency "{feed.frequency}" a period is written "{example}"')


def _check_kind(feed: Feed, table: Mapping[str, object], where: str) -> None:
    if feed.kind == "file":
        wrong = [key for key in _COMTRADE_ONLY if key in table]
        if wrong:
            raise DeclarationError(f'{where}: {wrong[0]} is for kind = "comtrade" or "comtrade_bulk"; drop it, or say that kind')
        return
    if feed.layout is not None:
        raise DeclarationError(f'{where}: layout is for kind = "file"; what a {feed.kind} feed gets has one layout only: drop it')
    if feed.source != "comtrade":
        raise DeclarationError(f'{where}: kind = "{feed.kind}" gives Comtrade\'s data; write source = "comtrade"')
    if not (feed.first_period or feed.periods):
        example = "2017" if feed.frequency == "A" else "201701"
        raise DeclarationError(f'{where} says no periods; write first_period = "{example}", or periods = ["{example}"]')


def _values(table: object, where: str, name: str) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise DeclarationError(f"{where}: {name} is a section; write [feeds.{name}] and its settings below")
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise DeclarationError(f"{where} has no setting {unknown[0]!r}; it has {', '.join(sorted(_KEYS))}")
    for key, value in table.items():
        is_right, wanted = _KEYS[key]
        if not is_right(value):
            # A key pasted where its name belongs must not be repeated.
            said = "what is written there" if key.startswith("key") or key == "url" else repr(value)
            raise DeclarationError(f"{where}: {key} = {said} should be {wanted}")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _feed(name: str, table: object, config: Path) -> Feed:
    where = f"{config} [feeds.{name}]"
    if not _NAME.fullmatch(name) or name == "quota":
        raise DeclarationError(f"{where}: a feed's name is lower case letters, digits and _, as baci_hs17 (and not quota)")
    values = _values(table, where, name)
    kind = values.get("kind", "file")
    if kind != "file":
        values = {"url": COMTRADE_URL, "source": "comtrade", **values}
    for key in ("source", "url"):
        if key not in values:
            raise DeclarationError(f"{where} lacks {key}; write {_KEYS[key][1]}")
    if "key_file" in values:
        values["key_file"] = (config.parent / Path(values["key_file"]).expanduser()).absolute()
    if "hosts" in values:
        values["hosts"] = tuple(h.strip("[]") for h in values["hosts"])
    feed = Feed(name=name, **values)
    if feed.key_env and feed.key_file:
        raise DeclarationError(f"{where}: key_env and key_file are both said; keep one")
    host = _check_url(feed.url, feed.hosts, where, allow_loopback=feed.allow_loopback)
    _check_template(feed, where)
    _check_periods(feed, where)
    _check_kind(feed, values, where)
    return replace(feed, hosts=feed.hosts or (host,))


def _check_catalog(feed: Feed, where: str, catalog: Catalog) -> None:
    if feed.source not in catalog.sources:
        raise DeclarationError(f"{where}: source {feed.source!r} is none of {', '.join(catalog.sources)}")
    known = [layout.name for layout in catalog.layouts.values() if layout.source == feed.source]
    if feed.layout is not None and feed.layout not in known:
        raise DeclarationError(f"{where}: layout {feed.layout!r} is none of {feed.source}'s: {', '.join(known) or 'it has none'}")


def declared_feeds(table: Mapping[str, object], config: Path, catalog: Catalog | None = None) -> tuple[Feed, ...]:
    """The feeds of ``table``, which is [feeds] of ``config``, by name. With ``catalog``: their sources and layouts are of it.

    Raises DeclarationError that names the section, the key, what was expected and what to write.
    """
    if not isinstance(table, Mapping):
        raise DeclarationError(f"{config}: feeds is a section; write [feeds.NAME] and its settings below")
    feeds = tuple(_feed(name, table[name], config) for name in sorted(table))
    for feed in feeds if catalog is not None else ():
        _check_catalog(feed, f"{config} [feeds.{feed.name}]", catalog)  # type: ignore[arg-type]
    return feeds
