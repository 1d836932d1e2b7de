"""Importers that report FOB, and re-export hubs: dated facts, a source for each line.

An importer stands here only where its reports are FOB alone. Reporters whose notes say "CIF/FOB" (Brazil, Chile, the Dominican Republic,
Turkey, Mauritius, New Zealand and Paraguay in 2021) give both, and their rows' own FOB values count. BACI's paper counts Algeria,
Georgia and all members of SACU among those that report FOB; their notes say CIF, but for South Africa's, and the notes are followed.
"""

from __future__ import annotations

from functools import lru_cache

# Source, "notes": UN Comtrade's explanatory notes, valuation of imports by reporter and year (comtrade.un.org/db/mr/daExpNoteDetail.aspx),
# looked up for 1967, 1968, 1974, 1975, 1979, 1980, 1989, 1990, 1994-1997, 2000, 2001, 2004-2007, 2009, 2014, 2018, 2019 and 2021. A line's
# years are the first and the last of these that say FOB with none between that says CIF; an open end: 2021 says so too.
# area|first year|last year|source
_FOB_IMPORTERS = """
36|1967||notes (Australia)
60|2005|2007|notes (Bermuda; CIF in 2009)
124|1967||notes (Canada; FAS or FOB at the place of direct shipment)
200|1968|1990|notes (Czechoslovakia)
203|1995|2005|notes (Czechia; CIF in 2007)
214|1974|1980|notes (Dominican Republic; CIF and FOB in 2005)
296|1980|2009|notes (Kiribati; CIF in 1974 and 2014)
484|1990||notes (Mexico; CIF in 1980)
532|1967|1980|notes (Netherlands Antilles and Aruba)
585|2014|2018|notes (Palau; CIF in 2009)
598|1989|1990|notes (Papua New Guinea; CIF in 1974 and 2000)
616|1980|1990|notes (Poland; CIF in 1994)
642|1989|1990|notes (Romania; CIF in 1994)
703|1994|2006|notes (Slovakia; CIF in 2009)
710|2000||notes (South Africa)
711|1997|1999|notes (Southern African Customs Union to 1999; CIF in 1994)
798|1979|1980|notes (Tuvalu; CIF in 1997)
807|1994|1997|notes (North Macedonia; CIF in 2000)
841|1967|1974|notes (USA and Puerto Rico; CIF in 1979)
862|1967|1996|notes (Venezuela; CIF in 1997)
862|2000|2006|notes (Venezuela)
894|1967|1979|notes (Zambia; CIF in 2000)
"""

# Belgium isn't one: Eurostat names it beside the Netherlands for the Rotterdam effect, yet less touched by it.
# area|first year|last year|source; an open beginning: as far back as there are reports
_HUBS = """
344|||Feenstra, R. and Hanson, G. (2004), Intermediaries in Entrepôt Trade: Hong Kong Re-Exports of Chinese Goods, JEMS 13(1)
528|1993||Gehlhar, M., GTAP documentation, chapter 9.B, Re-export Trade for the Netherlands and Singapore; Eurostat on the Rotterdam effect
702|||Gehlhar, M., GTAP documentation, chapter 9.B, Re-export Trade for the Netherlands and Singapore
784|2001||WTO's figures for 2001 (third in re-exports, after Hong Kong and Singapore); Emirates Industrial Bank (2004)
"""

_Dated = tuple[str, int, int]


@lru_cache(maxsize=2)
def _parsed(lines: str) -> tuple[_Dated, ...]:
    rows = [line.split("|") for line in lines.strip().splitlines()]
    return tuple((code, int(first or 0), int(last or 9999)) for code, first, last, _ in rows)


def _in(lines: str, year: int) -> frozenset[str]:
    return frozenset(code for code, first, last in _parsed(lines) if first <= year <= last)


def fob_importers_of(year: int) -> frozenset[str]:
    """Area codes of the importers whose reports of a year are FOB, and FOB alone."""
    return _in(_FOB_IMPORTERS, year)


def hubs_of(year: int) -> frozenset[str]:
    """Area codes of the re-export hubs of a year: what partners report of them is often another country's trade."""
    return _in(_HUBS, year)
