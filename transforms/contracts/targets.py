"""What a layout's columns may fill, and what keeps a layout from being read."""

from __future__ import annotations

import re

from transforms.contracts import codes
from transforms.contracts.columns import COLUMNS
from transforms.contracts.layout import Layout

#: Codes that make a row a breakdown of another, or (summed_roles) a part without a total.
ROLES = (
    "second_partner_code",
    "customs_code",
    "mode_of_transport_code",
    "mode_of_supply_code",
    "trade_type_code",
    "summary_level_code",
)
FLAGS = ("is_net_weight_estimated", "is_quantity_estimated", "is_reported")
#: The value, then its CIF and FOB where a row gives them; weights in kg; the quantity in its unit.
MEASURES = ("reported_value_usd", "value_cif_usd", "value_fob_usd", "net_weight_kg", "gross_weight_kg", "quantity")
MONEY = MEASURES[:3]
TEXTS = ("reporter_name", "partner_name", "product_description")
_BESIDE = {*ROLES, *TEXTS, "type_code"}

#: What each kind of file must say: in a column, as a constant, or (classification) by its edition or its rule.
_NEEDED: dict[str, set[str]] = {
    "flows": {"reporter_code", "partner_code", "product_code", "flow_code", "classification", "reported_value_usd"},
    "areas": {"area_code", "area_name"},
    "products": {"product_code", "product_description"},
    "codes": {"code", "code_description"},
    "correlation": set(),
    "indicators": {"area_code", "period", "indicator_value"},
    "distances": {"area_letters", "partner_letters", "main_city_km"},
}
_SETS = {
    "frequency": set(codes.FREQUENCIES),
    "flow_code": set(codes.FLOWS),
    "product_level": {str(n) for n in codes.LEVEL_ORDER},
    "valuation": set(codes.VALUATIONS),
}


def _lacks(layout: Layout) -> list[str]:
    there = {f.to for f in layout.fields if f.to and f.required} | {c for c, _ in layout.constants}
    if "edition" in layout.needs or layout.edition_rule:
        there.add("classification")
    found = [f"lacks {n}" for n in sorted(_NEEDED[layout.kind] - there)]
    if layout.kind == "flows" and not {"period", "year"} & there:
        found.append("lacks period or year")
    return found


def _constant_fault(column: str, value: str) -> bool:
    if column == "classification":
        return not codes.is_classification(value)
    if column == "reporter_code":
        return re.fullmatch(r"[0-9]{1,3}", value) is None
    return column in _SETS and value not in _SETS[column]


def kind_of(target: str) -> str:
    """The kind that a column has which fills ``target``."""
    if target in MEASURES:
        return "number"
    return "flag" if target in FLAGS else "text" if target in TEXTS else "code"


def layout_faults(layout: Layout) -> list[str]:
    """What keeps a layout from being read, each in a few words; empty where nothing does."""
    targets = [f.to for f in layout.fields if f.to]
    found = _lacks(layout)
    found += [f"fills {t} twice" for t in sorted({t for t in targets if targets.count(t) > 1})]
    if layout.kind == "flows":
        found += [f"fills {t}, which is no column" for t in targets if t not in COLUMNS and t not in _BESIDE]
    roles = [*(name for name, _ in layout.aggregate_roles), *layout.summed_roles]
    found += [f"{t} is no role" for t in roles if t not in ROLES or t not in targets]
    found += [f"constant {c} = {v} is no code" for c, v in layout.constants if _constant_fault(c, v)]
    found += [f"flow {code} is no code" for code in layout.map_of("flow_code").values() if code not in codes.FLOWS]
    for entry in layout.fields:
        if entry.to and layout.kind == "flows" and kind_of(entry.to) in ("number", "flag") and kind_of(entry.to) != entry.kind:
            found.append(f"{entry.to} is a {kind_of(entry.to)}, not a {entry.kind}")
        if (entry.to is None) != (entry.kind == "ignore"):
            found.append(f"{entry.name}: to and ignore contradict each other")
    names = [n for f in layout.fields for n in (f.name, *f.aliases)]
    found += [f"{n!r} names two columns" for n in sorted({n for n in names if names.count(n) > 1})]
    if len(layout.delimiter) != 1:
        found.append(f"delimiter {layout.delimiter!r} is not one character")
    if layout.currency != "USD" and re.fullmatch(r"[A-Z]{3}", layout.currency) is None:
        found.append(f"currency {layout.currency!r} is no ISO 4217 code")
    return found
