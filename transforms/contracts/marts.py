"""Tables of the marts: the public contract of a release."""

from __future__ import annotations

from transforms.contracts import lake, lists, ops, reconciled_marts
from transforms.contracts.mart_shape import from_lake as _from_lake
from transforms.contracts.mart_shape import mart as _mart
from transforms.contracts.model import Table
from transforms.contracts.reconciled_marts import FCT_BILATERAL_FLOWS as FCT_BILATERAL_FLOWS

#: Raised by hand: minor for additions, major for a rename, removal, retype or change of meaning.
CONTRACT_VERSION = "1.2"

_STRATUM = lake.STRATUM


RELEASE_INFO = _mart(
    "release_info",
    "One row: this release.",
    ("release_id",),
    ("published_at", "contract_version", "code_version", "fingerprint", "method", "is_partial", "is_synthetic", "citation"),
    ("published_at", "contract_version", "code_version", "fingerprint", "method", "is_partial", "is_synthetic", "citation"),
)
DIM_AREA = _from_lake("dim_area", lake.DIM_AREA)
DIM_AREA_GROUP = _from_lake("dim_area_group", lake.DIM_AREA_GROUP)
DIM_PRODUCT = _from_lake("dim_product", lake.DIM_PRODUCT)
DIM_SOURCE_RELEASE = _from_lake("dim_source_release", lake.SOURCE_RELEASE)
FCT_REPORTED_FLOWS = _from_lake("fct_reported_flows", lake.REPORTED_FLOWS)
FCT_BILATERAL_TOTALS = _mart(
    "fct_bilateral_totals",
    "One row per frequency, period, exporter and importer, from the first entry of the declared order that has it, so that sum() is safe.",
    ("frequency", "period", "exporter_code", "importer_code"),
    (
        "year",
        "frequency",
        "period",
        "exporter_code",
        "exporter_iso3",
        "exporter_name",
        "importer_code",
        "importer_iso3",
        "importer_name",
        "basis",
        "classification",
        "product_level",
        "value_fob_usd",
        "net_weight_kg",
        "flow_count",
        "missing_weight_count",
        "is_provisional",
    ),
    (
        "year",
        "exporter_name",
        "importer_name",
        "basis",
        "classification",
        "product_level",
        "value_fob_usd",
        "flow_count",
        "missing_weight_count",
    ),
    minimum_rows=0,
)
BILATERAL_BALANCE = _mart(
    "bilateral_balance",
    "One row per frequency, period, area and partner: exports, imports and the balance, FOB, one basis.",
    ("frequency", "period", "area_code", "partner_code"),
    (
        "year",
        "frequency",
        "period",
        "basis",
        "area_code",
        "area_iso3",
        "area_name",
        "partner_code",
        "partner_iso3",
        "partner_name",
        "exports_fob_usd",
        "imports_fob_usd",
        "balance_fob_usd",
        "has_exports",
        "has_imports",
    ),
    ("year", "basis", "area_name", "partner_name", "balance_fob_usd", "has_exports", "has_imports"),
    minimum_rows=0,
)
MARKET_SHARE = _mart(
    "market_share",
    "One row per stratum, exporter and product group (TOTAL, or a chapter): the share in all exporters' value of that group.",
    (*_STRATUM, "exporter_code", "product_code"),
    (
        "year",
        *_STRATUM,
        "exporter_code",
        "exporter_iso3",
        "exporter_name",
        "product_code",
        "value_fob_usd",
        "world_value_fob_usd",
        "exporter_count",
        "share_of_world_exports",
        "is_provisional",
        "null_reason",
    ),
    ("year", "exporter_name", "value_fob_usd", "world_value_fob_usd", "exporter_count"),
    minimum_rows=0,
)
IMPORT_DEPENDENCE = _mart(
    "import_dependence",
    "One row per stratum, importer and product: how concentrated the suppliers are.",
    (*_STRATUM, "importer_code", "product_code"),
    (
        "year",
        *_STRATUM,
        "importer_code",
        "importer_iso3",
        "importer_name",
        "product_code",
        "product_description",
        "imports_fob_usd",
        "supplier_count",
        "supplier_hhi",
        "supplier_equivalent_number",
        "top_supplier_code",
        "top_supplier_share",
        "null_reason",
    ),
    ("year", "importer_name", "imports_fob_usd", "supplier_count"),
    minimum_rows=0,
)
COMPARATIVE_ADVANTAGE = _mart(
    "comparative_advantage",
    "One row per stratum, exporter and product: revealed comparative advantage.",
    (*_STRATUM, "exporter_code", "product_code"),
    (
        "year",
        *_STRATUM,
        "exporter_code",
        "exporter_iso3",
        "exporter_name",
        "product_code",
        "product_description",
        "value_fob_usd",
        "world_value_fob_usd",
        "rca",
        "symmetric_rca",
        "has_advantage",
        "null_reason",
    ),
    ("year", "exporter_name", "value_fob_usd", "world_value_fob_usd"),
    minimum_rows=0,
)
REPORTING_COVERAGE = _mart(
    "reporting_coverage",
    "One row per source, period, reporter, flow, classification and level: what was reported.",
    ("source", "frequency", "period", "reporter_code", "flow_code", "classification", "product_level"),
    (
        "source",
        "year",
        "frequency",
        "period",
        "reporter_code",
        "reporter_iso3",
        "reporter_name",
        "flow_code",
        "classification",
        "product_level",
        "report_row_count",
        "partner_count",
        "product_count",
        "reported_value_usd",
    ),
    ("year", "reporter_name", "report_row_count", "partner_count", "product_count"),
    minimum_rows=0,
)
MONTHLY_TOTALS = _mart(
    "monthly_totals",
    "One row per month, exporter and importer that trade: the month, sums of months, the year before, and the annual report beside it.",
    ("frequency", "period", "exporter_code", "importer_code"),
    (
        "year",
        "frequency",
        "period",
        "exporter_code",
        "exporter_iso3",
        "exporter_name",
        "importer_code",
        "importer_iso3",
        "importer_name",
        "basis",
        "pair_reporter_codes",
        "value_fob_usd",
        "year_to_date_fob_usd",
        "rolling_twelve_months_fob_usd",
        "same_month_last_year_fob_usd",
        "change_on_last_year_fob_usd",
        "change_on_last_year_ratio",
        "months_of_year_fob_usd",
        "annual_fob_usd",
        "annual_less_months_fob_usd",
        "is_provisional",
        "null_reason",
    ),
    ("year", "exporter_name", "importer_name", "basis", "value_fob_usd"),
    minimum_rows=0,
)
PERIOD_COMPLETENESS = _mart(
    "period_completeness",
    "One row per basis, frequency and period: who of the reporters a year before is missing, and the share of the world that they held.",
    ("basis", "frequency", "period"),
    (
        "year",
        "basis",
        "frequency",
        "period",
        "reporter_count",
        "compared_period",
        "compared_world_fob_usd",
        "missing_reporter_count",
        "missing_reporter_codes",
        "missing_fob_usd",
        "missing_share_of_world",
        "is_provisional",
        "null_reason",
    ),
    ("year",),
    minimum_rows=0,
)
CONSERVATION_LEDGER = _mart(
    "conservation_ledger",
    ops.LEDGER.grain,
    ops.LEDGER.key,
    (*ops.LEDGER.columns, "is_closed"),
    (*ops.LEDGER.required, "year", "is_closed"),
)
QUALITY_HISTORY = _mart(
    "quality_history",
    ops.CHECK_RESULT.grain,
    (),
    ops.CHECK_RESULT.columns,
    ("run_id", "recorded_at", "table_name", "partition_key", "check_name", "severity", "is_passed"),
    sort_by=(*ops.CHECK_RESULT.sort_by, "column_name"),
)

