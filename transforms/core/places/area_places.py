"""The place that stands for an area in a great-circle distance: its main city.

Source: the IANA time zone database's table of zones by country (zone.tab, public domain; package tzdata), which gives for each
zone the latitude and longitude of its most populous city, to the minute. Where a country has several zones the one that holds its main
city is named here; where no zone holds it, its latitude and longitude are given (GeoNames, CC BY 4.0).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from importlib import resources

from transforms.contracts import codes
from transforms.core.listing.area_facts import FACTS

#: Mean radius of the Earth (IUGG), km.
EARTH_RADIUS_KM = 6371.0088

#: alpha-2|zone of the main city, for countries of several zones.
_ZONE_OF_COUNTRY = """
AQ|Antarctica/McMurdo
AR|America/Argentina/Buenos_Aires
AU|Australia/Sydney
BR|America/Sao_Paulo
CA|America/Toronto
CD|Africa/Kinshasa
CL|America/Santiago
CN|Asia/Shanghai
CY|Asia/Nicosia
DE|Europe/Berlin
EC|America/Guayaquil
ES|Europe/Madrid
FM|Pacific/Pohnpei
GL|America/Nuuk
ID|Asia/Jakarta
KI|Pacific/Tarawa
KZ|Asia/Almaty
MH|Pacific/Majuro
MN|Asia/Ulaanbaatar
MX|America/Mexico_City
MY|Asia/Kuala_Lumpur
NZ|Pacific/Auckland
PF|Pacific/Tahiti
PG|Pacific/Port_Moresby
PS|Asia/Gaza
PT|Europe/Lisbon
RU|Europe/Moscow
UA|Europe/Kyiv
UM|Pacific/Midway
US|America/New_York
UZ|Asia/Tashkent
"""

#: area|zone, where an area's letters are another's today, or it has none.
_ZONE_OF_AREA = """
80|Antarctica/Rothera
457|Asia/Kuching
488|Pacific/Midway
717|Africa/Harare
720|Asia/Aden
830|Europe/Jersey
849|Pacific/Midway
872|Pacific/Wake
"""

#: area|degrees north|degrees east|place.
_OWN = """
74|-54.42|3.36|Bouvet Island
278|51.34|12.37|Leipzig (Berlin stands for the Federal Republic)
334|-53.10|73.51|Heard Island
356|28.65|77.23|Delhi
412|42.67|21.17|Pristina
461|5.97|116.07|Kota Kinabalu
592|8.95|-79.57|Balboa
647|26.21|127.68|Naha
698|27.33|88.61|Gangtok
699|28.65|77.23|Delhi
836|-6.16|39.19|Zanzibar
866|21.03|105.85|Hanoi
886|15.35|44.21|Sana'a
887|15.35|44.21|Sana'a
"""

_DEGREES = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")

Place = tuple[float, float]


def _pairs(lines: str) -> dict[str, str]:
    return dict(line.split("|") for line in lines.strip().splitlines())


def _angle(sign: str, degrees: str, minutes: str, seconds: str | None) -> float:
    size = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    return -size if sign == "-" else size


@lru_cache(maxsize=1)
def _zones() -> tuple[dict[str, Place], dict[str, Place]]:
    """(degrees north, degrees east) by zone, and by alpha-2 for the main city's zone."""
    chosen, by_zone, by_country = _pairs(_ZONE_OF_COUNTRY), {}, {}
    for line in resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        country, where, zone = line.split("\t")[:3]
        match = _DEGREES.fullmatch(where)
        if match is None:
            raise ValueError(f"zone.tab: {where!r} is no latitude and longitude")
        by_zone[zone] = (_angle(*match.groups()[:4]), _angle(*match.groups()[4:]))
        if chosen.get(country, zone) == zone:
            if country in by_country:
                raise ValueError(f"zone.tab: {country} has several zones; name that of its main city")
            by_country[country] = by_zone[zone]
    return by_zone, by_country


@lru_cache(maxsize=1)
def _iso2() -> dict[str, str]:
    import pycountry

    return {str(int(c.numeric)): c.alpha_2 for c in pycountry.countries}


def place_of(code: str) -> Place | None:
    """(degrees north, degrees east) of an area's main city; an area of the past has its first successor's. None: no area with a place."""
    own = next((line.split("|") for line in _OWN.strip().splitlines() if line.startswith(f"{code}|")), None)
    if own:
        return float(own[1]), float(own[2])
    by_zone, by_country = _zones()
    zone = _pairs(_ZONE_OF_AREA).get(code)
    if zone:
        return by_zone[zone]
    fact = FACTS.get(code)
    letters = (fact.iso2 if fact else _iso2().get(code)) or ""
    if letters in by_country:
        return by_country[letters]
    return place_of(fact.successors[0]) if fact and fact.successors else None


def placed_areas() -> tuple[str, ...]:
    """Areas that have a place, in order of their numbers: Comtrade's codes of today and of the past, no groups and no special areas."""
    known = {code for code, fact in FACTS.items() if fact.is_country} | set(_iso2())
    return tuple(sorted((code for code in known - codes.NO_COUNTRIES if place_of(code)), key=int))


def great_circle_km(first: Place, second: Place) -> float:
    """Kilometres along the great circle between two places (haversine), on a sphere of the Earth's mean radius."""
    (north, east), (other_north, other_east) = ((math.radians(a), math.radians(b)) for a, b in (first, second))
    half = math.sin((other_north - north) / 2) ** 2 + math.cos(north) * math.cos(other_north) * math.sin((other_east - east) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))
