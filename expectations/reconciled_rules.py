"""Rules of the reconciliation's tables: a value and the reports behind it, both reports by pair, moves, estimates, conversion weights."""

from __future__ import annotations

from expectations.rule import FREQUENCY_DIFFERS, LEVEL_DIFFERS, STRATUM, TOLERANCE, YEAR_DIFFERS, Rule, listed, row
from transforms.contracts import codes

_MARGINS = listed(codes.MARGIN_AREAS)
_NOBODY = listed(codes.SPECIAL_AREAS | codes.MARGIN_AREAS)
_SIMPLE = listed(codes.SIMPLE_METHODS)
_WEIGHTS = [f"{name}_weight_exporter" for name in codes.ESTIMATED_METHODS]
#: Names of the CIF equation's coefficients (transforms/core/estimates/cif.py).
CIF_NAMES = (
    "constant", "ln_distance", "ln_distance_squared", "ln_unit_value", "contiguity", "landlocked_importer", "landlocked_exporter"
)  # fmt: skip


def _marked(mark: str) -> str:
    return f"coalesce(contains(method_marks, '{mark}'), false)"


#: The exporter's report as it is held against the importer's.
_COMPARABLE = (
    f"(value_exporter_fob_usd - case when {_marked('re_exports_apart')} then re_export_fob_usd else 0 end "
    "+ coalesce(nes_received_fob_usd, 0))"
)
_IS_CHANGED = f"({_marked('rescaled')} or {_marked('nes_given')})"

BILATERAL_FLOW_RULES = (
    row(
        "value_within_interval",
        "bilateral_flows",
        "value_fob_usd < value_low_usd or value_fob_usd > value_high_usd or (value_low_usd is null) <> (value_high_usd is null)",
        "the value lies in its interval; both ends or neither",
    ),
    row(
        "evidence_matches_reports",
        "bilateral_flows",
        "evidence is distinct from (case when value_exporter_fob_usd is not null and value_importer_fob_usd is not null then 'both' "
        "when value_exporter_fob_usd is not null then 'exporter_only' when value_importer_fob_usd is not null then 'importer_only' "
        "else 'published' end)",
        "evidence names the reports that are there",
    ),
    row(
        "evidence_kind_on_one_sided",
        "bilateral_flows",
        "(evidence in ('exporter_only', 'importer_only')) is distinct from (evidence_kind is not null)",
        "one-sided rows, and only they, say why",
    ),
    row(
        "importer_fob_at_most_cif",
        "bilateral_flows",
        "value_importer_fob_usd > value_importer_cif_usd",
        "the importer's report FOB is at most CIF",
    ),
    row(
        "cif_factor_with_cif_report",
        "bilateral_flows",
        "(cif_factor is null) <> (value_importer_cif_usd is null)",
        "a CIF factor where the importer reports CIF, and only there",
    ),
    row(
        "simple_methods_choose_one_report",
        "bilateral_flows",
        f"method in {_SIMPLE} and (weight_exporter is null or weight_exporter not in (0, 1))",
        "the simple methods take one report whole: weight 0 or 1",
    ),
    row(
        "mean_weighs_alike",
        "bilateral_flows",
        "method = 'mean' and weight_exporter not in (0, 0.5, 1)",
        "the mean weighs both reports alike, or takes one whole",
    ),
    row(
        "lone_report_has_all_weight",
        "bilateral_flows",
        "(evidence = 'exporter_only' and weight_exporter is distinct from 1) or "
        "(evidence = 'importer_only' and weight_exporter is distinct from 0)",
        "where one side alone reports, its report has all the weight",
    ),
    row(
        "mistakes_are_not_averaged",
        "bilateral_flows",
        f"({_marked('suspected_1000')} or {_marked('not_positive')}) and weight_exporter not in (0, 1)",
        "of reports that differ by a factor near 1,000 or 1,000,000, or of which one isn't above zero, one is taken whole",
    ),
    row(
        "value_follows_weight",
        "bilateral_flows",
        f"((weight_exporter = 1 and value_fob_usd is distinct from {_COMPARABLE}) or "
        f"(weight_exporter = 0 and value_fob_usd is distinct from value_importer_fob_usd)) and not {_IS_CHANGED}",
        "weight 1 gives the exporter's report, re-exports apart and what it received with it; weight 0 the importer's FOB",
    ),
    row(
        "value_between_reports",
        "bilateral_flows",
        f"weight_exporter > 0 and weight_exporter < 1 and (value_fob_usd < least({_COMPARABLE}, value_importer_fob_usd) or "
        f"value_fob_usd > greatest({_COMPARABLE}, value_importer_fob_usd)) and not {_IS_CHANGED}",
        "a value that weighs both reports lies between them",
    ),
    row(
        "estimate_of_a_weight",
        "bilateral_flows",
        "is_net_weight_estimated is not null and net_weight_kg is null",
        "is_net_weight_estimated speaks of a weight that is there",
    ),
    row(
        "method_matches_basis",
        "bilateral_flows",
        "(basis = 'baci_published') is distinct from (method = 'baci_published') or "
        "(basis = 'baci_published') is distinct from (evidence = 'published')",
        "published values have basis, method and evidence of their own",
    ),
)

