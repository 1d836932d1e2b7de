-- One row per code of an edition and code of a target edition that it goes to, with the shares of value and weight.
select
    from_classification,
    from_code,
    to_classification,
    to_code,
    value_weight,
    quantity_weight,
    weight_origin,
    observation_count,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_conversion_weight') }}
