"""The statements of a comparison, one step each (docs/compare.md): both sides' flows as mills, what is in scope, the units that are
held against each other, and the chain from their value to ours."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.contracts import codes

#: In the order of attribution; ``rest`` is what is left, so that they sum to the difference.
COMPONENTS = ("self_trade", "not_specified", "coverage", "vintage", "edition", "valuation", "re_exports", "weighting", "rest")

_SPECIAL = ", ".join(f"'{code}'" for code in sorted(codes.SPECIAL_AREAS))
_EDITIONS = ", ".join(f"'{code}'" for code in codes.CLASSIFICATION_ORDER)
#: What codes of two classifications can be held against each other by their first digits.
_SYSTEM = "case when {0} in ('S1', 'S2', 'S3', 'S4') then 'SITC' else 'HS' end"
_PAIR = "side, frequency, period, year, their_classification, exporter, importer"


def rolled(code: str, level: str, to: str) -> str:
    """SQL: a code brought to a shorter level; TOTAL at level 0."""
    return f"case when {to} = 0 then 'TOTAL' when {level} <= {to} then {code} else left({code}, {to}) end"


def leaves(view: str, residuals: str, partial: Sequence[str] = (), *, is_published: bool) -> str:
    """Reports of exports and imports, residual leaves among them, as (side, ..., mills): a leaf above its pair's deepest level is
    padded with X, as harmonising does. ``partial`` are snapshots that don't hold all of what their reporters report."""
    asked = ", ".join(f"'{snapshot}'" for snapshot in partial) or "null"
    side = "'published'" if is_published else "case when flow_code = 'X' then 'exporter' else 'importer' end"
    columns = "frequency, period, reporter_code, partner_code, flow_code, classification"
    return f"""
    with reports as (
        select {columns}, year, product_level, product_code, (reported_value_usd::decimal(38, 3) * 1000)::bigint as mills,
            coalesce(snapshot_id in ({asked}), false) as is_partial
        from {view} where flow_code in ('X', 'M') and reported_value_usd is not null
        union all by name
        select {columns}, year, leaf_level as product_level, product_code, value_mills as mills, false as is_partial from {residuals}
    ),
    levelled as (
        select *, max(product_level) over (partition by {columns}) as pair_level from reports
    )
    select
        {side} as side, frequency, period, year, classification as their_classification, pair_level as their_level,
        if(flow_code = 'X', reporter_code, partner_code) as exporter, if(flow_code = 'X', partner_code, reporter_code) as importer,
        if(product_level = pair_level or product_code = 'TOTAL', product_code, rpad(product_code, pair_level::int, 'X')) as product_code,
        bool_or(is_partial) as is_partial, sum(mills)::bigint as mills
    from levelled group by all"""


#: Whose flows are spoken of: reporters by side and period, with the editions that the file has of them.
SCOPE = """
    select distinct side, frequency, period, year, their_classification, if(side = 'importer', importer, exporter) as reporter
    from theirs"""

#: Our flows of those reporters, with the evidence that the chain needs, in mills.
OURS = """
    with ours as (
        select
            s.side, b.frequency, b.period, b.year, s.their_classification, b.exporter_code as exporter, b.importer_code as importer,
            b.classification, b.product_level, b.product_code, coalesce(b.method_marks, '') as marks,
            (b.value_fob_usd::decimal(38, 3) * 1000)::bigint as value,
            (b.value_exporter_fob_usd::decimal(38, 3) * 1000)::bigint as x,
            (coalesce(b.re_export_fob_usd, 0)::decimal(38, 3) * 1000)::bigint as re_exports,
            (coalesce(b.nes_received_fob_usd, 0)::decimal(38, 3) * 1000)::bigint as received,
            (coalesce(b.value_importer_cif_usd, b.value_importer_fob_usd)::decimal(38, 3) * 1000)::bigint as m,
            (b.value_importer_fob_usd::decimal(38, 3) * 1000)::bigint as m_fob
        from bilateral as b
        inner join scope as s on s.frequency = b.frequency and s.period = b.period and s.year = b.year
            and s.reporter = if(s.side = 'importer', b.importer_code, b.exporter_code)
        where b.basis = $basis
    )
    select
        side, frequency, period, year, their_classification, exporter, importer, classification, product_level, product_code, value,
        contains(marks, 'converted') as is_converted,
        case side when 'exporter' then x when 'importer' then m end as report,
        case side when 'exporter' then if(contains(marks, 're_exports_apart'), re_exports, 0) else 0 end as apart,
        case side when 'exporter' then received else 0 end as received,
        case side when 'importer' then m - m_fob else 0 end as cif,
        value as ours
    from ours"""

