-- One row per stratum, exporter and importer: how far the two reports of the pair's flows stand apart, re-export hubs by themselves.
-- M is the importer's, X the exporter's sum over products that both report; unit mistakes are among neither.
with sides as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        is_hub_pair,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        exporter_two_sided_fob_usd,
        importer_two_sided_fob_usd,
        importer_two_sided_reported_usd,
        absolute_gap_fob_usd,
        exporter_only_fob_usd,
        importer_only_fob_usd,
        orphan_fob_usd,
        suspected_fob_usd,
        value_fob_usd
    from {{ ref('int_pair_sides') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

gaps as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        is_hub_pair,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        exporter_two_sided_fob_usd,
        importer_two_sided_fob_usd,
        importer_two_sided_reported_usd,
        absolute_gap_fob_usd,
        exporter_only_fob_usd,
        importer_only_fob_usd,
        orphan_fob_usd,
        suspected_fob_usd,
        value_fob_usd,
        {{ gap_usd('importer_two_sided_fob_usd', 'exporter_two_sided_fob_usd') }} as gap_fob_usd
    from sides
),

measured as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        is_hub_pair,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        exporter_two_sided_fob_usd,
        importer_two_sided_fob_usd,
        importer_two_sided_reported_usd,
        absolute_gap_fob_usd,
        exporter_only_fob_usd,
        importer_only_fob_usd,
        orphan_fob_usd,
        suspected_fob_usd,
        value_fob_usd,
        gap_fob_usd,
        {{ relative_gap('gap_fob_usd', 'importer_two_sided_fob_usd', 'exporter_two_sided_fob_usd') }} as relative_gap,
        {{ relative_gap('absolute_gap_fob_usd', 'importer_two_sided_fob_usd', 'exporter_two_sided_fob_usd') }} as relative_product_gap,
        {{ log_gap('importer_two_sided_fob_usd', 'exporter_two_sided_fob_usd') }} as log_gap,
        case when is_hub_pair or gap_fob_usd is null then gap_fob_usd else 0 end as hub_gap_fob_usd,
        case when is_hub_pair and gap_fob_usd is not null then 0 else gap_fob_usd end as other_gap_fob_usd,
        {{ orphan_share('orphan_fob_usd', 'value_fob_usd') }} as orphan_share,
        {{ gap_null_reason('importer_two_sided_fob_usd', 'exporter_two_sided_fob_usd', 'two_sided_count') }} as null_reason
    from gaps
)

select
    measured.year,
    measured.basis,
    measured.frequency,
    measured.period,
    measured.classification,
    measured.product_level,
    measured.exporter_code,
    exporters.iso3 as exporter_iso3,
    exporters.area_name as exporter_name,
    measured.importer_code,
    importers.iso3 as importer_iso3,
    importers.area_name as importer_name,
    {{ gap_basis() }} as gap_basis,
    measured.is_hub_pair,
    measured.two_sided_count,
    measured.exporter_only_count,
    measured.importer_only_count,
    measured.suspected_count,
    measured.exporter_two_sided_fob_usd,
    measured.importer_two_sided_fob_usd,
    measured.importer_two_sided_reported_usd,
    measured.gap_fob_usd,
    measured.absolute_gap_fob_usd,
    measured.relative_gap,
    measured.relative_product_gap,
    measured.log_gap,
    measured.hub_gap_fob_usd,
    measured.other_gap_fob_usd,
    measured.exporter_only_fob_usd,
    measured.importer_only_fob_usd,
    measured.orphan_fob_usd,
    measured.orphan_share,
    measured.suspected_fob_usd,
    measured.value_fob_usd,
    measured.null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from measured
left join areas as exporters on measured.exporter_code = exporters.area_code
left join areas as importers on measured.importer_code = importers.area_code
