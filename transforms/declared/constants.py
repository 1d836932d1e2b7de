"""What a declaration says in place of a file: constants, and our codes for the file's texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from transforms.contracts import codes
from transforms.declared import checks
from transforms.declared.checks import DeclarationError

_AREA = re.compile(r"[0-9]{1,3}")
_PERIOD = re.compile(r"[0-9]{4}(-?(0[1-9]|1[0-2]))?")
_AREA_WORDS = 'the area\'s numeric code, as "120" (docs/dictionary.md, dim_area)'


def _area(text: str) -> bool:
    return _AREA.fullmatch(text) is not None


def _level(text: str) -> bool:
    return text.isdigit() and int(text) in codes.LEVEL_ORDER


#: column -> is the text one of its codes, and what to write
_FORMS: dict[str, tuple[Callable[[str], bool], str]] = {
    "reporter_code": (_area, _AREA_WORDS),
    "partner_code": (_area, _AREA_WORDS),
    "flow_code": (lambda text: text in codes.FLOWS, f"one of {', '.join(codes.FLOWS)} (M imports, X exports)"),
    "frequency": (lambda text: text in codes.FREQUENCIES, "A (annual) or M (monthly)"),
    "classification": (codes.is_classification, 'H0 to H6, S1 to S4, or a national tariff with its year, as "TH2022"'),
    "product_level": (_level, "the digits of the codes, as 6"),
    "valuation": (lambda text: text in codes.VALUATIONS, f"one of {', '.join(codes.VALUATIONS)}"),
    "period": (lambda text: _PERIOD.fullmatch(text) is not None, "a year or a month, as 2023 or 2023-05"),
    "year": (lambda text: len(text) == 4 and text.isdigit(), "a year, as 2023"),
    "quantity_unit_code": (lambda text: bool(text.strip()), "the unit's code"),
}
#: What a file may say once for all its rows.
CONSTANTS = tuple(_FORMS)


def checked_constant(where: str, key: str, value: object, targets: Collection[str]) -> tuple[str, str]:
    """(column, value); an area without leading zeros, as everywhere here."""
    if key not in _FORMS:
        raise DeclarationError(f"{where} has no constant {key!r}{checks.meant(key, CONSTANTS)}; it has {', '.join(CONSTANTS)}")
    if key in targets:
        raise DeclarationError(f"{where}: {key} is filled by a column too: keep the constant or the column")
    return key, _of_form(where, key, key, checks.as_text(where, key, value))


def checked_map(where: str, column: str, text: str, value: object) -> str:
    """Our code for the file's ``text``."""
    given = checks.as_text(where, f'"{text}"', value)
    return _of_form(where, column, f'"{text}"', given) if column in _FORMS else given


def _of_form(where: str, column: str, key: str, text: str) -> str:
    is_right, what = _FORMS[column]
    if not is_right(text):
        raise DeclarationError(f"{where}: {key} = {text!r} is no {column}: write {what}")
    return text.lstrip("0") or codes.WORLD if column in ("reporter_code", "partner_code") else text
