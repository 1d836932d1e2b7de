-- Within a stratum and product, what all exporters sold is what all importers bought, to the mill.
{{ config(meta={'dagster': {'ref': {'name': 'import_dependence'}}}) }}

with exports as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        product_code,
        sum(value_fob_usd) as exports_fob_usd
    from {{ ref('comparative_advantage') }}
    group by basis, frequency, period, classification, product_level, product_code
),

imports as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        product_code,
        sum(imports_fob_usd) as imports_fob_usd
    from {{ ref('import_dependence') }}
    group by basis, frequency, period, classification, product_level, product_code
)

select
    coalesce(exports.period, imports.period) as period,
    coalesce(exports.product_code, imports.product_code) as product_code,
    exports.exports_fob_usd,
    imports.imports_fob_usd
from exports
full outer join imports
    on
        exports.basis = imports.basis
        and exports.frequency = imports.frequency
        and exports.period = imports.period
        and exports.classification = imports.classification
        and exports.product_level = imports.product_level
        and exports.product_code = imports.product_code
where exports.exports_fob_usd is distinct from imports.imports_fob_usd
