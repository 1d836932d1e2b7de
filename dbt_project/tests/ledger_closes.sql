-- Every input dollar is kept, moved or dropped with a reason.
select
    stage,
    table_name,
    source,
    frequency,
    period,
    reason,
    row_count,
    value_usd
from {{ ref('conservation_ledger') }}
where not is_closed
