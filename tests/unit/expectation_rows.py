"""Minimal good rows of the lake's gated tables."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

Rows = list[dict[str, Any]]


def usd(value: float | str) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.001"))


def reported_flows(year: int) -> Rows:
    base = {
        "frequency": "A",
        "period": str(year),
        "reporter_code": "156",
        "partner_code": "842",
        "flow_code": "X",
        "classification": "H4",
        "product_level": 6,
        "product_code": "010121",
        "reported_value_usd": usd(100),
        "valuation": "FOB",
        "value_fob_usd": usd(100),
        "value_cif_usd": usd(105),
        "is_value_rounded": False,
        "net_weight_kg": usd(10),
        "is_special": False,
        "is_self_trade": False,
        "is_confidential": False,
        "snapshot_id": "00aa",
        "snapshot_member": "a.csv",
        "source_line": 2,
    }
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
        "basis": "own",
        "frequency": "A",
        "period": str(year),
        "classification": "H4",
        "product_level": 6,
        "product_code": "010121",
        "exporter_code": "156",
        "importer_code": "842",
        "is_value_rounded": False,
        "is_residual": False,
        "net_weight_kg": usd(10),
    }


def harmonised_flows(year: int) -> Rows:
    base = {
        **_flow(year),
        "side": "exporter",
        "source": "comtrade",
        "reported_value_usd": usd(100),
        "valuation": "FOB",
        "value_fob_usd": usd(100),
        "snapshot_id": "00aa",
    }
    return [base, {**base, "side": "importer", "valuation": "CIF"}, {**base, "basis": "baci_published", "source": "baci"}]


def bilateral_flows(year: int) -> Rows:
    both = {
        **_flow(year),
        "value_fob_usd": usd(100),
        "value_exporter_fob_usd": usd(100),
        "value_importer_cif_usd": usd(110),
        "value_importer_fob_usd": usd("106.486"),
        "cif_factor": 1.033,
        "weight_exporter": 1.0,
        "value_low_usd": usd(90),
        "value_high_usd": usd(112),
        "method": "prefer_exporter",
        "evidence": "both",
    }
    return [
        both,
        {
            **both,
            "importer_code": "276",
            "value_fob_usd": usd("106.486"),
            "value_exporter_fob_usd": None,
            "weight_exporter": 0.0,
            "evidence": "importer_only",
            "evidence_kind": "orphan",
        },
        {**_flow(year), "basis": "baci_published", "value_fob_usd": usd(99), "method": "baci_published", "evidence": "published"},
        {
            **_flow(year),
            "product_code": "01XXXX",
            "is_residual": True,
            "value_fob_usd": usd(7),
            "value_exporter_fob_usd": usd(7),
            "weight_exporter": 1.0,
            "method": "prefer_exporter",
            "evidence": "exporter_only",
            "evidence_kind": "silent_nonreporter",
        },
    ]


#: exporter, importer, product, value, weight
FLOWS = (
    ("156", "842", "010121", 100, 10),
    ("156", "276", "010121", 50, None),
    ("276", "842", "010121", 30, 5),
    ("276", "842", "010129", 8, 1),
)


def _sums(flows: list[tuple[Any, ...]]) -> dict[str, Any]:
    weights = [f[4] for f in flows if f[4] is not None]
    return {
        "value_fob_usd": usd(sum(f[3] for f in flows)),
        "net_weight_kg": usd(sum(weights)) if weights else None,
        "flow_count": len(flows),
        "missing_weight_count": len(flows) - len(weights),
    }


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
        suppliers.append(
            {
                **entry,
                "supplier_count": len(flows),
                "supplier_sum_of_squares_usd2": Decimal(squares).quantize(Decimal("0.000001")),
                "supplier_hhi": squares / float(entry["value_fob_usd"]) ** 2,
                "top_supplier_code": top[0],
                "top_supplier_value_fob_usd": usd(top[3]),
            }
        )
    return {
        "pair_totals": [e for e, _ in _grouped(year, lambda f: (f[0], f[1]), ("exporter_code", "importer_code"))],
        "exporter_chapter": [e for e, _ in _grouped(year, lambda f: (f[0], f[2][:2]), ("exporter_code", "chapter_code"))],
        "pair_heading": [
            e for e, _ in _grouped(year, lambda f: (f[0], f[1], f[2][:4]), ("exporter_code", "importer_code", "heading_code"))
        ],
        "exporter_product": [
            {**e, "importer_count": len(f), "rca": 1.0}
            for e, f in _grouped(year, lambda f: (f[0], f[2]), ("exporter_code", "product_code"))
        ],
        "importer_product": suppliers,
        "world_product": [
            {**e, "exporter_count": len({x[0] for x in f}), "importer_count": len({x[1] for x in f})}
            for e, f in _grouped(year, lambda f: (f[2],), ("product_code",))
        ],
    }


def flows_behind_aggregates(year: int) -> Rows:
    return [
        {
            **_flow(year),
            "exporter_code": e,
            "importer_code": i,
            "product_code": p,
            "value_fob_usd": usd(v),
            "method": "prefer_exporter",
            "evidence": "exporter_only",
        }
        for e, i, p, v, _ in FLOWS
    ]


def ledger(year: int) -> Rows:
    base = {"table_name": "reported_flows", "frequency": "A", "period": str(year), "unparsed_count": 0}
    return [
        {**base, "reason": reason, "row_count": rows, "value_usd": usd(value)}
        for reason, rows, value in (("in", 10, 100), ("out", 8, 90), ("control", 2, 10))
    ]
