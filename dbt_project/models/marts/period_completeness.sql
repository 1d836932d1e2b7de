-- One row per basis, frequency and period: who of the reporters a year before is missing, and the share of the world that they held.
-- A year is held against the year before; a month against the same month a year before, else against the newest complete year.
-- Missing is who reported then and doesn't now: who never reports isn't waited for.
with pair_totals as (
    select
        year,
        basis,
        frequency,
        period,
        value_fob_usd
    from {{ ref('int_pair_totals_of_basis') }}
),

period_reporters as (
    select
        basis,
        frequency,
        period,
        reporter_code,
        value_fob_usd
    from {{ ref('int_period_reporters') }}
),

worlds as (
    select
        year,
        basis,
        frequency,
        period,
        sum(value_fob_usd) as world_fob_usd
    from pair_totals
    group by year, basis, frequency, period
),

counted as (
    select
        basis,
        frequency,
        period,
        count(*) as reporter_count
    from period_reporters
    group by basis, frequency, period
),

periods as (
    select
        worlds.year,
        worlds.basis,
        worlds.frequency,
        worlds.period,
        worlds.world_fob_usd,
        counted.reporter_count,
        (worlds.year - 1)::varchar || substr(worlds.period, 5) as period_a_year_before
    from worlds
    left join counted
        on worlds.basis = counted.basis and worlds.frequency = counted.frequency and worlds.period = counted.period
),

-- what a period may be held against: place 1 is the same period a year before, place 2 a month's earlier years
comparisons as (
    select
        periods.basis,
        periods.frequency,
        periods.period,
        earlier.frequency as compared_frequency,
        earlier.period as compared_period,
        earlier.world_fob_usd as compared_world_fob_usd,
        case when periods.frequency = earlier.frequency then 1 else 2 end as place
    from periods
    inner join periods as earlier
        on
            periods.basis = earlier.basis
            and (
                (periods.frequency = earlier.frequency and periods.period_a_year_before = earlier.period)
                or (periods.frequency = 'M' and earlier.frequency = 'A' and periods.year > earlier.year)
            )
    where periods.reporter_count is not null and earlier.reporter_count is not null
),

compared_reporters as (
    select
        comparisons.basis,
        comparisons.frequency,
        comparisons.period,
        comparisons.compared_frequency,
        comparisons.compared_period,
        before.reporter_code,
        before.value_fob_usd,
        now.reporter_code is null as is_missing
    from comparisons
    inner join period_reporters as before
        on
            comparisons.basis = before.basis
            and comparisons.compared_frequency = before.frequency
            and comparisons.compared_period = before.period
    left join period_reporters as now
        on
            comparisons.basis = now.basis
            and comparisons.frequency = now.frequency
            and comparisons.period = now.period
            and before.reporter_code = now.reporter_code
),

missing as (
    select
        basis,
        frequency,
        period,
        compared_frequency,
        compared_period,
        count(*) filter (where is_missing) as missing_reporter_count,
        string_agg(reporter_code, ' ' order by length(reporter_code), reporter_code) filter (where is_missing) as missing_reporter_codes,
        sum(case when is_missing then value_fob_usd else 0 end) as missing_fob_usd
    from compared_reporters
    group by basis, frequency, period, compared_frequency, compared_period
),

weighed as (
    select
        comparisons.basis,
        comparisons.frequency,
        comparisons.period,
        comparisons.compared_frequency,
        comparisons.compared_period,
        comparisons.compared_world_fob_usd::decimal(18, 3) as compared_world_fob_usd,
        comparisons.place,
        missing.missing_reporter_count,
        missing.missing_reporter_codes,
        missing.missing_fob_usd::decimal(18, 3) as missing_fob_usd,
        case
            when comparisons.compared_world_fob_usd > 0
                then
                    missing.missing_fob_usd::decimal(18, 3)
                    > comparisons.compared_world_fob_usd::decimal(18, 3) * {{ var('provisional_above_share', 0.02) }}
        end as is_provisional
    from comparisons
    inner join missing
        on
            comparisons.basis = missing.basis
            and comparisons.frequency = missing.frequency
            and comparisons.period = missing.period
            and comparisons.compared_frequency = missing.compared_frequency
            and comparisons.compared_period = missing.compared_period
),

-- a year that is provisional itself is no measure for a month
provisional_years as (
    select
        basis,
        period
    from weighed
    where frequency = 'A' and is_provisional
),

ranked as (
    select
        weighed.basis,
        weighed.frequency,
        weighed.period,
        weighed.compared_period,
        weighed.compared_world_fob_usd,
        weighed.missing_reporter_count,
        weighed.missing_reporter_codes,
        weighed.missing_fob_usd,
        weighed.is_provisional,
        row_number() over (
            partition by weighed.basis, weighed.frequency, weighed.period
            order by weighed.place asc, weighed.compared_period desc
        ) as preference
    from weighed
    left join provisional_years
        on weighed.basis = provisional_years.basis and weighed.compared_period = provisional_years.period
    where weighed.place = 1 or provisional_years.period is null
),

judged as (
    select
        periods.year,
        periods.basis,
        periods.frequency,
        periods.period,
        periods.reporter_count,
        ranked.compared_period,
        ranked.compared_world_fob_usd,
        ranked.missing_reporter_count,
        ranked.missing_reporter_codes,
        ranked.missing_fob_usd,
        case
            when ranked.compared_world_fob_usd > 0 then ranked.missing_fob_usd::double / ranked.compared_world_fob_usd::double
        end as missing_share_of_world,
        ranked.is_provisional,
        case
            when periods.reporter_count is null then 'the source publishes reconciled values: it does not say who reported'
            when ranked.compared_period is null and periods.frequency = 'A'
                then 'no reports of ' || periods.period_a_year_before || ' to compare with'
            when ranked.compared_period is null
                then 'no reports of ' || periods.period_a_year_before || ', nor of a complete year before, to compare with'
            when ranked.is_provisional is null then 'the world of ' || ranked.compared_period || ' is 0'
        end as null_reason
    from periods
    left join ranked
        on
            periods.basis = ranked.basis
            and periods.frequency = ranked.frequency
            and periods.period = ranked.period
            and ranked.preference = 1
)

select
    year,
    basis,
    frequency,
    period,
    reporter_count,
    compared_period,
    compared_world_fob_usd,
    missing_reporter_count,
    missing_reporter_codes,
    missing_fob_usd,
    missing_share_of_world,
    is_provisional,
    null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from judged
