-- One row per basis, period, product, exporter and importer: the reconciled flow with the evidence behind it. With names.
{{ config(materialized='view') }}

with flows as (
    select
        year,
        product_bucket,
        basis,
        frequency,
        period,
        classification,
        product_level,
        product_code,
        exporter_code,
        importer_code,
        value_fob_usd,
        value_exporter_fob_usd,
        value_importer_cif_usd,
        value_importer_fob_usd,
        cif_factor,
        weight_exporter,
        sigma_exporter,
        sigma_importer,
        value_low_usd,
        value_high_usd,
        method,
        method_marks,
        re_export_fob_usd,
        nes_received_fob_usd,
        evidence,
        evidence_kind,
        net_weight_kg,
        is_net_weight_estimated,
        is_provisional,
        is_value_rounded,
        is_residual,
        snapshot_exporter,
        snapshot_importer
    from {{ ref('fct_bilateral_flows') }}
),

areas as (
    select
        area_code,
        iso3,
        area_name
    from {{ ref('dim_area') }}
),

products as (
    select
        classification,
        product_code,
        product_description
    from {{ ref('dim_product') }}
)

select
    flows.year,
    flows.product_bucket,
    flows.basis,
    flows.frequency,
    flows.period,
    flows.classification,
    flows.product_level,
    flows.product_code,
    flows.exporter_code,
    flows.importer_code,
    flows.value_fob_usd,
    flows.value_exporter_fob_usd,
    flows.value_importer_cif_usd,
    flows.value_importer_fob_usd,
    flows.cif_factor,
    flows.weight_exporter,
    flows.sigma_exporter,
    flows.sigma_importer,
    flows.value_low_usd,
    flows.value_high_usd,
    flows.method,
    flows.method_marks,
    flows.re_export_fob_usd,
    flows.nes_received_fob_usd,
    flows.evidence,
    flows.evidence_kind,
    flows.net_weight_kg,
    flows.is_net_weight_estimated,
    flows.is_provisional,
    flows.is_value_rounded,
    flows.is_residual,
    flows.snapshot_exporter,
    flows.snapshot_importer,
    exporters.iso3 as exporter_iso3,
    exporters.area_name as exporter_name,
    importers.iso3 as importer_iso3,
    importers.area_name as importer_name,
    products.product_description,
    {{ text_literal(var('release_id')) }} as release_id
from flows
left join areas as exporters on flows.exporter_code = exporters.area_code
left join areas as importers on flows.importer_code = importers.area_code
left join products on flows.classification = products.classification and flows.product_code = products.product_code
