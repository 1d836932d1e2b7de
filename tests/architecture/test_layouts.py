"""Every declared layout can be read: what lacks a column or a code fails here, not in a run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from transforms.contracts.layout import Layout
from transforms.contracts.layouts import BUILT_IN, LAYOUTS, SOURCES
from transforms.contracts.layouts.baci import BACI
from transforms.contracts.layouts.comext import COMEXT_V2
from transforms.contracts.layouts.comtrade import COMTRADE_BULK
from transforms.contracts.targets import layout_faults


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda entry: entry.name)
def test_a_layout_can_be_read(layout: Layout) -> None:
    assert layout_faults(layout) == []
    assert layout.source in SOURCES
    assert re.compile(layout.name_pattern or "")


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda entry: entry.name)
def test_a_source_says_whose_it_is_and_under_what_licence(source) -> None:  # type: ignore[no-untyped-def]
    assert re.fullmatch(source.release_form, source.release_example)
    assert source.licence != "unknown"
    assert source.attribution
    assert source.home_page.startswith("https://")


def test_two_layouts_never_have_the_same_required_columns() -> None:
    seen: dict[tuple[object, ...], str] = {}
    for layout in BUILT_IN.layouts.values():
        key = (layout.delimiter, *sorted(f.name for f in layout.fields if f.required))
        assert seen.setdefault(key, layout.name) == layout.name


@pytest.mark.parametrize(
    ("layout", "fault"),
    [
        (replace(BACI, fields=tuple(f for f in BACI.fields if f.to != "product_code")), "lacks product_code"),
        (replace(BACI, fields=tuple(f for f in BACI.fields if f.to != "reported_value_usd")), "lacks reported_value_usd"),
        (replace(BACI, constants=(*BACI.constants[:1], ("flow_code", "EX"), *BACI.constants[2:])), "constant flow_code = EX is no code"),
        (replace(BACI, fields=(*BACI.fields, replace(BACI.fields[0], name="x", to="prod_code"))), "fills prod_code, which is no column"),
        (replace(BACI, fields=(*BACI.fields, replace(BACI.fields[0], to=None, kind="ignore"))), "'t' names two columns"),
        (replace(COMTRADE_BULK, aggregate_roles=(("port_code", ("",)),)), "port_code is no role"),
        (replace(COMTRADE_BULK, maps=(("flow_code", (("1", "IM"),)),)), "flow IM is no code"),
        (replace(COMTRADE_BULK, delimiter="||"), "delimiter '||' is not one character"),
        (replace(COMEXT_V2, summed_roles=("port_code",)), "port_code is no role"),
        (replace(COMEXT_V2, currency="Euro"), "currency 'Euro' is no ISO 4217 code"),
    ],
)
def test_what_a_layout_lacks_is_named(layout: Layout, fault: str) -> None:
    assert layout_faults(layout) == [fault]
