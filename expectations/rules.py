"""Rules across columns, rows and tables, as data: one entry is one rule.

To add one: append an entry to the tuple of its table. ``row`` takes a predicate that is
true on failing rows and costs no query of its own; ``Rule`` takes SQL that returns failing
rows with their ``partition_key``. SQL names tables as the contracts do; ``needs`` lists the
other tables it reads (the rule runs where they are at hand). Then show it failing:
tests/unit/test_expectations_rules.py has a bad row for every rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from expectations.suites import Check
from transforms.contracts import codes, lake, marts


@dataclass(frozen=True)
class Rule:
    """``sql`` returns the failing rows of ``table``, partition_key among their columns."""

    name: str
    table: str
    sql: str
    description: str
    severity: Literal["error", "warning"] = "error"
    needs: tuple[str, ...] = ()
    #: set by ``row``: the predicate inside ``sql``, so that rules on single rows share a scan
    violates: str | None = None

    def check(self) -> Check:
        """The rule as a check of a suite."""
        sql = None if self.violates else self.sql
        return Check(self.name, self.description, severity=self.severity, violates=self.violates, sql=sql)


def row(name: str, table: str, violates: str, description: str, severity: Literal["error", "warning"] = "error") -> Rule:
    """A rule on single rows; NULL is no violation, so predicates say what they want of NULL."""
    return Rule(name, table, f"select * from {table} where {violates}", description, severity, violates=violates)


def _listed(values: object) -> str:
    return "(" + ", ".join(f"'{v}'" for v in sorted(values)) + ")"  # type: ignore[call-overload]


#: Shares are quotients of exact sums: what is left is floating-point noise.
TOLERANCE = "1e-9"
_MARGINS = _listed(codes.MARGIN_AREAS)
_SPECIAL = _listed(codes.SPECIAL_AREAS)
_STRATUM = ", ".join(lake.STRATUM)
_SIMPLE = "('prefer_exporter', 'prefer_importer')"
_HS = _listed(codes.HS_EDITIONS)
#: HS codes are as long as their level, residuals (27XXXX) too; TOTAL alone is level 0.
_LEVEL = (
    f"classification in {_HS} and product_level is distinct from "
    f"(case when product_code = '{codes.TOTAL}' then 0 else length(product_code) end)"
)
_YEAR = "try_cast(left(period, 4) as smallint) is distinct from year"
_FREQUENCY = "(frequency = 'A') is distinct from (length(period) = 4)"
_CHAPTER = "try_cast(left(product_code, 2) as integer)"
_BUCKET = (
    f"product_bucket is distinct from (case when not regexp_matches(product_code, '^[0-9][0-9]') then 0 when {_CHAPTER} < 30 then 0 "
    f"when {_CHAPTER} < 60 then 1 when {_CHAPTER} < 84 then 2 else 3 end)"
)
_FLOW_TABLES = ("harmonised_flows", "bilateral_flows")
_AGGREGATES = tuple(t.name for t in lake.AGGREGATES)


def _re_flow(inner: str, outer: str, name: str) -> Rule:
    same = "frequency, period, reporter_code, partner_code, classification, product_level, product_code"
    return Rule(
        name,
        "reported_flows",
        f"select part.* from (select * from reported_flows where flow_code = '{inner}') part join (select {same}, partition_key, "
        f"reported_value_usd as containing_value_usd from reported_flows where flow_code = '{outer}') whole "
        f"using (partition_key, {same}) where part.reported_value_usd > whole.containing_value_usd",
        f"{inner} lies inside {outer}: at most its value, for the same key",
        severity="warning",
    )


REPORTED_FLOWS = (
    row("fob_at_most_cif", "reported_flows", "value_fob_usd > value_cif_usd", "FOB at most CIF where a row states both", "warning"),
    row(
        "self_trade_flagged",
        "reported_flows",
        "is_self_trade is distinct from (reporter_code = partner_code)",
        "is_self_trade where reporter and partner are one area, and only there",
    ),
    row(
        "no_margin_area",
        "reported_flows",
        f"partner_code in {_MARGINS} or reporter_code in {_MARGINS}",
        "World and unions are control totals, never flows",
    ),
    row(
        "special_area_flagged",
        "reported_flows",
        f"(partner_code in {_SPECIAL} and not is_special) or "
        f"(is_special and partner_code not in {_SPECIAL} and reporter_code not in {_SPECIAL})",
        "is_special where the partner is no country",
    ),
    row("level_matches_code", "reported_flows", _LEVEL, "HS codes are as long as their level; TOTAL is level 0"),
    row("period_in_partition_year", "reported_flows", _YEAR, "the period lies in the partition's year"),
    row("frequency_matches_period", "reported_flows", _FREQUENCY, "A has YYYY, M has YYYY-MM"),
    row("net_weight_never_zero", "reported_flows", "net_weight_kg = 0", "a missing weight is NULL, never 0"),
    row("value_not_negative", "reported_flows", "reported_value_usd < 0", "values are not negative"),
    Rule(
        "one_leaf_level",
        "reported_flows",
        "select partition_key, frequency, period, reporter_code, flow_code, classification, min(product_level) as lowest_level, "
        "max(product_level) as highest_level from reported_flows "
        "group by partition_key, frequency, period, reporter_code, flow_code, classification "
        "having min(product_level) < max(product_level)",
        "one product level per reporter, period, flow and classification: leaves never mix with their parents",
    ),
    _re_flow("RX", "X", "re_exports_within_exports"),
    _re_flow("RM", "M", "re_imports_within_imports"),
)

FLOWS = tuple(
    rule
    for table in _FLOW_TABLES
    for rule in (
        row("no_self_trade", table, "basis = 'own' and exporter_code = importer_code", "exporter and importer differ"),
        row("no_margin_area", table, f"exporter_code in {_MARGINS} or importer_code in {_MARGINS}", "World and unions are never flows"),
        row("level_matches_code", table, _LEVEL, "HS codes are as long as their level; TOTAL is level 0"),
        row("period_in_partition_year", table, _YEAR, "the period lies in the partition's year"),
        row("frequency_matches_period", table, _FREQUENCY, "A has YYYY, M has YYYY-MM"),
        row("bucket_matches_chapter", table, _BUCKET, "the product bucket is that of the committed chapter table"),
        row("net_weight_never_zero", table, "net_weight_kg = 0", "a missing weight is NULL, never 0"),
        row("value_not_negative", table, "value_fob_usd < 0", "values are not negative"),
        row(
            "residual_ends_in_x",
            table,
            "is_residual is distinct from ends_with(product_code, 'X')",
            "residual codes end in X, and only they",
        ),
    )
)

HARMONISED_FLOWS = (
    row(
        "source_matches_basis",
        "harmonised_flows",
        "(basis = 'baci_published') is distinct from (source = 'baci')",
        "BACI's rows have basis baci_published, and only they",
    ),
)

BILATERAL_FLOWS = (
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
        "value_follows_weight",
        "bilateral_flows",
        "(weight_exporter = 1 and value_fob_usd is distinct from value_exporter_fob_usd) or "
        "(weight_exporter = 0 and value_fob_usd is distinct from value_importer_fob_usd)",
        "weight 1 gives the exporter's value, weight 0 the importer's FOB",
    ),
    row(
        "method_matches_basis",
        "bilateral_flows",
        "(basis = 'baci_published') is distinct from (method = 'baci_published') or "
        "(basis = 'baci_published') is distinct from (evidence = 'published')",
        "published values have basis, method and evidence of their own",
    ),
)


def _sums_equal(name: str, table: str, other: str, where: str = "true") -> Rule:
    """Values and flow counts per stratum are equal in two tables, exactly; a stratum in one alone fails."""

    def sums(source: str, flows: str) -> str:
        return (
            f"select year, {_STRATUM}, sum(value_fob_usd) as value_fob_usd, {flows} as flow_count from {source} where {where} "
            f"group by year, {_STRATUM}"
        )

    flows = "count(*)" if other == "bilateral_flows" else "sum(flow_count)"
    return Rule(
        name,
        table,
        f"select 'year=' || year as partition_key, {_STRATUM}, a.value_fob_usd as value_fob_usd, b.value_fob_usd as other_value_fob_usd, "
        f"a.flow_count as flow_count, b.flow_count as other_flow_count from ({sums(table, 'sum(flow_count)')}) a "
        f"full outer join (select * from ({sums(other, flows)}) where year in (select distinct year from {table})) b "
        f"using (year, {_STRATUM}) where a.value_fob_usd is distinct from b.value_fob_usd or a.flow_count is distinct from b.flow_count",
        f"values and flows per stratum equal those of {other}, exactly",
        needs=(other,),
    )


AGGREGATES = (
    *(
        rule
        for table in _AGGREGATES
        for rule in (
            row("period_in_partition_year", table, _YEAR, "the period lies in the partition's year"),
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

_LEDGER_LINE = "partition_key, stage, table_name, source, frequency, period"
_LEDGER_REASONS = _listed({"in", "out", *codes.ROW_REASONS, *codes.VALUE_REASONS})


def _closes(name: str, measure: str, where: str, description: str) -> Rule:
    return Rule(
        name,
        "ledger",
        f"select {_LEDGER_LINE}, sum({measure}) filter (where reason = 'in') as entered, "
        f"sum({measure}) filter (where reason <> 'in') as accounted_for from ledger where {where} group by {_LEDGER_LINE} "
        f"having sum(case when reason = 'in' then {measure} else -{measure} end) <> 0 or count(*) filter (where reason = 'in') <> 1",
        description,
    )


LEDGER = (
    _closes("value_closes", "coalesce(value_usd, 0)", "true", "value: in = out + declared reasons, exactly"),
    _closes("rows_close", "row_count", "stage = 'ingest'", "rows at ingest: in = out + declared reasons"),
    row("reason_is_declared", "ledger", f"reason not in {_LEDGER_REASONS}", "every reason is declared in the contracts"),
    row("rows_not_negative", "ledger", "row_count < 0 or unparsed_count > row_count", "counts of rows are counts"),
)


def _null_reason(table: str, figure: str) -> Rule:
    return row(
        "null_has_its_reason",
        table,
        f"({figure} is null) is distinct from (null_reason is not null)",
        f"null_reason where {figure} is NULL, and only there",
    )


_GROUP = f"{_STRATUM}, product_code"
MARTS = (
    Rule(
        "one_basis_per_period",
        "fct_bilateral_totals",
        "select '' as partition_key, frequency, period, count(distinct basis) as basis_count from fct_bilateral_totals "
        "group by frequency, period having count(distinct basis) > 1",
        "one basis per period, so that world totals never mix",
    ),
    row("no_self_trade", "fct_bilateral_totals", "basis = 'own' and exporter_code = importer_code", "exporter and importer differ"),
    row(
        "balance_is_exports_less_imports",
        "bilateral_balance",
        "balance_fob_usd is distinct from coalesce(exports_fob_usd, 0) - coalesce(imports_fob_usd, 0)",
        "balance = exports - imports; a side that nobody reports counts nothing",
    ),
    row(
        "sides_flagged",
        "bilateral_balance",
        "has_exports is distinct from (exports_fob_usd is not null) or has_imports is distinct from (imports_fob_usd is not null)",
        "has_exports and has_imports say which sides are there",
    ),
    Rule(
        "exports_mirror_imports",
        "bilateral_balance",
        "select a.* from bilateral_balance a left join bilateral_balance b on a.frequency = b.frequency and a.period = b.period "
        "and a.area_code = b.partner_code and a.partner_code = b.area_code where a.exports_fob_usd is distinct from b.imports_fob_usd",
        "what A exports to B is what B imports from A",
    ),
    Rule(
        "shares_sum_to_one",
        "market_share",
        f"select '' as partition_key, {_GROUP}, sum(share_of_world_exports) as share_sum from market_share group by {_GROUP} "
        f"having abs(sum(share_of_world_exports) - 1) > {TOLERANCE}",
        "shares of a group sum to 1 where they are stated",
    ),
    row(
        "share_within_bounds",
        "market_share",
        f"share_of_world_exports < 0 or share_of_world_exports > 1 + {TOLERANCE}",
        "a share lies in [0, 1]",
    ),
    _null_reason("market_share", "share_of_world_exports"),
    _null_reason("import_dependence", "supplier_hhi"),
    row(
        "equivalent_number_inverts_hhi",
        "import_dependence",
        f"abs(supplier_equivalent_number * supplier_hhi - 1) > {TOLERANCE}",
        "the equivalent number of suppliers is 1/HHI",
    ),
    _null_reason("comparative_advantage", "rca"),
    row("advantage_from_rca", "comparative_advantage", "has_advantage is distinct from (rca >= 1)", "has_advantage where RCA is 1 or more"),
    row(
        "symmetric_rca_from_rca",
        "comparative_advantage",
        f"abs(symmetric_rca - (rca - 1) / (rca + 1)) > {TOLERANCE}",
        "the symmetric index is (RCA-1)/(RCA+1)",
    ),
    row("ledger_closes", "conservation_ledger", "not is_closed", "every ledger line belongs to a closed account"),
    *(
        Rule(
            "one_release",
            name,
            f"select * from {name} where release_id <> (select min(release_id) from release_info)",
            "every row belongs to the release of release_info",
            needs=("release_info",),
        )
        for name, table in marts.MARTS.items()
        if not table.is_view
    ),
)

RULES: tuple[Rule, ...] = (
    *REPORTED_FLOWS,
    *FLOWS,
    *HARMONISED_FLOWS,
    *BILATERAL_FLOWS,
    *AGGREGATES,
    *LEDGER,
    *MARTS,
)
