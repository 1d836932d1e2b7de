"""Rows of reported_flows as plain records, and their way through harmonise and reconcile in a small lake."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.model import Table
from transforms.contracts.records import LedgerLine, TaskResult
from transforms.core.harmonise import harmonise_year
from transforms.core.reconcile import reconcile_bucket
from transforms.io import lake
from transforms.settings import Settings

Row = dict[str, Any]
YEAR = 2020
USA, CHINA, FRANCE = "842", "156", "251"


def usd(value: str | int) -> Decimal:
    """``value`` to the mill."""
    return Decimal(value).quantize(Decimal("0.001"))


def report(reporter: str, partner: str, flow: str, product: str, value: str | int, **other: Any) -> Row:
    """A row of reported_flows: exports FOB, imports CIF, unless said otherwise."""
    row: Row = {
        "frequency": "A",
        "period": str(YEAR),
        "reporter_code": reporter,
        "partner_code": partner,
        "flow_code": flow,
        "classification": "H5",
        "product_level": 0 if product == codes.TOTAL else len(product),
        "product_code": product,
        "reported_value_usd": usd(value),
        "valuation": "CIF" if flow in ("M", "RM") else "FOB",
        "is_value_rounded": False,
        "is_special": False,
        "is_self_trade": reporter == partner,
        "snapshot_id": f"{int(reporter):016x}",
        "snapshot_member": "flows.csv",
    }
    return row | other


def _commit(home: Path, table: Table, rows: Sequence[Row], source: str) -> None:
    schema = pa.schema([table_schema(table).field(c).with_nullable(True) for c in table.file_columns])
    kept = [{c: v for c, v in row.items() if c in schema.names} for row in rows]
    data = pa.Table.from_pylist([{"source_line": n} | row for n, row in enumerate(kept, 2)], schema=schema)
    file = lake.write_partition(home, table, {"source": source, "year": YEAR}, [data])
    assert file is not None
    lake.commit(home, table, {file.partition_key: [file]})


def reports(home: Path, rows: Sequence[Row], source: str = "comtrade", controls: Sequence[Row] = ()) -> None:
    """Commit a source's reports, and control totals of kind parent."""
    _commit(home, contracts.REPORTED_FLOWS, rows, source)
    if controls:
        _commit(home, contracts.CONTROL_TOTALS, [{"control_kind": "parent"} | row for row in controls], source)


def harmonised(home: Path) -> TaskResult:
    """Harmonise the year and commit its files."""
    result = harmonise_year(home, YEAR, Settings(home=home))
    lake.commit(home, contracts.HARMONISED_FLOWS, {f.partition_key: [f] for f in result.files})
    return result


def flows(home: Path) -> tuple[list[Row], list[LedgerLine]]:
    """Harmonise and reconcile the year: rows of bilateral_flows in file order, and both stages' ledger."""
    ledger = list(harmonised(home).ledger)
    results = [reconcile_bucket(home, YEAR, bucket, Settings(home=home)) for bucket in range(codes.PRODUCT_BUCKETS)]
    lake.commit(home, contracts.BILATERAL_FLOWS, {f.partition_key: [f] for r in results for f in r.files})
    return lake.read(home, contracts.BILATERAL_FLOWS).to_pylist(), ledger + [line for r in results for line in r.ledger]
