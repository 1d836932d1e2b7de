"""One grammar for every name; every table well-formed; every column described once and used."""

from __future__ import annotations

import re

import pytest

from transforms.contracts import columns, lake, marts
from transforms.contracts.model import Table

TABLES = [*lake.TABLES.values(), *marts.MARTS.values()]
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
UNITS = {"usd": "_usd", "usd_wide": "_usd", "usd_squared": "_usd2", "kg": "_kg"}


@pytest.mark.parametrize("entry", columns.COLUMNS.values(), ids=lambda c: c.name)
def test_column_names_carry_unit_and_kind(entry: columns.Column) -> None:
    assert NAME.match(entry.name)
    assert entry.name not in {"value", "amount", "total", "code", "name"}
    if entry.type in UNITS:
        assert UNITS[entry.type] in entry.name, f"{entry.name}: the unit belongs in the name"
        assert entry.unit, f"{entry.name}: no unit"
    if entry.type == "flag":
        assert entry.name.startswith(("is_", "has_"))
    if entry.type == "count":
        assert entry.name.endswith(("_count", "_bytes", "_line", "_version", "_rank"))
    assert entry.description.endswith((".", ")"))


@pytest.mark.parametrize("table", TABLES, ids=lambda t: f"{t.layer}.{t.name}")
def test_tables_are_well_formed(table: Table) -> None:
    assert NAME.match(table.name)
    assert table.grain.startswith("One row")
    assert len(set(table.columns)) == len(table.columns)
    for group in (table.key, table.required, table.partition_by, table.sort_by):
        assert set(group) <= set(table.columns)
    for name in table.columns:
        columns.column(name)


def test_every_column_is_used() -> None:
    used = {c for t in TABLES for c in t.columns}
    assert set(columns.COLUMNS) - used == set()


def test_an_unknown_column_names_the_file_to_add_it_to() -> None:
    with pytest.raises(KeyError, match=r"columns\.py"):
        columns.column("never_described")


def test_every_fact_has_its_time() -> None:
    for table in (lake.REPORTED_FLOWS, lake.BILATERAL_FLOWS, *lake.AGGREGATES):
        assert {"year", "frequency", "period"} <= set(table.columns)


def test_every_method_that_can_be_chosen_is_there() -> None:
    from transforms.contracts import codes
    from transforms.core.reconciling.methods import METHODS

    assert tuple(METHODS) == codes.RECONCILE_METHODS
