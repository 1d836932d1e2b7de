"""What each kind of code may be: one text at a time, once per distinct text, never per row."""

from __future__ import annotations

import re
from functools import lru_cache

from transforms.contracts import codes
from transforms.contracts.layout import EditionRule
from transforms.io.archives import BadFileError

Verdict = tuple[object, str | None]

_PRODUCT = re.compile(r"[0-9][0-9A-Z]*")
_TRUE, _FALSE = {"true", "t", "1"}, {"false", "f", "0"}
FIRST_YEAR, LAST_YEAR = 1962, 2100


class ServicesError(BadFileError):
    """Trade in services: another statistic, not taken in."""


def flow(text: str) -> Verdict:
    """Comtrade's flow code."""
    return (text, None) if text in codes.FLOWS else (None, "is no flow known")


def frequency(text: str) -> Verdict:
    """A or M."""
    return (text, None) if text in codes.FREQUENCIES else (None, "is no frequency known (A, M)")


def classification(text: str) -> Verdict:
    """H0-H6, S1-S4 or a national tariff (CN2024). ServicesError for EB.., another statistic."""
    if text.upper().startswith("EB"):
        raise ServicesError(f"classification {text} is trade in services; Entrepôt takes goods only")
    return (text, None) if codes.is_classification(text) else (None, "is no classification known")


def edition(rule: EditionRule, year_: int, level_: int, flow_: str) -> Verdict:
    """Classification of a row that doesn't say it: HS down to six digits, the year's national tariff below.

    >>> [edition("cn", 2023, n, "M")[0] for n in (2, 6, 8)], edition("TH", 2024, 8, "X")[0]
    (['H6', 'H6', 'CN2023'], 'TH2024')
    >>> edition("us", 2024, 10, "M")[0], edition("us", 2024, 10, "X")[0], edition("hs", 2024, 8, "X")[0]
    ('HTS2024', 'SB2024', None)
    """
    if level_ <= 6:
        return codes.hs_edition_of(year_), None
    if rule == "hs":
        return None, 'follows from edition_rule = "hs", yet the code has more than six digits: a national tariff has letters, as "TH"'
    if rule == "us":
        return f"{'HTS' if flow_ in ('M', 'RM') else 'SB'}{year_}", None
    return f"{rule.upper()}{year_}", None


def trade_type(text: str) -> Verdict:
    """C (goods). ServicesError for S."""
    if text == "S":
        raise ServicesError("typeCode S is trade in services; Entrepôt takes goods only")
    return (text, None) if text == "C" else (None, "is no type of trade known (C: goods)")


def year(text: str) -> Verdict:
    """A year of 1962 to 2100, as int."""
    if not (len(text) == 4 and text.isascii() and text.isdigit()) or not FIRST_YEAR <= int(text) <= LAST_YEAR:
        return None, f"is no year of {FIRST_YEAR} to {LAST_YEAR}"
    return int(text), None


def period(text: str) -> Verdict:
    """(year, frequency, period): '2023' is (2023, A, 2023), '202305' and '2023-05' are (2023, M, 2023-05).

    Month 52 stands for the year, in Comtrade's and in Eurostat's files.
    """
    if len(text) == 7 and text[4] == "-":
        text = text[:4] + text[5:]
    if not (text.isascii() and text.isdigit()) or len(text) not in (4, 6):
        return None, "is no period (2023, 202305 or 2023-05)"
    number, reason = year(text[:4])
    if reason:
        return None, reason
    if len(text) == 4 or text[4:] == "52":
        return (number, "A", text[:4]), None
    if not 1 <= int(text[4:]) <= 12:
        return None, "is no period: its month is none of 01 to 12"
    return (number, "M", f"{text[:4]}-{text[4:]}"), None


def level(text: str) -> Verdict:
    """Digits of the product code, 0 to 10, as int; empty is NULL (the code's length says it)."""
    if not text:
        return None, None
    is_level = text.isdigit() and text.isascii() and int(text) <= codes.MAXIMUM_LEVEL
    return (int(text), None) if is_level else (None, f"is no level of 0 to {codes.MAXIMUM_LEVEL}")


#: A year of bulk files is two hundred files with the same five thousand codes.
@lru_cache(maxsize=1 << 16)
def product(text: str, digits: int | None, *, is_sitc: bool) -> Verdict:
    """(code, level, whether a zero was put back). ``digits`` is the declared level, if any.

    HS codes, and tariffs built on them, have an even length: an odd one has lost its leading zero. SITC codes keep theirs.
    """
    if text == codes.TOTAL:
        return (text, 0, False), None
    if not _PRODUCT.fullmatch(text) or len(text) > codes.MAXIMUM_LEVEL:
        return None, "is empty" if not text else "is no product code"
    if text.endswith("X") and not is_sitc:  # the SITC has such codes: memorandum items, its own residuals
        return None, "ends in X, which marks the residual of a parent here"
    if is_sitc:
        if digits is not None and digits != len(text):
            return None, f"has not the {digits} digits that its level says"
        return (text, len(text), False), None
    wanted = digits if digits is not None else len(text) + len(text) % 2
    if wanted == 0 or len(text) > wanted:
        return None, f"has more than the {wanted} digits that its level says"
    code = text.zfill(wanted)
    if code.startswith("00"):
        return None, "is no product code: there is no chapter 00"
    return (code, wanted, len(text) < wanted), None


def flag(text: str) -> Verdict:
    """'true'/'1' or 'false'/'0' as 'true' or 'false'; empty is NULL."""
    lower = text.lower()
    if not lower:
        return None, None
    if lower in _TRUE:
        return "true", None
    return ("false", None) if lower in _FALSE else (None, "is neither true nor false")


def free(text: str) -> Verdict:
    """Any short code; empty is NULL."""
    return text or None, None


def role(text: str, allowed: tuple[str, ...] | None) -> Verdict:
    """(code, whether it is an aggregate over the role): a second partner, procedure, mode. ``allowed`` None: any is a part."""
    code = text.lstrip("0") or ("0" if text else "") if text.isdigit() else text
    return (code, allowed is None or code in allowed or text in allowed), None
