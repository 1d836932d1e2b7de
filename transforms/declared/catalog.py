"""What entrepot.toml declares beside settings: national files, columns renamed overnight, rates of exchange.

[sources.thai_customs]
title = "Thai Customs Department"
[sources.thai_customs.layouts.imports]
constants = { reporter_code = "764", flow_code = "M", frequency = "M", valuation = "CIF" }
edition_rule = "hs"
currency = "THB"
[sources.thai_customs.layouts.imports.columns]
"HS Code" = "product_code"
"CIF Value (Baht)" = { to = "value", decimal_mark = ".", group_mark = "," }
[rates.THB]
"2024" = "0.02835"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from transforms.contracts.layout import Alias, Catalog, Layout, Source
from transforms.contracts.layouts import BUILT_IN
from transforms.declared import checks
from transforms.declared.checks import DeclarationError, as_table
from transforms.declared.layouts import currency_fault, declared_layout
from transforms.declared.rates import declared_rates

__all__ = ["DeclarationError", "declared_catalog"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SOURCE_TEXTS = ("title", "home_page", "licence", "attribution")
_SOURCE_KEYS = (*_SOURCE_TEXTS, "redistribution", "release_form", "release_example", "layouts")
_REDISTRIBUTION = ("open", "internal", "unknown")


def declared_catalog(config: Path, sources: object = None, aliases: object = None, rates: object = None) -> Catalog:
    """The catalog of a home: what the package knows, and what the three tables of entrepot.toml add to it.

    Raises DeclarationError. A declared source comes after the package's in the order of preference.
    """
    if sources is None and aliases is None and rates is None:
        return BUILT_IN
    known_rates = declared_rates(config, rates if rates is not None else {}, BUILT_IN.rates)
    known, layouts = dict(BUILT_IN.sources), dict(BUILT_IN.layouts)
    for name, said in as_table(f"{config} [sources]", sources if sources is not None else {}).items():
        where = f"{config} [sources.{name}]"
        if name in known:
            raise DeclarationError(f"{where}: {name} is a source of the package: give yours another name")
        known[name] = source = _source(where, name, said)
        for key, value in _layouts_of(where, name, said).items():
            section = f"{config} [sources.{name}.layouts.{key}]"
            layout = declared_layout(section, _named(section, "layout", key), source, value)
            if fault := currency_fault(layout, known_rates):
                raise DeclarationError(f"{section}: {fault}")
            _refuse_alike(section, layout, layouts)
            layouts[layout.name] = layout
    found = _aliases(config, aliases if aliases is not None else [], layouts)
    return replace(BUILT_IN, sources=known, layouts=layouts, aliases=found, rates=known_rates)


def _named(where: str, what: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise DeclarationError(f"{where}: {name!r} is no name of a {what}: write small letters, digits and _, as thai_customs")
    return name


def _source(where: str, name: str, said: object) -> Source:
    table = as_table(where, said)
    checks.only(where, table, _SOURCE_KEYS)
    _named(where, "source", name)
    values = {k: checks.as_text(where, k, table[k]) for k in _SOURCE_TEXTS if k in table}
    if "redistribution" in table:
        values["redistribution"] = checks.one_of(where, "redistribution", table["redistribution"], _REDISTRIBUTION)
    if "release_form" in table or "release_example" in table:
        values |= _release(where, table)
    return Source(name, values.pop("title", name), **values)  # type: ignore[arg-type]


def _release(where: str, table: Mapping[str, Any]) -> dict[str, str]:
    form = checks.as_pattern(where, "release_form", table.get("release_form", Source.release_form))
    example = checks.as_text(where, "release_example", table.get("release_example", ""))
    if not re.fullmatch(form, example):
        raise DeclarationError(
            f"{where}: release_example = {example!r} is not of release_form = {form!r}: write a release as its files name it"
        )
    return {"release_form": form, "release_example": example}


def _layouts_of(where: str, name: str, said: object) -> Mapping[str, Any]:
    layouts = as_table(f"{where[:-1]}.layouts]", as_table(where, said).get("layouts", {}))
    if not layouts:
        raise DeclarationError(f"{where} has no layout: declare how its files are written, in [sources.{name}.layouts.NAME]")
    return layouts


def _refuse_alike(where: str, layout: Layout, others: Mapping[str, Layout]) -> None:
    """No two layouts may have one header: what a file is must follow from it."""
    if layout.name in others:
        raise DeclarationError(f"{where}: there is a layout {layout.name} already: give this one another name")
    mine = _header(layout)
    for other in others.values():
        if _header(other) == mine:
            raise DeclarationError(
                f"{where}: its required columns are those of {other.name}: a header must say which one it is; "
                "declare one column more that only one of them has"
            )


def _header(layout: Layout) -> tuple[object, ...]:
    return (layout.delimiter, *sorted(f.name for f in layout.fields if f.required))


def _aliases(config: Path, said: object, layouts: Mapping[str, Layout]) -> tuple[Alias, ...]:
    where = f"{config} [[aliases]]"
    if not isinstance(said, list):
        raise DeclarationError(f"{where} is a list: write [[aliases]], with two brackets, once for each")
    found: list[Alias] = []
    for number, entry in enumerate(said, 1):
        here = f"{where} number {number}" if len(said) > 1 else where
        alias = _alias(here, entry, layouts)
        if any((alias.layout, alias.also) == (a.layout, a.also) for a in found):
            raise DeclarationError(f"{here}: {alias.also!r} of {alias.layout} was given a column by an entry above: keep one")
        found.append(alias)
    return tuple(found)


def _alias(where: str, entry: object, layouts: Mapping[str, Layout]) -> Alias:
    if not isinstance(entry, Mapping):
        raise DeclarationError(f"{where} is a list of sections: write [[aliases]] and its settings below")
    checks.only(where, entry, ("layout", "column", "also", "since"))
    for key in ("layout", "column", "also"):
        if key not in entry:
            raise DeclarationError(
                f"{where}: {key} is missing: an entry says layout, column (as the layout has it) and also (as the file has it now)"
            )
    layout, column, also = (checks.as_text(where, key, entry[key]) for key in ("layout", "column", "also"))
    since = entry.get("since")
    checks.one_of(where, "layout", layout, layouts)
    checks.one_of(where, "column", column, [f.name for f in layouts[layout].fields])
    if since is not None and (not isinstance(since, date) or isinstance(since, datetime)):
        raise DeclarationError(f"{where}: since = {since!r} should be a day, without quotes: since = 2026-11-01")
    if other := layouts[layout].field_for(also):
        raise DeclarationError(f"{where}: also = {also!r} already names the column {other.name!r} of {layout}")
    return Alias(layout, column, also, since)
