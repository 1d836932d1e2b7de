-- One row per stratum, exporter and importer: whose reports stand behind the pair's flows, and the value that rests on each.
-- A value rests on the report that the method took; where it weighed both, on the one with the larger weight.
-- What a source publishes reconciled rests on no report that is known, and has no row. A table: it reads every flow, and is read twice.
{{ config(materialized='table') }}

with flows as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        value_fob_usd,
        evidence in ('both', 'exporter_only') as has_exporter_report,
        evidence in ('both', 'importer_only') as has_importer_report,
        evidence = 'exporter_only' or (evidence = 'both' and weight_exporter >= 0.5) as is_on_exporter,
        evidence = 'importer_only' or (evidence = 'both' and weight_exporter < 0.5) as is_on_importer
    from {{ ref('stg_bilateral_flows') }}
    where evidence <> 'published'
)

select
    basis,
    frequency,
    period,
    classification,
    product_level,
    exporter_code,
    importer_code,
    bool_or(has_exporter_report) as has_exporter_report,
    bool_or(has_importer_report) as has_importer_report,
    sum(case when is_on_exporter then value_fob_usd else 0 end)::decimal(18, 3) as value_by_exporter_fob_usd,
    sum(case when is_on_importer then value_fob_usd else 0 end)::decimal(18, 3) as value_by_importer_fob_usd
from flows
group by basis, frequency, period, classification, product_level, exporter_code, importer_code
