"""Values of a declaration, taken in their type: what is wrong, where it stands and what to write, in one sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any


class DeclarationError(ValueError):
    """A declaration that can't be used; the text names file, section and key, what is wrong, and what to write instead."""


def as_table(where: str, value: object) -> Mapping[str, Any]:
    """A section; ``where`` ends in its name in brackets."""
    if not isinstance(value, Mapping):
        section = where.rsplit(" [", 1)[-1].rstrip("]")
        raise DeclarationError(f"{where} is a section: write [{section}] and its settings below")
    return value


def only(where: str, given: Collection[str], known: Collection[str]) -> None:
    """Refuses a key that is none of ``known``, naming the one that was meant."""
    for key in given:
        if key not in known:
            raise DeclarationError(f"{where} has no setting {key!r}{meant(key, known)}; it has {', '.join(sorted(known))}")


def meant(text: str, known: Collection[str]) -> str:
    """``: did you mean 'x'?`` where one of ``known`` is like ``text``."""
    near = difflib.get_close_matches(text, known, 1, 0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def as_text(where: str, key: str, value: object) -> str:
    """A text that isn't empty."""
    if not isinstance(value, str):
        example = f"{value}" if isinstance(value, int | float) and not isinstance(value, bool) else "..."
        raise DeclarationError(f'{where}: {key} = {value!r} should be a text: write {key} = "{example}"')
    if not value.strip():
        raise DeclarationError(f"{where}: {key} is empty: write a text, or leave it out")
    return value


def as_texts(where: str, key: str, value: object) -> tuple[str, ...]:
    """A list of texts; an empty text is one."""
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise DeclarationError(f'{where}: {key} = {value!r} should be a list of texts, as {key} = ["..."]')
    return tuple(value)


def as_flag(where: str, key: str, value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise DeclarationError(f"{where}: {key} = {value!r} should be true or false, without quotes")
    return value


def one_of(where: str, key: str, value: str, allowed: Collection[str]) -> str:
    """``value``, where it is one of ``allowed``."""
    if value not in allowed:
        raise DeclarationError(f"{where}: {key} = {value!r} is none of {', '.join(allowed)}{meant(value, allowed)}")
    return value


def as_pattern(where: str, key: str, value: object, groups: Collection[str] = ()) -> str:
    """A regular expression, whose named groups are of ``groups`` alone."""
    text = as_text(where, key, value)
    try:
        named = re.compile(text).groupindex
    except re.error as error:
        raise DeclarationError(f"{where}: {key} = {text!r} is no regular expression ({error})") from error
    for name in named:
        if name not in groups:
            raise DeclarationError(f"{where}: {key} has a group named {name!r}; named groups are {', '.join(groups) or 'none'}")
    return text
