"""Entries of the data dictionary that the reconciliation brings: both reports of a pair, gaps, estimates, who reports well."""

from __future__ import annotations

from transforms.contracts import codes
from transforms.contracts.model import Column


def _value_by(method: str) -> str:
    """What a method's value is; one that estimates has none before anything was estimated."""
    whole = ": all the pair's reports weighed, one-sided flows with them" if method == "growth_lab" else ""
    return f"Value by {method}{whole}{'; NULL where nothing was estimated' if method in codes.ESTIMATED_METHODS else ''}."


ENTRIES = (
    # both reports of a pair
    Column("is_hub_pair", "flag", "Exporter or importer is a re-export hub in that year: what is sold through it is another country's."),
    Column("two_sided_count", "count", "Flows that both sides report.", minimum=0),
    Column("exporter_only_count", "count", "Flows that the exporter alone reports.", minimum=0),
    Column("importer_only_count", "count", "Flows that the importer alone reports.", minimum=0),
    Column("suspected_count", "count", "Two-sided flows that no method averages: their reports differ by a factor near 1,000 or 1,000,000, or one of them isn't above zero.", minimum=0 ),
    Column("exporter_two_sided_fob_usd", "usd", "Exporter's reports of two-sided flows, re-exports apart; suspected ones not among them.", unit="USD", valuation="FOB"),
    Column("importer_two_sided_fob_usd", "usd", "Importer's reports of the same flows with the CIF factor taken off.", unit="USD", valuation="FOB"),
    Column("importer_two_sided_reported_usd", "usd", "The same as the importer reports them, each on its own valuation.", unit="USD"),
    Column("absolute_gap_fob_usd", "usd", "Sum over two-sided flows of the absolute difference of both reports.", unit="USD", valuation="FOB" ),
    Column("exporter_only_fob_usd", "usd", "Flows that the exporter alone reports.", unit="USD", valuation="FOB"),
    Column("importer_only_fob_usd", "usd", "Flows that the importer alone reports, with the CIF factor taken off.", unit="USD", valuation="FOB" ),
    Column("orphan_fob_usd", "usd", "Part of the one-sided flows whose other side reports in the period, but not this flow.", unit="USD", valuation="FOB"),
    Column("suspected_fob_usd", "usd", "The report of each suspected flow that is to be taken.", unit="USD", valuation="FOB"),
    Column("suspected_exporter_fob_usd", "usd", "The exporter's reports of suspected flows.", unit="USD", valuation="FOB"),
    Column("suspected_importer_fob_usd", "usd", "The importer's reports of suspected flows, with the CIF factor taken off.", unit="USD", valuation="FOB"),
    *(
        Column(f"{name}_weight_exporter", "ratio", f"Weight that {name} gives the exporter's report of a two-sided flow of the pair; NULL before anything was estimated.", unit="0 to 1", minimum=0, maximum=1)
        for name in codes.ESTIMATED_METHODS
    ),
    Column("expected_bias", "ratio", "By how much the method's value of a two-sided flow lies above the truth on average, since errors are log-normal (0.02: 2 %); NULL where nothing was estimated.", unit="ratio"),
    Column("gap_basis", "code", "What the gap compares: both reports FOB, re-exports apart, the CIF rate taken off the importer's.", allowed=codes.GAP_BASES ),
    Column("gap_fob_usd", "usd", "Importer's less exporter's reports of two-sided flows: below 0 where the exporter reports more.", unit="USD", valuation="FOB" ),
    Column("relative_gap", "ratio", "|M - X| / (M + X) of the pair's two-sided sums; gaps of products cancel in it.", unit="0 to 1", minimum=0, maximum=1),
    Column("relative_product_gap", "ratio", "absolute_gap_fob_usd / (M + X): product by product, nothing cancels.", unit="0 to 1", minimum=0, maximum=1),
    Column("log_gap", "ratio", "ln(M / X) of the two-sided sums.", unit="ln"),
    Column("hub_gap_fob_usd", "usd", "Part of gap_fob_usd that stands on pairs with a re-export hub; with other_gap_fob_usd the whole.", unit="USD", valuation="FOB"),
    Column("other_gap_fob_usd", "usd", "Part of gap_fob_usd that stands on pairs without a hub.", unit="USD", valuation="FOB"),
    Column("orphan_share", "ratio", "orphan_fob_usd over value_fob_usd: trade that may count twice; NULL where there is no value.", unit="ratio", minimum=0),
    *(Column(f"{name}_fob_usd", "usd", _value_by(name), unit="USD", valuation="FOB") for name in codes.RECONCILE_METHODS),
    Column("largest_over_smallest", "ratio", "Largest over smallest of the methods' values; NULL where the smallest isn't above 0.", unit="ratio", minimum=1),
    Column("pair_count", "count", "Pairs of areas with a flow.", minimum=1),
    Column("exporter_reports_fob_usd", "usd", "Everything that exporters report, re-exports apart where they are held against an importer.", unit="USD", valuation="FOB"),
    Column("importer_reports_fob_usd", "usd", "Everything that importers report, the CIF factor taken off.", unit="USD", valuation="FOB"),
    Column("reconciled_over_exporter_reports", "ratio", "value_fob_usd over exporter_reports_fob_usd.", unit="ratio"),
    Column("reconciled_over_importer_reports", "ratio", "value_fob_usd over importer_reports_fob_usd.", unit="ratio"),
    # who reports well
    Column("reporter_role", "code", "As which the area reports: exporter or importer.", allowed=("exporter", "importer")),
    Column("quality_rank", "count", "Place by sigma among the countries of that year and role, 1 the best; those at the floor share a place; NULL for areas that are none, and where no product is shared with the others.", minimum=1),
    Column("sigma", "ratio", "Quality as reporter: it ranks and weighs, the smaller the better; not a standard deviation.", minimum=0),
    Column("reporting_distance", "ratio", "Mean of |ln(X / M)| that is the area's own, partners, products and year set aside.", unit="ln"),
    Column("distance_standard_error", "ratio", "Standard error of reporting_distance; NULL where it has none.", unit="ln", minimum=0),
    Column("reliability", "ratio", "Reliability by the Growth Lab's rounds, the larger the better.", minimum=0),
    Column("symmetry_index", "ratio", "Share of the area's two-sided value on which both reports all but agree (OECD).", unit="0 to 1", minimum=0, maximum=1),
    Column("interval_variance", "ratio", "Variance of the area's log error in that role, on which intervals rest.", minimum=0),
    Column("weight_sigma", "ratio", "sigma from net weights in place of values.", minimum=0),
    Column("weight_observation_count", "count", "Flows whose weights were compared.", minimum=0),
    # estimates
    Column("parameter_kind", "code", "What was estimated: cif, unit_value, unit, quality_exporter, ... (docs/methods.md 1)."),
    Column("parameter_name", "code", "Name of the parameter within its kind."),
    Column("subject_code", "code", "What the parameter speaks of: an area, an edition and product as 'H5 870380', or all."),
    Column("parameter_value", "ratio", "The estimate, to 12 significant digits."),
    Column("standard_error", "ratio", "Standard error of the estimate; NULL where it has none.", minimum=0),
    Column("observation_count", "count", "Observations behind the estimate; NULL where it isn't an estimate.", minimum=0),
    Column("parameter_origin", "code", "fitted on the year's reports, or published elsewhere.", allowed=codes.PARAMETER_ORIGINS),
    Column("fitted_on", "code", "Stratum it was fitted on, as 'A H5 6' (frequency, edition, level)."),
    Column("value_weight", "ratio", "Share of from_code's value that goes to to_code.", unit="0 to 1", minimum=0, maximum=1),
    Column("quantity_weight", "ratio", "Share of from_code's weight that goes to to_code.", unit="0 to 1", minimum=0, maximum=1),
    Column("weight_origin", "code", "Where the weights come from; a chain has the weakest of its steps.", allowed=codes.CONVERSIONS[:-1]),
)
