-- One row per stratum, product, exporter, importer and kind of move: exports to areas not specified that were moved, with names.
with moves as (
    select
        year,
        product_bucket,
        basis,
        frequency,
        period,
        classification,
        product_level,
        product_code,
        exporter_code,
        importer_code,
        nes_move,
        moved_fob_usd
    from {{ ref('stg_nes_move') }}
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
)

select
    moves.year,
    moves.product_bucket,
    moves.basis,
    moves.frequency,
    moves.period,
    moves.classification,
    moves.product_level,
    moves.product_code,
    moves.exporter_code,
    moves.importer_code,
    moves.nes_move,
    moves.moved_fob_usd,
    exporters.iso3 as exporter_iso3,
    exporters.area_name as exporter_name,
    importers.iso3 as importer_iso3,
    importers.area_name as importer_name,
    products.product_description,
    {{ text_literal(var('release_id')) }} as release_id
from moves
left join areas as exporters on moves.exporter_code = exporters.area_code
left join areas as importers on moves.importer_code = importers.area_code
left join products on moves.classification = products.classification and moves.product_code = products.product_code
