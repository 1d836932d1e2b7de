"""Areas that ISO 3166-1 doesn't number as the publishers do: facts, one line each.

Comtrade and BACI use their own numeric codes for some countries (842 USA, 251 France), keep
codes of areas that ended, and have codes for what is no country. Source: UN Comtrade's
reference lists of reporters and partners (entry and exit years), UNSD's M49 history.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms.sources.area_codes import own


@dataclass(frozen=True)
class AreaFact:
    """Attributes of a code; ``valid_from``/``valid_to`` None: always, still."""

    code: str
    iso2: str | None
    iso3: str | None
    name: str
    valid_from: int | None = None
    valid_to: int | None = None
    successors: tuple[str, ...] = ()
    is_country: bool = True


_COUNTRIES = """
842|US|USA|United States of America|1981||
841|US|USA|USA and Puerto Rico (to 1980)||1980|842
251|FR|FRA|France|||
757|CH|CHE|Switzerland|||
579|NO|NOR|Norway|||
699|IN|IND|India|1975||
356|IN|IND|India, without Sikkim (to 1974)||1974|699
698|||Sikkim (to 1974)||1974|699
490|TW||Other Asia, nes (Taiwan)|||
412|||Kosovo|||
276|DE|DEU|Germany|1991||
280|DE|DEU|Federal Republic of Germany (to 1990)||1990|276
278|DD|DDR|German Democratic Republic (to 1990)||1990|276
56|BE|BEL|Belgium|1999||
442|LU|LUX|Luxembourg|1999||
58|BE|BEL|Belgium-Luxembourg (to 1998)||1998|56 442
710|ZA|ZAF|South Africa|2000||
711||ZA1|Southern African Customs Union (to 1999)||1999|710 72 426 516 748
231|ET|ETH|Ethiopia|1993||
230|ET|ETH|Ethiopia with Eritrea (to 1992)||1992|231 232
232|ER|ERI|Eritrea|1993||
736|SD|SDN|Sudan with South Sudan (to 2011)||2011|729 728
729|SD|SDN|Sudan|2011||
728|SS|SSD|South Sudan|2011||
887|YE|YEM|Yemen|1991||
886|YE|YEM|Yemen Arab Republic (to 1990)||1990|887
720|YD|YMD|Democratic Yemen (to 1990)||1990|887
704|VN|VNM|Viet Nam|1975||
868|VN|VNM|Republic of Viet-Nam (to 1974)||1974|704
866|VD|VDR|Democratic Republic of Viet-Nam (to 1974)||1974|704
591|PA|PAN|Panama|1978||
590|PA|PAN|Panama without the Canal Zone (to 1977)||1977|591
592|PZ|PCZ|Panama Canal Zone (to 1977)||1977|591
586|PK|PAK|Pakistan|1972||
588|PK|PAK|East and West Pakistan (to 1971)||1971|586 50
810|SU|SUN|USSR (to 1990)||1990|643 804 112 398 860 51 31 233 268 417 428 440 498 762 795
890|YU|YUG|Yugoslavia (to 1991)||1991|891 191 705 70 807
891|CS|SCG|Serbia and Montenegro (to 2006)|1992|2006|688 499
688|RS|SRB|Serbia|2006||
499|ME|MNE|Montenegro|2006||
200|CS|CSK|Czechoslovakia (to 1992)||1992|203 703
203|CZ|CZE|Czechia|1993||
703|SK|SVK|Slovakia|1993||
530|AN|ANT|Netherlands Antilles (to 2010)|1986|2010|531 534 535
532|AN|ANT|Netherlands Antilles and Aruba (to 1985)||1985|530 533
536|NT|NTZ|Neutral Zone|||
840|||United States of America (ISO number; trade files use 842)|||842
250|||Metropolitan France (ISO number; trade files use 251)|||251
756|||Switzerland (ISO number; trade files use 757)|||757
578|||Norway without Svalbard (ISO number; trade files use 579)|||579
158|||Taiwan, Province of China (ISO number; trade files use 490)|||490
582|PC|PCI|Pacific Islands, Trust Territory (to 1991)|1964|1991|583 584 585 580
658|KN|KNA|Saint Kitts, Nevis and Anguilla (to 1980)||1980|659 660
850|VI|VIR|US Virgin Islands||1980|842
835|||Tanganyika (to 1964)||1964|834
836|||Zanzibar and Pemba (to 1964)||1964|834
717|||Rhodesia and Nyasaland (to 1964)||1964|454 716 894
457|||Sarawak (to 1963)||1963|458
459|||Peninsular Malaya (to 1963)||1963|458
461|||Sabah (to 1963)||1963|458
647|||Ryukyu Islands (to 1972)||1972|392
80|BQ|ATB|British Antarctic Territory|||
488|||Midway Islands|||
830|||Channel Islands|||
849|PU|PUS|US miscellaneous Pacific islands|||
872|||Wake Island|||
175|YT|MYT|Mayotte (apart from France to 2013)||2013|251
254|GF|GUF|French Guiana (apart from France to 1996)||1996|251
312|GP|GLP|Guadeloupe (apart from France to 1996)||1996|251
474|MQ|MTQ|Martinique|||
638|RE|REU|Réunion (apart from France to 1996)||1996|251
969|MC|MCO|Monaco (where a publisher has it apart from France)|||
"""

#: First year of areas that ISO numbers too, where it isn't "always": year, codes.
_ENTERED = """
1964 458
1965 454 716 834 894
1967 975
1972 50
1976 230
1981 659 660
1988 533
1992 31 51 70 112 191 233 268 398 417 428 440 498 580 583 584 585 643 705 762 795 804 860
1993 807
2000 72 275 426 516 748
2002 626
2010 531 534 535
2013 652
"""

_OTHERS = """
0|World
97|European Union
975|ASEAN
995|A group of countries (US Census)
899|Areas, not specified
837|Bunkers
838|Free zones
839|Special categories
697|Europe EFTA, not specified
492|Europe EU, not specified
568|Other Europe, not specified
577|Other Africa, not specified
290|Northern Africa, not specified
472|Africa CAMEU region, not specified
471|CACM, not specified
473|LAIA, not specified
129|Caribbean, not specified
636|Rest of America, not specified
637|North and Central America, not specified
527|Oceania, not specified
879|Western Asia, not specified
221|Eastern Europe, not specified
"""


def _country(line: str) -> AreaFact:
    code, iso2, iso3, name, begin, end, successors = line.split("|")
    years = (int(begin) if begin else None, int(end) if end else None)
    return AreaFact(code, iso2 or None, iso3 or None, name, *years, tuple(successors.split()))


def _other(line: str) -> AreaFact:
    code, name = line.split("|")
    return AreaFact(code, None, None, name, is_country=False)


FACTS: dict[str, AreaFact] = {
    fact.code: fact
    for fact in (
        *(_country(line) for line in _COUNTRIES.strip().splitlines()),
        *(_other(line) for line in _OTHERS.strip().splitlines()),
        *(AreaFact(code, None, None, name, is_country=False) for code, name in (own.LEAVES | own.GROUPS).items()),
    )
}
#: ISO numbers that trade files replace by codes of their own: in dim_area only where a file uses or lists them.
REPLACED = frozenset({"840", "250", "756", "578", "158"})
#: Code -> first year, for codes whose fact or ISO entry states none.
ENTERED: dict[str, int] = {code: int(line.split()[0]) for line in _ENTERED.strip().splitlines() for code in line.split()[1:]}


def preceding(code: str) -> tuple[str, ...]:
    """Codes whose facts name this one as a successor, in numeric order.

    >>> preceding("276"), preceding("842"), preceding("156")
    (('278', '280'), ('840', '841', '850'), ())
    """
    return tuple(sorted((before for before, fact in FACTS.items() if code in fact.successors), key=int))
