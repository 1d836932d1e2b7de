"""The shapes that describe our data: Column and Table (files of others: layout.py).

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
