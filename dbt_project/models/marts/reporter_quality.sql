-- One row per year, area and role: how well the area reports as exporter or as importer, against its partners' reports.
-- Kinds of parameters end in the role: quality_exporter, quality_importer. Places are by sigma: those at its floor can't be told apart.
-- A reporter that shares no product with the others, directly or over a third, stands in a group of its own: there is no comparison.
with parameters as (
    select
        year,
        subject_code as area_code,
        right(parameter_kind, 8) as reporter_role,
        left(parameter_kind, -9) as measure,
        parameter_name,
        parameter_value,
        standard_error,
        observation_count,
        parameter_origin,
        fitted_on
    from {{ ref('stg_parameter_set') }}
    where
        (ends_with(parameter_kind, '_exporter') or ends_with(parameter_kind, '_importer'))
        and regexp_full_match(subject_code, '[0-9]+')
),

areas as (
    select
        area_code,
        iso3,
        area_name,
        is_country
    from {{ ref('dim_area') }}
),

by_area as (
    select
        year,
        area_code,
        reporter_role,
        max(case when measure = 'quality' and parameter_name = 'sigma' then parameter_value end) as sigma,
        max(case when measure = 'quality' and parameter_name = 'distance' then parameter_value end) as reporting_distance,
        max(case when measure = 'quality' and parameter_name = 'distance' then standard_error end) as distance_standard_error,
        max(case when measure = 'quality' then observation_count end) as observation_count,
        bool_or(measure = 'quality' and parameter_name = 'group' and parameter_value > 0) as is_apart,
        max(case when measure = 'reliability' then parameter_value end) as reliability,
        max(case when measure = 'symmetry' then parameter_value end) as symmetry_index,
        max(case when measure = 'interval' then parameter_value end) as interval_variance,
        max(case when measure = 'weight_quality' and parameter_name = 'sigma' then parameter_value end) as weight_sigma,
        max(case when measure = 'weight_quality' then observation_count end) as weight_observation_count,
        -- fitted comes after default, and published after both
        max(parameter_origin) as parameter_origin,
        max(fitted_on) as fitted_on
    from parameters
    group by year, area_code, reporter_role
),

ranked as (
    select
        by_area.year,
        by_area.area_code,
        areas.iso3 as area_iso3,
        areas.area_name,
        by_area.reporter_role,
        by_area.sigma,
        by_area.reporting_distance,
        by_area.distance_standard_error,
        by_area.observation_count,
        by_area.reliability,
        by_area.symmetry_index,
        by_area.interval_variance,
        by_area.weight_sigma,
        by_area.weight_observation_count,
        by_area.parameter_origin,
        by_area.fitted_on,
        coalesce(areas.is_country, false) and by_area.sigma is not null and not by_area.is_apart as is_ranked
    from by_area
    left join areas on by_area.area_code = areas.area_code
)

select
    ranked.year,
    ranked.area_code,
    ranked.area_iso3,
    ranked.area_name,
    ranked.reporter_role,
    case
        when ranked.is_ranked
            then rank() over (partition by ranked.year, ranked.reporter_role, ranked.is_ranked order by ranked.sigma)
    end as quality_rank,
    ranked.sigma,
    ranked.reporting_distance,
    ranked.distance_standard_error,
    ranked.observation_count,
    ranked.reliability,
    ranked.symmetry_index,
    ranked.interval_variance,
    ranked.weight_sigma,
    ranked.weight_observation_count,
    ranked.parameter_origin,
    ranked.fitted_on,
    case when ranked.sigma is null then 'none of its flows was compared: hubs and exchanged reports are left out' end as null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from ranked
