-- One row per stratum, exporter and importer: the pair's value by each method, from sums over its products.
-- Weights are those of the pair, so that weighing the sums is summing what is weighed, but for the rounding of each product to the mill.
-- Unit mistakes are not averaged: a method that weighs takes the report that is to be taken, one that prefers a side takes that side's.
-- growth_lab settles the pair as a whole: everything that one side reports against everything that the other does.
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
        value_fob_usd,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        exporter_two_sided_fob_usd,
        importer_two_sided_fob_usd,
        exporter_only_fob_usd,
        importer_only_fob_usd,
        suspected_fob_usd,
        suspected_exporter_fob_usd,
        suspected_importer_fob_usd,
        baci_weight_exporter,
        growth_lab_weight_exporter,
        symmetry_index_weight_exporter,
        expected_bias
    from {{ ref('int_pair_sides') }}
),

parts as (
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
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        baci_weight_exporter,
        growth_lab_weight_exporter,
        symmetry_index_weight_exporter,
        expected_bias,
        coalesce(exporter_two_sided_fob_usd, 0) as exporter_two_sided,
        coalesce(importer_two_sided_fob_usd, 0) as importer_two_sided,
        coalesce(exporter_only_fob_usd, 0) as exporter_only,
        coalesce(importer_only_fob_usd, 0) as importer_only,
        coalesce(suspected_fob_usd, 0) as suspected,
        coalesce(suspected_exporter_fob_usd, 0) as suspected_exporter,
        coalesce(suspected_importer_fob_usd, 0) as suspected_importer,
        two_sided_count + exporter_only_count > 0 as has_exporter,
        two_sided_count + importer_only_count > 0 as has_importer
    from sides
),

totals as (
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
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        baci_weight_exporter,
        growth_lab_weight_exporter,
        symmetry_index_weight_exporter,
        expected_bias,
        exporter_two_sided,
        importer_two_sided,
        exporter_only,
        importer_only,
        suspected,
        suspected_exporter,
        suspected_importer,
        has_exporter,
        has_importer,
        exporter_only + importer_only as one_sided,
        exporter_two_sided + exporter_only + suspected as exporter_side,
        importer_two_sided + importer_only + suspected as importer_side
    from parts
),

by_method as (
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
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        baci_weight_exporter,
        growth_lab_weight_exporter,
        symmetry_index_weight_exporter,
        expected_bias,
        case when has_exporter then exporter_two_sided + exporter_only + suspected_exporter end::decimal(18, 3) as exporter_reports_fob_usd,
        case when has_importer then importer_two_sided + importer_only + suspected_importer end::decimal(18, 3) as importer_reports_fob_usd,
        (
            {{ weighed('baci_weight_exporter', 'exporter_two_sided', 'importer_two_sided') }} + one_sided + suspected
        )::decimal(18, 3) as baci_fob_usd,
        case
            when exporter_side > 0 and importer_side > 0
                then {{ weighed('growth_lab_weight_exporter', '(exporter_side - suspected)', '(importer_side - suspected)') }} + suspected
            else {{ weighed('growth_lab_weight_exporter', 'exporter_two_sided', 'importer_two_sided') }} + one_sided + suspected
        end::decimal(18, 3) as growth_lab_fob_usd,
        (
            {{ weighed('symmetry_index_weight_exporter', 'exporter_two_sided', 'importer_two_sided') }} + one_sided + suspected
        )::decimal(18, 3) as symmetry_index_fob_usd,
        ({{ weighed('0.5', 'exporter_two_sided', 'importer_two_sided') }} + one_sided + suspected)::decimal(18, 3) as mean_fob_usd,
        (exporter_two_sided + one_sided + suspected_exporter)::decimal(18, 3) as prefer_exporter_fob_usd,
        (importer_two_sided + one_sided + suspected_importer)::decimal(18, 3) as prefer_importer_fob_usd
    from totals
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
    two_sided_count,
    exporter_only_count,
    importer_only_count,
    suspected_count,
    exporter_reports_fob_usd,
    importer_reports_fob_usd,
    baci_fob_usd,
    growth_lab_fob_usd,
    symmetry_index_fob_usd,
    mean_fob_usd,
    prefer_exporter_fob_usd,
    prefer_importer_fob_usd,
    baci_weight_exporter,
    growth_lab_weight_exporter,
    symmetry_index_weight_exporter,
    expected_bias
from by_method
