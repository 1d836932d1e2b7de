"""Rules of the reconciliation's marts: gaps, comparison of methods, quality of reporters."""

from __future__ import annotations

from expectations.rule import STRATUM, TOLERANCE, Rule, listed, row
from transforms.contracts import codes

_METHODS = codes.RECONCILE_METHODS
_ESTIMATED = listed(codes.ESTIMATED_METHODS)
_VALUES = ", ".join(f"{name}_fob_usd" for name in _METHODS)
#: Products are rounded to the mill one by one in the flows, the pair's sum here.
_CHOSEN = "(case method " + " ".join(f"when '{name}' then {name}_fob_usd" for name in _METHODS) + " end)"


def _null_reason(table: str, figure: str) -> Rule:
    return row(
        "null_has_its_reason",
        table,
        f"({figure} is null) is distinct from (null_reason is not null)",
        f"null_reason where {figure} is NULL, and only there",
    )


RECONCILED_MART_RULES = (
    _null_reason("mirror_gap", "log_gap"),
    row(
        "gap_is_importer_less_exporter",
        "mirror_gap",
        "gap_fob_usd is distinct from importer_two_sided_fob_usd - exporter_two_sided_fob_usd",
        "the gap is the importer's less the exporter's report",
    ),
    *(
        row(
            "hub_and_other_are_the_gap",
            table,
            "gap_fob_usd is distinct from hub_gap_fob_usd + other_gap_fob_usd",
            "what stands on hubs and what doesn't are the whole gap",
        )
        for table in ("mirror_gap", "reconciliation_summary")
    ),
    row(
        "hub_gap_on_hub_pairs",
        "mirror_gap",
        "case when is_hub_pair then other_gap_fob_usd else hub_gap_fob_usd end <> 0",
        "a pair's gap is a hub's or it isn't",
    ),
    row(
        "products_gap_at_least_as_much",
        "mirror_gap",
        f"relative_gap > relative_product_gap + {TOLERANCE}",
        "gaps of products may cancel in the pair's gap, never the other way",
    ),
    _null_reason("reporter_quality", "sigma"),
    row("rank_has_a_sigma", "reporter_quality", "quality_rank is not null and sigma is null", "a place rests on a sigma"),
    _null_reason("reconciliation_comparison", "baci_fob_usd"),
    row(
        "spread_of_the_methods",
        "reconciliation_comparison",
        f"abs(largest_over_smallest - greatest({_VALUES})::double / least({_VALUES})::double) > {TOLERANCE}",
        "largest over smallest of the methods' values",
    ),
    row(
        "mean_between_sides",
        "reconciliation_comparison",
        "suspected_count = 0 and (mean_fob_usd < least(prefer_exporter_fob_usd, prefer_importer_fob_usd) - 0.001 or "
        "mean_fob_usd > greatest(prefer_exporter_fob_usd, prefer_importer_fob_usd) + 0.001)",
        "the mean lies between the two sides where no mistake is suspected",
    ),
    row(
        "chosen_method_is_in_the_flows",
        "reconciliation_comparison",
        f"abs(value_fob_usd - {_CHOSEN}) > 0.001 * (1 + two_sided_count) or "
        f"({_CHOSEN} is null and (method not in {_ESTIMATED} or baci_weight_exporter is not null))",
        "the chosen method has a value at the pair wherever it can, and it is the sum of the flows' values, but for a mill a product",
    ),
    Rule(
        "summary_is_the_sum_of_pairs",
        "reconciliation_summary",
        f"select '' as partition_key, {STRATUM}, a.value_fob_usd as value_fob_usd, b.value_fob_usd as other_value_fob_usd "
        f"from reconciliation_summary a full outer join (select {STRATUM}, sum(value_fob_usd) as value_fob_usd "
        f"from reconciliation_comparison group by {STRATUM}) b using ({STRATUM}) where a.value_fob_usd is distinct from b.value_fob_usd",
        "the summary's value is the sum of the pairs', exactly",
        needs=("reconciliation_comparison",),
    ),
)
