-- One row per stratum, exporter and product group (TOTAL, or a chapter): the share in all exporters' value of that group.
-- exporter_count is that of the stratum: a world needs exporters, whatever the group. Areas that are no country are inside it.
with pair_totals as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        value_fob_usd
    from {{ ref('stg_pair_totals') }}
),

exporter_chapter as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        chapter_code,
        value_fob_usd
    from {{ ref('stg_exporter_chapter') }}
),

coverage as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_count,
        uncovered_reason
    from {{ ref('int_world_coverage') }}
),

completeness as (
    select
        basis,
        frequency,
        period,
        is_provisional
    from {{ ref('period_completeness') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

groups as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        'TOTAL' as product_code,
        sum(value_fob_usd) as value_fob_usd
    from pair_totals
    group by year, basis, frequency, period, classification, product_level, exporter_code
    union all
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        chapter_code as product_code,
        value_fob_usd
    from exporter_chapter
),

with_world as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        product_code,
        value_fob_usd,
        sum(value_fob_usd) over (
            partition by basis, frequency, period, classification, product_level, product_code
        ) as world_value_fob_usd
    from groups
),

judged as (
    select
        with_world.year,
        with_world.basis,
        with_world.frequency,
        with_world.period,
        with_world.classification,
        with_world.product_level,
        with_world.exporter_code,
        with_world.product_code,
        with_world.value_fob_usd,
        with_world.world_value_fob_usd,
        coverage.exporter_count,
        case
            when coverage.uncovered_reason is not null then coverage.uncovered_reason
            when with_world.world_value_fob_usd = 0 then 'the world exports nothing of the group'
        end as null_reason
    from with_world
    left join coverage
        on
            with_world.basis = coverage.basis
            and with_world.frequency = coverage.frequency
            and with_world.period = coverage.period
            and with_world.classification = coverage.classification
            and with_world.product_level = coverage.product_level
)

select
    judged.year,
    judged.basis,
    judged.frequency,
    judged.period,
    judged.classification,
    judged.product_level,
    judged.exporter_code,
    areas.iso3 as exporter_iso3,
    areas.area_name as exporter_name,
    judged.product_code,
    judged.value_fob_usd::decimal(18, 3) as value_fob_usd,
    judged.world_value_fob_usd::decimal(18, 3) as world_value_fob_usd,
    judged.exporter_count,
    case
        when judged.null_reason is null then judged.value_fob_usd::double / judged.world_value_fob_usd::double
    end as share_of_world_exports,
    completeness.is_provisional,
    judged.null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from judged
left join completeness
    on
        judged.basis = completeness.basis
        and judged.frequency = completeness.frequency
        and judged.period = completeness.period
left join areas on judged.exporter_code = areas.area_code
