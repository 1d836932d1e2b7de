"""Land borders and countries without a coast: facts, by ISO 3166-1 alpha-3, and what they mean for areas of the past.

Source: The World Factbook (CIA, public domain), fields "Land boundaries" and "Coastline"; borders as they are today. Rivers
and lakes between two countries count, bridges and causeways over the sea don't.
"""

from __future__ import annotations

from functools import lru_cache

from transforms.core.listing.area_facts import FACTS
from transforms.sources.area_systems import area_of

#: A country, then those of its neighbours that come after it in the alphabet: each border stands once.
_BORDERS = """
AFG CHN IRN PAK TJK TKM UZB
AGO COD COG NAM ZMB
ALB GRC MKD MNE XKX
AND ESP FRA
ARE OMN SAU
ARG BOL BRA CHL PRY URY
ARM AZE GEO IRN TUR
AUT CHE CZE DEU HUN ITA LIE SVK SVN
AZE GEO IRN RUS TUR
BDI COD RWA TZA
BEL DEU FRA LUX NLD
BEN BFA NER NGA TGO
BFA CIV GHA MLI NER TGO
BGD IND MMR
BGR GRC MKD ROU SRB TUR
BIH HRV MNE SRB
BLR LTU LVA POL RUS UKR
BLZ GTM MEX
BOL BRA CHL PER PRY
BRA COL GUF GUY PER PRY SUR URY VEN
BRN MYS
BTN CHN IND
BWA NAM ZAF ZMB ZWE
CAF CMR COD COG SDN SSD TCD
CAN USA
CHE DEU FRA ITA LIE
CHL PER
CHN HKG IND KAZ KGZ LAO MAC MMR MNG NPL PAK PRK RUS TJK VNM
CIV GHA GIN LBR MLI
CMR COG GAB GNQ NGA TCD
COD COG RWA SSD TZA UGA ZMB
COG GAB
COL ECU PAN PER VEN
CRI NIC PAN
CZE DEU POL SVK
DEU DNK FRA LUX NLD POL
DJI ERI ETH SOM
DOM HTI
DZA ESH LBY MAR MLI MRT NER TUN
ECU PER
EGY ISR LBY PSE SDN
ERI ETH SDN
ESH MAR MRT
ESP FRA GIB MAR PRT
EST LVA RUS
ETH KEN SDN SOM SSD
FIN NOR RUS SWE
FRA ITA LUX MCO
GAB GNQ
GBR IRL
GEO RUS TUR
GHA TGO
GIN GNB LBR MLI SEN SLE
GMB SEN
GNB SEN
GRC MKD TUR
GTM HND MEX SLV
GUF SUR
GUY SUR VEN
HND NIC SLV
HRV HUN MNE SRB SVN
HUN ROU SRB SVK SVN UKR
IDN MYS PNG TLS
IND MMR NPL PAK
IRN IRQ PAK TKM TUR
IRQ JOR KWT SAU SYR TUR
ISR JOR LBN PSE SYR
ITA SMR SVN VAT
JOR PSE SAU SYR
KAZ KGZ RUS TKM UZB
KEN SOM SSD TZA UGA
KGZ TJK UZB
KHM LAO THA VNM
KOR PRK
KWT SAU
LAO MMR THA VNM
LBN SYR
LBR SLE
LBY NER SDN TCD TUN
LSO ZAF
LTU LVA POL RUS
LVA RUS
MAF SXM
MDA ROU UKR
MEX USA
MKD SRB XKX
MLI MRT NER SEN
MMR THA
MNE SRB XKX
MNG RUS
MOZ MWI SWZ TZA ZAF ZMB ZWE
MRT SEN
MWI TZA ZMB
MYS THA
NAM ZAF ZMB
NER NGA TCD
NGA TCD
NOR RUS SWE
OMN SAU YEM
POL RUS SVK UKR
PRK RUS
QAT SAU
ROU SRB UKR
RUS UKR
RWA TZA UGA
SAU YEM
SDN SSD TCD
SRB XKX
SSD UGA
SVK UKR
SWZ ZAF
SYR TUR
TJK UZB
TKM UZB
TZA UGA ZMB
ZAF ZWE
ZMB ZWE
"""

