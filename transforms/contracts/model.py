"""The shapes that describe data: Column, Table, Layout.

A column is described once, in ``columns.py``; tables list columns by name. From
these dataclasses come the Parquet schemas, the Great Expectations suites, the
dbt sources and contracts, Dagster's column metadata and the data dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal[
    "code",  # text from the first byte on, dictionary-encoded in files
    "text",
    "year",  # SMALLINT
    "level",  # TINYINT
    "count",  # BIGINT
    "flag",  # BOOLEAN, names begin with is_ or has_
    "usd",  # DECIMAL(18,3)
    "usd_wide",  # DECIMAL(38,3): sums that may exceed 10^15 USD
    "usd_squared",  # DECIMAL(38,6)
    "kg",  # DECIMAL(18,3)
    "quantity",  # DECIMAL(18,3) in the row's own unit
    "ratio",  # DOUBLE: estimates and shares, never money
    "timestamp",  # TIMESTAMP, UTC, microseconds
]


@dataclass(frozen=True)
class Column:
    """One entry of the data dictionary.

    ``minimum``/``maximum`` bound every value, ``allowed`` closes its set; both become
    gates. ``comtrade`` and ``baci`` give the column's name in those sources.
    """

    name: str
    type: ColumnType
    description: str
    unit: str | None = None
    valuation: str | None = None
    comtrade: str | None = None
    baci: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Table:
    """A table: its grain in one sentence, its columns by name, its key and order.

    ``required`` columns are never NULL; key columns always are required. ``sort_by`` is
    the total order of rows in a file; code columns order by (length, text).
    """

    name: str
    layer: Literal["lake", "ops", "mart"]
    grain: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()
    description: str = ""
    is_view: bool = False
    minimum_rows: int = 1

    def is_required(self, column: str) -> bool:
        """True where the contract forbids NULL."""
        return column in self.key or column in self.required or column in self.partition_by

    @property
    def has_clock(self) -> bool:
        """True where a row says when it was made: its bytes differ from run to run."""
        return bool({"taken_at", "recorded_at", "published_at"} & set(self.columns))

    @property
    def file_columns(self) -> tuple[str, ...]:
        """Columns stored inside a data file: all but the partition columns."""
        return tuple(c for c in self.columns if c not in self.partition_by)


FieldKind = Literal["code", "text", "number", "flag", "ignore"]


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
    kind: Literal["flows", "areas", "products"] = "flows"
    #: what the file doesn't say in a column: (reported_flows column, value)
    constants: tuple[tuple[str, str], ...] = ()
    #: source's flow code or word -> M, X, RM, RX, ...
    flow_map: tuple[tuple[str, str], ...] = ()
    #: rows are aggregates where each named role holds one of its values; others are breakdowns
    aggregate_roles: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: regular expression on the file name with named groups edition, release, year
    name_pattern: str | None = None
    #: regular expression on a whole release, as the publisher writes it: only such are compared
    release_form: str = ""
    #: what must be known beside the header, from the name or the command line
    needs: tuple[str, ...] = ()
    licence: str = "unknown"
    attribution: str = ""
    redistribution: Literal["open", "internal", "unknown"] = "unknown"

    def field_for(self, header: str) -> Field | None:
        """The declared field for a header text, by name or alias, or None (a drift event)."""
        for entry in self.fields:
            if header == entry.name or header in entry.aliases:
                return entry
        return None
