"""Minimal good rows of every gated table, and for each rule one way to make them bad."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import lake, marts
from transforms.contracts.arrow import ARROW_TYPES, SQL_TYPES
from transforms.contracts.columns import column
from transforms.contracts.model import Table

Rows = list[dict[str, Any]]
Worsen = Callable[[Rows], None]


def usd(value: float | str) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.001"))


def change(position: int, **values: Any) -> Worsen:
    """Overwrite columns of one row."""
    return lambda rows: rows[position].update(values)


def again(position: int, **values: Any) -> Worsen:
    """Append a copy of one row, with columns overwritten."""
    return lambda rows: rows.append({**rows[position], **values})


def drop(position: int) -> Worsen:
    return lambda rows: rows.__delitem__(position)


def write(path: Path, table: Table, rows: Rows, *, without: str | None = None) -> Path:
    """A data file with nullable columns, so that rows may break the contract."""
    schema = pa.schema([pa.field(c, ARROW_TYPES[column(c).type]) for c in table.file_columns if c != without])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, store_decimal_as_integer=True)
    return path


def reported_flows(year: int) -> Rows:
    base = {
        "frequency": "A", "period": str(year), "reporter_code": "156", "partner_code": "842", "flow_code": "X", "classification": "H4",
        "product_level": 6, "product_code": "010121", "reported_value_usd": usd(100), "valuation": "FOB", "value_fob_usd": usd(100),
        "value_cif_usd": usd(105), "is_value_rounded": False, "net_weight_kg": usd(10), "is_special": False, "is_self_trade": False,
        "snapshot_id": "00aa", "snapshot_member": "a.csv", "source_line": 2,
    }  # fmt: skip
    return [
        base,
        {**base, "flow_code": "RX", "reported_value_usd": usd(20)},
        {**base, "flow_code": "M", "reported_value_usd": usd(50)},
        {**base, "flow_code": "RM", "reported_value_usd": usd(5)},
        {**base, "partner_code": "899", "is_special": True},
        {**base, "partner_code": "156", "is_self_trade": True},
    ]


def _flow(year: int) -> dict[str, Any]:
    return {
        "basis": "own", "frequency": "A", "period": str(year), "classification": "H4", "product_level": 6, "product_code": "010121",
        "exporter_code": "156", "importer_code": "842", "is_value_rounded": False, "is_residual": False, "net_weight_kg": usd(10),
    }  # fmt: skip


def harmonised_flows(year: int) -> Rows:
    base = {**_flow(year), "side": "exporter", "source": "comtrade", "reported_value_usd": usd(100), "valuation": "FOB",
            "value_fob_usd": usd(100), "snapshot_id": "00aa"}  # fmt: skip
    return [base, {**base, "side": "importer", "valuation": "CIF"}, {**base, "basis": "baci_published", "source": "baci"}]


def bilateral_flows(year: int) -> Rows:
    both = {
        **_flow(year), "value_fob_usd": usd(100), "value_exporter_fob_usd": usd(100), "value_importer_cif_usd": usd(110),
        "value_importer_fob_usd": usd("106.486"), "cif_factor": 1.033, "weight_exporter": 1.0, "value_low_usd": usd(90),
        "value_high_usd": usd(112), "method": "prefer_exporter", "evidence": "both",
    }  # fmt: skip
    return [
        both,
        {**both, "importer_code": "276", "value_fob_usd": usd("106.486"), "value_exporter_fob_usd": None, "weight_exporter": 0.0,
         "evidence": "importer_only", "evidence_kind": "orphan"},
        {**_flow(year), "basis": "baci_published", "value_fob_usd": usd(99), "method": "baci_published", "evidence": "published"},
        {**_flow(year), "product_code": "01XXXX", "is_residual": True, "value_fob_usd": usd(7), "value_exporter_fob_usd": usd(7),
         "weight_exporter": 1.0, "method": "prefer_exporter", "evidence": "exporter_only", "evidence_kind": "silent_nonreporter"},
    ]  # fmt: skip


#: exporter, importer, product, value, weight
FLOWS = (
    ("156", "842", "010121", 100, 10),
    ("156", "276", "010121", 50, None),
    ("276", "842", "010121", 30, 5),
    ("276", "842", "010129", 8, 1),
)


def _sums(flows: list[tuple[Any, ...]]) -> dict[str, Any]:
    weights = [f[4] for f in flows if f[4] is not None]
    return {"value_fob_usd": usd(sum(f[3] for f in flows)), "net_weight_kg": usd(sum(weights)) if weights else None,
            "flow_count": len(flows), "missing_weight_count": len(flows) - len(weights)}  # fmt: skip


def _grouped(
    year: int, key: Callable[[tuple[Any, ...]], tuple[str, ...]], names: tuple[str, ...]
) -> list[tuple[dict[str, Any], list[Any]]]:
    groups: dict[tuple[str, ...], list[Any]] = {}
    for flow in FLOWS:
        groups.setdefault(key(flow), []).append(flow)
    stratum = {"basis": "own", "frequency": "A", "period": str(year), "classification": "H4", "product_level": 6}
    return [({**stratum, **dict(zip(names, k, strict=True)), **_sums(v)}, v) for k, v in groups.items()]


def aggregates(year: int) -> dict[str, Rows]:
    """Rows of the six aggregates of FLOWS."""
    suppliers = []
    for entry, flows in _grouped(year, lambda f: (f[1], f[2]), ("importer_code", "product_code")):
        squares, top = sum(f[3] ** 2 for f in flows), max(flows, key=lambda f: f[3])
        suppliers.append({**entry, "supplier_count": len(flows), "supplier_sum_of_squares_usd2": Decimal(squares).quantize(Decimal("0.000001")),
                          "supplier_hhi": squares / float(entry["value_fob_usd"]) ** 2, "top_supplier_code": top[0],
                          "top_supplier_value_fob_usd": usd(top[3])})  # fmt: skip
    return {
        "pair_totals": [e for e, _ in _grouped(year, lambda f: (f[0], f[1]), ("exporter_code", "importer_code"))],
        "exporter_chapter": [e for e, _ in _grouped(year, lambda f: (f[0], f[2][:2]), ("exporter_code", "chapter_code"))],
        "pair_heading": [e for e, _ in _grouped(year, lambda f: (f[0], f[1], f[2][:4]), ("exporter_code", "importer_code", "heading_code"))],
        "exporter_product": [{**e, "importer_count": len(f), "rca": 1.0}
                             for e, f in _grouped(year, lambda f: (f[0], f[2]), ("exporter_code", "product_code"))],
        "importer_product": suppliers,
        "world_product": [{**e, "exporter_count": len({x[0] for x in f}), "importer_count": len({x[1] for x in f})}
                          for e, f in _grouped(year, lambda f: (f[2],), ("product_code",))],
    }  # fmt: skip


def flows_behind_aggregates(year: int) -> Rows:
    return [{**_flow(year), "exporter_code": e, "importer_code": i, "product_code": p, "value_fob_usd": usd(v), "method": "prefer_exporter",
             "evidence": "exporter_only"} for e, i, p, v, _ in FLOWS]  # fmt: skip


def ledger(year: int) -> Rows:
    base = {"table_name": "reported_flows", "frequency": "A", "period": str(year), "unparsed_count": 0}
    return [{**base, "reason": reason, "row_count": rows, "value_usd": usd(value)}
            for reason, rows, value in (("in", 10, 100), ("out", 8, 90), ("control", 2, 10))]  # fmt: skip


def mart_rows() -> dict[str, Rows]:
    """One release of the marts that have rules."""
    names = {"exporter_iso3": "CHN", "exporter_name": "China", "importer_iso3": "USA", "importer_name": "USA"}
    stratum = {"year": 2014, "basis": "own", "frequency": "A", "period": "2014", "classification": "H4", "product_level": 6}
    share = {**stratum, **names, "exporter_code": "156", "product_code": "TOTAL", "value_fob_usd": usd(30),
             "world_value_fob_usd": usd(40), "exporter_count": 2, "share_of_world_exports": 0.75}  # fmt: skip
    balance = {"year": 2014, "frequency": "A", "period": "2014", "basis": "own", "area_code": "156", "area_name": "China", "partner_code": "842",
               "partner_name": "USA", "exports_fob_usd": usd(30), "imports_fob_usd": None, "balance_fob_usd": usd(30), "has_exports": True,
               "has_imports": False}  # fmt: skip
    rca = {**stratum, **names, "exporter_code": "156", "product_code": "010121", "value_fob_usd": usd(30), "world_value_fob_usd": usd(40),
           "rca": 1.5, "symmetric_rca": 0.2, "has_advantage": True}  # fmt: skip
    dependence = {**stratum, **names, "importer_code": "842", "product_code": "010121", "imports_fob_usd": usd(30), "supplier_count": 2,
                  "supplier_hhi": 0.625, "supplier_equivalent_number": 1.6, "top_supplier_code": "156", "top_supplier_share": 0.75}  # fmt: skip
    rows: dict[str, Rows] = {
        "release_info": [{"published_at": datetime(2026, 1, 1, tzinfo=UTC), "contract_version": "1.0", "code_version": "0.1.0",
                          "fingerprint": "f", "method": "prefer_exporter", "is_partial": False, "is_synthetic": True, "citation": "c"}],
        "fct_bilateral_totals": [{**stratum, **names, "exporter_code": "156", "importer_code": "842", "value_fob_usd": usd(30),
                                  "flow_count": 1, "missing_weight_count": 0}],
        "bilateral_balance": [balance, {**balance, "area_code": "842", "partner_code": "156", "exports_fob_usd": None,
                                        "imports_fob_usd": usd(30), "balance_fob_usd": usd(-30), "has_exports": False, "has_imports": True}],
        "market_share": [share, {**share, "exporter_code": "276", "value_fob_usd": usd(10), "share_of_world_exports": 0.25},
                         {**share, "product_code": "72", "share_of_world_exports": None, "null_reason": "fewer than 30 exporters"}],
        "import_dependence": [dependence, {**dependence, "product_code": "010129", "supplier_hhi": None, "supplier_equivalent_number": None,
                                           "null_reason": "no value"}],
        "comparative_advantage": [rca, {**rca, "product_code": "010129", "rca": None, "symmetric_rca": None, "has_advantage": None,
                                        "null_reason": "no value"}],
        "conservation_ledger": [{**line, "stage": "ingest", "source": "comtrade", "year": 2014, "is_closed": True} for line in ledger(2014)],
    }  # fmt: skip
    for name, table in marts.MARTS.items():
        if name not in rows and not table.is_view:
            rows[name] = [_plain(table)]
    return {name: [{**r, "release_id": "20260101-aaaaaaaa"} for r in table] for name, table in rows.items()}


def _plain(table: Table) -> dict[str, Any]:
    """Any row that the contract's own checks accept."""
    by_type = {"code": "1", "text": "text", "year": 2014, "level": 0, "count": 1, "flag": True, "ratio": 1.0,
               "timestamp": datetime(2026, 1, 1, tzinfo=UTC)}  # fmt: skip
    row = {}
    for name in table.columns:
        entry = column(name)
        row[name] = entry.allowed[0] if entry.allowed else "2014" if name == "period" else by_type.get(entry.type, usd(1))
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


