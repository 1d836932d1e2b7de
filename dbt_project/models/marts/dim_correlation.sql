-- One row per pair of codes of two classifications that share products, as a correlation table states it.
select
    from_classification,
    from_code,
    to_classification,
    to_code,
    relationship,
    is_part,
    snapshot_id,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_correlation') }}
