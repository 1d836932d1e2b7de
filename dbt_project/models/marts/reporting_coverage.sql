-- One row per source, period, reporter, flow, classification and level: what was reported.
with reported_flows as (
    select
        source,
        year,
        frequency,
        period,
        reporter_code,
        partner_code,
        flow_code,
        classification,
        product_level,
        product_code,
        reported_value_usd
    from {{ ref('stg_reported_flows') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

counted as (
    select
        source,
        year,
        frequency,
        period,
        reporter_code,
        flow_code,
        classification,
        product_level,
        count(*) as report_row_count,
        count(distinct partner_code) as partner_count,
        count(distinct product_code) as product_count,
        sum(reported_value_usd) as reported_value_usd
    from reported_flows
    group by source, year, frequency, period, reporter_code, flow_code, classification, product_level
)

select
    counted.source,
    counted.year,
    counted.frequency,
    counted.period,
    counted.reporter_code,
    areas.iso3 as reporter_iso3,
    areas.area_name as reporter_name,
    counted.flow_code,
    counted.classification,
    counted.product_level,
    counted.report_row_count,
    counted.partner_count,
    counted.product_count,
    counted.reported_value_usd::decimal(18, 3) as reported_value_usd,
    {{ text_literal(var('release_id')) }} as release_id
from counted
left join areas on counted.reporter_code = areas.area_code
