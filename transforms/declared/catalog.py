"""What entrepot.toml declares beside settings: national files, columns renamed overnight, rates of exchange.

[sources.thai_customs]
title = "Thai Customs Department"
[sources.thai_customs.layouts.imports]
constants = { reporter_code = "764", flow_code = "M", frequency = "M", valuation = "CIF" }
edition_rule = "hs"
[sources.thai_customs.layouts.imports.columns]
"HS Code" = "product_code"
"CIF Value (Baht)" = { to = "value", decimal_mark = ".", group_mark = "," }
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from transforms.contracts.layout import Alias, Catalog, Field, Layout, Source
from transforms.contracts.layouts import BUILT_IN
from transforms.contracts.rates import RATE_DECIMALS
from transforms.contracts.targets import kind_of, layout_faults

#: A value in any currency fills the column of reported values; conversion is the layout's.
_SHORT = {"value": "reported_value_usd", "value_cif": "value_cif_usd", "value_fob": "value_fob_usd"}
_FIELD_KEYS = {"to", "aliases", "missing", "required", "exponent", "scale", "decimal_mark", "group_mark"}
_LAYOUT_TEXTS = {"title", "delimiter", "quote", "coverage", "currency", "area_system", "edition_rule", "name_pattern"}
_LAYOUT_LISTS = {"encodings", "needs", "summed_roles"}
_LAYOUT_KEYS = _LAYOUT_TEXTS | _LAYOUT_LISTS | {"constants", "maps", "aggregate_roles", "columns", "has_trailing_field"}
_CHOICES = {
    "coverage": ("complete", "partial"),
    "area_system": ("m49", "iso2", "iso3", "schedule_c"),
    "edition_rule": ("hs", "cn", "us"),
    "redistribution": ("open", "internal", "unknown"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")


class DeclarationError(ValueError):
    """A declaration that can't be used; the text says which, where it stands, and what to write instead."""


