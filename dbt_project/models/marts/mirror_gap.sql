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
    where basis = 'own'
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
        (importer_two_sided_fob_usd - exporter_two_sided_fob_usd)::decimal(18, 3) as gap_fob_usd,
        (importer_two_sided_fob_usd + exporter_two_sided_fob_usd)::double as both_fob_usd
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
        case when both_fob_usd > 0 then abs(gap_fob_usd)::double / both_fob_usd end as relative_gap,
        case when both_fob_usd > 0 then absolute_gap_fob_usd::double / both_fob_usd end as relative_product_gap,
        case
            when importer_two_sided_fob_usd > 0 and exporter_two_sided_fob_usd > 0
                then ln(importer_two_sided_fob_usd::double / exporter_two_sided_fob_usd::double)
        end as log_gap,
        case when is_hub_pair or gap_fob_usd is null then gap_fob_usd else 0 end as hub_gap_fob_usd,
        case when is_hub_pair and gap_fob_usd is not null then 0 else gap_fob_usd end as other_gap_fob_usd,
        case when value_fob_usd > 0 then coalesce(orphan_fob_usd, 0)::double / value_fob_usd::double end as orphan_share,
        case
            when both_fob_usd is null and two_sided_count > 0 then 'every flow that both sides report is a suspected mistake'
            when both_fob_usd is null then 'no flow that both sides report'
            when not both_fob_usd > 0 then 'both reports are 0'
            when not (importer_two_sided_fob_usd > 0 and exporter_two_sided_fob_usd > 0) then 'one report is 0: no logarithm'
        end as null_reason
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
    'FOB, re-exports apart, CIF rate taken off the importer' as gap_basis,
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
