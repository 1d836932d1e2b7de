-- Totals hold every pair of the period's basis once, and no pair more than the aggregation gave it.
{{ config(meta={'dagster': {'ref': {'name': 'fct_bilateral_totals'}}}) }}

with chosen as (
    select distinct
        frequency,
        period,
        basis
    from {{ ref('fct_bilateral_totals') }}
),

wanted as (
    select
        pairs.frequency,
        pairs.period,
        count(distinct pairs.exporter_code || '-' || pairs.importer_code) as pair_count,
        sum(pairs.value_fob_usd) as value_fob_usd
    from {{ ref('stg_pair_totals') }} as pairs
    left join chosen on pairs.frequency = chosen.frequency and pairs.period = chosen.period
    where chosen.basis is null or chosen.basis = pairs.basis
    group by pairs.frequency, pairs.period
),

found as (
    select
        frequency,
        period,
        count(*) as pair_count,
        sum(value_fob_usd) as value_fob_usd
    from {{ ref('fct_bilateral_totals') }}
    group by frequency, period
)

select
    wanted.frequency,
    wanted.period,
    wanted.pair_count as wanted_pair_count,
    found.pair_count,
    wanted.value_fob_usd as wanted_fob_usd,
    found.value_fob_usd
from wanted
full outer join found on wanted.frequency = found.frequency and wanted.period = found.period
where found.pair_count is distinct from wanted.pair_count or found.value_fob_usd > wanted.value_fob_usd
