-- One row per classification edition and product code.
select
    classification,
    product_code,
    product_level,
    product_description,
    parent_code,
    chapter_code,
    section_code,
    sitc4_codes,
    bec4_codes,
    bec5_codes,
    isic3_codes,
    is_leaf,
    is_residual,
    name_source,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_product') }}
