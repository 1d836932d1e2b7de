"""Contracts as Arrow, DuckDB and Delta types."""

from __future__ import annotations

import pyarrow as pa

from transforms.contracts.columns import column
from transforms.contracts.model import ColumnType, Table

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "code": pa.string(),
    "text": pa.string(),
    "year": pa.int16(),
    "level": pa.int8(),
    "count": pa.int64(),
    "flag": pa.bool_(),
    "usd": pa.decimal128(18, 3),
    "usd_wide": pa.decimal128(38, 3),
    "usd_squared": pa.decimal128(38, 6),
    "kg": pa.decimal128(18, 3),
    "quantity": pa.decimal128(18, 3),
    "ratio": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
#: Codes in data files and in kernels: text, dictionary-encoded.
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
SQL_TYPES: dict[ColumnType, str] = {
    "code": "VARCHAR",
    "text": "VARCHAR",
    "year": "SMALLINT",
    "level": "TINYINT",
    "count": "BIGINT",
    "flag": "BOOLEAN",
    "usd": "DECIMAL(18,3)",
    "usd_wide": "DECIMAL(38,3)",
    "usd_squared": "DECIMAL(38,6)",
    "kg": "DECIMAL(18,3)",
    "quantity": "DECIMAL(18,3)",
    "ratio": "DOUBLE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}


def arrow_field(name: str, *, required: bool = False) -> pa.Field:
    """The Arrow field of a column, with its description, unit and valuation as metadata."""
    entry = column(name)
    metadata = {"description": entry.description}
    for key in ("unit", "valuation"):
        if getattr(entry, key):
            metadata[key] = getattr(entry, key)
    return pa.field(name, ARROW_TYPES[entry.type], nullable=not required, metadata=metadata)


def file_schema(table: Table) -> pa.Schema:
    """Schema of the table's data files: no partition columns, codes as dictionary<int32, string>."""
    fields = [arrow_field(c, required=table.is_required(c)) for c in table.file_columns]
    return pa.schema([f.with_type(DICTIONARY) if column(f.name).type == "code" else f for f in fields])


def table_schema(table: Table) -> pa.Schema:
    """Schema of the whole table, partition columns in their place."""
    return pa.schema([arrow_field(c, required=table.is_required(c)) for c in table.columns])


def sql_type(name: str) -> str:
    """DuckDB's type of a column."""
    return SQL_TYPES[column(name).type]


def hive_types(table: Table) -> dict[str, str]:
    """Types of the partition columns, for ``read_parquet(..., hive_types=...)``."""
    return {c: sql_type(c) for c in table.partition_by}
