-- One row per stratum, exporter and product: revealed comparative advantage.
-- Computed from the sums, and held against the aggregation's own figure by a test (rca_agrees_with_aggregate).
with exporter_product as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        product_code,
        value_fob_usd
    from {{ ref('stg_exporter_product') }}
),

world_product as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        product_code,
        value_fob_usd,
        sum(value_fob_usd) over (partition by basis, frequency, period, classification, product_level) as all_products_fob_usd
    from {{ ref('stg_world_product') }}
),

coverage as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        uncovered_reason
    from {{ ref('int_world_coverage') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

products as (
    select
        classification,
        product_code,
        product_description
    from {{ ref('dim_product') }}
),

with_world as (
    select
        exporter_product.year,
        exporter_product.basis,
        exporter_product.frequency,
        exporter_product.period,
        exporter_product.classification,
        exporter_product.product_level,
        exporter_product.exporter_code,
        exporter_product.product_code,
        exporter_product.value_fob_usd,
        world_product.value_fob_usd as world_value_fob_usd,
        coverage.uncovered_reason,
        exporter_product.value_fob_usd::double / nullif(
            sum(exporter_product.value_fob_usd) over (
                partition by
                    exporter_product.basis,
                    exporter_product.frequency,
                    exporter_product.period,
                    exporter_product.classification,
                    exporter_product.product_level,
                    exporter_product.exporter_code
            )::double, 0
        ) as share_in_exporter,
        nullif(world_product.value_fob_usd::double, 0) / nullif(world_product.all_products_fob_usd::double, 0) as share_in_world
    from exporter_product
    left join world_product
        on
            exporter_product.basis = world_product.basis
            and exporter_product.frequency = world_product.frequency
            and exporter_product.period = world_product.period
            and exporter_product.classification = world_product.classification
            and exporter_product.product_level = world_product.product_level
            and exporter_product.product_code = world_product.product_code
    left join coverage
        on
            exporter_product.basis = coverage.basis
            and exporter_product.frequency = coverage.frequency
            and exporter_product.period = coverage.period
            and exporter_product.classification = coverage.classification
            and exporter_product.product_level = coverage.product_level
),

judged as (
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
        world_value_fob_usd,
        case when uncovered_reason is null then share_in_exporter / share_in_world end as rca,
        case
            when uncovered_reason is not null then uncovered_reason
            when share_in_exporter is null then 'the exporter''s value is 0'
            when share_in_world is null then 'the world''s value is 0'
        end as null_reason
    from with_world
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
    products.product_description,
    judged.value_fob_usd,
    judged.world_value_fob_usd,
    judged.rca,
    (judged.rca - 1) / (judged.rca + 1) as symmetric_rca,
    judged.rca >= 1 as has_advantage,
    judged.null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from judged
left join areas on judged.exporter_code = areas.area_code
left join products
    on judged.classification = products.classification and judged.product_code = products.product_code
