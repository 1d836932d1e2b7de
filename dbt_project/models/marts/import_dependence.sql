-- One row per stratum, importer and product: how concentrated the suppliers are.
with importer_product as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        importer_code,
        product_code,
        value_fob_usd,
        supplier_count,
        supplier_hhi,
        top_supplier_code,
        top_supplier_value_fob_usd
    from {{ ref('stg_importer_product') }}
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

judged as (
    select
        importer_product.year,
        importer_product.basis,
        importer_product.frequency,
        importer_product.period,
        importer_product.classification,
        importer_product.product_level,
        importer_product.importer_code,
        importer_product.product_code,
        importer_product.value_fob_usd,
        importer_product.supplier_count,
        importer_product.supplier_hhi,
        importer_product.top_supplier_code,
        importer_product.top_supplier_value_fob_usd,
        case
            when coverage.uncovered_reason is not null then coverage.uncovered_reason
            when importer_product.supplier_hhi is null or importer_product.value_fob_usd = 0 then 'the suppliers'' value is 0'
        end as null_reason
    from importer_product
    left join coverage
        on
            importer_product.basis = coverage.basis
            and importer_product.frequency = coverage.frequency
            and importer_product.period = coverage.period
            and importer_product.classification = coverage.classification
            and importer_product.product_level = coverage.product_level
)

select
    judged.year,
    judged.basis,
    judged.frequency,
    judged.period,
    judged.classification,
    judged.product_level,
    judged.importer_code,
    areas.iso3 as importer_iso3,
    areas.area_name as importer_name,
    judged.product_code,
    products.product_description,
    judged.value_fob_usd as imports_fob_usd,
    judged.supplier_count,
    case when judged.null_reason is null then judged.supplier_hhi end as supplier_hhi,
    case when judged.null_reason is null then 1 / judged.supplier_hhi end as supplier_equivalent_number,
    judged.top_supplier_code,
    case
        when judged.null_reason is null then judged.top_supplier_value_fob_usd::double / judged.value_fob_usd::double
    end as top_supplier_share,
    judged.null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from judged
left join areas on judged.importer_code = areas.area_code
left join products
    on judged.classification = products.classification and judged.product_code = products.product_code
