"""Marts of the reconciliation: flows with their evidence, how far reports stand apart, who reports well, what each method gives."""

from __future__ import annotations

from transforms.contracts import codes
from transforms.contracts import reconciled as lake
from transforms.contracts.mart_shape import from_lake, mart

_PAIR = ("exporter_code", "importer_code")
_NAMED_PAIR = ("exporter_code", "exporter_iso3", "exporter_name", "importer_code", "importer_iso3", "importer_name")
_COUNTS = ("two_sided_count", "exporter_only_count", "importer_only_count", "suspected_count")
_GAPS = ("gap_fob_usd", "absolute_gap_fob_usd", "relative_gap", "relative_product_gap", "log_gap", "hub_gap_fob_usd", "other_gap_fob_usd")
_BY_METHOD = tuple(f"{name}_fob_usd" for name in codes.RECONCILE_METHODS)
_ALWAYS = tuple(f"{name}_fob_usd" for name in codes.RECONCILE_METHODS if name not in codes.ESTIMATED_METHODS)
_WEIGHTS = tuple(f"{name}_weight_exporter" for name in codes.ESTIMATED_METHODS)

FCT_BILATERAL_FLOWS = from_lake("fct_bilateral_flows", lake.BILATERAL_FLOWS)
BILATERAL_FLOWS = mart(
    "bilateral_flows",
    lake.BILATERAL_FLOWS.grain + " With names.",
    lake.BILATERAL_FLOWS.key,
    (*lake.BILATERAL_FLOWS.columns, "exporter_iso3", "exporter_name", "importer_iso3", "importer_name", "product_description"),
    lake.BILATERAL_FLOWS.required,
    is_view=True,
    minimum_rows=0,
)
MIRROR_GAP = mart(
    "mirror_gap",
    "One row per stratum, exporter and importer: how far the two reports of the pair's flows stand apart, re-export hubs by themselves.",
    (*lake.STRATUM, *_PAIR),
    (
        "year",
        *lake.STRATUM,
        *_NAMED_PAIR,
        "gap_basis",
        "is_hub_pair",
        *_COUNTS,
        "exporter_two_sided_fob_usd",
        "importer_two_sided_fob_usd",
        "importer_two_sided_reported_usd",
        *_GAPS,
        "exporter_only_fob_usd",
        "importer_only_fob_usd",
        "orphan_fob_usd",
        "orphan_share",
        "suspected_fob_usd",
        "value_fob_usd",
        "null_reason",
    ),
    ("year", "exporter_name", "importer_name", "gap_basis", "is_hub_pair", *_COUNTS, "value_fob_usd"),
    minimum_rows=0,
)
REPORTER_QUALITY = mart(
    "reporter_quality",
    "One row per year, area and role: how well the area reports as exporter or as importer, against its partners' reports.",
    ("year", "area_code", "reporter_role"),
    (
        "year",
        "area_code",
        "area_iso3",
        "area_name",
        "reporter_role",
        "quality_rank",
        "sigma",
        "reporting_distance",
        "distance_standard_error",
        "observation_count",
        "reliability",
        "symmetry_index",
        "interval_variance",
        "weight_sigma",
        "weight_observation_count",
        "parameter_origin",
        "fitted_on",
        "null_reason",
    ),
    ("area_name", "parameter_origin", "fitted_on"),
    minimum_rows=0,
)
RECONCILIATION_COMPARISON = mart(
    "reconciliation_comparison",
    "One row per stratum, exporter and importer: what each method makes of the pair's reports, beside the value that stands in the flows.",
    (*lake.STRATUM, *_PAIR),
    (
        "year",
        *lake.STRATUM,
        *_NAMED_PAIR,
        "method",
        "value_fob_usd",
        *_BY_METHOD,
        "largest_over_smallest",
        "expected_bias",
        *_WEIGHTS,
        *_COUNTS,
        "null_reason",
    ),
    ("year", "exporter_name", "importer_name", "method", "value_fob_usd", *_ALWAYS, *_COUNTS),
    minimum_rows=0,
)
RECONCILIATION_SUMMARY = mart(
    "reconciliation_summary",
    "One row per stratum: reconciled trade beside what each side reports, one-sided flows, gaps, and the world by each method.",
    lake.STRATUM,
    (
        "year",
        *lake.STRATUM,
        "method",
        "pair_count",
        *_COUNTS,
        "value_fob_usd",
        "exporter_reports_fob_usd",
        "importer_reports_fob_usd",
        "reconciled_over_exporter_reports",
        "reconciled_over_importer_reports",
        "exporter_only_fob_usd",
        "importer_only_fob_usd",
        "orphan_fob_usd",
        "orphan_share",
        "suspected_fob_usd",
        "gap_basis",
        *_GAPS,
        *_BY_METHOD,
        "null_reason",
    ),
    ("year", "method", "pair_count", *_COUNTS, "value_fob_usd", "gap_basis", *_ALWAYS),
    minimum_rows=0,
)
NES_MOVES = mart(
    "nes_moves",
    "One row per stratum, product, exporter, importer and kind of move: exports to areas not specified that were moved, with names.",
    lake.NES_MOVE.key,
    (*lake.NES_MOVE.columns, "exporter_iso3", "exporter_name", "importer_iso3", "importer_name", "product_description"),
    (*lake.NES_MOVE.required, *lake.NES_MOVE.partition_by, "exporter_name", "importer_name"),
    minimum_rows=0,
)
FCT_PARAMETERS = mart(
    "fct_parameters",
    lake.PARAMETER_SET.grain,
    ("year", *lake.PARAMETER_SET.key),
    lake.PARAMETER_SET.columns,
    lake.PARAMETER_SET.required,
    minimum_rows=0,
)
DIM_CONVERSION_WEIGHT = from_lake("dim_conversion_weight", lake.CONVERSION_WEIGHT)

STAGED = (lake.PAIR_REPORTS, lake.NES_MOVE, lake.PARAMETER_SET, lake.CONVERSION_WEIGHT)
MARTS = (
    FCT_BILATERAL_FLOWS,
    BILATERAL_FLOWS,
    MIRROR_GAP,
    REPORTER_QUALITY,
    RECONCILIATION_COMPARISON,
    RECONCILIATION_SUMMARY,
    NES_MOVES,
    FCT_PARAMETERS,
    DIM_CONVERSION_WEIGHT,
)
