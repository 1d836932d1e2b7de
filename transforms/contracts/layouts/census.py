"""The US Census Bureau's international trade API: arrays in JSON, the first of them the header."""

from __future__ import annotations

from transforms.contracts.layout import Field, Layout, Source

SOURCE = Source(
    "census",
    "US Census Bureau, International Trade",
    home_page="https://www.census.gov/data/developers/data-sets/international-trade.html",
    licence="US government work, public domain",
    attribution="US Census Bureau, International Trade API",
    redistribution="open",
)
#: Levels come mixed in one answer; each is a level of its own here and shallower ones become control totals.
_LEVELS = (("product_level", (("HS2", "2"), ("HS4", "4"), ("HS6", "6"), ("HS10", "10"))),)
_COMMON = {
    "source": "census",
    "area_system": "schedule_c",
    "edition_rule": "us",
    "maps": _LEVELS,
    # DET: a country; CGP: a group of countries, whose members also stand in the answer
    "aggregate_roles": (("summary_level_code", ("", "DET")),),
}
_IDS = (
    Field("CTY_CODE", "partner_code", "code"),
    Field("CTY_NAME", "partner_name", "text", required=False),
    Field("SUMMARY_LVL", "summary_level_code", "code", required=False),
    Field("SUMMARY_LVL2", None, "ignore", required=False),
    Field("COMM_LVL", "product_level", "code", required=False),
    Field("time", "period", "code"),
    Field("YEAR", None, "ignore", required=False),
    Field("MONTH", None, "ignore", required=False),
)


def _product(prefix: str) -> tuple[Field, ...]:
    return (
        Field(f"{prefix}_COMMODITY", "product_code", "code"),
        Field(f"{prefix}_COMMODITY_LDESC", None, "ignore", required=False),
        Field(f"{prefix}_COMMODITY_SDESC", "product_description", "text", required=False),
        Field("UNIT_QY1", "quantity_unit_code", "code", required=False),
    )


CENSUS_IMPORTS = Layout(
    "census_imports",
    title="US Census API, timeseries/intltrade/imports/hs",
    fields=(
        *_IDS,
        *_product("I"),
        Field("GEN_VAL_MO", "reported_value_usd", "number"),
        Field("GEN_CIF_MO", "value_cif_usd", "number", required=False),
        Field("GEN_QY1_MO", "quantity", "number", required=False),
    ),
    # the general imports value is the customs value, at the foreign port of export
    constants=(("reporter_code", "842"), ("flow_code", "M"), ("valuation", "FOB")),
    **_COMMON,  # type: ignore[arg-type]
)

CENSUS_EXPORTS = Layout(
    "census_exports",
    title="US Census API, timeseries/intltrade/exports/hs",
    fields=(
        *_IDS,
        *_product("E"),
        Field("ALL_VAL_MO", "reported_value_usd", "number"),
        Field("QTY_1_MO", "quantity", "number", required=False),
    ),
    # free alongside ship, which leaves out loading
    constants=(("reporter_code", "842"), ("flow_code", "X"), ("valuation", "FAS")),
    **_COMMON,  # type: ignore[arg-type]
)

LAYOUTS = (CENSUS_IMPORTS, CENSUS_EXPORTS)
