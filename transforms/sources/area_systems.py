"""Other publishers' area codes as the numeric codes that Comtrade and BACI use.

One text at a time, once per distinct text and year, never per row. A code that stands beside others in one file keeps a
number to itself, so that two rows of a publisher never become one key.
"""

from __future__ import annotations

import re
from functools import lru_cache

from transforms.contracts import codes
from transforms.sources.area_codes import census, letters, own, worldbank

SYSTEMS = ("m49", "iso2", "iso3", "schedule_c", "geonomenclature")
#: The reason for a group without a number starts so: a margin, no fault.
GROUP = "is a group of countries"

Area = tuple[str | None, str | None]

_M49 = re.compile(r"[0-9]{1,3}")
_CENSUS_GROUP = re.compile(r"00[0-9]{2}|[0-9]XXX")


def area_of(system: str, text: str, year: int | None = None) -> Area:
    """(numeric code, None) or (None, what the text is), where the sentence starts with "is".

    ``system``: how the publisher writes areas.

    * m49: digits, unpadded; a number that the publisher gave up for another is the new one.
    * iso2: Eurostat's Comext; dated by ``year`` (None: today), for letters that outlived their area: DE is 280 to 1990.
    * iso3: the World Bank; never dated, since its series have today's area in all years.
    * schedule_c: the US Census Bureau; its groups have no number (reason starts with GROUP).
    * geonomenclature: Comext's numbers of before 2002; not read, the columns with letters beside them are.

    ValueError for another system.
    """
    if system not in SYSTEMS:
        raise ValueError(f"area system {system}: unknown; known are {', '.join(SYSTEMS)}")
    if not text:
        return None, "is empty"
    if system == "m49":
        return _m49(text)
    if system == "iso2":
        return _iso2(text, year)
    if system == "iso3":
        return _iso3(text)
    if system == "schedule_c":
        return _schedule_c(text)
    return None, "is a number of Comext's old list of countries; its letters stand in the column whose name ends in _ISO"


def is_group(system: str, text: str) -> bool:
    """Whether the text is the World or another group of countries: a margin, whose members also stand in the file."""
    code, reason = area_of(system, text)
    return code in codes.MARGIN_AREAS or (reason or "").startswith(GROUP)


def is_aggregate_iso3(text: str) -> bool:
    """Whether three letters are one of the World Bank's aggregates, the World among them."""
    return text in worldbank.AGGREGATES


def worldbank_area(text: str) -> tuple[str | None, bool, str | None]:
    """(numeric code, whether it is an aggregate, reason): the World has a code, other aggregates have none."""
    code, reason = _iso3(text) if text else (None, "is empty")
    return code, is_aggregate_iso3(text), reason


#: One country under two numbers by the publisher's release, not by year: Italy is 381 in Comtrade's downloads of before 2023
#: and in BACI to V202201, 380 since.
_RENUMBERED = {"381": "380"}


def _m49(text: str) -> Area:
    if not _M49.fullmatch(text):
        return None, "is no area code of up to three digits"
    code = text.lstrip("0") or codes.WORLD
    return _RENUMBERED.get(code, code), None


def _iso2(text: str, year: int | None) -> Area:
    if text == "WORLD":
        return codes.WORLD, None
    if year is not None:
        for last, code in letters.DATED.get(text, ()):
            if year <= last:
                return code, None
    found = _by_letters()[0].get(text)
    return (found, None) if found else (None, "is no area of Comext known (two letters, WORLD or a group such as EU27_2020)")


def _iso3(text: str) -> Area:
    if text == "WLD":
        return codes.WORLD, None
    if text in worldbank.AGGREGATES:
        return None, f"{GROUP} ({worldbank.AGGREGATES[text]})"
    found = _by_letters()[1].get(text)
    return (found, None) if found else (None, "is no country or group known by three letters")


def _schedule_c(text: str) -> Area:
    if text in census.TOTALS:
        return codes.WORLD, None
    if _CENSUS_GROUP.fullmatch(text):
        return None, f"{GROUP} ({census.GROUPS[text]})" if text in census.GROUPS else GROUP
    found = census.COUNTRIES.get(text)
    return (found, None) if found else (None, "is no country code of Schedule C known (four digits)")


@lru_cache(maxsize=1)
def _by_letters() -> tuple[dict[str, str], dict[str, str]]:
    """Number by alpha-2 (Comext's) and by alpha-3 (the World Bank's). NA is Namibia, a text."""
    import pycountry

    two = {c.alpha_2: str(int(c.numeric)) for c in pycountry.countries}
    three = {c.alpha_3: str(int(c.numeric)) for c in pycountry.countries}
    current = {text: rows[-1][1] for text, rows in letters.DATED.items() if rows[-1][0] == letters.ALWAYS}
    return two | letters.ALPHA2 | current | own.COMEXT_LEAVES | own.COMEXT_GROUPS, three | letters.ALPHA3