_IN_YEAR = tuple(
    rule
    for table in ("pair_reports", "nes_move")
    for rule in (
        row("no_self_trade", table, "exporter_code = importer_code", "exporter and importer differ"),
        row("period_in_partition_year", table, YEAR_DIFFERS, "the period lies in the partition's year"),
        row("frequency_matches_period", table, FREQUENCY_DIFFERS, "A has YYYY, M has YYYY-MM"),
    )
)
_SUMS = f"partition_key, {STRATUM}"
PAIR_REPORT_RULES = (
    row(
        "no_margin_area", "pair_reports", f"exporter_code in {_MARGINS} or importer_code in {_MARGINS}", "World and unions are never flows"
    ),
    row(
        "some_flow_stands",
        "pair_reports",
        "two_sided_count + exporter_only_count + importer_only_count < 1",
        "a pair has a flow that a side reports",
    ),
    row("suspected_are_two_sided", "pair_reports", "suspected_count > two_sided_count", "suspected flows are among the two-sided ones"),
    row(
        "two_sided_sums_with_counts",
        "pair_reports",
        "(exporter_two_sided_fob_usd is null) is distinct from (two_sided_count = suspected_count) or "
        "(importer_two_sided_fob_usd is null) is distinct from (two_sided_count = suspected_count) or "
        "(absolute_gap_fob_usd is null) is distinct from (two_sided_count = suspected_count)",
        "sums of two-sided flows where there are such flows that aren't suspected, else NULL",
    ),
    row(
        "one_sided_sums_with_counts",
        "pair_reports",
        "(exporter_only_fob_usd is null) is distinct from (exporter_only_count = 0) or "
        "(importer_only_fob_usd is null) is distinct from (importer_only_count = 0) or "
        "(suspected_fob_usd is null) is distinct from (suspected_count = 0)",
        "sums of one-sided and of suspected flows where there are such flows, else NULL",
    ),
    row(
        "gap_within_sums",
        "pair_reports",
        "absolute_gap_fob_usd < abs(importer_two_sided_fob_usd - exporter_two_sided_fob_usd) or "
        "absolute_gap_fob_usd > importer_two_sided_fob_usd + exporter_two_sided_fob_usd",
        "gaps of products are at least the gap of their sums and at most all that is reported",
    ),
    row(
        "orphans_are_one_sided",
        "pair_reports",
        "orphan_fob_usd > value_fob_usd or (exporter_only_count + importer_only_count = 0 and orphan_fob_usd <> 0)",
        "orphans are one-sided flows, part of the value",
    ),
    row(
        "weights_all_or_none",
        "pair_reports",
        " or ".join(f"({_WEIGHTS[0]} is null) <> ({weight} is null)" for weight in _WEIGHTS[1:]),
        "what was estimated for a year was estimated for every method",
    ),
    Rule(
        "pair_reports_equal_flows",
        "pair_reports",
        f"select partition_key, {STRATUM}, a.value_fob_usd as value_fob_usd, b.value_fob_usd as other_value_fob_usd, "
        f"a.flow_count as flow_count, b.flow_count as other_flow_count from (select {_SUMS}, sum(value_fob_usd) as value_fob_usd, "
        f"sum(two_sided_count + exporter_only_count + importer_only_count) as flow_count from pair_reports group by {_SUMS}) a "
        f"full outer join (select {_SUMS}, sum(value_fob_usd) as value_fob_usd, count(*) as flow_count from bilateral_flows "
        f"where basis = 'own' and partition_key in (select partition_key from pair_reports) group by {_SUMS}) b "
        f"using ({_SUMS}) where a.value_fob_usd is distinct from b.value_fob_usd or a.flow_count is distinct from b.flow_count",
        "values and flows per stratum equal those of bilateral_flows, exactly",
        needs=("bilateral_flows",),
    ),
)
_FLOW = f"{_SUMS}, product_code, exporter_code, importer_code"
NES_MOVE_RULES = (
    row("level_matches_code", "nes_move", LEVEL_DIFFERS, "HS codes are as long as their level; TOTAL is level 0"),
    row("moved_is_positive", "nes_move", "moved_fob_usd <= 0", "a move moves something"),
    row("moved_to_countries", "nes_move", f"importer_code in {_NOBODY}", "what isn't specified goes to countries alone"),
    Rule(
        "moves_are_received",
        "nes_move",
        f"select {_FLOW}, moved_fob_usd, nes_received_fob_usd from (select {_FLOW}, sum(moved_fob_usd) as moved_fob_usd from nes_move "
        f"where nes_move = 'to_partner' group by {_FLOW}) left join (select {_FLOW}, nes_received_fob_usd from bilateral_flows "
        f"where nes_received_fob_usd is not null) using ({_FLOW}) where moved_fob_usd is distinct from nes_received_fob_usd",
        "what was moved to a partner is what its flow received",
        needs=("bilateral_flows",),
    ),
)
PARAMETER_RULES = (
    Rule(
        "cif_equation_is_whole",
        "parameter_set",
        f"select partition_key, count(distinct parameter_name) filter (where parameter_name in {listed(CIF_NAMES)}) as coefficient_count "
        f"from parameter_set where parameter_kind = 'cif' group by partition_key having coefficient_count < {len(CIF_NAMES)}",
        "a year that has a CIF equation has all its coefficients",
    ),
    row("sigma_above_zero", "parameter_set", "parameter_name = 'sigma' and parameter_value <= 0", "sigmas are above 0"),
    row(
        "symmetry_is_a_share",
        "parameter_set",
        "parameter_kind in ('symmetry_exporter', 'symmetry_importer') and (parameter_value < 0 or parameter_value > 1)",
        "the symmetry index is a share",
    ),
    row(
        "variance_not_negative",
        "parameter_set",
        "parameter_kind in ('interval_exporter', 'interval_importer') and parameter_value < 0",
        "variances are not negative",
    ),
)
_FROM = "partition_key, from_classification, from_code, to_classification"
CONVERSION_RULES = tuple(
    Rule(
        f"{weight}s_sum_to_one",
        "conversion_weight",
        f"select {_FROM}, sum({weight}) as weight_sum from conversion_weight group by {_FROM} having abs(sum({weight}) - 1) > {TOLERANCE}",
        f"{weight}s of a code sum to 1 in each target edition",
    )
    for weight in ("value_weight", "quantity_weight")
)

RECONCILED_RULES = (*BILATERAL_FLOW_RULES, *_IN_YEAR, *PAIR_REPORT_RULES, *NES_MOVE_RULES, *PARAMETER_RULES, *CONVERSION_RULES)
