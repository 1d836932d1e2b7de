-- One row per stratum: how many exporters stand in it, and whether they are enough to speak of a world.
with pair_totals as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code
    from {{ ref('stg_pair_totals') }}
),

counted as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        count(distinct exporter_code) as exporter_count
    from pair_totals
    group by basis, frequency, period, classification, product_level
)

select
    basis,
    frequency,
    period,
    classification,
    product_level,
    exporter_count,
    case
        when exporter_count < {{ var('minimum_world_exporters') }}
            then
                'world not covered: ' || exporter_count || ' exporters reported or mirrored, at least '
                || {{ var('minimum_world_exporters') }} || ' needed'
    end as uncovered_reason
from counted
