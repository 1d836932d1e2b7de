-- One row per basis, period, product, exporter and importer: the reconciled flow with the evidence behind it.
-- A view here: its rows are the lake's own, and a release stores them as their number asks for (transforms/io/release_files.py).
{{ config(materialized='view') }}

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
    evidence,
    evidence_kind,
    net_weight_kg,
    is_provisional,
    is_value_rounded,
    is_residual,
    snapshot_exporter,
    snapshot_importer,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_bilateral_flows') }}
