"""For each rule of the reconciliation one way to make its good rows bad (expectation_reconciled.py)."""

from __future__ import annotations

from tests.unit.expectation_change import Worsen, again, change
from tests.unit.expectation_rows import usd

#: Rows 4 to 6 of bilateral_flows are those of weighed_flows.
FLOW_CASES: dict[tuple[str, str], Worsen] = {
    ("bilateral_flows", "value_within_interval"): change(0, value_low_usd=usd(101)),
    ("bilateral_flows", "evidence_matches_reports"): change(0, evidence="exporter_only"),
    ("bilateral_flows", "evidence_kind_on_one_sided"): change(1, evidence_kind=None),
    ("bilateral_flows", "importer_fob_at_most_cif"): change(0, value_importer_fob_usd=usd(111)),
    ("bilateral_flows", "cif_factor_with_cif_report"): change(0, cif_factor=None),
    ("bilateral_flows", "simple_methods_choose_one_report"): change(0, weight_exporter=0.5),
    ("bilateral_flows", "mean_weighs_alike"): change(5, weight_exporter=0.4),
    ("bilateral_flows", "lone_report_has_all_weight"): change(1, weight_exporter=0.5),
    ("bilateral_flows", "mistakes_are_not_averaged"): change(4, method_marks="re_exports_apart suspected_1000000"),
    ("bilateral_flows", "value_follows_weight"): change(6, value_fob_usd=usd(120)),
    ("bilateral_flows", "value_between_reports"): change(4, value_fob_usd=usd("110.001")),
    ("bilateral_flows", "estimate_of_a_weight"): change(4, is_net_weight_estimated=False),
    ("bilateral_flows", "method_matches_basis"): change(2, method="prefer_exporter"),
    **{
        (table, rule): worsen
        for table in ("pair_reports", "nes_move")
        for rule, worsen in (
            ("no_self_trade", change(0, importer_code="156", exporter_code="156")),
            ("period_in_partition_year", change(0, period="1999")),
            ("frequency_matches_period", change(0, frequency="M")),
        )
    },
    ("pair_reports", "no_margin_area"): change(0, importer_code="97"),
    ("pair_reports", "some_flow_stands"): change(1, importer_only_count=0),
    ("pair_reports", "suspected_are_two_sided"): change(0, suspected_count=2),
    ("pair_reports", "two_sided_sums_with_counts"): change(0, absolute_gap_fob_usd=None),
    ("pair_reports", "one_sided_sums_with_counts"): change(0, importer_only_fob_usd=usd(1)),
    ("pair_reports", "gap_within_sums"): change(0, absolute_gap_fob_usd=usd("5.999")),
    ("pair_reports", "orphans_are_one_sided"): change(1, orphan_fob_usd=usd("106.487")),
    ("pair_reports", "weights_all_or_none"): change(0, growth_lab_weight_exporter=None),
    ("pair_reports", "pair_reports_equal_flows"): change(0, value_fob_usd=usd("107.001")),
    ("nes_move", "level_matches_code"): change(0, product_level=4),
    ("nes_move", "moved_is_positive"): change(2, moved_fob_usd=usd(0)),
    ("nes_move", "moved_to_countries"): change(2, importer_code="899"),
    ("nes_move", "moves_are_received"): change(0, moved_fob_usd=usd("10.001")),
    ("parameter_set", "cif_equation_is_whole"): change(0, parameter_name="intercept"),
    ("parameter_set", "sigma_above_zero"): change(7, parameter_value=0.0),
    ("parameter_set", "symmetry_is_a_share"): change(8, parameter_value=1.1),
    ("parameter_set", "variance_not_negative"): change(9, parameter_value=-0.1),
}
#: Of a table without partitions: gated by itself.
CONVERSION_CASES: dict[tuple[str, str], Worsen] = {
    ("conversion_weight", "value_weights_sum_to_one"): change(0, value_weight=0.7500001),
    ("conversion_weight", "quantity_weights_sum_to_one"): again(0, to_code="030194", value_weight=0.0),
}
MART_CASES: dict[tuple[str, str], Worsen] = {
    ("mirror_gap", "null_has_its_reason"): change(1, null_reason=None),
    ("mirror_gap", "gap_is_importer_less_exporter"): change(0, gap_fob_usd=usd(-10), other_gap_fob_usd=usd(-10)),
    ("mirror_gap", "hub_and_other_are_the_gap"): change(0, other_gap_fob_usd=usd("10.001")),
    ("mirror_gap", "hub_gap_on_hub_pairs"): change(0, is_hub_pair=True),
    ("mirror_gap", "products_gap_at_least_as_much"): change(0, relative_product_gap=0.04),
    ("reporter_quality", "null_has_its_reason"): change(1, null_reason=None),
    ("reporter_quality", "rank_has_a_sigma"): change(1, quality_rank=2),
    ("reconciliation_comparison", "null_has_its_reason"): change(1, null_reason=None),
    ("reconciliation_comparison", "spread_of_the_methods"): change(0, largest_over_smallest=1.2),
    ("reconciliation_comparison", "mean_between_sides"): change(0, mean_fob_usd=usd("110.002")),
    ("reconciliation_comparison", "chosen_method_is_in_the_flows"): change(0, value_fob_usd=usd("102.504")),
    ("reconciliation_summary", "hub_and_other_are_the_gap"): change(0, hub_gap_fob_usd=usd(1)),
    ("reconciliation_summary", "summary_is_the_sum_of_pairs"): change(0, value_fob_usd=usd("207.502")),
}
#: Further ways to break a rule that says several things, each with a name of its own.
FURTHER_MART_CASES: dict[tuple[str, str, str], Worsen] = {
    ("reconciliation_comparison", "chosen_method_is_in_the_flows", "a method that nobody knows"): change(0, method="median"),
    ("reconciliation_comparison", "chosen_method_is_in_the_flows", "published values among our own"): change(0, method="baci_published"),
    ("reconciliation_comparison", "chosen_method_is_in_the_flows", "a simple method without a value"): change(1, mean_fob_usd=None),
    ("reconciliation_comparison", "chosen_method_is_in_the_flows", "estimated, yet without a value"): change(0, baci_fob_usd=None),
}
