"""Tables of code lists, correlations and indicators, in the lake and as marts; empty where no such file was handed over."""

from __future__ import annotations

from transforms.contracts.mart_shape import from_lake, mart
from transforms.contracts.model import Table

CODE = Table(
    "code",
    "lake",
    "One row per code list and code.",
    columns=("code_list", "list_code", "code_description", "snapshot_id"),
    key=("code_list", "list_code"),
    required=("code_description", "snapshot_id"),
    sort_by=("code_list", "list_code"),
    minimum_rows=0,
)
CORRELATION = Table(
    "correlation",
    "lake",
    "One row per pair of codes of two classifications that share products, as a correlation table states it.",
    columns=("from_classification", "from_code", "to_classification", "to_code", "relationship", "is_part", "snapshot_id"),
    key=("from_classification", "from_code", "to_classification", "to_code"),
    required=("snapshot_id",),
    sort_by=("from_classification", "to_classification", "from_code", "to_code"),
    minimum_rows=0,
)
INDICATOR = Table(
    "indicator",
    "lake",
    "One row per indicator, area, period and vintage.",
    columns=(
        "indicator_code",
        "indicator_name",
        "publisher_area_code",
        "area_code",
        "area_name",
        "is_aggregate",
        "frequency",
        "period",
        "indicator_value",
        "vintage",
        "snapshot_id",
    ),
    key=("indicator_code", "publisher_area_code", "period", "vintage"),
    required=("area_name", "is_aggregate", "frequency", "indicator_value", "snapshot_id"),
    sort_by=("indicator_code", "publisher_area_code", "period", "vintage"),
    minimum_rows=0,
)
TABLES = (CODE, CORRELATION, INDICATOR)

DIM_CODE = from_lake("dim_code", CODE)
DIM_CORRELATION = from_lake("dim_correlation", CORRELATION)
FCT_INDICATORS = mart(
    "fct_indicators",
    INDICATOR.grain + " is_latest_vintage picks one row per indicator, area and period.",
    INDICATOR.key,
    (*INDICATOR.columns, "is_latest_vintage"),
    (*INDICATOR.required, "is_latest_vintage"),
    minimum_rows=0,
)
MARTS = (DIM_CODE, DIM_CORRELATION, FCT_INDICATORS)
