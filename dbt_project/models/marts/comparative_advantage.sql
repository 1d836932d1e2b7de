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
        world_product.all_products_fob_usd,
        coverage.uncovered_reason,
        sum(exporter_product.value_fob_usd) over (
            partition by
                exporter_product.basis,
                exporter_product.frequency,
                exporter_product.period,
                exporter_product.classification,
                exporter_product.product_level,
                exporter_product.exporter_code
        ) as exporter_fob_usd
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
        exporter_fob_usd,
        all_products_fob_usd,
        case
            when uncovered_reason is not null then uncovered_reason
            when exporter_fob_usd = 0 then 'the exporter''s value is 0'
            when world_value_fob_usd = 0 then 'the world''s value is 0'
        end as null_reason
    from with_world
),

-- (X_ck / X_c) / (X_k / X), the products taken before the one division
with_rca as (
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
        case
            when null_reason is null
                then
                    (value_fob_usd::double * all_products_fob_usd::double)
                    / (exporter_fob_usd::double * world_value_fob_usd::double)
        end as rca,
        null_reason
    from judged
)

select
    with_rca.year,
    with_rca.basis,
    with_rca.frequency,
    with_rca.period,
    with_rca.classification,
    with_rca.product_level,
    with_rca.exporter_code,
    areas.iso3 as exporter_iso3,
    areas.area_name as exporter_name,
    with_rca.product_code,
    products.product_description,
    with_rca.value_fob_usd,
    with_rca.world_value_fob_usd,
    with_rca.rca,
    (with_rca.rca - 1) / (with_rca.rca + 1) as symmetric_rca,
    with_rca.rca >= 1 as has_advantage,
    with_rca.null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from with_rca
left join areas on with_rca.exporter_code = areas.area_code
left join products
    on with_rca.classification = products.classification and with_rca.product_code = products.product_code