#: (table, rule) -> how to break it, for tables that are gated alone
FLOW_CASES: dict[tuple[str, str], Worsen] = {
    ("reported_flows", "fob_at_most_cif"): change(0, value_cif_usd=usd(99)),
    ("reported_flows", "self_trade_flagged"): change(5, is_self_trade=False),
    ("reported_flows", "no_margin_area"): change(0, partner_code="0"),
    ("reported_flows", "special_area_flagged"): change(4, is_special=False),
    ("reported_flows", "level_matches_code"): change(0, product_code="0101"),
    ("reported_flows", "period_in_partition_year"): change(0, period="1999"),
    ("reported_flows", "frequency_matches_period"): change(0, frequency="M"),
    ("reported_flows", "net_weight_never_zero"): change(0, net_weight_kg=usd(0)),
    ("reported_flows", "value_not_negative"): change(0, reported_value_usd=usd(-1)),
    ("reported_flows", "one_leaf_level"): again(0, product_level=4, product_code="0101"),
    ("reported_flows", "re_exports_within_exports"): change(1, reported_value_usd=usd("100.001")),
    ("reported_flows", "re_imports_within_imports"): change(3, reported_value_usd=usd(51)),
    **{
        (table, rule): worsen
        for table in ("harmonised_flows", "bilateral_flows")
        for rule, worsen in (
            ("no_self_trade", change(0, importer_code="156")),
            ("no_margin_area", change(0, importer_code="97")),
            ("level_matches_code", change(0, product_level=4)),
            ("period_in_partition_year", change(0, period="1999")),
            ("frequency_matches_period", change(0, frequency="M")),
            ("bucket_matches_chapter", change(0, product_code="870380")),
            ("net_weight_never_zero", change(0, net_weight_kg=usd(0))),
            ("value_not_negative", change(0, value_fob_usd=usd(-1))),
            ("residual_ends_in_x", change(0, is_residual=True)),
        )
    },
    ("harmonised_flows", "source_matches_basis"): change(2, source="comtrade"),
    ("bilateral_flows", "value_within_interval"): change(0, value_low_usd=usd(101)),
    ("bilateral_flows", "evidence_matches_reports"): change(0, evidence="exporter_only"),
    ("bilateral_flows", "evidence_kind_on_one_sided"): change(1, evidence_kind=None),
    ("bilateral_flows", "importer_fob_at_most_cif"): change(0, value_importer_fob_usd=usd(111)),
    ("bilateral_flows", "cif_factor_with_cif_report"): change(0, cif_factor=None),
    ("bilateral_flows", "simple_methods_choose_one_report"): change(0, weight_exporter=0.5),
    ("bilateral_flows", "value_follows_weight"): change(0, value_fob_usd=usd(101)),
    ("bilateral_flows", "method_matches_basis"): change(2, method="prefer_exporter"),
    ("ledger", "value_closes"): change(1, value_usd=usd("90.001")),
    ("ledger", "rows_close"): change(1, row_count=9),
    ("ledger", "reason_is_declared"): change(2, reason="lost"),
    ("ledger", "rows_not_negative"): change(2, row_count=-2),
}
AGGREGATE_CASES: dict[tuple[str, str], Worsen] = {
    **{
        (table.name, rule): worsen
        for table in lake.AGGREGATES
        for rule, worsen in (
            ("period_in_partition_year", change(0, period="1999")),
            ("missing_weights_within_flows", change(0, missing_weight_count=9)),
            ("weight_null_iff_all_missing", change(0, net_weight_kg=None)),
            ("value_not_negative", change(0, value_fob_usd=usd(-1))),
        )
    },
    ("importer_product", "hhi_within_bounds"): change(0, supplier_hhi=0.4),
    ("importer_product", "hhi_is_sum_of_squared_shares"): change(0, supplier_hhi=0.7),
    ("importer_product", "top_supplier_within_imports"): change(0, top_supplier_value_fob_usd=usd(131)),
    ("importer_product", "suppliers_within_flows"): change(0, supplier_count=3),
    ("exporter_product", "importers_within_flows"): change(0, importer_count=3),
    ("pair_totals", "pair_totals_equal_world"): change(0, value_fob_usd=usd("100.001")),
    ("exporter_chapter", "exporter_chapters_equal_world"): drop(0),
    ("pair_heading", "pair_headings_equal_world"): change(0, flow_count=2),
    ("exporter_product", "world_exports_equal_world_imports"): change(0, value_fob_usd=usd(151)),
    ("importer_product", "importer_products_equal_world"): drop(0),
    ("pair_totals", "pair_totals_equal_flows"): drop(0),
}
MART_CASES: dict[tuple[str, str], Worsen] = {
    ("fct_bilateral_totals", "one_basis_per_period"): again(0, importer_code="276", basis="baci_published"),
    ("fct_bilateral_totals", "no_self_trade"): change(0, importer_code="156"),
    ("bilateral_balance", "balance_is_exports_less_imports"): change(0, balance_fob_usd=usd(31)),
    ("bilateral_balance", "sides_flagged"): change(0, has_imports=True),
    ("bilateral_balance", "exports_mirror_imports"): change(1, imports_fob_usd=usd(29)),
    ("market_share", "shares_sum_to_one"): change(0, share_of_world_exports=0.76),
    ("market_share", "share_within_bounds"): change(0, share_of_world_exports=1.1),
    ("market_share", "null_has_its_reason"): change(2, null_reason=None),
    ("import_dependence", "null_has_its_reason"): change(0, null_reason="no value"),
    ("import_dependence", "equivalent_number_inverts_hhi"): change(0, supplier_equivalent_number=2.0),
    ("comparative_advantage", "null_has_its_reason"): change(1, null_reason=None),
    ("comparative_advantage", "advantage_from_rca"): change(0, has_advantage=False),
    ("comparative_advantage", "symmetric_rca_from_rca"): change(0, symmetric_rca=0.3),
    ("conservation_ledger", "ledger_closes"): change(0, is_closed=False),
    **{(name, "one_release"): change(0, release_id="20250101-bbbbbbbb") for name, table in marts.MARTS.items() if not table.is_view},
    # release_info defines the release: a second row there is foreign to the first
    ("release_info", "one_release"): again(0, release_id="20250101-bbbbbbbb"),
}