#: Lake and ops tables that marts are built from: each has a staging view.
STAGED = (
    lake.DIM_AREA,
    lake.DIM_AREA_GROUP,
    lake.DIM_PRODUCT,
    lake.SOURCE_RELEASE,
    *lists.TABLES,
    lake.REPORTED_FLOWS,
    lake.BILATERAL_FLOWS,
    *reconciled_marts.STAGED,
    lake.PAIR_TOTALS,
    lake.EXPORTER_CHAPTER,
    lake.EXPORTER_PRODUCT,
    lake.IMPORTER_PRODUCT,
    lake.WORLD_PRODUCT,
    ops.LEDGER,
    ops.CHECK_RESULT,
)
#: Built after the gates of the others, outside the fingerprint.
OPS_MARTS = (QUALITY_HISTORY,)
MARTS: dict[str, Table] = {
    t.name: t
    for t in (
        RELEASE_INFO,
        DIM_AREA,
        DIM_AREA_GROUP,
        DIM_PRODUCT,
        DIM_SOURCE_RELEASE,
        *lists.MARTS,
        FCT_REPORTED_FLOWS,
        *reconciled_marts.MARTS,
        FCT_BILATERAL_TOTALS,
        BILATERAL_BALANCE,
        MARKET_SHARE,
        IMPORT_DEPENDENCE,
        COMPARATIVE_ADVANTAGE,
        MONTHLY_TOTALS,
        REPORTING_COVERAGE,
        PERIOD_COMPLETENESS,
        CONSERVATION_LEDGER,
        QUALITY_HISTORY,
    )
}
