-- One row per indicator, area, period and vintage. is_latest_vintage picks one row per indicator, area and period.
with

indicators as (
    select
        indicator_code,
        indicator_name,
        publisher_area_code,
        area_code,
        area_name,
        is_aggregate,
        frequency,
        period,
        indicator_value,
        vintage,
        snapshot_id
    from {{ ref('stg_indicator') }}
),

-- by value: a newer vintage may hold fewer areas or periods than the one before
latest as (
    select
        indicator_code,
        publisher_area_code,
        period,
        max(vintage) as latest_vintage
    from indicators
    group by indicator_code, publisher_area_code, period
)

select
    indicators.indicator_code,
    indicators.indicator_name,
    indicators.publisher_area_code,
    indicators.area_code,
    indicators.area_name,
    indicators.is_aggregate,
    indicators.frequency,
    indicators.period,
    indicators.indicator_value,
    indicators.vintage,
    indicators.snapshot_id,
    indicators.vintage = latest.latest_vintage as is_latest_vintage,
    {{ text_literal(var('release_id')) }} as release_id
from indicators
inner join latest
    on
        indicators.indicator_code = latest.indicator_code
        and indicators.publisher_area_code = latest.publisher_area_code
        and indicators.period = latest.period
