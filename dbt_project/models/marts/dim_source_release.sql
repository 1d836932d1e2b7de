-- One row per snapshot that is live in the lake.
select
    snapshot_id,
    source,
    source_release,
    layout,
    file_name,
    sha256,
    file_bytes,
    coverage,
    licence,
    attribution,
    redistribution,
    is_synthetic,
    taken_at,
    first_year,
    last_year,
    row_count,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_source_release') }}
