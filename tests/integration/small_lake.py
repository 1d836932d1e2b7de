"""A lake small enough to check by head: two exporters' reports, their flows and aggregates, committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.model import Table
from transforms.io import lake

Row = dict[str, object]
STRATUM: Row = {"basis": "own", "frequency": "A", "period": "2020", "classification": "H5", "product_level": 6}
#: exporter, importer, product, USD
FLOWS = (("156", "842", "010121", 90), ("156", "842", "870380", 10), ("842", "156", "010121", 30), ("842", "156", "870380", 70))
AREAS = (("156", "CN", "CHN", "China"), ("842", "US", "USA", "USA"))
PRODUCTS = (("TOTAL", 0, None), ("01", 2, "TOTAL"), ("87", 2, "TOTAL"), ("010121", 6, "01"), ("870380", 6, "87"))


def commit(home: Path, table: Table, rows: Sequence[Row], partition: Mapping[str, str | int] | None = None) -> None:
    """Commit ``rows`` (columns left out are NULL) as one partition of a table."""
    values = dict(partition or {})
    schema = pa.schema([table_schema(table).field(c) for c in table.file_columns])
    loose = pa.schema([f.with_nullable(True) for f in schema])
    data = pa.Table.from_pylist([{k: v for k, v in r.items() if k not in values} for r in rows], schema=loose)
    file = lake.write_partition(home, table, values, [data])
    assert file is not None
    lake.commit(home, table, {file.partition_key: [file]})


def _usd(value: int) -> Decimal:
    return Decimal(value).quantize(Decimal("0.001"))


def _summed(by: Sequence[int], names: Sequence[str], extra: Mapping[str, object] | None = None) -> list[Row]:
    sums: dict[tuple[str, ...], int] = {}
    for flow in FLOWS:
        key = tuple(str(flow[i]) for i in by)
        sums[key] = sums.get(key, 0) + int(flow[3])
    return [
        {
            **STRATUM,
            **dict(zip(names, k, strict=True)),
            "value_fob_usd": _usd(v),
            "flow_count": 1,
            "missing_weight_count": 1,
            **(extra or {}),
        }
        for k, v in sorted(sums.items())
    ]


def _facts(home: Path) -> None:
    origin = {"snapshot_id": "0123456789abcdef", "snapshot_member": "flows.csv"}
    reports: list[Row] = [
        {
            **STRATUM,
            "reporter_code": e,
            "partner_code": i,
            "flow_code": "X",
            "product_code": p,
            "reported_value_usd": _usd(v),
            "source_line": n,
            "valuation": "FOB",
            "is_value_rounded": False,
            "is_special": False,
            "is_self_trade": False,
            "is_confidential": False,
            **origin,
        }
        for n, (e, i, p, v) in enumerate(FLOWS, 2)
    ]
    fields = contracts.REPORTED_FLOWS.columns
    commit(
        home, contracts.REPORTED_FLOWS, [{k: v for k, v in r.items() if k in fields} for r in reports], {"source": "comtrade", "year": 2020}
    )
    for bucket, product in ((0, "010121"), (3, "870380")):
        flows: list[Row] = [
            {
                **STRATUM,
                "exporter_code": e,
                "importer_code": i,
                "product_code": p,
                "value_fob_usd": _usd(v),
                "value_exporter_fob_usd": _usd(v),
                "method": "prefer_exporter",
                "evidence": "exporter_only",
                "is_value_rounded": False,
                "is_residual": False,
            }
            for e, i, p, v in FLOWS
            if p == product
        ]
        commit(home, contracts.BILATERAL_FLOWS, flows, {"year": 2020, "product_bucket": bucket})


def _aggregates(home: Path) -> None:
    year = {"year": 2020}
    commit(home, contracts.PAIR_TOTALS, _summed((0, 1), ("exporter_code", "importer_code")), year)
    chapters = [{**r, "chapter_code": str(r.pop("product_code"))[:2]} for r in _summed((0, 2), ("exporter_code", "product_code"))]
    commit(home, contracts.EXPORTER_CHAPTER, chapters, year)
    rca = {("156", "010121"): 1.5, ("156", "870380"): 0.25, ("842", "010121"): 0.5, ("842", "870380"): 1.75}
    products = _summed((0, 2), ("exporter_code", "product_code"), {"importer_count": 1})
    commit(home, contracts.EXPORTER_PRODUCT, [{**r, "rca": rca[str(r["exporter_code"]), str(r["product_code"])]} for r in products], year)
    suppliers = [
        {
            **r,
            "supplier_count": 1,
            "supplier_hhi": 1.0,
            "top_supplier_code": "842" if r["importer_code"] == "156" else "156",
            "top_supplier_value_fob_usd": r["value_fob_usd"],
            "supplier_sum_of_squares_usd2": Decimal(str(r["value_fob_usd"])) ** 2,
        }
        for r in _summed((1, 2), ("importer_code", "product_code"))
    ]
    commit(home, contracts.IMPORTER_PRODUCT, suppliers, year)
    commit(home, contracts.WORLD_PRODUCT, _summed((2,), ("product_code",), {"exporter_count": 2, "importer_count": 2}), year)


def _dimensions(home: Path, areas: Sequence[tuple[str, str, str, str]]) -> None:
    flags = {"is_country": True, "is_special": False, "is_margin": False, "name_source": "test"}
    commit(home, contracts.DIM_AREA, [{"area_code": c, "iso2": i2, "iso3": i3, "area_name": n, **flags} for c, i2, i3, n in areas])
    commit(
        home,
        contracts.DIM_PRODUCT,
        [
            {
                "classification": "H5",
                "product_code": c,
                "product_level": n,
                "parent_code": p,
                "is_leaf": n == 6,
                "is_residual": False,
                "name_source": "test",
                "product_description": f"product {c}",
            }
            for c, n, p in PRODUCTS
        ],
    )
    commit(
        home,
        contracts.SOURCE_RELEASE,
        [
            {
                "snapshot_id": "0123456789abcdef",
                "source": "comtrade",
                "layout": "comtrade_bulk",
                "file_name": "flows.csv",
                "sha256": "0" * 64,
                "file_bytes": 100,
                "coverage": "complete",
                "redistribution": "unknown",
                "is_synthetic": True,
            }
        ],
    )


def commit_small_lake(home: Path, *, areas: Sequence[tuple[str, str, str, str]] = AREAS) -> None:
    """All tables that the marts read, 200 USD of trade between two areas, ledger closed."""
    _facts(home)
    _aggregates(home)
    _dimensions(home, areas)
    ledger: list[Row] = [
        {
            "table_name": "reported_flows",
            "frequency": "A",
            "period": "2020",
            "reason": reason,
            "row_count": 4,
            "value_usd": _usd(200),
            "unparsed_count": 0,
        }
        for reason in ("in", "out")
    ]
    commit(home, contracts.LEDGER, ledger, {"stage": "ingest", "source": "comtrade", "year": 2020})


def commit_check(home: Path, *, is_passed: bool = True) -> None:
    """One check result in ops/check_result."""
    row: Row = {
        "run_id": "r1",
        "recorded_at": datetime(2026, 1, 31, tzinfo=UTC),
        "table_name": "reported_flows",
        "partition_key": "",
        "check_name": "volume_floor",
        "column_name": "year",
        "severity": "error",
        "is_passed": is_passed,
    }
    commit(home, contracts.CHECK_RESULT, [row])
