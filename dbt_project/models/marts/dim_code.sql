-- One row per code list and code.
select
    code_list,
    list_code,
    code_description,
    snapshot_id,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_code') }}
