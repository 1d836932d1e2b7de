-- One row per run, table, partition and check, of failed runs too.
select
    run_id,
    recorded_at,
    table_name,
    partition_key,
    check_name,
    column_name,
    severity,
    is_passed,
    observed,
    expected,
    failed_row_count,
    sample,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_check_result') }}
