"""The estimates that a flow's value was read from: the year's pinned parameter set, and the geography of the pair."""

from __future__ import annotations

import duckdb

from orchestration.evidence.tables import Row, Tables, view
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.core.pinned.parameter_rows import from_rows
from transforms.core.pinned.parameters import NO_PARAMETERS, Parameters


def read_parameters(tables: Tables, year: int) -> Parameters:
    """The set of ``year`` as the release pins it; NO_PARAMETERS where it has none."""
    files = tables.files(contracts.PARAMETER_SET, year=year)
    if not files:
        return NO_PARAMETERS
    with duckdb.connect(":memory:") as connection:
        view(connection, "t", contracts.PARAMETER_SET, files)
        rows = connection.execute(f"select * from t order by {', '.join(contracts.PARAMETER_SET.sort_by)}").to_arrow_table()
    return from_rows(rows.cast(table_schema(contracts.PARAMETER_SET)), files[0].stem[:16])


def pair_geography(tables: Tables, area: str, partner: str) -> Row | None:
    """The row of pair_geography from exporter to importer; None where neither a file nor a place gives a distance."""
    rows = tables.select(contracts.PAIR_GEOGRAPHY, "select * from t where area_code = $1 and partner_code = $2", [area, partner])
    return rows[0] if rows else None
