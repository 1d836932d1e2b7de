"""The shapes that describe the files of others: Source, Field, Layout, and the Catalog of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Literal

from transforms.contracts import codes

Redistribution = Literal["open", "internal", "unknown"]
FieldKind = Literal["code", "text", "number", "flag", "ignore"]
#: flows become reported_flows; the others are lists that dimensions and reference tables are made of.
LayoutKind = Literal["flows", "areas", "products", "codes", "correlation", "indicators", "distances"]
AreaSystem = Literal["m49", "iso2", "iso3", "schedule_c"]
#: How a row's classification follows from its year and level, where no column and no name says it (judges.edition):
#: "hs", "cn", "us", or the letters of a declared country's tariff, as "TH".
EditionRule = str


@dataclass(frozen=True)
class Source:
    """A publisher of trade files.

    ``basis`` is what its flows are: reports to be reconciled here, or already reconciled.
    ``replaces``: a complete snapshot supersedes the slices it covers, or (BACI) every older
    release of its edition, so that releases are never mixed.
    """

    name: str
    title: str
    home_page: str = ""
    licence: str = "unknown"
    attribution: str = ""
    redistribution: Redistribution = "unknown"
    basis: Literal["own", "baci_published"] = "own"
    replaces: Literal["slices", "release"] = "slices"
    #: regular expression on a whole release, as the publisher writes it: only such are compared
    release_form: str = r"\d{4}-\d{2}-\d{2}"
    release_example: str = "2024-05-01"


@dataclass(frozen=True)
class Field:
    """One column of a source file.

    ``name`` is the header's text, ``aliases`` other texts for the same column, ``to`` the
    reported_flows column it fills (or a ``role`` such as customs_code, for rows that are
    breakdowns). ``missing`` are the tokens that mean "no value" here, after trimming;
    anything else that doesn't parse is quarantined. ``exponent`` allows 1.12339E+11, which
    marks the row is_value_rounded. ``scale`` multiplies by a power of ten (BACI: 3).
    """

    name: str
    to: str | None
    kind: FieldKind
    aliases: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    required: bool = True
    exponent: bool = False
    scale: int = 0
    decimal_mark: str = "."
    #: mark between groups of three digits, taken out ("" where the file has none)
    group_mark: str = ""


@dataclass(frozen=True)
class Layout:
    """How one kind of file is written, declared; nothing is guessed from its values."""

    name: str
    source: str
    title: str
    fields: tuple[Field, ...]
    delimiter: str = ","
    quote: str | None = '"'
    encodings: tuple[str, ...] = ("utf-8",)
    coverage: Literal["complete", "partial"] = "partial"
    kind: LayoutKind = "flows"
    #: a row may end in one more, empty field than the header has
    has_trailing_field: bool = False
    #: what the file doesn't say in a column: (reported_flows column, value)
    constants: tuple[tuple[str, str], ...] = ()
    #: source's text -> ours, per code column: ("flow_code", (("1", "M"), ...))
    maps: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    #: rows are aggregates where each named role holds one of its values; others are breakdowns
    aggregate_roles: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: roles whose values are parts without a total: rows that differ in them alone are added up
    summed_roles: tuple[str, ...] = ()
    area_system: AreaSystem = "m49"
    edition_rule: EditionRule | None = None
    #: ISO 4217 code of the values; other than USD they are converted with ``rates``
    currency: str = "USD"
    #: (period, USD per unit of the currency as decimal text): a month takes its own rate, else its year's
    rates: tuple[tuple[str, str], ...] = ()
    #: the source's, filled in where layouts are gathered: releases of this form are compared as days
    release_form: str = ""
    #: regular expression on the file name with named groups edition, list, release
    name_pattern: str | None = None
    #: what must be known beside the header, from the name or the command line
    needs: tuple[str, ...] = ()

    def field_for(self, header: str) -> Field | None:
        """The declared field for a header text, by name or alias, or None (a drift event)."""
        for entry in self.fields:
            if header == entry.name or header in entry.aliases:
                return entry
        return None

    def map_of(self, column: str) -> dict[str, str]:
        """The source's texts for a code column, and ours; empty where they are the same."""
        return dict(next((pairs for name, pairs in self.maps if name == column), ()))

    @cached_property
    def digest(self) -> str:
        """First 12 hex digits of a hash over all that is declared."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Alias:
    """A column that has another name since a day: ``[[aliases]]`` in entrepot.toml."""

    layout: str
    column: str
    also: str
    since: date | None = None


@dataclass(frozen=True)
class Catalog:
    """All sources and layouts that a home knows: those of the package and those it declares."""

    sources: Mapping[str, Source]
    layouts: Mapping[str, Layout]
    aliases: tuple[Alias, ...] = ()
    #: currency -> (period, USD per unit)
    rates: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def flow_sources(self) -> tuple[str, ...]:
        """Sources with flows, in the order in which they are preferred for one flow."""
        with_flows = {layout.source for layout in self.layouts.values() if layout.kind == "flows"}
        return tuple(name for name in self.sources if name in with_flows)

    def layout(self, name: str, day: date) -> Layout | None:
        """The layout as it stands for a file taken on ``day``: its aliases and its rates filled in. None: not declared."""
        found = self.layouts.get(name)
        if found is None:
            return None
        for alias in self.aliases:
            if alias.layout == name and (alias.since is None or alias.since <= day):
                fields = tuple(replace(f, aliases=(*f.aliases, alias.also)) if f.name == alias.column else f for f in found.fields)
                found = replace(found, fields=fields)
        if found.currency != "USD" and not found.rates:
            # a file holds no period after its day: a newer month's rate makes no older file read again
            known = self.rates.get(found.currency, ())
            found = replace(found, rates=tuple((period, rate) for period, rate in known if period <= day.isoformat()[: len(period)]))
        return found

    def layouts_on(self, day: date) -> list[Layout]:
        """Every layout as it stands on ``day``."""
        return [found for name in self.layouts if (found := self.layout(name, day)) is not None]

    def basis_of(self, source: str) -> str:
        """own, or baci_published; a source that is no longer declared was one of reports."""
        return self.sources[source].basis if source in self.sources else codes.BASES[0]