#: Of each pair the one stratum of ours that is held against theirs, and the level at which codes meet.
PAIRS = f"""
    with their_pairs as (select {_PAIR}, max(their_level) as their_level from theirs group by all),
    file_levels as (select side, their_classification, max(their_level) as file_level from theirs group by all),
    candidates as (
        select distinct {_PAIR}, classification, product_level from ours_in_scope
    ),
    ranked as (
        select
            c.*, coalesce(t.their_level, f.file_level) as their_level, t.their_level is not null as is_theirs,
            {_SYSTEM.format("c.classification")} = {_SYSTEM.format("their_classification")} as is_same_system,
            row_number() over (
                partition by {", ".join(f"c.{n}" for n in _PAIR.split(", "))}
                order by c.classification = their_classification desc, is_same_system desc,
                    coalesce(list_position([{_EDITIONS}], c.classification), 99), c.classification,
                    product_level = coalesce(t.their_level, f.file_level) desc, product_level > coalesce(t.their_level, f.file_level) desc,
                    product_level
            ) as place
        from candidates as c
        left join their_pairs as t using ({_PAIR})
        left join file_levels as f using (side, their_classification)
    )
    select {_PAIR}, classification, product_level, their_level, is_theirs,
        if(is_same_system, least(product_level, their_level), 0)::int as join_level
    from ranked where place = 1"""

_AT_LEVEL = rolled("t.product_code", "t.their_level", "coalesce(p.join_level, t.their_level)")


def at_join_level(name: str) -> str:
    """Reports of theirs, or of the same source in our lake, as units of the comparison: mills by pair and code.

    Where a unit is wider than the reports of a query's answer, these may be a part of it, and say nothing of it.
    """
    return f"""
    select {", ".join(f"t.{n}" for n in _PAIR.split(", "))}, {_AT_LEVEL} as product_code, sum(t.mills)::bigint as mills
    from {name} as t left join pairs as p using ({_PAIR})
    where not (t.is_partial and t.their_level > coalesce(p.join_level, t.their_level))
    group by all"""


#: Our units. The chain's sums are over the rows that hold the side's report.
OUR_UNITS = f"""
    select
        {", ".join(f"o.{n}" for n in _PAIR.split(", "))}, {rolled("o.product_code", "o.product_level", "p.join_level")} as product_code,
        sum(o.ours)::bigint as ours, bool_or(o.is_converted) as is_converted,
        sum(o.report)::bigint as report,
        sum(o.apart) filter (o.report is not null)::bigint as apart,
        sum(o.received) filter (o.report is not null)::bigint as received,
        sum(o.cif) filter (o.report is not null)::bigint as cif,
        sum(o.report - o.apart + o.received - o.cif - o.ours) filter (o.report is not null)::bigint as weighting
    from ours_in_scope as o
    inner join pairs as p using ({_PAIR}, classification, product_level)
    group by all"""

#: A file that is a query's answer speaks of the partners and products that it names, no others.
NAMED = """
    delete from our_units as o where
        not exists (
            select 1 from their_units as t where t.side = o.side and t.their_classification = o.their_classification
                and t.product_code = o.product_code
                and if(t.side = 'importer', t.importer, t.exporter) = if(o.side = 'importer', o.importer, o.exporter)
        )
        or not exists (
            select 1 from their_units as t where t.side = o.side
                and if(t.side = 'importer', t.importer, t.exporter) = if(o.side = 'importer', o.importer, o.exporter)
                and if(t.side = 'importer', t.exporter, t.importer) = if(o.side = 'importer', o.exporter, o.importer)
        )"""

#: Theirs against ours, and why they differ, in mills.
FLOWS = f"""
    with joined as (
        select
            {_PAIR}, product_code, t.mills as their_mills, o.ours as our_mills, l.mills as lake_mills, o.report, o.apart, o.received,
            o.cif, o.weighting, p.classification as our_classification,
            coalesce(t.mills, 0) - coalesce(o.ours, 0) as difference,
            exporter = importer as is_self, exporter in ({_SPECIAL}) or importer in ({_SPECIAL}) as is_special,
            t.mills is not null and o.ours is not null as is_both,
            coalesce(p.is_theirs and p.classification <> their_classification, false) as is_other_edition,
            coalesce(o.is_converted, false) as is_converted
        from their_units as t
        full join our_units as o using ({_PAIR}, product_code)
        left join lake_units as l using ({_PAIR}, product_code)
        left join pairs as p using ({_PAIR})
    ),
    stepped as (
        select *,
            is_both and not is_self and not is_special as is_chained,
            coalesce(lake_mills, their_mills) as standing
        from joined
    ),
    attributed as (
        select *,
            if(is_self, difference, 0) as self_trade,
            case
                when is_self then 0
                when is_special then difference
                when is_chained then coalesce(-received, 0)
                else 0
            end as not_specified,
            if(not is_self and not is_special and not is_both and not is_other_edition, difference, 0) as coverage,
            if(is_chained, their_mills - standing, 0) as vintage,
            case
                when is_self or is_special then 0
                when not is_both then if(is_other_edition, difference, 0)
                when is_other_edition or is_converted then coalesce(standing - report, 0)
                else 0
            end as edition,
            if(is_chained, coalesce(cif, 0), 0) as valuation,
            if(is_chained, coalesce(apart, 0), 0) as re_exports,
            if(is_chained, coalesce(weighting, 0), 0) as weighting_part
        from stepped
    )
    select {_PAIR}, our_classification, product_code, their_mills, our_mills, difference,
        self_trade, not_specified, coverage, vintage, edition, valuation, re_exports, weighting_part as weighting,
        difference - self_trade - not_specified - coverage - vintage - edition - valuation - re_exports - weighting_part as rest
    from attributed"""
