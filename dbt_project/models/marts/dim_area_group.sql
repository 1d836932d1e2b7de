-- One row per group of areas, member and spell of membership; a year has one spell at most.
select
    group_code,
    group_name,
    group_kind,
    group_area_codes,
    area_code,
    valid_from,
    valid_to,
    first_day,
    last_day,
    membership_source,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_area_group') }}
