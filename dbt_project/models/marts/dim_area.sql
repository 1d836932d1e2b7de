-- One row per area code of the publishers.
select
    area_code,
    iso2,
    iso3,
    area_name,
    name_source,
    valid_from,
    valid_to,
    predecessor_codes,
    successor_codes,
    is_country,
    is_special,
    is_margin,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_area') }}
