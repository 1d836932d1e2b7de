-- The chapters of an exporter sum to its TOTAL, to the mill (strata without chapters have none to sum).
select
    basis,
    frequency,
    period,
    classification,
    product_level,
    exporter_code
from {{ ref('market_share') }}
where product_level >= 2
group by basis, frequency, period, classification, product_level, exporter_code
having
    sum(value_fob_usd) filter (where product_code = 'TOTAL')
    is distinct from sum(value_fob_usd) filter (where product_code <> 'TOTAL')
