-- RCA is computed twice, by the aggregation's kernel and here from the sums: they agree.
{{ config(meta={'dagster': {'ref': {'name': 'comparative_advantage'}}}) }}

select
    mart.basis,
    mart.period,
    mart.exporter_code,
    mart.product_code,
    mart.rca,
    aggregate.rca as aggregate_rca
from {{ ref('comparative_advantage') }} as mart
inner join {{ ref('stg_exporter_product') }} as aggregate
    on
        mart.basis = aggregate.basis
        and mart.frequency = aggregate.frequency
        and mart.period = aggregate.period
        and mart.classification = aggregate.classification
        and mart.product_level = aggregate.product_level
        and mart.exporter_code = aggregate.exporter_code
        and mart.product_code = aggregate.product_code
where
    mart.rca is not null
    and (aggregate.rca is null or not abs(mart.rca - aggregate.rca) <= 1e-9 * greatest(1, aggregate.rca))
