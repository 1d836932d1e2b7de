-- One row per source, period, reporter, partner, flow and product, as the reporter states it.
-- A view here: its rows are the lake's own, and a release stores them as their number asks for (transforms/io/release_files.py).
{{ config(materialized='view') }}

select
    year,
    source,
    frequency,
    period,
    reporter_code,
    partner_code,
    flow_code,
    classification,
    product_level,
    product_code,
    reported_value_usd,
    valuation,
    value_cif_usd,
    value_fob_usd,
    is_value_rounded,
    net_weight_kg,
    is_net_weight_estimated,
    gross_weight_kg,
    quantity,
    quantity_unit_code,
    is_quantity_estimated,
    estimation_flag,
    is_reported,
    currency_code,
    usd_per_currency,
    is_special,
    is_self_trade,
    is_confidential,
    snapshot_id,
    snapshot_member,
    source_line,
    {{ text_literal(var('release_id')) }} as release_id
from {{ ref('stg_reported_flows') }}
