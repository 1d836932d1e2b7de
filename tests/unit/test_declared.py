"""Sources, aliases and rates of entrepot.toml: what can be declared, and what is refused with which words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from transforms.contracts.layouts import BUILT_IN
from transforms.contracts.rates import EUR
from transforms.settings import Settings, SettingsError, load_settings

LAYOUT = """
[sources.gabon]
title = "Douanes du Gabon"
licence = "open data licence 2.0"
redistribution = "open"

[sources.gabon.layouts.imports]
delimiter = ";"
encodings = ["latin-1"]
currency = "XAF"
edition_rule = "hs"
decimal_mark = ","
group_mark = "."
constants = { reporter_code = "266", valuation = "CIF" }
maps.flow_code = { IMP = "M", EXP = "X" }

[sources.gabon.layouts.imports.columns]
"HS Code" = "product_code"
"Année" = "period"
"Pays" = "partner_code"
"Sens" = "flow_code"
"Valeur (XAF mille)" = { to = "value", scale = 3 }
"Poids net (kg)" = { to = "net_weight_kg", missing = ["n.d."], required = false }
"Bureau" = "ignore"

[rates.XAF]
"2023" = "0.001648"
"""


def settings_of(home: Path, text: str) -> Settings:
    (home / "entrepot.toml").write_text(text, "utf-8")
    return load_settings(home, {})


def test_everything_that_is_declared_stands_in_the_catalog(home: Path) -> None:
    catalog = settings_of(home, LAYOUT).catalog
    source, layout = catalog.sources["gabon"], catalog.layout("gabon_imports", date(2026, 1, 1))
    assert (source.title, source.licence, source.redistribution) == ("Douanes du Gabon", "open data licence 2.0", "open")
    assert catalog.flow_sources == ("comtrade", "comext", "census", "baci", "gabon")
    assert layout is not None
    assert (layout.title, layout.delimiter, layout.quote, layout.encodings) == ("Douanes du Gabon, imports", ";", '"', ("latin-1",))
    assert (layout.constants, layout.coverage) == ((("reporter_code", "266"), ("valuation", "CIF")), "partial")
    assert layout.map_of("flow_code") == {"IMP": "M", "EXP": "X"}
    assert layout.rates == (("2023", "0.001648"),)
    value, weight, office = layout.fields[-3:]
    assert (value.to, value.kind, value.scale, value.decimal_mark, value.group_mark) == ("reported_value_usd", "number", 3, ",", ".")
    assert (weight.to, weight.missing, weight.required, weight.decimal_mark) == ("net_weight_kg", ("", "n.d."), False, ",")
    assert (office.to, office.kind, office.required) == (None, "ignore", False)


def test_without_declarations_the_catalog_is_the_packages(home: Path) -> None:
    assert settings_of(home, "").catalog is BUILT_IN


def test_an_area_constant_loses_its_zeros(home: Path) -> None:
    catalog = settings_of(home, LAYOUT.replace('"266"', '"036"')).catalog
    assert catalog.layouts["gabon_imports"].constants[0] == ("reporter_code", "36")


def test_rates_add_to_those_of_the_package_and_win_over_them(home: Path) -> None:
    rates = settings_of(home, '[rates.EUR]\n"2023-05" = "1.0870"\n"2026-11" = "1.15"\n').catalog.rates["EUR"]
    assert len(rates) == len(EUR) + 1
    assert dict(rates)["2023-05"] == "1.0870"
    assert (dict(rates)["2023"], dict(rates)["2026-11"]) == ("1.0813", "1.15")


def test_the_package_knows_the_euro_of_every_month_since_1999() -> None:
    known = dict(EUR)
    assert all(f"{year}-{month:02d}" in known for year in range(1999, 2026) for month in range(1, 13))
    assert all(str(year) in known for year in range(1999, 2026))
    assert (known["1999-01"], known["2008-07"], known["2022-09"], known["2025-12"]) == ("1.1608", "1.5770", "0.9904", "1.1709")
    assert (known["2000"], known["2025"]) == ("0.9236", "1.1300")
    for year in range(1999, 2026):  # a year's average is that of its days, so the months' comes close: no figure has slipped
        mean = sum(float(known[f"{year}-{month:02d}"]) for month in range(1, 13)) / 12
        assert abs(mean - float(known[str(year)])) < 0.0016, year


def test_a_newer_months_rate_says_nothing_to_a_file_of_before(home: Path) -> None:
    plain, day = settings_of(home, "").catalog, date(2026, 11, 30)
    newer = settings_of(home, '[rates.EUR]\n"2026-12" = "1.15"\n"2027" = "1.14"\n').catalog
    before, after = plain.layout("comext_v2", day), newer.layout("comext_v2", day)
    assert before is not None and after is not None
    assert before.digest == after.digest
    later = newer.layout("comext_v2", date(2026, 12, 1))
    assert later is not None
    assert later.digest != before.digest and later.rates[-1] == ("2026-12", "1.15")


ALIAS = '[[aliases]]\nlayout = "baci"\ncolumn = "v"\nalso = "value"\n'


def test_an_alias_holds_from_its_day(home: Path) -> None:
    catalog = settings_of(home, ALIAS + "since = 2026-11-01\n").catalog
    before, after = catalog.layout("baci", date(2026, 10, 31)), catalog.layout("baci", date(2026, 11, 1))
    assert before is not None and after is not None
    assert before.field_for("value") is None
    assert after.field_for("value") == after.field_for("v")
    assert before.digest != after.digest


def _with(old: str, new: str) -> str:
    assert LAYOUT.count(old) == 1, old
    return LAYOUT.replace(old, new)


L, C = "[sources.gabon.layouts.imports]", "[sources.gabon.layouts.imports.columns]"
REFUSED = {
    "sources is no table": ("sources = 3", "[sources] is a section: write [sources] and its settings below"),
    "a source is no table": ('[sources]\ngabon = "x"', "[sources.gabon] is a section: write [sources.gabon] and its settings below"),
    "a source of the package": ("[sources.baci]\n", "[sources.baci]: baci is a source of the package: give yours another name"),
    "a name with capitals": (
        "[sources.Gabon]\n",
        "[sources.Gabon]: 'Gabon' is no name of a source: write small letters, digits and _, as thai_customs",
    ),
    "no layout": ("[sources.gabon]\n", "[sources.gabon] has no layout: declare how its files are written, in [sources.gabon.layouts.NAME]"),
    "a setting mistyped": (
        _with("licence =", "license ="),
        "[sources.gabon] has no setting 'license' (did you mean 'licence'?); it has attribution, home_page, layouts, licence, "
        "redistribution, release_example, release_form, title",
    ),
    "redistribution": (
        _with('redistribution = "open"', 'redistribution = "free"'),
        "[sources.gabon]: redistribution = 'free' is none of open, internal, unknown",
    ),
    "a text without quotes": (
        _with('licence = "open data licence 2.0"', "licence = 2.0"),
        '[sources.gabon]: licence = 2.0 should be a text: write licence = "2.0"',
    ),
    "a text that is empty": (_with('"Douanes du Gabon"', '""'), "[sources.gabon]: title is empty: write a text, or leave it out"),
    "release form": (
        _with('redistribution = "open"', 'release_form = "R(\\\\d+"'),
        "[sources.gabon]: release_form = 'R(\\\\d+' is no regular expression (missing ), unterminated subpattern at position 1)",
    ),
    "release example": (
        _with('redistribution = "open"', 'release_form = "R\\\\d+"\nrelease_example = "2024"'),
        "[sources.gabon]: release_example = '2024' is not of release_form = 'R\\\\d+': write a release as its files name it",
    ),
    "a layout's setting mistyped": (
        _with("delimiter =", "separator ="),
        f"{L} has no setting 'separator'; it has aggregate_roles, area_system, columns, constants, coverage, currency, decimal_mark, "
        "delimiter, edition_rule, encodings, group_mark, has_trailing_field, maps, missing, name_pattern, needs, quote, summed_roles, "
        "title",
    ),
    "delimiter of two": (_with('";"', '";;"'), f"{L}: delimiter = ';;' should be one character in quotes, as delimiter = ';'"),
    "delimiter is the quote": (_with('delimiter = ";"', "delimiter = '\"'"), f"{L}: delimiter and quote are the same character '\"'"),
    "encoding unknown": (
        _with('"latin-1"', '"latin-eins"'),
        f"""{L}: encodings: 'latin-eins' is no encoding known: write "utf-8", "latin-1", "cp1252" or "cp1251\"""",
    ),
    "encoding of two bytes": (
        _with('"latin-1"', '"utf-16-le"'),
        f"""{L}: encodings: 'utf-16-le' writes digits and marks otherwise than ASCII: save the file as "utf-8\"""",
    ),
    "encodings is no list": (
        _with('["latin-1"]', '"latin-1"'),
        f"""{L}: encodings = 'latin-1' should be a list of texts, as encodings = ["..."]""",
    ),
    "no currency": (
        _with('currency = "XAF"', ""),
        f"""{L}: currency is missing: write the one of the file's values, as currency = "XAF", or "USD\"""",
    ),
    "currency is none": (_with('currency = "XAF"', 'currency = "CFA franc"'), f"{L}: currency 'CFA franc' is no ISO 4217 code"),
    "currency without rates": (
        _with('currency = "XAF"', 'currency = "XOF"'),
        f"""{L}: currency = "XOF" has no rates: write [rates.XOF] and below it USD for one XOF, as "2023" = "0.001648\"""",
    ),
    "edition rule": (
        _with('edition_rule = "hs"', 'edition_rule = "hs2022"'),
        f"""{L}: edition_rule = 'hs2022' should be "hs" (codes to six digits), "cn", "us", or the letters of the national tariff """
        """for deeper codes, as "TH" (then TH2024)""",
    ),
    "no edition": (
        _with('edition_rule = "hs"', ""),
        f"""{L}: nothing says classification: write edition_rule = "hs" (or the letters of the national tariff), """
        """or constants = { classification = "H6" }""",
    ),
    "coverage": (_with('currency = "XAF"', 'currency = "XAF"\ncoverage = "full"'), f"{L}: coverage = 'full' is none of complete, partial"),
    "area system": (
        _with('currency = "XAF"', 'currency = "XAF"\narea_system = "iso"'),
        f"{L}: area_system = 'iso' is none of m49, iso2, iso3, schedule_c (did you mean 'iso3'?)",
    ),
    "trailing field": (
        _with('currency = "XAF"', 'currency = "XAF"\nhas_trailing_field = "yes"'),
        f"{L}: has_trailing_field = 'yes' should be true or false, without quotes",
    ),
    "name pattern": (
        _with('currency = "XAF"', 'currency = "XAF"\nname_pattern = "(?P<year>[0-9]{4})"'),
        f"{L}: name_pattern has a group named 'year'; named groups are edition, release",
    ),
    "needs": (_with('currency = "XAF"', 'currency = "XAF"\nneeds = ["year"]'), f"{L}: needs = 'year' is none of edition, release"),
    "a constant mistyped": (
        _with("reporter_code =", "reporter ="),
        "[sources.gabon.layouts.imports.constants] has no constant 'reporter' (did you mean 'reporter_code'?); it has reporter_code, "
        "partner_code, flow_code, frequency, classification, product_level, valuation, period, year, quantity_unit_code",
    ),
    "a constant of ISO letters": (
        _with('"266"', '"GAB"'),
        "[sources.gabon.layouts.imports.constants]: reporter_code = 'GAB' is no reporter_code: write the area's numeric code, as "
        '"120" (docs/dictionary.md, dim_area)',
    ),
    "a constant without quotes": (
        _with('"266"', "266"),
        '[sources.gabon.layouts.imports.constants]: reporter_code = 266 should be a text: write reporter_code = "266"',
    ),
    "a constant and a column": (
        _with("valuation =", 'flow_code = "M", valuation ='),
        "[sources.gabon.layouts.imports.constants]: flow_code is filled by a column too: keep the constant or the column",
    ),
    "no reporter": (
        _with('reporter_code = "266", ', ""),
        f"""{L}: nothing says reporter_code: write a column that fills it, as "Column" = "reporter_code", or a constant""",
    ),
    "no period": (_with('"Année" = "period"\n', ""), f"""{L}: nothing says period or year: a column with to = "period" or "year\""""),
    "no columns": (
        LAYOUT.split("[sources.gabon.layouts.imports.columns]")[0],
        f"""{L} has no columns: say what each fills in {C}, as "HS Code" = "product_code\"""",
    ),
    "a column fills nothing known": (
        _with('"product_code"', '"prod_code"'),
        f"{C} 'HS Code': 'prod_code' is nothing a column fills (did you mean 'product_code'?); it may fill "
        "reporter_code, partner_code, product_code, flow_code, "
        "classification, period, year, frequency, product_level, value, value_cif, value_fob, net_weight_kg, gross_weight_kg, quantity, "
        "quantity_unit_code, estimation_flag, type_code, is_net_weight_estimated, is_quantity_estimated, is_reported, second_partner_code, "
        "customs_code, mode_of_transport_code, mode_of_supply_code, trade_type_code, summary_level_code, reporter_name, partner_name, "
        "product_description, ignore",
    ),
    "a column says nothing": (
        _with('"ignore"', "{ aliases = ['Office'] }"),
        f"""{C} 'Bureau' = {{'aliases': ['Office']}}: say what it fills, as 'Bureau' = "product_code", or "ignore\"""",
    ),
    "two columns fill one": (
        _with('"ignore"', '"partner_code"'),
        f"""{C}: 'Pays', 'Bureau' fill partner_code both: keep one, and write "ignore" for the others""",
    ),
    "a name twice": (_with('"ignore"', '{ to = "ignore", aliases = ["Pays"] }'), f"{L}: 'Pays' names two columns"),
    "a column's setting mistyped": (
        _with("scale = 3", "factor = 1000"),
        f"{C} 'Valeur (XAF mille)' has no setting 'factor'; it has aliases, decimal_mark, exponent, group_mark, missing, "
        "required, scale, to",
    ),
    "scale as a factor": (
        _with("scale = 3", "scale = 1000"),
        f"{C} 'Valeur (XAF mille)': scale = 1000 should be a power of ten from -3 to 9: 3 where the file is in thousands",
    ),
    "marks alike": (
        _with('group_mark = "."', 'group_mark = ","'),
        f"{C} 'Valeur (XAF mille)': decimal_mark and group_mark are both ',': 1,234 could be read two ways",
    ),
    "decimal mark": (
        _with('decimal_mark = ","', 'decimal_mark = ";"'),
        f"""{C} 'Valeur (XAF mille)': decimal_mark = ';' should be "." or ",\"""",
    ),
    "group mark of two bytes": (
        _with('group_mark = "."', 'group_mark = "\\u202f"'),
        f"""{C} 'Valeur (XAF mille)': group_mark = '\\u202f' should be one of ".", ",", " ", "'", "_"; a non-breaking blank is one """
        "byte in latin-1 alone: save the file so, or with plain blanks",
    ),
    "missing as a number": (
        _with('["n.d."]', '["0"]'),
        f"""{C} 'Poids net (kg)': missing: '0' can't mean "no value": a token is plain text that begins with no digit, as "n/a\"""",
    ),
    "a number's setting on a code": (
        _with('"HS Code" = "product_code"', '"HS Code" = { to = "product_code", missing = ["-"] }'),
        f"{C} 'HS Code': missing is for numbers, product_code is none: leave it out; texts of codes are put right in maps",
    ),
    "required in quotes": (
        _with("required = false", 'required = "no"'),
        f"{C} 'Poids net (kg)': required = 'no' should be true or false, without quotes",
    ),
    "required is lacking": (
        _with('"HS Code" = "product_code"', '"HS Code" = { to = "product_code", required = false }'),
        f"""{L}: nothing says product_code: write a column that fills it, as "Column" = "product_code\"""",
    ),
    "a map of no column": (
        _with("maps.flow_code", "maps.flow"),
        "[sources.gabon.layouts.imports.maps.flow]: no column fills the code 'flow' (did you mean 'flow_code'?); maps are of "
        "partner_code, product_code, flow_code, period",
    ),
    "a map to no flow": (
        _with('IMP = "M"', 'IMP = "I"'),
        "[sources.gabon.layouts.imports.maps.flow_code]: \"IMP\" = 'I' is no flow_code: write one of M, X, DX, FM, MIP, MOP, RM, RX, XIP, "
        "XOP (M imports, X exports)",
    ),
    "a map of a long text": (
        _with('maps.flow_code = { IMP = "M", EXP = "X" }', 'maps.partner_code = { "REPUBLIQUE DU CONGO" = "178" }'),
        "[sources.gabon.layouts.imports.maps.partner_code]: 'REPUBLIQUE DU CONGO' is longer than the 16 bytes that a code can have: "
        "no row can hold it",
    ),
    "a role that no column fills": (
        _with('currency = "XAF"', 'currency = "XAF"\nsummed_roles = ["customs_code"]'),
        f"{L}: 'customs_code' is no role of this file: no column fills one of second_partner_code, customs_code, mode_of_transport_code, "
        "mode_of_supply_code, trade_type_code, summary_level_code",
    ),
    "a part without a whole": (
        _with('"ignore"', '"customs_code"'),
        f"{L}: a column fills customs_code, and nothing says which rows are the whole: write aggregate_roles = "
        """{ customs_code = ["..."] } with the values that mean "all", or summed_roles = ["customs_code"] where its parts have no total""",
    ),
    "columns of another layout": (
        LAYOUT + LAYOUT.split("[rates")[0].split("\n\n", 1)[1].replace("layouts.imports", "layouts.again"),
        "[sources.gabon.layouts.again]: its required columns are those of gabon_imports: a header must say which one it is; "
        "declare one column more that only one of them has",
    ),
    "a rate as a number": (
        _with('"2023" = "0.001648"', '"2023" = 0.001648'),
        '[rates.XAF]: "2023" = 0.001648 should be USD for one unit of the currency, in quotes: write "2023" = "0.001648"',
    ),
    "a rate with a comma": (
        _with('"0.001648"', '"0,001648"'),
        "[rates.XAF]: \"2023\" = '0,001648' should be USD for one unit of the currency, in quotes: digits with a point, above 0, "
        'at most 12 decimals, as "0.001648"',
    ),
    "a rate of nothing": (
        _with('"0.001648"', '"0.000"'),
        "[rates.XAF]: \"2023\" = '0.000' should be USD for one unit of the currency, in quotes: digits with a point, above 0, "
        'at most 12 decimals, as "0.001648"',
    ),
    "a rate of no period": (
        _with('"2023" =', '"2023-13" ='),
        '[rates.XAF]: \'2023-13\' is no period: write a year, "2025", or a month, "2025-07"',
    ),
    "a currency's name": ("[rates.franc]\n", "[rates.franc]: 'franc' is no currency: write its three letters of ISO 4217, as [rates.EUR]"),
    "dollars in dollars": ('[rates.USD]\n"2023" = "1"\n', "[rates.USD]: values are in USD as they are; leave the section out"),
    "aliases in one bracket": (
        '[aliases]\nlayout = "baci"\n',
        "[[aliases]] is a list: write [[aliases]], with two brackets, once for each",
    ),
    "an alias's setting mistyped": (
        ALIAS.replace("also", "as"),
        "[[aliases]] has no setting 'as' (did you mean 'also'?); it has also, column, layout, since",
    ),
    "an alias that lacks a part": (
        '[[aliases]]\nlayout = "baci"\ncolumn = "v"\n',
        "[[aliases]]: also is missing: an entry says layout, column (as the layout has it) and also (as the file has it now)",
    ),
    "an alias of no layout": (
        ALIAS.replace('"baci"', '"comext_v3"'),
        "[[aliases]]: layout = 'comext_v3' is none of comtrade_legacy, comtrade_legacy_cut, comtrade_bulk, comtrade_bulk_csv, ",
    ),
    "an alias of no column": (ALIAS.replace('"v"', '"V"'), "[[aliases]]: column = 'V' is none of t, i, j, k, v, q"),
    "an alias that is a column": (ALIAS.replace('"value"', '"q"'), "[[aliases]]: also = 'q' already names the column 'q' of baci"),
    "since in quotes": (
        ALIAS + 'since = "2026-11-01"\n',
        "[[aliases]]: since = '2026-11-01' should be a day, without quotes: since = 2026-11-01",
    ),
    "since with an hour": (
        ALIAS + "since = 2026-11-01T00:00:00\n",
        "[[aliases]]: since = datetime.datetime(2026, 11, 1, 0, 0) should be a day, without quotes: since = 2026-11-01",
    ),
    "an alias twice": (ALIAS + ALIAS, "[[aliases]] number 2: 'value' of baci was given a column by an entry above: keep one"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_told_with_its_section_and_what_to_write(name: str, home: Path) -> None:
    text, told = REFUSED[name]
    with pytest.raises(SettingsError) as error:
        settings_of(home, text)
    said = str(error.value)
    assert said.startswith(f"{home / 'entrepot.toml'} [")
    said = said.removeprefix(f"{home / 'entrepot.toml'} ")
    assert said == told or (told.endswith(", ") and said.startswith(told)), said
