-- One row per basis, frequency, period, exporter and importer: the entry of pair_totals that the declared order of editions prefers.
-- A national tariff stands in no order: it comes after the editions that reports share, the newest tariff first. Then the deepest level.
with pair_totals as (
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
        net_weight_kg,
        flow_count,
        missing_weight_count,
        nullif(list_position({{ code_list(var('classification_order')) }}, classification), 0) as classification_place,
        regexp_extract(classification, '[0-9]{4}$') as tariff_year
    from {{ ref('stg_pair_totals') }}
),

ranked as (
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
        net_weight_kg,
        flow_count,
        missing_weight_count,
        row_number() over (
            partition by basis, frequency, period, exporter_code, importer_code
            order by classification_place asc nulls last, tariff_year desc, classification asc, product_level desc
        ) as preference
    from pair_totals
)

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
    net_weight_kg,
    flow_count,
    missing_weight_count
from ranked
where preference = 1
