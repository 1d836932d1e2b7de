-- One row per stratum: how many exporters stand in it, who reports, and whether they are enough to speak of a world.
-- Our own basis needs reporters: one importer with a hundred partners mirrors a hundred exporters, and is no world.
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

value_by_report as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        has_exporter_report,
        has_importer_report
    from {{ ref('int_value_by_report') }}
),

exporters as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        count(distinct exporter_code) as exporter_count
    from pair_totals
    group by basis, frequency, period, classification, product_level
),

reporting as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code as reporter_code
    from value_by_report
    where has_exporter_report
    union
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        importer_code as reporter_code
    from value_by_report
    where has_importer_report
),

reporters as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        count(*) as reporter_count
    from reporting
    group by basis, frequency, period, classification, product_level
)

select
    exporters.basis,
    exporters.frequency,
    exporters.period,
    exporters.classification,
    exporters.product_level,
    exporters.exporter_count,
    case
        when exporters.exporter_count < {{ var('minimum_world_exporters') }}
            then
                'world not covered: ' || exporters.exporter_count || ' exporters reported or mirrored, at least '
                || {{ var('minimum_world_exporters') }} || ' needed'
        when exporters.basis = 'own' and coalesce(reporters.reporter_count, 0) < {{ var('minimum_world_exporters') }}
            then
                'world not covered: ' || coalesce(reporters.reporter_count, 0) || ' areas report, at least '
                || {{ var('minimum_world_exporters') }} || ' needed'
    end as uncovered_reason
from exporters
left join reporters
    on
        exporters.basis = reporters.basis
        and exporters.frequency = reporters.frequency
        and exporters.period = reporters.period
        and exporters.classification = reporters.classification
        and exporters.product_level = reporters.product_level
