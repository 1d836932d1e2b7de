"""[sources.NAME.layouts.NAME] of entrepot.toml: how a national file is written, and what each of its columns fills."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from transforms.contracts.layout import Field, Layout, Source
from transforms.contracts.targets import FLAGS, MEASURES, ROLES, TEXTS, kind_of, layout_faults
from transforms.declared import checks
from transforms.declared.checks import DeclarationError, as_table
from transforms.declared.constants import checked_constant, checked_map

#: A value in any currency fills the column of reported values; conversion is the layout's.
_SHORT = {"value": "reported_value_usd", "value_cif": "value_cif_usd", "value_fob": "value_fob_usd"}
_CODES = ("reporter_code", "partner_code", "product_code", "flow_code", "classification", "period", "year", "frequency", "product_level")
_BESIDE = ("quantity_unit_code", "estimation_flag", "type_code")
#: What a column may fill, as it is written in a declaration.
FILLS = (*_CODES, *_SHORT, *(m for m in MEASURES if m not in _SHORT.values()), *_BESIDE, *FLAGS, *ROLES, *TEXTS)
_NUMBER_KEYS = ("missing", "exponent", "scale", "decimal_mark", "group_mark")
_FIELD_KEYS = ("to", "aliases", "required", *_NUMBER_KEYS)
#: Of all number columns of a layout, where a column doesn't say otherwise.
_NUMBER_DEFAULTS = ("missing", "decimal_mark", "group_mark")
_TEXT_KEYS = ("title", "currency")
_CHOICES = {"coverage": ("complete", "partial"), "area_system": ("m49", "iso2", "iso3", "schedule_c")}
_TABLES = ("columns", "constants", "maps", "aggregate_roles")
_LISTS = ("encodings", "needs", "summed_roles")
_LAYOUT_KEYS = (
    *_TEXT_KEYS, *_CHOICES, *_TABLES, *_LISTS, *_NUMBER_DEFAULTS,
    "delimiter", "quote", "name_pattern", "edition_rule", "has_trailing_field",
)  # fmt: skip
_NAME_GROUPS = ("edition", "release")
#: The reader's longest code.
_LONGEST_CODE = 16


def declared_layout(where: str, name: str, source: Source, said: object) -> Layout:
    """One layout; DeclarationError names ``where`` and the key."""
    table = as_table(where, said)
    checks.only(where, table, _LAYOUT_KEYS)
    values: dict[str, Any] = {k: checks.as_text(where, k, table[k]) for k in _TEXT_KEYS if k in table}
    for key, allowed in _CHOICES.items():
        if key in table:
            values[key] = checks.one_of(where, key, checks.as_text(where, key, table[key]), allowed)
    if "currency" not in table:
        raise DeclarationError(f'{where}: currency is missing: write the one of the file\'s values, as currency = "XAF", or "USD"')
    values |= _form(where, table)
    if "edition_rule" in table:
        values["edition_rule"] = _rule(where, table["edition_rule"])
    if "has_trailing_field" in table:
        values["has_trailing_field"] = checks.as_flag(where, "has_trailing_field", table["has_trailing_field"])
    if "name_pattern" in table:
        values["name_pattern"] = checks.as_pattern(where, "name_pattern", table["name_pattern"], _NAME_GROUPS)
    encodings = values.get("encodings", ("utf-8",))
    fields = _fields(where, table, encodings)
    targets = {f.to for f in fields if f.to}
    values["constants"] = tuple(
        checked_constant(f"{where[:-1]}.constants]", key, value, targets)
        for key, value in as_table(f"{where[:-1]}.constants]", table.get("constants", {})).items()
    )
    values["maps"] = _maps(where, table.get("maps", {}), targets, encodings)
    values |= _roles(where, table, targets)
    values.setdefault("title", f"{source.title}, {name}")
    layout = Layout(f"{source.name}_{name}", source.name, fields=fields, release_form=source.release_form, **values)
    if faults := layout_faults(layout):
        raise DeclarationError(f"{where}: {'; '.join(_told(fault) for fault in faults)}")
    return layout


def _told(fault: str) -> str:
    """A layout's fault in the words of a declaration, with what to write."""
    kind, _, target = fault.partition(" ")
    if kind != "lacks":
        return fault
    short = next((s for s, full in _SHORT.items() if full == target), target)
    how = {
        "classification": 'write edition_rule = "hs" (or the letters of the national tariff), or constants = { classification = "H6" }',
        "period or year": 'a column with to = "period" or "year"',
    }.get(
        target, f'write a column that fills it, as "Column" = "{short}"' + ("" if short in ("value", "product_code") else ", or a constant")
    )
    return f"nothing says {short}: {how}"


