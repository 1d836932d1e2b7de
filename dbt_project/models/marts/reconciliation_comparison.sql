-- One row per stratum, exporter and importer: what each method makes of the pair's reports, beside the value that stands in the flows.
with by_method as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        value_fob_usd,
        baci_fob_usd,
        growth_lab_fob_usd,
        symmetry_index_fob_usd,
        mean_fob_usd,
        prefer_exporter_fob_usd,
        prefer_importer_fob_usd,
        baci_weight_exporter,
        growth_lab_weight_exporter,
        symmetry_index_weight_exporter,
        expected_bias,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count
    from {{ ref('int_pair_methods') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

compared as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        value_fob_usd,
        baci_fob_usd,
        growth_lab_fob_usd,
        symmetry_index_fob_usd,
        mean_fob_usd,
        prefer_exporter_fob_usd,
        prefer_importer_fob_usd,
        baci_weight_exporter,
        growth_lab_weight_exporter,
        symmetry_index_weight_exporter,
        expected_bias,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        greatest(
            baci_fob_usd,
            growth_lab_fob_usd,
            symmetry_index_fob_usd,
            mean_fob_usd,
            prefer_exporter_fob_usd,
            prefer_importer_fob_usd
        )::double as largest_fob_usd,
        least(
            baci_fob_usd,
            growth_lab_fob_usd,
            symmetry_index_fob_usd,
            mean_fob_usd,
            prefer_exporter_fob_usd,
            prefer_importer_fob_usd
        )::double as smallest_fob_usd
    from by_method
)

select
    compared.year,
    compared.basis,
    compared.frequency,
    compared.period,
    compared.classification,
    compared.product_level,
    compared.exporter_code,
    exporters.iso3 as exporter_iso3,
    exporters.area_name as exporter_name,
    compared.importer_code,
    importers.iso3 as importer_iso3,
    importers.area_name as importer_name,
    {{ text_literal(var('method')) }} as method,
    compared.value_fob_usd,
    compared.baci_fob_usd,
    compared.growth_lab_fob_usd,
    compared.symmetry_index_fob_usd,
    compared.mean_fob_usd,
    compared.prefer_exporter_fob_usd,
    compared.prefer_importer_fob_usd,
    case when compared.smallest_fob_usd > 0 then compared.largest_fob_usd / compared.smallest_fob_usd end as largest_over_smallest,
    compared.expected_bias,
    compared.baci_weight_exporter,
    compared.growth_lab_weight_exporter,
    compared.symmetry_index_weight_exporter,
    compared.two_sided_count,
    compared.exporter_only_count,
    compared.importer_only_count,
    compared.suspected_count,
    case when compared.baci_weight_exporter is null then 'nothing was estimated for the year' end as null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from compared
left join areas as exporters on compared.exporter_code = exporters.area_code
left join areas as importers on compared.importer_code = importers.area_code
