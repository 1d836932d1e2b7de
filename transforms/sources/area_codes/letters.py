"""Areas by ISO's letters where Comtrade's number isn't ISO 3166-1's, or the letters are in no current ISO list."""

from __future__ import annotations

from transforms.sources.area_codes.own import MONACO

# Source: UN Comtrade's lists of reporters and partners (June 2025). alpha-2|alpha-3|number.
_NUMBERED_APART = f"""
US|USA|842
FR|FRA|251
CH|CHE|757
NO|NOR|579
IN|IND|699
TW|TWN|490
XK|XKX|412
MC|MCO|{MONACO}
"""

# Former letters. Source: ISO 3166-3 with Comtrade's numbers. alpha-2|alpha-3|number.
_FORMER = """
AN|ANT|530
BU|BUR|104
DD|DDR|278
DY|DHY|204
HV|HVO|854
MI|MID|488
NH|NHB|548
NT|NTZ|536
PC|PCI|582
PU|PUS|849
PZ|PCZ|592
RH|RHO|716
SU|SUN|810
TP|TMP|626
VD|VDR|866
WK|WAK|872
YD|YMD|720
ZR|ZAR|180
"""

# Comext alone. EL, UK: Eurostat's usual letters. XK, XM, XS: Commission Regulation (EC) 750/2005 (Kosovo, Montenegro,
# Serbia); XU: the territory that GB is from 2021 on, in the Union's tariff.
_COMEXT = """
EL|300
UK|826
XM|499
XS|688
XU|826
"""

# Letters whose area changed under them. Source: UN Comtrade's entry and exit years (June 2025); CS and YU also
# ISO 3166-3. alpha-2|last year|number; no year: since then. Comext has BE and LU as one area (58) to 1998, under BE.
_DATED = """
AN|1985|532
AN||530
BE|1998|58
CS|1992|200
CS||891
DE|1990|280
ET|1992|230
IN|1974|356
KN|1980|658
PA|1977|590
PK|1971|588
SD|2011|736
US|1980|841
VN|1974|868
YE|1990|886
YU|1991|890
YU||891
"""

# The World Bank's own and former letters. Source: its API's list of countries; WITS's list of country codes.
_WORLD_BANK = """
ADO|20
CHI|830
CSK|200
IMY|833
KSV|412
ROM|642
SCG|891
WBG|275
YUG|890
"""

_PAIRS = [line.split("|") for line in (_FORMER + _NUMBERED_APART).strip().splitlines() if line]
#: Letters -> number, over ISO's own.
ALPHA2: dict[str, str] = {two: number for two, _, number in _PAIRS} | dict(line.split("|", 1) for line in _COMEXT.strip().splitlines())
ALPHA3: dict[str, str] = {three: number for _, three, number in _PAIRS} | dict(
    line.split("|", 1) for line in _WORLD_BANK.strip().splitlines()
)

#: Last year of what holds still.
ALWAYS = 9999


def _dated() -> dict[str, tuple[tuple[int, str], ...]]:
    found: dict[str, tuple[tuple[int, str], ...]] = {}
    for line in _DATED.strip().splitlines():
        two, last, number = line.split("|")
        found[two] = (*found.get(two, ()), (int(last) if last else ALWAYS, number))
    return found


#: alpha-2 -> (last year, number) in order of years; after the last of them the undated number holds.
DATED = _dated()
