"""Groups of areas and who belonged to them from when to when: facts, a line each, with their source.

Codes of members are Comtrade's of today (842 USA, 251 France, 757 Switzerland); ``area_groups`` turns a membership from
before a code's first year to the code of that time (280 for 276, 58 for 56). Days are the first and the last of
membership; a year or a month alone stands where the source gives no more, and is meant whole. Nothing after the last
day means: still, as known in January 2026. Associates, observers, candidates and unions that belong to a group beside
their members (the EU and the African Union to the G20) are no members here.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms.contracts.codes import AREA_GROUP_KINDS


@dataclass(frozen=True)
class Group:
    """A group; ``area_codes`` are those under which publishers have all of it as one."""

    code: str
    kind: str
    name: str
    area_codes: tuple[str, ...]


@dataclass(frozen=True)
class Membership:
    """One area in one group; ``since`` and ``until`` are ISO dates, months or years, ``until`` empty: still."""

    group: str
    area_code: str
    since: str
    until: str
    source: str


# code|kind|areas that stand for the group in files|name. Reporting unions are named by their area's code.
_GROUPS = """
58|reporting_union|58|Belgium-Luxembourg
711|reporting_union|711|Southern African Customs Union
841|reporting_union|841|USA and Puerto Rico
842|reporting_union|842|USA, Puerto Rico and US Virgin Islands
251|reporting_union|251|France, Monaco and overseas departments
757|reporting_union|757|Switzerland and Liechtenstein
579|reporting_union|579|Norway, Svalbard and Jan Mayen
380|reporting_union|380|Italy, San Marino and Holy See
EU|regional|97 980|European Union and the Communities before it
EA|regional|989|Euro area
EFTA|regional||European Free Trade Association
ASEAN|regional|975|Association of Southeast Asian Nations
MERCOSUR|regional||Southern Common Market
GCC|regional||Gulf Cooperation Council
NAFTA|trade_agreement||North American Free Trade Agreement
USMCA|trade_agreement||United States-Mexico-Canada Agreement
RCEP|trade_agreement||Regional Comprehensive Economic Partnership
CPTPP|trade_agreement||Comprehensive and Progressive Agreement for Trans-Pacific Partnership
G7|forum||Group of Seven
G20|forum||Group of Twenty, its countries
OECD|forum||Organisation for Economic Co-operation and Development
BRICS|forum||BRICS
OPEC|producers||Organization of the Petroleum Exporting Countries
"""

# group|members|since|until|source. 1900 is Comtrade's "from the start".
# Reporting unions: what one code's reports hold. 250, 578, 756, 840 are ISO numbers of the parts.
_REPORTING = """
58|56 442|1900|1998|UN Comtrade, list of partners: 58 to 1998, 56 and 442 from 1999
711|710 72 426 516 748|1900|1999|UN Comtrade, list of partners: 711 to 1999, its five members from 2000
841|840 630|1900|1980|UN Comtrade, list of partners: 841 to 1980
842|840 630 850|1981||UN Comtrade, list of partners: 842 from 1981, US Virgin Islands apart to 1980
251|250 969|1900||UN Comtrade, list of partners: note on 251 (France, Monaco)
251|254 312 638|1997||UN Comtrade, list of partners: overseas departments apart to 1996
251|474|1997||UNSD trade knowledge base, Reporter country codes and their customs areas: with the other departments
251|175|2014||UN Comtrade, list of partners: Mayotte apart to 2013
757|756 438|1900||UN Comtrade, list of partners: note on 757 (Switzerland, Liechtenstein)
579|578 744|1900||UN Comtrade, list of partners: note on 579 (Norway, Svalbard and Jan Mayen)
380|336 674|1900|1999|UNSD trade knowledge base, Change in Statistical Territory of Italy: apart from 2000
"""

# The United Kingdom traded within the customs union to 2020-12-31; the Union's statistics (EU27_2020) go by membership.
_REGIONAL = """
EU|56 251 276 380 442 528|1958-01-01||Treaty establishing the European Economic Community, in force 1958-01-01
EU|208 372|1973-01-01||Treaty of Accession 1972
EU|826|1973-01-01|2020-01-31|Treaty of Accession 1972; Withdrawal Agreement, OJ L 29 of 2020-01-31
EU|300|1981-01-01||Treaty of Accession 1979
EU|620 724|1986-01-01||Treaty of Accession 1985
EU|40 246 752|1995-01-01||Treaty of Accession 1994
EU|196 203 233 348 428 440 470 616 703 705|2004-05-01||Treaty of Accession 2003
EU|100 642|2007-01-01||Treaty of Accession 2005
EU|191|2013-07-01||Treaty of Accession 2012
EA|40 56 246 251 276 372 380 442 528 620 724|1999-01-01||Council Decision 98/317/EC
EA|300|2001-01-01||Council Decision 2000/427/EC
EA|705|2007-01-01||Council Decision 2006/495/EC
EA|196|2008-01-01||Council Decision 2007/503/EC
EA|470|2008-01-01||Council Decision 2007/504/EC
EA|703|2009-01-01||Council Decision 2008/608/EC
EA|233|2011-01-01||Council Decision 2010/416/EU
EA|428|2014-01-01||Council Decision 2013/387/EU
EA|440|2015-01-01||Council Decision 2014/509/EU
EA|191|2023-01-01||Council Decision (EU) 2022/1211
EA|100|2026-01-01||Council of the EU, adoption of 2025-07-08
EFTA|579 757|1960-05-03||Stockholm Convention, in force 1960-05-03
EFTA|208 826|1960-05-03|1972-12-31|Stockholm Convention; Treaty of Accession 1972
EFTA|620|1960-05-03|1985-12-31|Stockholm Convention; Treaty of Accession 1985
EFTA|40 752|1960-05-03|1994-12-31|Stockholm Convention; Treaty of Accession 1994
EFTA|352|1970-03-01||efta.int, history
EFTA|246|1986-01-01|1994-12-31|efta.int, history (associate from 1961); Treaty of Accession 1994
EFTA|438|1991-09-01||efta.int, history
ASEAN|360 458 608 702 764|1967-08-08||Bangkok Declaration
ASEAN|96|1984-01-07||asean.org, member states
ASEAN|704|1995-07-28||asean.org, member states
ASEAN|104 418|1997-07-23||asean.org, member states
ASEAN|116|1999-04-30||asean.org, member states
ASEAN|626|2025-10-26||Declaration on the admission of Timor-Leste, Kuala Lumpur
MERCOSUR|32 76 600 858|1991-11-29||Treaty of Asuncion, in force 1991-11-29
MERCOSUR|862|2012-08-12|2016-12-01|Protocol of accession; rights ended 2016-12-02 (mercosur.int)
MERCOSUR|68|2024-08-08||Protocol of accession, ratified 2024-07-08 (mercosur.int)
GCC|48 414 512 634 682 784|1981-05-25||Charter of the Gulf Cooperation Council
"""

# RCEP: Myanmar's ratification hasn't been accepted by all parties, so it isn't listed.
_AGREEMENTS = """
NAFTA|124 484 842|1994-01-01|2020-06-30|NAFTA, article 2203; USMCA, in force 2020-07-01
USMCA|124 484 842|2020-07-01||USMCA, in force 2020-07-01
RCEP|36 96 116 156 392 418 554 702 704 764|2022-01-01||rcepsec.org, entry into force
RCEP|410|2022-02-01||rcepsec.org, entry into force
RCEP|458|2022-03-18||rcepsec.org, entry into force
RCEP|360|2023-01-02||rcepsec.org, entry into force
RCEP|608|2023-06-02||rcepsec.org, entry into force
CPTPP|36 124 392 484 554 702|2018-12-30||New Zealand (depositary), mfat.govt.nz
CPTPP|704|2019-01-14||New Zealand (depositary), mfat.govt.nz
CPTPP|604|2021-09-19||New Zealand (depositary), mfat.govt.nz
CPTPP|458|2022-11-29||New Zealand (depositary), mfat.govt.nz
CPTPP|152|2023-02-21||New Zealand (depositary), mfat.govt.nz
CPTPP|96|2023-07-12||New Zealand (depositary), mfat.govt.nz
CPTPP|826|2024-12-15||New Zealand (depositary), mfat.govt.nz
"""

# OECD: from the deposit of the ratification, the first not before the Convention's force. BRICS: Saudi Arabia was
# invited for 2024 and hasn't said that it joined; the chair of 2025 lists it. OPEC: suspended members are none.
_FORUMS = """
G7|251 276 380 392 826 842|1975-11-15||Summit of Rambouillet
G7|124|1976-06-27||Summit of San Juan
G20|32 36 76 124 156 251 276 360 380 392 410 484 643 682 699 710 792 826 842|1999-12-15||First meeting of ministers, Berlin
OECD|40 56 124 208 251 276 300 352 372 579 620 724 752 757 792 826 842|1961-09-30||OECD Convention, in force 1961-09-30
OECD|528|1961-11-13||oecd.org, ratification of the Convention
OECD|442|1961-12-07||oecd.org, ratification of the Convention
OECD|380|1962-03-29||oecd.org, ratification of the Convention
OECD|392|1964-04-28||oecd.org, ratification of the Convention
OECD|246|1969-01-28||oecd.org, ratification of the Convention
OECD|36|1971-06-07||oecd.org, ratification of the Convention
OECD|554|1973-05-29||oecd.org, ratification of the Convention
OECD|484|1994-05-18||oecd.org, ratification of the Convention
OECD|203|1995-12-21||oecd.org, ratification of the Convention
OECD|348|1996-05-07||oecd.org, ratification of the Convention
OECD|616|1996-11-22||oecd.org, ratification of the Convention
OECD|410|1996-12-12||oecd.org, ratification of the Convention
OECD|703|2000-12-14||oecd.org, ratification of the Convention
OECD|152|2010-05-07||oecd.org, ratification of the Convention
OECD|705|2010-07-21||oecd.org, ratification of the Convention
OECD|376|2010-09-07||oecd.org, ratification of the Convention
OECD|233|2010-12-09||oecd.org, ratification of the Convention
OECD|428|2016-07-01||oecd.org, ratification of the Convention
OECD|440|2018-07-05||oecd.org, ratification of the Convention
OECD|170|2020-04-28||oecd.org, ratification of the Convention
OECD|188|2021-05-25||oecd.org, ratification of the Convention
BRICS|76 156 643 699|2009-06-16||First summit, Yekaterinburg
BRICS|710|2010-12-24||brics2023.gov.za, evolution of BRICS
BRICS|231 364 784 818|2024-01-01||Johannesburg II Declaration, 2023-08-23, paragraph 91
BRICS|360|2025-01-06||Brazil's presidency, note of 2025-01-06
OPEC|364 368 414 682 862|1960-09-14||Baghdad Conference
OPEC|634|1961|2018|opec.org, member countries: left January 2019
OPEC|360|1962|2008|opec.org, member countries: suspended January 2009
OPEC|360|2016-01|2016-11|opec.org, member countries: back January 2016, suspended November 2016
OPEC|434|1962||opec.org, member countries
OPEC|784|1967||opec.org, member countries
OPEC|12|1969||opec.org, member countries
OPEC|566|1971||opec.org, member countries
OPEC|218|1973|1992-11|opec.org, member countries: suspended December 1992
OPEC|218|2007-10|2019|opec.org, member countries: back October 2007, left January 2020
OPEC|266|1975|1994|opec.org, member countries: left January 1995
OPEC|266|2016-07||opec.org, member countries: back July 2016
OPEC|24|2007|2023|opec.org, member countries: left January 2024
OPEC|226|2017-05||opec.org, member countries
OPEC|178|2018-06||opec.org, member countries
"""


def _group(line: str) -> Group:
    code, kind, areas, name = line.split("|")
    if kind not in AREA_GROUP_KINDS:
        raise ValueError(f"{kind!r} is no kind of group ({', '.join(AREA_GROUP_KINDS)})")
    return Group(code, kind, name, tuple(areas.split()))


def _memberships(text: str) -> tuple[Membership, ...]:
    lines = (line.split("|") for line in text.strip().splitlines())
    return tuple(Membership(group, area, since, until, why) for group, areas, since, until, why in lines for area in areas.split())


GROUPS: dict[str, Group] = {group.code: group for group in map(_group, _GROUPS.strip().splitlines())}
MEMBERSHIPS: tuple[Membership, ...] = tuple(m for text in (_REPORTING, _REGIONAL, _AGREEMENTS, _FORUMS) for m in _memberships(text))
