-- One row per basis, frequency, period and reporter: which flows it reports, and the value of the period's world that rests on it.
-- A reporter is an area that reports an import or an export, of whatever edition; the world takes each pair once.
{{ config(materialized='table') }}

with value_by_report as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        has_exporter_report,
        has_importer_report,
        value_by_exporter_fob_usd,
        value_by_importer_fob_usd
    from {{ ref('int_value_by_report') }}
),

preferred as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code
    from {{ ref('int_pair_totals_of_basis') }}
),

marked as (
    select
        value_by_report.basis,
        value_by_report.frequency,
        value_by_report.period,
        value_by_report.exporter_code,
        value_by_report.importer_code,
        value_by_report.has_exporter_report,
        value_by_report.has_importer_report,
        value_by_report.value_by_exporter_fob_usd,
        value_by_report.value_by_importer_fob_usd,
        preferred.basis is not null as is_preferred
    from value_by_report
    left join preferred
        on
            value_by_report.basis = preferred.basis
            and value_by_report.frequency = preferred.frequency
            and value_by_report.period = preferred.period
            and value_by_report.classification = preferred.classification
            and value_by_report.product_level = preferred.product_level
            and value_by_report.exporter_code = preferred.exporter_code
            and value_by_report.importer_code = preferred.importer_code
),

sides as (
    select
        basis,
        frequency,
        period,
        exporter_code as reporter_code,
        true as has_exports,
        false as has_imports,
        case when is_preferred then value_by_exporter_fob_usd else 0 end as value_fob_usd
    from marked
    where has_exporter_report
    union all
    select
        basis,
        frequency,
        period,
        importer_code as reporter_code,
        false as has_exports,
        true as has_imports,
        case when is_preferred then value_by_importer_fob_usd else 0 end as value_fob_usd
    from marked
    where has_importer_report
)

select
    basis,
    frequency,
    period,
    reporter_code,
    bool_or(has_exports) as has_exports,
    bool_or(has_imports) as has_imports,
    sum(value_fob_usd)::decimal(18, 3) as value_fob_usd
from sides
group by basis, frequency, period, reporter_code
