-- One row per frequency, period, exporter and importer: the entry of pair_totals that the declared orders prefer.
-- The basis is chosen for the whole period, so that no world total mixes two; classification and level pair by pair.
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
        list_position({{ code_list(var('basis_order')) }}, basis) as basis_place
    from {{ ref('int_pair_totals_of_basis') }}
),

basis_of_period as (
    select
        frequency,
        period,
        min(basis_place) as basis_place
    from pair_totals
    group by frequency, period
)

select
    pair_totals.year,
    pair_totals.basis,
    pair_totals.frequency,
    pair_totals.period,
    pair_totals.classification,
    pair_totals.product_level,
    pair_totals.exporter_code,
    pair_totals.importer_code,
    pair_totals.value_fob_usd,
    pair_totals.net_weight_kg,
    pair_totals.flow_count,
    pair_totals.missing_weight_count
from pair_totals
inner join basis_of_period
    on
        pair_totals.frequency = basis_of_period.frequency
        and pair_totals.period = basis_of_period.period
        and pair_totals.basis_place = basis_of_period.basis_place
