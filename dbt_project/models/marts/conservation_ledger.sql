-- One row per stage, source, period and reason: what went in, came out, or left, and why.
-- An account is a stage, table, source and period. Its value closes exactly; at ingest, where a row stays a row, its rows do too.
with ledger as (
    select
        stage,
        table_name,
        source,
        year,
        frequency,
        period,
        reason,
        row_count,
        value_usd,
        unparsed_count,
        case when reason = 'in' then 1 else -1 end as sign
    from {{ ref('stg_ledger') }}
),

with_gaps as (
    select
        stage,
        table_name,
        source,
        year,
        frequency,
        period,
        reason,
        row_count,
        value_usd,
        unparsed_count,
        sum(sign * coalesce(value_usd, 0)) over account as value_gap_usd,
        sum(sign * row_count) over account as row_gap
    from ledger
    window account as (partition by stage, table_name, source, year, frequency, period)
)

select
    stage,
    table_name,
    source,
    year,
    frequency,
    period,
    reason,
    row_count,
    value_usd,
    unparsed_count,
    value_gap_usd = 0 and (stage <> 'ingest' or row_gap = 0) as is_closed,
    {{ text_literal(var('release_id')) }} as release_id
from with_gaps
