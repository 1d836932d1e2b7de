"""Tables of the lake: grain, key, partitions, order; with those of operations (ops.py)."""

from __future__ import annotations

from transforms.contracts import lists
from transforms.contracts.model import Table
from transforms.contracts.ops import CHECK_RESULT, LEDGER, PARTITION_STATE, QUARANTINE
from transforms.contracts.reconciled import BILATERAL_FLOWS as BILATERAL_FLOWS
from transforms.contracts.reconciled import CONVERSION_WEIGHT as CONVERSION_WEIGHT
from transforms.contracts.reconciled import FLOW_KEY as FLOW_KEY
from transforms.contracts.reconciled import NES_MOVE as NES_MOVE
from transforms.contracts.reconciled import PAIR_REPORTS as PAIR_REPORTS
from transforms.contracts.reconciled import PARAMETER_SET as PARAMETER_SET
from transforms.contracts.reconciled import STRATUM as STRATUM

_REPORT_KEY = (
    "source",
    "frequency",
    "period",
    "reporter_code",
    "partner_code",
    "flow_code",
    "classification",
    "product_level",
    "product_code",
)
_REPORT_SORT = ("frequency", "period", "reporter_code", "partner_code", "flow_code", "classification", "product_level", "product_code")
_REPORT_MEASURES = (
    "reported_value_usd",
    "valuation",
    "value_cif_usd",
    "value_fob_usd",
    "is_value_rounded",
    "net_weight_kg",
    "is_net_weight_estimated",
    "gross_weight_kg",
    "quantity",
    "quantity_unit_code",
    "is_quantity_estimated",
    "estimation_flag",
    "is_reported",
    "currency_code",
    "usd_per_currency",
)
_REPORT_ORIGIN = ("snapshot_id", "snapshot_member", "source_line")
_SUMS = ("value_fob_usd", "net_weight_kg", "flow_count", "missing_weight_count")

REPORTED_FLOWS = Table(
    "reported_flows",
    "lake",
    "One row per source, period, reporter, partner, flow and product, as the reporter states it.",
    columns=("year", *_REPORT_KEY, *_REPORT_MEASURES, "is_special", "is_self_trade", "is_confidential", *_REPORT_ORIGIN),
    key=_REPORT_KEY,
    partition_by=("source", "year"),
    sort_by=_REPORT_SORT,
    required=("reported_value_usd", "valuation", "is_value_rounded", "is_special", "is_self_trade", "is_confidential", *_REPORT_ORIGIN),
)

CONTROL_TOTALS = Table(
    "control_totals",
    "lake",
    "One row per line of a source file that is a total or a breakdown of rows that also stand in reported_flows.",
    columns=(
        "year",
        *_REPORT_KEY,
        "second_partner_code",
        "customs_code",
        "mode_of_transport_code",
        "mode_of_supply_code",
        "trade_type_code",
        "summary_level_code",
        "control_kind",
        *_REPORT_MEASURES,
        *_REPORT_ORIGIN,
    ),
    key=("source", "snapshot_id", "snapshot_member", "source_line"),
    partition_by=("source", "year"),
    sort_by=(*_REPORT_SORT, "snapshot_id", "snapshot_member", "source_line"),
    required=("control_kind", *_REPORT_ORIGIN),
    minimum_rows=0,
)

HARMONISED_FLOWS = Table(
    "harmonised_flows",
    "lake",
    "One row per basis, period, product, exporter, importer and side: one report of one flow, ready to be joined with its mirror.",
    columns=(
        "year",
        "product_bucket",
        *FLOW_KEY,
        "side",
        "source",
        "reported_value_usd",
        "valuation",
        "value_fob_usd",
        "is_value_rounded",
        "net_weight_kg",
        "is_net_weight_estimated",
        "quantity",
        "quantity_unit_code",
        "is_quantity_estimated",
        "re_export_usd",
        "is_reported",
        "is_residual",
        "conversion",
        "snapshot_id",
    ),
    key=(*FLOW_KEY, "side"),
    partition_by=("year", "product_bucket"),
    sort_by=(*STRATUM, "exporter_code", "importer_code", "product_code", "side"),
    required=("source", "reported_value_usd", "valuation", "is_value_rounded", "is_residual", "snapshot_id"),
)


def _aggregate(name: str, grain: str, by: tuple[str, ...], extra: tuple[str, ...] = (), required: tuple[str, ...] = ()) -> Table:
    return Table(
        name,
        "lake",
        grain,
        columns=("year", *STRATUM, *by, *_SUMS, *extra),
        key=(*STRATUM, *by),
        partition_by=("year",),
        sort_by=(*STRATUM, *by),
        required=("value_fob_usd", "flow_count", "missing_weight_count", *required),
    )