_LANDLOCKED = """
AFG AND ARM AUT AZE BDI BFA BLR BOL BTN BWA CAF CHE CZE ETH HUN KAZ KGZ LAO LIE LSO LUX MDA MKD MLI MNG MWI NER NPL PRY RWA
SMR SRB SSD SVK SWZ TCD TJK TKM UGA UZB VAT XKX ZMB ZWE
"""

#: Areas of the past that aren't all of their successors: area|areas it had borders with|1 where it had no coast.
#: Source: the borders of their time, on the successors' numbers.
_OF_THEIR_OWN = """
280|278 528 56 58 442 251 757 40 203 200 208|
278|280 616 203 200|
886|682 720|
720|682 512 886|
866|156 418 868|
868|116 418 866|
457|360 96 461|
461|360 457|
459|764|
590|188 170 592|
592|590|
698|156 524 64 356|1
836||
"""

#: What belonged to an area of the past beside its successors of today: Kosovo.
_BESIDE = {"890": ("412",), "891": ("412",)}


def _own() -> dict[str, tuple[frozenset[str], bool]]:
    lines = [line.split("|") for line in _OF_THEIR_OWN.strip().splitlines()]
    return {code: (frozenset(neighbours.split()), bool(mark)) for code, neighbours, mark in lines}


def _number(letters: str) -> str:
    code, reason = area_of("iso3", letters)
    if code is None:
        raise ValueError(f"{letters} {reason}")
    return code


@lru_cache(maxsize=1)
def _today() -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """Borders both ways, and areas without a coast, by area code."""
    pairs = set()
    for line in _BORDERS.strip().splitlines():
        first, *others = (_number(letters) for letters in line.split())
        pairs |= {(first, other) for other in others} | {(other, first) for other in others}
    return frozenset(pairs), frozenset(_number(letters) for letters in _LANDLOCKED.split())


@lru_cache(maxsize=1)
def _of_today() -> frozenset[str]:
    """ISO 3166-1's numbers that are the code of their area here too: 175 (Mayotte), not 356 (India, now 699)."""
    import pycountry

    return frozenset(str(int(c.numeric)) for c in pycountry.countries if area_of("iso3", c.alpha_3)[0] == str(int(c.numeric)))


def territory(code: str) -> frozenset[str]:
    """Today's areas that an area covers: itself, or all that came after it where there is no such area today."""
    fact = FACTS.get(code)
    if fact is None or not fact.successors or code in _of_today():
        return frozenset({code})
    return frozenset().union(*(territory(s) for s in (*fact.successors, *_BESIDE.get(code, ()))))


def borders(codes: list[str]) -> frozenset[tuple[str, str]]:
    """Ordered pairs of ``codes`` with a land border, both ways; an area and one that it became or was part of have none."""
    pairs, own = _today()[0], _own()
    covered = {code: territory(code) for code in codes}
    found = {(code, other) for code, (neighbours, _) in own.items() for other in neighbours}
    neighbours: dict[str, set[str]] = {}
    for first, second in pairs:
        neighbours.setdefault(first, set()).add(second)
    for code in codes:
        around = frozenset().union(*(neighbours.get(part, ()) for part in covered[code]))
        found |= {
            (code, other)
            for other in codes
            if not {code, other} & own.keys() and not covered[code] & covered[other] and around & covered[other]
        }
    known = set(codes)
    return frozenset((a, b) for pair in found for a, b in (pair, pair[::-1]) if {a, b} <= known)


def is_landlocked(code: str) -> bool:
    """Whether an area has no coast at an ocean: none of what it covers has one."""
    own = _own().get(code)
    return own[1] if own else territory(code) <= _today()[1]
