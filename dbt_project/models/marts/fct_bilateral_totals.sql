-- One row per frequency, period, exporter and importer, from the first entry of the declared order that has it, so that sum() is safe.
with pair_totals as (
    select
        year,
        frequency,
        period,
        exporter_code,
        importer_code,
        basis,
        classification,
        product_level,
        value_fob_usd,
        net_weight_kg,
        flow_count,
        missing_weight_count
    from {{ ref('int_preferred_pair_totals') }}
),

completeness as (
    select
        basis,
        frequency,
        period,
        is_provisional
    from {{ ref('period_completeness') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
)

select
    pair_totals.year,
    pair_totals.frequency,
    pair_totals.period,
    pair_totals.exporter_code,
    exporters.iso3 as exporter_iso3,
    exporters.area_name as exporter_name,
    pair_totals.importer_code,
    importers.iso3 as importer_iso3,
    importers.area_name as importer_name,
    pair_totals.basis,
    pair_totals.classification,
    pair_totals.product_level,
    pair_totals.value_fob_usd,
    pair_totals.net_weight_kg,
    pair_totals.flow_count,
    pair_totals.missing_weight_count,
    completeness.is_provisional,
    {{ text_literal(var('release_id')) }} as release_id
from pair_totals
left join completeness
    on
        pair_totals.basis = completeness.basis
        and pair_totals.frequency = completeness.frequency
        and pair_totals.period = completeness.period
left join areas as exporters on pair_totals.exporter_code = exporters.area_code
left join areas as importers on pair_totals.importer_code = importers.area_code
