"""Rules across columns, rows and tables, as data: one entry is one rule.

To add one: append an entry to the tuple of its table (here for reports, flows and the ledger; the
modules imported below hold the others). ``row`` takes a predicate that is true on failing rows and
costs no query of its own; ``Rule`` takes SQL that returns failing rows with their ``partition_key``.
SQL names tables as the contracts do; ``needs`` lists the other tables it reads (the rule runs where
they are at hand). Then show it failing: tests/unit/expectation_cases.py, or for the reconciliation's
rules expectation_reconciled_cases.py, has a bad row for every rule, and a test says which lacks one.
"""

from __future__ import annotations

from expectations.aggregate_rules import AGGREGATE_RULES
from expectations.mart_rules import MART_RULES
from expectations.reconciled_mart_rules import RECONCILED_MART_RULES
from expectations.reconciled_rules import RECONCILED_RULES
from expectations.rule import FREQUENCY_DIFFERS, LEVEL_DIFFERS, YEAR_DIFFERS, Rule, listed, row
from transforms.contracts import codes

_MARGINS = listed(codes.MARGIN_AREAS)
_SPECIAL = listed(codes.SPECIAL_AREAS)
_BUCKETS = " ".join(
    f"when product_code >= '{bound}' then {bucket}" for bucket, bound in reversed([*enumerate(codes.PRODUCT_BUCKET_BOUNDS, 1)])
)
#: codes.product_bucket in SQL: text comparison in place of a cast per row; ':' follows '9', so TOTAL and XX stand above it.
PRODUCT_BUCKET = f"case when product_code >= ':' or substr(product_code, 2, 1) not between '0' and '9' then 0 {_BUCKETS} else 0 end"


_PAIR = "partition_key, frequency, period, reporter_code, partner_code, flow_code, classification"


def _re_flow(inner: str, outer: str, name: str) -> Rule:
    same = "frequency, period, reporter_code, partner_code, classification, product_level, product_code"
    # The few re-flows stand on the right, where DuckDB builds its hash table of two sides that it takes for equally large.
    return Rule(
        name,
        "reported_flows",
        f"select part.* from (select {same}, partition_key, reported_value_usd as containing_value_usd from reported_flows "
        f"where flow_code = '{outer}') whole join (select * from reported_flows where flow_code = '{inner}') part "
        f"using (partition_key, {same}) where part.reported_value_usd > whole.containing_value_usd",
        f"{inner} lies inside {outer}: at most its value, for the same key",
        severity="warning",
    )


REPORTED_FLOW_RULES = (
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
    row("level_matches_code", "reported_flows", LEVEL_DIFFERS, "HS codes are as long as their level; TOTAL is level 0"),
    row("period_in_partition_year", "reported_flows", YEAR_DIFFERS, "the period lies in the partition's year"),
    row("frequency_matches_period", "reported_flows", FREQUENCY_DIFFERS, "A has YYYY, M has YYYY-MM"),
    row("net_weight_never_zero", "reported_flows", "net_weight_kg = 0", "a missing weight is NULL, never 0"),
    row("value_not_negative", "reported_flows", "reported_value_usd < 0", "values are not negative"),
    Rule(
        "leaves_have_no_parts",
        "reported_flows",
        f"""with mixed as (
                select {_PAIR} from reported_flows group by {_PAIR} having min(product_level) < max(product_level)
            ),
            leaves as (select * from reported_flows semi join mixed using ({_PAIR}))
            select {_PAIR}, shallow.product_code, min(deep.product_code) as part_code
            from leaves as shallow inner join leaves as deep using ({_PAIR})
            where shallow.product_level < deep.product_level
                and (shallow.product_code = '{codes.TOTAL}' or starts_with(deep.product_code, shallow.product_code))
            group by {_PAIR}, shallow.product_code""",
        "no product of a reporter, partner, period and flow begins another one: leaves never mix with their parents",
    ),
    _re_flow("RX", "X", "re_exports_within_exports"),
    _re_flow("RM", "M", "re_imports_within_imports"),
)

FLOW_RULES = tuple(
    rule
    for table in ("harmonised_flows", "bilateral_flows")
    for rule in (
        row("no_self_trade", table, "basis = 'own' and exporter_code = importer_code", "exporter and importer differ"),
        row("no_margin_area", table, f"exporter_code in {_MARGINS} or importer_code in {_MARGINS}", "World and unions are never flows"),
        row("level_matches_code", table, LEVEL_DIFFERS, "HS codes are as long as their level; TOTAL is level 0"),
        row("period_in_partition_year", table, YEAR_DIFFERS, "the period lies in the partition's year"),
        row("frequency_matches_period", table, FREQUENCY_DIFFERS, "A has YYYY, M has YYYY-MM"),
        row(
            "bucket_matches_chapter",
            table,
            f"product_bucket is distinct from ({PRODUCT_BUCKET})",
            "the product bucket is that of the committed chapter table",
        ),
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

HARMONISED_FLOW_RULES = (
    row(
        "source_matches_basis",
        "harmonised_flows",
        "(basis = 'baci_published') is distinct from (source = 'baci')",
        "BACI's rows have basis baci_published, and only they",
    ),
)


_LEDGER_LINE = "partition_key, stage, table_name, source, frequency, period"
_LEDGER_REASONS = listed({"in", "out", *codes.ROW_REASONS, *codes.VALUE_REASONS})


def _closes(name: str, measure: str, where: str, description: str) -> Rule:
    return Rule(
        name,
        "ledger",
        f"select {_LEDGER_LINE}, sum({measure}) filter (where reason = 'in') as entered, "
        f"sum({measure}) filter (where reason <> 'in') as accounted_for from ledger where {where} group by {_LEDGER_LINE} "
        f"having sum(case when reason = 'in' then {measure} else -{measure} end) <> 0 or count(*) filter (where reason = 'in') <> 1",
        description,
    )


LEDGER_RULES = (
    _closes("value_closes", "coalesce(value_usd, 0)", "true", "value: in = out + declared reasons, exactly"),
    _closes("rows_close", "row_count", "stage = 'ingest'", "rows at ingest: in = out + declared reasons"),
    row("reason_is_declared", "ledger", f"reason not in {_LEDGER_REASONS}", "every reason is declared in the contracts"),
    row("rows_not_negative", "ledger", "row_count < 0 or unparsed_count > row_count", "counts of rows are counts"),
)


RULES: tuple[Rule, ...] = (
    *REPORTED_FLOW_RULES,
    *FLOW_RULES,
    *HARMONISED_FLOW_RULES,
    *RECONCILED_RULES,
    *AGGREGATE_RULES,
    *LEDGER_RULES,
    *MART_RULES,
    *RECONCILED_MART_RULES,
)