def _form(where: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Delimiter, quote and encodings; needs."""
    found: dict[str, Any] = {}
    for key, empty in (("delimiter", False), ("quote", True)):
        if key in table:
            mark = table[key]
            is_mark = isinstance(mark, str) and len(mark) == 1 and mark.isascii() and not mark.isalnum() and mark not in "\r\n"
            if not is_mark and not (empty and mark == ""):
                raise DeclarationError(
                    f"{where}: {key} = {mark!r} should be one character in quotes, as {key} = {';' if not empty else chr(39)!r}"
                )
            found[key] = mark or None
    if found.get("delimiter", ",") == found.get("quote", '"'):
        raise DeclarationError(f"{where}: delimiter and quote are the same character {found.get('delimiter', ',')!r}")
    if "encodings" in table:
        found["encodings"] = tuple(_encoding(where, e) for e in checks.as_texts(where, "encodings", table["encodings"]))
    if "needs" in table:
        found["needs"] = checks.as_texts(where, "needs", table["needs"])
        for need in found["needs"]:
            checks.one_of(where, "needs", need, ("edition", "release"))
    return found


def _encoding(where: str, name: str) -> str:
    probe = '0,;\t\n"'
    try:
        is_table = probe.encode(name) == probe.encode("ascii")
    except LookupError:
        raise DeclarationError(
            f'{where}: encodings: {name!r} is no encoding known: write "utf-8", "latin-1", "cp1252" or "cp1251"'
        ) from None
    if not is_table:
        raise DeclarationError(f'{where}: encodings: {name!r} writes digits and marks otherwise than ASCII: save the file as "utf-8"')
    return name


def _rule(where: str, value: object) -> str:
    rule = checks.as_text(where, "edition_rule", value)
    if rule not in ("hs", "cn", "us") and not re.fullmatch(r"[A-Z]{2,3}", rule):
        raise DeclarationError(
            f'{where}: edition_rule = {rule!r} should be "hs" (codes to six digits), "cn", "us", or the letters of the national tariff '
            'for deeper codes, as "TH" (then TH2024)'
        )
    return rule


def _fields(where: str, table: Mapping[str, Any], encodings: tuple[str, ...]) -> tuple[Field, ...]:
    section = f"{where[:-1]}.columns]"
    columns = as_table(section, table.get("columns", {}))
    if not columns:
        raise DeclarationError(
            f'{where} has no columns: say what each fills in {section.rsplit(" ", 1)[-1]}, as "HS Code" = "product_code"'
        )
    defaults = {k: table[k] for k in _NUMBER_DEFAULTS if k in table}
    built = tuple(_field(section, name, what, defaults, encodings) for name, what in columns.items())
    twice = [to for to, count in Counter(f.to for f in built if f.to).items() if count > 1]
    if twice:
        names = ", ".join(repr(f.name) for f in built if f.to == twice[0])
        raise DeclarationError(f'{section}: {names} fill {twice[0]} both: keep one, and write "ignore" for the others')
    return built


def _field(section: str, name: str, said: object, defaults: Mapping[str, Any], encodings: tuple[str, ...]) -> Field:
    """One column: ``"HS Code" = "product_code"``, or a table with ``to`` and how its texts are written."""
    where = f"{section} {name!r}"
    if name != name.strip() or not name:
        raise DeclarationError(f"{where}: a column's name has no blanks around it: headers are read without them")
    table: dict[str, Any] = {"to": said} if isinstance(said, str) else dict(said) if isinstance(said, Mapping) else {}
    if "to" not in table:
        raise DeclarationError(f'{where} = {said!r}: say what it fills, as {name!r} = "product_code", or "ignore"')
    checks.only(where, table, _FIELD_KEYS)
    given = checks.as_text(where, "to", table.pop("to"))
    to = None if given == "ignore" else _SHORT.get(given, given)
    if given not in FILLS and to is not None and to not in MEASURES:
        raise DeclarationError(
            f"{where}: {given!r} is nothing a column fills{checks.meant(given, FILLS)}; it may fill {', '.join(FILLS)}, ignore"
        )
    kind = "ignore" if to is None else kind_of(to)
    values: dict[str, Any] = {"required": checks.as_flag(where, "required", table.pop("required", to is not None))}
    if "aliases" in table:
        values["aliases"] = checks.as_texts(where, "aliases", table.pop("aliases"))
    if kind != "number":
        for key in table:
            raise DeclarationError(f"{where}: {key} is for numbers, {given} is none: leave it out; texts of codes are put right in maps")
        return Field(name, to, kind, **values)  # type: ignore[arg-type]
    return Field(name, to, "number", **values, **_number(where, {**defaults, **table}, encodings))


def _number(where: str, table: Mapping[str, Any], encodings: tuple[str, ...]) -> dict[str, Any]:
    """How a column writes its numbers. Exponents are read unless it says otherwise."""
    found: dict[str, Any] = {"exponent": checks.as_flag(where, "exponent", table.get("exponent", True))}
    decimal, group = table.get("decimal_mark", "."), table.get("group_mark", "")
    if decimal not in (".", ","):
        raise DeclarationError(f'{where}: decimal_mark = {decimal!r} should be "." or ","')
    single = all(len("\xa0".encode(e)) == 1 for e in encodings)
    marks = ("", ".", ",", " ", "'", "_", *(("\xa0",) if single else ()))
    if group not in marks:
        why = (
            "; a non-breaking blank is one byte in latin-1 alone: save the file so, or with plain blanks"
            if group in ("\xa0", "\u202f")
            else ""
        )
        raise DeclarationError(f"""{where}: group_mark = {group!r} should be one of ".", ",", " ", "'", "_"{why}""")
    if decimal == group:
        raise DeclarationError(f"{where}: decimal_mark and group_mark are both {group!r}: 1{group}234 could be read two ways")
    scale = table.get("scale", 0)
    if not isinstance(scale, int) or isinstance(scale, bool) or not -3 <= scale <= 9:
        raise DeclarationError(f"{where}: scale = {scale!r} should be a power of ten from -3 to 9: 3 where the file is in thousands")
    if "missing" in table:
        found["missing"] = _missing(where, table["missing"])
    return {**found, "decimal_mark": decimal, "group_mark": group, "scale": scale}


def _missing(where: str, value: object) -> tuple[str, ...]:
    tokens = checks.as_texts(where, "missing", value)
    for token in tokens:
        if token[:1].isdigit() or not token.isascii() or token != token.strip():
            raise DeclarationError(
                f'{where}: missing: {token!r} can\'t mean "no value": a token is plain text that begins with no digit, as "n/a"'
            )
    return tuple(dict.fromkeys(("", *tokens)))


def _maps(where: str, said: object, targets: set[str], encodings: tuple[str, ...]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    found = []
    for column, pairs in as_table(f"{where[:-1]}.maps]", said).items():
        section = f"{where[:-1]}.maps.{column}]"
        if column not in targets or kind_of(column) not in ("code", "flag"):
            coded = [t for t in FILLS if t in targets and kind_of(t) in ("code", "flag")]
            raise DeclarationError(
                f"{section}: no column fills the code {column!r}{checks.meant(column, coded)}; maps are of {', '.join(coded)}"
            )
        for text in as_table(section, pairs):
            if any(len(text.encode(e, "replace")) > _LONGEST_CODE for e in encodings):
                raise DeclarationError(
                    f"{section}: {text!r} is longer than the {_LONGEST_CODE} bytes that a code can have: no row can hold it"
                )
        found.append((column, tuple((text, checked_map(section, column, text, ours)) for text, ours in pairs.items())))
    return tuple(found)


def _roles(where: str, table: Mapping[str, Any], targets: set[str]) -> dict[str, Any]:
    """Roles whose one value is the aggregate, and roles whose values are added up."""
    there = [r for r in ROLES if r in targets]
    section = f"{where[:-1]}.aggregate_roles]"
    allowed = as_table(section, table.get("aggregate_roles", {}))
    summed = checks.as_texts(where, "summed_roles", table["summed_roles"]) if "summed_roles" in table else ()
    for role in (*allowed, *summed):
        if role not in there:
            known = f"columns fill {', '.join(there)}" if there else f"no column fills one of {', '.join(ROLES)}"
            raise DeclarationError(f"{where}: {role!r} is no role of this file: {known}")
    if unsaid := [r for r in there if r not in allowed and r not in summed]:
        raise DeclarationError(
            f"{where}: a column fills {unsaid[0]}, and nothing says which rows are the whole: write "
            f'aggregate_roles = {{ {unsaid[0]} = ["..."] }} with the values that mean "all", or summed_roles = ["{unsaid[0]}"] '
            "where its parts have no total"
        )
    if both := [r for r in summed if r in allowed]:
        raise DeclarationError(
            f"{where}: {both[0]!r} stands in summed_roles and in aggregate_roles: its rows have a total, or they have none"
        )
    return {"aggregate_roles": tuple((k, checks.as_texts(section, k, v)) for k, v in allowed.items()), "summed_roles": summed}


def currency_fault(layout: Layout, rates: Mapping[str, object]) -> str | None:
    """What keeps a layout's values from becoming USD, None where nothing does."""
    if layout.currency == "USD" or layout.currency in rates:
        return None
    return (
        f'currency = "{layout.currency}" has no rates: write [rates.{layout.currency}] and below it USD for one {layout.currency}, '
        'as "2023" = "0.001648"'
    )
