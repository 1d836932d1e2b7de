-- One row per year, kind, name, subject and unit: an estimate that reconciling reads, pinned until it is fitted anew.
select
    year,
    parameter_kind,
    parameter_name,
    subject_code,
    quantity_unit_code,
    parameter_value,
    standard_error,
    observation_count,
    parameter_origin,
    fitted_on,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_parameter_set') }}
