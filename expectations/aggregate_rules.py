"""Rules of the aggregates: bounds inside a row, and exact equality of sums across tables."""

from __future__ import annotations

from expectations.rule import STRATUM, TOLERANCE, YEAR_DIFFERS, Rule, row
from transforms.contracts import lake

_AGGREGATES = tuple(t.name for t in lake.AGGREGATES)


def _sums_equal(name: str, table: str, other: str, where: str = "true") -> Rule:
    """Values and flow counts per stratum are equal in two tables, exactly; a stratum in one alone fails."""

    def sums(source: str, flows: str, restriction: str) -> str:
        return (
            f"select year, {STRATUM}, sum(value_fob_usd) as value_fob_usd, {flows} as flow_count from {source} where {restriction} "
            f"group by year, {STRATUM}"
        )

    is_upstream = other == "bilateral_flows"
    flows = "count(*)" if is_upstream else "sum(flow_count)"
    # Flows come as context, of more years than are gated; aggregates come together, and a year in one alone fails.
    theirs = f"year in (select distinct year from {table})" if is_upstream else where
    return Rule(
        name,
        table,
        f"select 'year=' || year as partition_key, {STRATUM}, a.value_fob_usd as value_fob_usd, b.value_fob_usd as other_value_fob_usd, "
        f"a.flow_count as flow_count, b.flow_count as other_flow_count from ({sums(table, 'sum(flow_count)', where)}) a "
        f"full outer join ({sums(other, flows, theirs)}) b using (year, {STRATUM}) "
        f"where a.value_fob_usd is distinct from b.value_fob_usd or a.flow_count is distinct from b.flow_count",
        f"values and flows per stratum equal those of {other}, exactly",
        needs=(other,),
    )


AGGREGATE_RULES = (
    *(
        rule
        for table in _AGGREGATES
        for rule in (
            row("period_in_partition_year", table, YEAR_DIFFERS, "the period lies in the partition's year"),
            row("missing_weights_within_flows", table, "missing_weight_count > flow_count", "at most every flow lacks its weight"),
            row(
                "weight_null_iff_all_missing",
                table,
                "(net_weight_kg is null) is distinct from (missing_weight_count = flow_count)",
                "a weight summed over nothing is NULL; one summed over something is not",
            ),
            row("value_not_negative", table, "value_fob_usd < 0", "values are not negative"),
        )
    ),
    row(
        "hhi_within_bounds",
        "importer_product",
        f"supplier_hhi < 1.0 / supplier_count - {TOLERANCE} or supplier_hhi > 1 + {TOLERANCE}",
        "HHI lies in [1/n, 1]",
    ),
    row(
        "hhi_is_sum_of_squared_shares",
        "importer_product",
        "abs(supplier_hhi - supplier_sum_of_squares_usd2::double / (value_fob_usd::double * value_fob_usd::double)) > "
        + TOLERANCE
        + " or (supplier_hhi is null) is distinct from (value_fob_usd = 0)",
        "HHI is the exact sum of squares over the squared value; NULL where the value is 0, and only there",
    ),
    row(
        "top_supplier_within_imports",
        "importer_product",
        "top_supplier_value_fob_usd > value_fob_usd",
        "the largest supplier is part of the imports",
    ),
    row("suppliers_within_flows", "importer_product", "supplier_count > flow_count", "at most one supplier per flow"),
    row("importers_within_flows", "exporter_product", "importer_count > flow_count", "at most one importer per flow"),
    _sums_equal("pair_totals_equal_world", "pair_totals", "world_product"),
    _sums_equal("exporter_chapters_equal_world", "exporter_chapter", "world_product", "product_level >= 2"),
    _sums_equal("pair_headings_equal_world", "pair_heading", "world_product", "product_level >= 4"),
    _sums_equal("world_exports_equal_world_imports", "exporter_product", "importer_product"),
    _sums_equal("importer_products_equal_world", "importer_product", "world_product"),
    _sums_equal("pair_totals_equal_flows", "pair_totals", "bilateral_flows"),
)
