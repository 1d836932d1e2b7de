"""Every declared layout can be read: what lacks a column or a code fails here, not in a run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from transforms.contracts import codes
from transforms.contracts.columns import COLUMNS
from transforms.contracts.layouts import BACI, COMTRADE_BULK, LAYOUTS, SOURCES
from transforms.contracts.model import Layout
from transforms.sources.rows import FLAGS, MEASURES, ROLES

#: What each kind of file must say, in a column, as a constant or (classification) by its edition.
NEEDED = {
    "flows": {"reporter_code", "partner_code", "product_code", "flow_code", "classification", "reported_value_usd"},
    "areas": {"area_code", "area_name"},
    "products": {"product_code", "product_description"},
}
NOT_IN_TABLES = {*ROLES, "type_code", "reporter_name", "partner_name"}
SETS = {
    "frequency": set(codes.FREQUENCIES),
    "flow_code": set(codes.FLOWS),
    "product_level": {str(n) for n in codes.LEVEL_ORDER},
    "valuation": set(codes.VALUATIONS),
    "classification": set(codes.CLASSIFICATIONS),
}


def faults(layout: Layout) -> list[str]:
    """What keeps a layout from being read."""
    targets = [f.to for f in layout.fields if f.to]
    there = {f.to for f in layout.fields if f.to and f.required} | {c for c, _ in layout.constants}
    there |= {"classification"} if "edition" in layout.needs else set()
    found = [f"lacks {n}" for n in sorted(NEEDED[layout.kind] - there)]
    if layout.kind == "flows" and not {"period", "year"} & there:
        found.append("lacks period or year")
    found += [f"fills {t} twice" for t in sorted({t for t in targets if targets.count(t) > 1})]
    found += [f"fills {t}, which is no column" for t in targets if t not in COLUMNS and t not in NOT_IN_TABLES]
    found += [f"{t} is no role" for t, _ in layout.aggregate_roles if t not in ROLES or t not in targets]
    found += [f"constant {c} = {v} is no code" for c, v in layout.constants if v not in SETS.get(c, set())]
    found += [f"flow {code} is no code" for _, code in layout.flow_map if code not in codes.FLOWS]
    for entry in layout.fields:
        wanted = "number" if entry.to in MEASURES else "flag" if entry.to in FLAGS else None
        if entry.to and (wanted or entry.kind) != entry.kind:
            found.append(f"{entry.to} is a {wanted}, not a {entry.kind}")
        if (entry.to is None) != (entry.kind == "ignore"):
            found.append(f"{entry.name}: to and ignore contradict each other")
    return found


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda entry: entry.name)
def test_a_layout_can_be_read(layout: Layout) -> None:
    assert faults(layout) == []
    assert layout.source in SOURCES
    assert len(layout.delimiter) == 1
    assert re.compile(layout.release_form).pattern, "no form of its releases"
    names = [n for f in layout.fields for n in (f.name, *f.aliases)]
    assert len(names) == len(set(names)), "one header text, two columns"


@pytest.mark.parametrize(
    ("layout", "fault"),
    [
        (replace(BACI, fields=tuple(f for f in BACI.fields if f.to != "product_code")), "lacks product_code"),
        (replace(BACI, fields=tuple(f for f in BACI.fields if f.to != "reported_value_usd")), "lacks reported_value_usd"),
        (replace(BACI, constants=(*BACI.constants[:1], ("flow_code", "EX"), *BACI.constants[2:])), "constant flow_code = EX is no code"),
        (replace(BACI, fields=(*BACI.fields, replace(BACI.fields[0], name="x", to="prod_code"))), "fills prod_code, which is no column"),
        (replace(COMTRADE_BULK, aggregate_roles=(("port_code", ("",)),)), "port_code is no role"),
        (replace(COMTRADE_BULK, flow_map=(("1", "IM"),)), "flow IM is no code"),
    ],
)
def test_what_a_layout_lacks_is_named(layout: Layout, fault: str) -> None:
    assert faults(layout) == [fault]
