-- Annual and monthly values never meet in a row: each mart's value of a frequency and period is that of the table it stands on.
-- A period is a year where the frequency is A, a month of the row's year where it is M.
{{ config(meta={'dagster': {'ref': {'name': 'fct_bilateral_totals'}}}) }}

with compared as (
    select
        'fct_bilateral_totals' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('int_preferred_pair_totals') }}
    union all
    select
        'fct_bilateral_totals' as mart,
        'found' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('fct_bilateral_totals') }}
    union all
    select
        'monthly_totals' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('int_preferred_pair_totals') }}
    where frequency = 'M'
    union all
    select
        'monthly_totals' as mart,
        'found' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('monthly_totals') }}
    union all
    select
        'bilateral_balance' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('int_preferred_pair_totals') }}
    union all
    select
        'bilateral_balance' as mart,
        'found' as side,
        year,
        frequency,
        period,
        exports_fob_usd as value_fob_usd
    from {{ ref('bilateral_balance') }}
    union all
    select
        'market_share' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('stg_pair_totals') }}
    union all
    select
        'market_share' as mart,
        'found' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('market_share') }}
    where product_code = 'TOTAL'
    union all
    select
        'import_dependence' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('stg_importer_product') }}
    union all
    select
        'import_dependence' as mart,
        'found' as side,
        year,
        frequency,
        period,
        imports_fob_usd as value_fob_usd
    from {{ ref('import_dependence') }}
    union all
    select
        'comparative_advantage' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('stg_exporter_product') }}
    union all
    select
        'comparative_advantage' as mart,
        'found' as side,
        year,
        frequency,
        period,
        value_fob_usd
    from {{ ref('comparative_advantage') }}
    union all
    select
        'reporting_coverage' as mart,
        'wanted' as side,
        year,
        frequency,
        period,
        reported_value_usd as value_fob_usd
    from {{ ref('stg_reported_flows') }}
    union all
    select
        'reporting_coverage' as mart,
        'found' as side,
        year,
        frequency,
        period,
        reported_value_usd as value_fob_usd
    from {{ ref('reporting_coverage') }}
)

select
    mart,
    year,
    frequency,
    period,
    sum(value_fob_usd) filter (where side = 'wanted') as wanted_value_usd,
    sum(value_fob_usd) filter (where side = 'found') as found_value_usd
from compared
group by mart, year, frequency, period
having
    sum(value_fob_usd) filter (where side = 'wanted') is distinct from sum(value_fob_usd) filter (where side = 'found')
    or not regexp_full_match(period, case when frequency = 'A' then year::varchar else year::varchar || '-(0[1-9]|1[0-2])' end)
