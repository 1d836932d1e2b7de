"""Addresses and release names as templates: {year}, {year+2}, {month}, {period}, {release}, {edition}."""

from __future__ import annotations

import re

from transforms.contracts.feed import PLACEHOLDERS

_BRACES = re.compile(r"\{([^{}]*)\}")
_FIELD = re.compile(r"(year)([+-]\d{1,2})|([a-z]+)")


def _split(inner: str) -> tuple[str, int] | None:
    match = _FIELD.fullmatch(inner)
    if match is None:
        return None
    return (match[1], int(match[2])) if match[1] else (match[3], 0)


def fields_of(template: str) -> frozenset[str]:
    """Placeholders that a template holds, without offsets.

    >>> sorted(fields_of("x_{year+2}_{edition}"))
    ['edition', 'year']
    """
    return frozenset(split[0] for inner in _BRACES.findall(template) if (split := _split(inner)))


def wrong_field(template: str, key: str, frequency: str) -> str | None:
    """What is wrong with the placeholders of ``template`` (the setting ``key``), as the end of a sentence; None where nothing is."""
    allowed = PLACEHOLDERS if key == "url" else ("year", "month", "period")
    listed = ", ".join(f"{{{name}}}" for name in allowed)
    for inner in _BRACES.findall(template):
        split = _split(inner)
        if split is None or split[0] not in allowed:
            return f"has the placeholder {{{inner}}}, which means nothing here; use {listed}"
        if split[0] == "month" and frequency != "M":
            return 'has {month}, but frequency is "A"; write frequency = "M", or drop it'
    if "{" in _BRACES.sub("", template) or "}" in _BRACES.sub("", template):
        return f"has a brace without its partner; placeholders are {listed}"
    return None


def filled(template: str, period: str | None, *, release: str | None = None, edition: str | None = None) -> str:
    """``template`` for one period (YYYY or YYYYMM), release and edition.

    >>> filled("V{year+2}01", "2023")
    'V202501'
    """
    values = {"period": period or "", "month": (period or "")[4:6], "release": release or "", "edition": edition or ""}

    def value(match: re.Match[str]) -> str:
        split = _split(match[1])
        assert split is not None, "templates are checked when they are declared"
        name, offset = split
        return f"{int((period or '0')[:4]) + offset:04d}" if name == "year" else values[name]

    return _BRACES.sub(value, template)
