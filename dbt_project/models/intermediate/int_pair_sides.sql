-- One row per stratum, exporter and importer: what both sides report of all products, the product buckets summed.
-- Weights and bias belong to the pair, so they are the same in each of its buckets. A table: it is read by three marts.
{{ config(materialized='table') }}

select
    year,
    basis,
    frequency,
    period,
    classification,
    product_level,
    exporter_code,
    importer_code,
    bool_or(is_hub_pair) as is_hub_pair,
    sum(two_sided_count)::bigint as two_sided_count,
    sum(exporter_only_count)::bigint as exporter_only_count,
    sum(importer_only_count)::bigint as importer_only_count,
    sum(suspected_count)::bigint as suspected_count,
    sum(value_fob_usd)::decimal(18, 3) as value_fob_usd,
    sum(exporter_two_sided_fob_usd)::decimal(18, 3) as exporter_two_sided_fob_usd,
    sum(importer_two_sided_fob_usd)::decimal(18, 3) as importer_two_sided_fob_usd,
    sum(importer_two_sided_reported_usd)::decimal(18, 3) as importer_two_sided_reported_usd,
    sum(absolute_gap_fob_usd)::decimal(18, 3) as absolute_gap_fob_usd,
    sum(exporter_only_fob_usd)::decimal(18, 3) as exporter_only_fob_usd,
    sum(importer_only_fob_usd)::decimal(18, 3) as importer_only_fob_usd,
    sum(orphan_fob_usd)::decimal(18, 3) as orphan_fob_usd,
    sum(suspected_fob_usd)::decimal(18, 3) as suspected_fob_usd,
    sum(suspected_exporter_fob_usd)::decimal(18, 3) as suspected_exporter_fob_usd,
    sum(suspected_importer_fob_usd)::decimal(18, 3) as suspected_importer_fob_usd,
    max(baci_weight_exporter) as baci_weight_exporter,
    max(growth_lab_weight_exporter) as growth_lab_weight_exporter,
    max(symmetry_index_weight_exporter) as symmetry_index_weight_exporter,
    max(expected_bias) as expected_bias
from {{ ref('stg_pair_reports') }}
group by
    year,
    basis,
    frequency,
    period,
    classification,
    product_level,
    exporter_code,
    importer_code
