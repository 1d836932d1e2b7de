-- One row per frequency, period, area and partner: exports, imports and the balance, FOB, one basis.
with totals as (
    select
        year,
        frequency,
        period,
        basis,
        exporter_code,
        importer_code,
        value_fob_usd
    from {{ ref('fct_bilateral_totals') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

both_ways as (
    select
        year,
        frequency,
        period,
        basis,
        exporter_code as area_code,
        importer_code as partner_code,
        value_fob_usd as exports_fob_usd,
        null as imports_fob_usd
    from totals
    union all
    select
        year,
        frequency,
        period,
        basis,
        importer_code as area_code,
        exporter_code as partner_code,
        null as exports_fob_usd,
        value_fob_usd as imports_fob_usd
    from totals
),

balanced as (
    select
        year,
        frequency,
        period,
        basis,
        area_code,
        partner_code,
        max(exports_fob_usd) as exports_fob_usd,
        max(imports_fob_usd) as imports_fob_usd
    from both_ways
    group by year, frequency, period, basis, area_code, partner_code
)

select
    balanced.year,
    balanced.frequency,
    balanced.period,
    balanced.basis,
    balanced.area_code,
    areas.iso3 as area_iso3,
    areas.area_name,
    balanced.partner_code,
    partners.iso3 as partner_iso3,
    partners.area_name as partner_name,
    balanced.exports_fob_usd::decimal(18, 3) as exports_fob_usd,
    balanced.imports_fob_usd::decimal(18, 3) as imports_fob_usd,
    (coalesce(balanced.exports_fob_usd, 0) - coalesce(balanced.imports_fob_usd, 0))::decimal(18, 3) as balance_fob_usd,
    balanced.exports_fob_usd is not null as has_exports,
    balanced.imports_fob_usd is not null as has_imports,
    {{ text_literal(var('release_id')) }} as release_id
from balanced
left join areas on balanced.area_code = areas.area_code
left join areas as partners on balanced.partner_code = partners.area_code
