"""Good rows of the marts, and test data as files that a gate reads: Parquet of a lake table, DuckDB with a schema of marts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.unit import expectation_reconciled as reconciled
from tests.unit.expectation_rows import Rows, ledger, usd
from transforms.contracts import marts
from transforms.contracts.arrow import ARROW_TYPES, SQL_TYPES
from transforms.contracts.columns import column
from transforms.contracts.model import Table


def write(path: Path, table: Table, rows: Rows, *, without: str | None = None) -> Path:
    """A data file with nullable columns, so that rows may break the contract."""
    schema = pa.schema([pa.field(c, ARROW_TYPES[column(c).type]) for c in table.file_columns if c != without])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, store_decimal_as_integer=True)
    return path


def mart_rows() -> dict[str, Rows]:
    """One release of the marts that have rules."""
    names = {"exporter_iso3": "CHN", "exporter_name": "China", "importer_iso3": "USA", "importer_name": "USA"}
    stratum = {"year": 2014, "basis": "own", "frequency": "A", "period": "2014", "classification": "H4", "product_level": 6}
    share = {
        **stratum,
        **names,
        "exporter_code": "156",
        "product_code": "TOTAL",
        "value_fob_usd": usd(30),
        "world_value_fob_usd": usd(40),
        "exporter_count": 2,
        "share_of_world_exports": 0.75,
    }
    balance = {
        "year": 2014,
        "frequency": "A",
        "period": "2014",
        "basis": "own",
        "area_code": "156",
        "area_name": "China",
        "partner_code": "842",
        "partner_name": "USA",
        "exports_fob_usd": usd(30),
        "imports_fob_usd": None,
        "balance_fob_usd": usd(30),
        "has_exports": True,
        "has_imports": False,
    }
    rca = {
        **stratum,
        **names,
        "exporter_code": "156",
        "product_code": "010121",
        "value_fob_usd": usd(30),
        "world_value_fob_usd": usd(40),
        "rca": 1.5,
        "symmetric_rca": 0.2,
        "has_advantage": True,
    }
    dependence = {
        **stratum,
        **names,
        "importer_code": "842",
        "product_code": "010121",
        "imports_fob_usd": usd(30),
        "supplier_count": 2,
        "supplier_hhi": 0.625,
        "supplier_equivalent_number": 1.6,
        "top_supplier_code": "156",
        "top_supplier_share": 0.75,
    }
    rows: dict[str, Rows] = {
        "release_info": [
            {
                "published_at": datetime(2026, 1, 1, tzinfo=UTC),
                "contract_version": "1.0",
                "code_version": "0.1.0",
                "fingerprint": "f",
                "method": "prefer_exporter",
                "is_partial": False,
                "is_synthetic": True,
                "citation": "c",
            }
        ],
        "fct_bilateral_totals": [
            {
                **stratum,
                **names,
                "exporter_code": "156",
                "importer_code": "842",
                "value_fob_usd": usd(30),
                "flow_count": 1,
                "missing_weight_count": 0,
            }
        ],
        "bilateral_balance": [
            balance,
            {
                **balance,
                "area_code": "842",
                "partner_code": "156",
                "exports_fob_usd": None,
                "imports_fob_usd": usd(30),
                "balance_fob_usd": usd(-30),
                "has_exports": False,
                "has_imports": True,
            },
        ],
        "market_share": [
            share,
            {**share, "exporter_code": "276", "value_fob_usd": usd(10), "share_of_world_exports": 0.25},
            {**share, "product_code": "72", "share_of_world_exports": None, "null_reason": "fewer than 30 exporters"},
        ],
        "import_dependence": [
            dependence,
            {**dependence, "product_code": "010129", "supplier_hhi": None, "supplier_equivalent_number": None, "null_reason": "no value"},
        ],
        "comparative_advantage": [
            rca,
            {**rca, "product_code": "010129", "rca": None, "symmetric_rca": None, "has_advantage": None, "null_reason": "no value"},
        ],
        "conservation_ledger": [
            {**line, "stage": "ingest", "source": "comtrade", "year": 2014, "is_closed": True} for line in ledger(2014)
        ],
    }
    rows |= reconciled.mart_rows()
    for name, table in marts.MARTS.items():
        if name not in rows and not table.is_view:
            rows[name] = [_plain(table)]
    return {name: [{**r, "release_id": "20260101-aaaaaaaa"} for r in table] for name, table in rows.items()}


def _plain(table: Table) -> dict[str, Any]:
    """Any row that the contract's own checks accept."""
    by_type = {
        "code": "1",
        "text": "text",
        "year": 2014,
        "level": 0,
        "count": 1,
        "flag": True,
        "ratio": 1.0,
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    }
    row = {}
    for name in table.columns:
        entry = column(name)
        patterned = {"period": "2014", "compared_period": "2013", "currency_code": "EUR"}
        patterned |= {"first_day": "2014-01-01", "last_day": "2014-12-31"}
        patterned |= {"method_marks": "cif_fitted", "classification": "H4", "from_classification": "H4", "to_classification": "H3"}
        row[name] = entry.allowed[0] if entry.allowed else patterned.get(name) or by_type.get(entry.type, usd(1))
    return row


def database(path: Path, rows: dict[str, Rows]) -> Path:
    """A DuckDB file with schema marts."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'; create schema marts")
        for name, entries in rows.items():
            table = marts.MARTS[name]
            arrow = pa.Table.from_pylist(entries, schema=pa.schema([pa.field(c, ARROW_TYPES[column(c).type]) for c in table.columns]))
            columns = ", ".join(f"{c}::{SQL_TYPES[column(c).type]} as {c}" for c in table.columns)
            connection.register("arrow_rows", arrow)
            connection.execute(f"create table marts.{name} as select {columns} from arrow_rows")
            connection.unregister("arrow_rows")
    return path
