"""A candidate's marts over a lake of flows: the fact, the view with names, and what they need. dbt's models without dbt."""

from __future__ import annotations

from pathlib import Path

import duckdb

from infra.benchmarks import flows
from orchestration.marts import lake_view_sql
from transforms.contracts import lake as contracts
from transforms.contracts import marts, reconciled_marts
from transforms.contracts.arrow import sql_type
from transforms.contracts.model import Table
from transforms.io import lake

FACTS = (reconciled_marts.FCT_BILATERAL_FLOWS, reconciled_marts.BILATERAL_FLOWS)
_RELEASE = "'20260101-aaaaaaaa'"
_NAMES = {
    "exporter_iso3": "exporters.iso3",
    "exporter_name": "exporters.area_name",
    "importer_iso3": "importers.iso3",
    "importer_name": "importers.area_name",
    "product_description": "products.product_description",
}


def write(home: Path) -> Path:
    """``candidate.duckdb`` in the home, anew: schema ``lake`` over the committed flows, schema ``marts`` upon it."""
    path = home / "candidate.duckdb"
    path.unlink(missing_ok=True)
    table = contracts.BILATERAL_FLOWS
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema lake; create schema marts")
        connection.execute(lake_view_sql(table, {table.name: tuple(lake.active_files(home, table, version=None))}))
        areas = {"area_code": "code", "iso3": "'A' || code", "area_name": "'Area ' || code"}
        products = {"classification": "'H4'", "product_code": "code", "product_description": "'Product ' || code"}
        for mart, given, codes in ((marts.DIM_AREA, areas, flows.area_codes()), (marts.DIM_PRODUCT, products, flows.product_codes())):
            connection.execute(f"create table marts.{mart.name} as select {_columns(mart, given)} from (select unnest({codes}) as code)")
        connection.execute(f"create table marts.release_info as select {_columns(marts.RELEASE_INFO, {})}")
        fact, named = FACTS
        own = {name: f"flows.{name}" for name in table.columns}
        connection.execute(f"create view marts.{fact.name} as select {_columns(fact, own)} from lake.{table.name} as flows")
        connection.execute(
            f"create view marts.{named.name} as select {_columns(named, {**own, **_NAMES})} from marts.{fact.name} as flows "
            "left join marts.dim_area as exporters on flows.exporter_code = exporters.area_code "
            "left join marts.dim_area as importers on flows.importer_code = importers.area_code "
            "left join marts.dim_product as products using (classification, product_code)"
        )
    return path


def _columns(table: Table, given: dict[str, str]) -> str:
    """The contract's columns: those given as they are, the release's id, NULL of its type for the rest."""
    found = {"release_id": _RELEASE, **given}
    return ", ".join(f"{found[name]} as {name}" if name in found else f"cast(null as {sql_type(name)}) as {name}" for name in table.columns)
