-- What one area has over another the other lacks: balances of a period sum to nothing, to the mill.
select
    frequency,
    period,
    sum(balance_fob_usd) as balance_fob_usd
from {{ ref('bilateral_balance') }}
group by frequency, period
having sum(balance_fob_usd) <> 0