def _table(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DeclarationError(f"{where} is a section: write [{where.split(' [')[-1].rstrip(']')}] and its settings below")
    return value


def _known(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise DeclarationError(f"{where} has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}")


def _text(where: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise DeclarationError(f"{where}: {key} = {value!r} should be a text in quotes")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise DeclarationError(f"{where}: {key} = {value!r} is none of {', '.join(_CHOICES[key])}")
    return value


def _texts(where: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise DeclarationError(f"{where}: {key} = {value!r} should be a list of texts")
    return tuple(value)


def _field(where: str, name: str, said: object) -> Field:
    """One column: ``"HS Code" = "product_code"``, or a table with ``to`` and how its texts are written."""
    if said == "ignore":
        return Field(name, None, "ignore", required=False)
    table: dict[str, Any] = {"to": said} if isinstance(said, str) else dict(_table(f"{where} column {name!r}", said))
    _known(f"{where} column {name!r}", table, _FIELD_KEYS)
    if "to" not in table:
        raise DeclarationError(f"{where} column {name!r}: say what it fills, to = ...")
    given = str(table.pop("to"))
    to = _SHORT.get(given, given)
    for key in ("aliases", "missing"):
        if key in table:
            table[key] = _texts(where, key, table[key])
    is_number = kind_of(to) == "number"
    return Field(name, to, kind_of(to), **{"exponent": is_number, **table})  # type: ignore[arg-type]


def _pairs(where: str, key: str, value: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(k), _text(where, f"{key}.{k}", v)) for k, v in _table(f"{where}.{key}", value).items())


def _layout(where: str, name: str, source: Source, said: object) -> Layout:
    table = _table(where, said)
    _known(where, table, _LAYOUT_KEYS)
    columns = _table(f"{where}.columns", table.get("columns", {}))
    if not columns:
        raise DeclarationError(f"{where} has no columns: say what each fills, in [sources.{source.name}.layouts.{name}.columns]")
    values: dict[str, Any] = {k: _text(where, k, table[k]) for k in _LAYOUT_TEXTS & set(table)}
    values |= {k: _texts(where, k, table[k]) for k in _LAYOUT_LISTS & set(table)}
    values["constants"] = _pairs(where, "constants", table.get("constants", {}))
    values["maps"] = tuple((k, _pairs(where, f"maps.{k}", v)) for k, v in _table(f"{where}.maps", table.get("maps", {})).items())
    roles = _table(f"{where}.aggregate_roles", table.get("aggregate_roles", {}))
    values["aggregate_roles"] = tuple((k, _texts(where, k, v)) for k, v in roles.items())
    values["has_trailing_field"] = table.get("has_trailing_field", False) is True
    values.setdefault("title", f"{source.title}, {name}")
    built = tuple(_field(where, column, what) for column, what in columns.items())
    layout = Layout(f"{source.name}_{name}", source.name, fields=built, **values)
    if faults := layout_faults(layout):
        raise DeclarationError(f"{where}: {'; '.join(faults)}")
    return layout


def _source(config: Path, name: str, said: object) -> tuple[Source, list[Layout]]:
    where = f"{config} [sources.{name}]"
    table = _table(where, said)
    texts = {f.name for f in fields(Source)} - {"name", "basis", "replaces"}
    _known(where, table, {*texts, "layouts"})
    if not _NAME.fullmatch(name):
        raise DeclarationError(f"{where}: a source's name is small letters, digits and _, as thai_customs")
    values = {k: _text(where, k, table[k]) for k in texts & set(table)}
    for key in ("release_form",):
        if key in values:
            _pattern(where, key, values[key])
    source = Source(name, values.pop("title", name), **values)  # type: ignore[arg-type]
    layouts = _table(f"{where}.layouts", table.get("layouts", {}))
    if not layouts:
        raise DeclarationError(f"{where} has no layout: declare one in [sources.{name}.layouts.NAME]")
    return source, [_layout(f"{config} [sources.{name}.layouts.{key}]", key, source, value) for key, value in layouts.items()]


def _pattern(where: str, key: str, text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise DeclarationError(f"{where}: {key} = {text!r} is no regular expression ({error})") from error


def _aliases(config: Path, said: object, layouts: Mapping[str, Layout]) -> tuple[Alias, ...]:
    where = f"{config} [[aliases]]"
    if not isinstance(said, list):
        raise DeclarationError(f"{where} is a list: write [[aliases]], with two brackets, once for each")
    found = []
    for entry in said:
        table = _table(where, entry)
        _known(where, table, {"layout", "column", "also", "since"})
        lacking = sorted({"layout", "column", "also"} - set(table))
        if lacking:
            raise DeclarationError(f"{where}: say {', '.join(lacking)} too")
        said_of = {k: _text(where, k, table[k]) for k in ("layout", "column", "also")}
        alias = Alias(said_of["layout"], said_of["column"], said_of["also"], table.get("since"))
        if alias.layout not in layouts:
            raise DeclarationError(f"{where}: no layout {alias.layout!r}; known: {', '.join(layouts)}")
        names = [f.name for f in layouts[alias.layout].fields]
        if alias.column not in names:
            raise DeclarationError(f"{where}: {alias.layout} has no column {alias.column!r}; it has {', '.join(names)}")
        if alias.since is not None and not isinstance(alias.since, date):
            raise DeclarationError(f"{where}: since = {alias.since!r} is a day without quotes, as 2026-11-01")
        if other := layouts[alias.layout].field_for(alias.also):
            raise DeclarationError(f"{where}: {alias.also!r} already names the column {other.name!r} of {alias.layout}")
        found.append(alias)
    return tuple(found)


def _rates(config: Path, said: object) -> dict[str, tuple[tuple[str, str], ...]]:
    found = dict(BUILT_IN.rates)
    for currency, values in _table(f"{config} [rates]", said).items():
        where = f"{config} [rates.{currency}]"
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise DeclarationError(f"{where}: a currency is its three letters of ISO 4217, as EUR")
        pairs = dict(found.get(currency, ()))
        for period, rate in _table(where, values).items():
            if not re.fullmatch(r"[0-9]{4}(-(0[1-9]|1[0-2]))?", period):
                raise DeclarationError(f'{where}: {period!r} is no period, as "2025" or "2025-07"')
            if not re.fullmatch(rf"[0-9]{{1,6}}(\.[0-9]{{1,{RATE_DECIMALS}}})?", _text(where, period, rate)) or not rate.strip("0."):
                raise DeclarationError(f'{where}: "{period}" = {rate!r} should be USD per unit in quotes, at most {RATE_DECIMALS} decimals')
            pairs[period] = rate
        found[currency] = tuple(sorted(pairs.items()))
    return found


def declared_catalog(config: Path, sources: object = None, aliases: object = None, rates: object = None) -> Catalog:
    """The catalog of a home: what the package knows, and what the three tables of entrepot.toml add to it.

    Raises DeclarationError. A declared source comes after the package's in the order of preference.
    """
    if not sources and not aliases and not rates:
        return BUILT_IN
    known, layouts = dict(BUILT_IN.sources), dict(BUILT_IN.layouts)
    for name, said in _table(f"{config} [sources]", sources or {}).items():
        if name in known:
            raise DeclarationError(f"{config} [sources.{name}]: {name} is a source of the package; give yours another name")
        source, built = _source(config, name, said)
        known[name] = source
        layouts |= {layout.name: layout for layout in built}
    added = _added(config, known, layouts)
    return replace(
        BUILT_IN, sources=known, layouts=added, aliases=_aliases(config, aliases or [], added), rates=_rates(config, rates or {})
    )


def _added(config: Path, sources: Mapping[str, Source], layouts: Mapping[str, Layout]) -> dict[str, Layout]:
    """``layouts``, once no two of them can have one header."""
    seen: dict[tuple[str, Sequence[str]], str] = {}
    for layout in layouts.values():
        key = layout.delimiter, sorted(f.name for f in layout.fields if f.required)
        other = seen.setdefault((key[0], tuple(key[1])), layout.name)
        if other != layout.name and sources[layout.source].name not in BUILT_IN.sources:
            raise DeclarationError(f"{config}: {layout.name} has the same columns as {other}: a header must say which one it is")
    return dict(layouts)