PAIR_TOTALS = _aggregate("pair_totals", "One row per stratum, exporter and importer: all products.", ("exporter_code", "importer_code"))
EXPORTER_CHAPTER = _aggregate(
    "exporter_chapter", "One row per stratum, exporter and chapter: all importers.", ("exporter_code", "chapter_code")
)
PAIR_HEADING = _aggregate(
    "pair_heading", "One row per stratum, exporter, importer and heading.", ("exporter_code", "importer_code", "heading_code")
)
EXPORTER_PRODUCT = _aggregate(
    "exporter_product",
    "One row per stratum, exporter and product: all importers, with RCA.",
    ("exporter_code", "product_code"),
    ("importer_count", "rca"),
    ("importer_count",),
)
IMPORTER_PRODUCT = _aggregate(
    "importer_product",
    "One row per stratum, importer and product: all suppliers, with their concentration.",
    ("importer_code", "product_code"),
    ("supplier_count", "supplier_sum_of_squares_usd2", "supplier_hhi", "top_supplier_code", "top_supplier_value_fob_usd"),
    ("supplier_count", "supplier_sum_of_squares_usd2", "top_supplier_code", "top_supplier_value_fob_usd"),
)
WORLD_PRODUCT = _aggregate(
    "world_product",
    "One row per stratum and product: all exporters and importers.",
    ("product_code",),
    ("exporter_count", "importer_count"),
    ("exporter_count", "importer_count"),
)

AGGREGATES = (PAIR_TOTALS, EXPORTER_CHAPTER, PAIR_HEADING, EXPORTER_PRODUCT, IMPORTER_PRODUCT, WORLD_PRODUCT)

PAIR_GEOGRAPHY = Table(
    "pair_geography",
    "lake",
    "One row per ordered pair of different areas: distance, border, coast.",
    columns=(
        "area_code",
        "partner_code",
        "distance_km",
        "is_contiguous",
        "is_landlocked_area",
        "is_landlocked_partner",
        "distance_source",
        "snapshot_id",
    ),
    key=("area_code", "partner_code"),
    required=("distance_km", "is_contiguous", "is_landlocked_area", "is_landlocked_partner", "distance_source"),
    sort_by=("area_code", "partner_code"),
)
DIM_AREA = Table(
    "area",
    "lake",
    "One row per area code of the publishers.",
    columns=(
        "area_code",
        "iso2",
        "iso3",
        "area_name",
        "name_source",
        "valid_from",
        "valid_to",
        "predecessor_codes",
        "successor_codes",
        "is_country",
        "is_special",
        "is_margin",
    ),
    key=("area_code",),
    required=("area_name", "name_source", "is_country", "is_special", "is_margin"),
    sort_by=("area_code",),
)
DIM_AREA_GROUP = Table(
    "area_group",
    "lake",
    "One row per group of areas, member and spell of membership; a year has one spell at most.",
    columns=(
        "group_code",
        "group_name",
        "group_kind",
        "group_area_codes",
        "area_code",
        "valid_from",
        "valid_to",
        "first_day",
        "last_day",
        "membership_source",
    ),
    key=("group_code", "area_code", "valid_from"),
    required=("group_name", "group_kind", "first_day", "membership_source"),
    sort_by=("group_code", "area_code", "valid_from"),
    minimum_rows=0,
)
DIM_PRODUCT = Table(
    "product",
    "lake",
    "One row per classification edition and product code.",
    columns=(
        "classification",
        "product_code",
        "product_level",
        "product_description",
        "parent_code",
        "chapter_code",
        "section_code",
        "sitc4_codes",
        "bec4_codes",
        "bec5_codes",
        "isic3_codes",
        "is_leaf",
        "is_residual",
        "name_source",
    ),
    key=("classification", "product_code"),
    required=("product_level", "is_leaf", "is_residual", "name_source"),
    sort_by=("classification", "product_code"),
)
SOURCE_RELEASE = Table(
    "source_release",
    "lake",
    "One row per snapshot that is live in the lake.",
    columns=(
        "snapshot_id",
        "source",
        "source_release",
        "layout",
        "file_name",
        "sha256",
        "file_bytes",
        "coverage",
        "licence",
        "attribution",
        "redistribution",
        "is_synthetic",
        "taken_at",
        "first_year",
        "last_year",
        "row_count",
    ),
    key=("snapshot_id",),
    required=("source", "layout", "file_name", "sha256", "file_bytes", "coverage", "redistribution", "is_synthetic"),
    sort_by=("source", "snapshot_id"),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        REPORTED_FLOWS,
        CONTROL_TOTALS,
        HARMONISED_FLOWS,
        CONVERSION_WEIGHT,
        PARAMETER_SET,
        BILATERAL_FLOWS,
        PAIR_REPORTS,
        NES_MOVE,
        *AGGREGATES,
        PAIR_GEOGRAPHY,
        DIM_AREA,
        DIM_AREA_GROUP,
        DIM_PRODUCT,
        SOURCE_RELEASE,
        *lists.TABLES,
        LEDGER,
        QUARANTINE,
        PARTITION_STATE,
        CHECK_RESULT,
    )
}
