"""Numbers of our own for what Comtrade's and BACI's lists have no code for.

All are in 900-999, which ISO 3166-1 leaves to its users; neither Comtrade nor BACI uses one of them (975 is
Comtrade's ASEAN). Each publisher's code gets a number to itself: several stand beside one another in one file, for
one product, and under one number they would be one key.
"""

from __future__ import annotations

# Leaves: inside totals, no country, outside rankings. number|Comext's code|name.
# Codes and names: Commission Regulation (EU) 2020/1470 (geonomenclature), its Q codes and XC, XL; Northern Ireland (XI)
# is apart from GB since 2021 (Finnish Customs, list of countries and regions). Gaza Strip: US Census, Schedule C 5082.
_LEAVES = """
950|QQ|Stores and provisions
951|QR|Stores and provisions within the framework of intra-Union trade
952|QS|Stores and provisions within the framework of extra-Union trade
953|QP|High seas
958|QU|Countries and territories not specified
959|QV|Countries and territories not specified within the framework of intra-Union trade
960|QW|Countries and territories not specified within the framework of extra-Union trade
961|XC|Ceuta
962|XL|Melilla
963|XI|Northern Ireland (apart from the United Kingdom from 2021)
965||Gaza Strip (apart from the State of Palestine)
977|QX|Countries and territories not specified for commercial or military reasons
978|QY|Countries and territories not specified for commercial or military reasons in intra-Union trade
979|QZ|Countries and territories not specified for commercial or military reasons in extra-Union trade
"""

# Groups: their members also stand in the file. number|Comext's spellings|name.
# Spellings: Comext's partner and reporter lists of DS-045409 and its predecessors DS-016890, DS-016893, DS-645593.
# EU and EA change their members over time, the others don't: hence a number each.
_GROUPS = """
980|EU|European Union (members at the time)
981|EU_EXTRA EXT_EU EXTRA_EU|Outside the European Union (members at the time)
982|EU_INTRA INT_EU INTRA_EU|Within the European Union (members at the time)
983|EU27_2020|European Union of 27 (from 2020)
984|EU27_2020_EXTRA EXT_EU27_2020|Outside the European Union of 27 (from 2020)
985|EU27_2020_INTRA INT_EU27_2020|Within the European Union of 27 (from 2020)
986|EU28|European Union of 28 (2013-2020)
987|EU28_EXTRA EXT_EU28|Outside the European Union of 28 (2013-2020)
988|EU28_INTRA INT_EU28|Within the European Union of 28 (2013-2020)
989|EA EUROZONE|Euro area (members at the time)
990|EA_EXTRA EUROZONE_EXTRA EXT_EA|Outside the euro area (members at the time)
991|EA_INTRA EUROZONE_INTRA INT_EA|Within the euro area (members at the time)
992|EA21|Euro area of 21 (from 2026)
993|EA21_EXTRA EXT_EA21|Outside the euro area of 21 (from 2026)
994|EA21_INTRA INT_EA21|Within the euro area of 21 (from 2026)
930|EA20|Euro area of 20 (2023-2025)
931|EA20_EXTRA EXT_EA20|Outside the euro area of 20 (2023-2025)
932|EA20_INTRA INT_EA20|Within the euro area of 20 (2023-2025)
933|EA19|Euro area of 19 (2015-2022)
934|EA19_EXTRA EXT_EA19|Outside the euro area of 19 (2015-2022)
935|EA19_INTRA INT_EA19|Within the euro area of 19 (2015-2022)
936|EU27 EU27_2007|European Union of 27 (2007-2013)
937|EU27_EXTRA EU27_2007_EXTRA EXT_EU27 EXT_EU27_2007|Outside the European Union of 27 (2007-2013)
938|EU27_INTRA EU27_2007_INTRA INT_EU27 INT_EU27_2007|Within the European Union of 27 (2007-2013)
939|EU25|European Union of 25 (2004-2006)
940|EU25_EXTRA EXT_EU25|Outside the European Union of 25 (2004-2006)
941|EU25_INTRA INT_EU25|Within the European Union of 25 (2004-2006)
942|EU15|European Union of 15 (1995-2004)
943|EU15_EXTRA EXT_EU15|Outside the European Union of 15 (1995-2004)
944|EU15_INTRA INT_EU15|Within the European Union of 15 (1995-2004)
"""

_PARSED_LEAVES = [line.split("|") for line in _LEAVES.strip().splitlines()]
_PARSED_GROUPS = [line.split("|") for line in _GROUPS.strip().splitlines()]

#: Number -> name, of the leaves and of the groups.
LEAVES: dict[str, str] = {number: name for number, _, name in _PARSED_LEAVES}
GROUPS: dict[str, str] = {number: name for number, _, name in _PARSED_GROUPS}
#: Comext's code -> number, of the leaves and of the groups.
COMEXT_LEAVES: dict[str, str] = {text: number for number, text, _ in _PARSED_LEAVES if text}
COMEXT_GROUPS: dict[str, str] = {text: number for number, texts, _ in _PARSED_GROUPS for text in texts.split()}
#: Monaco. Comtrade has it inside France (251) and 492, its ISO number, as "Europe EU, nes": others list it apart.
MONACO = "969"
