-- One row per month, exporter and importer that trade: the month, sums of months, the year before, and the annual report beside it.
-- A month is missing for a pair where neither of the pair's reporters reports it: then a sum over it is NULL. A month that one of them
-- reports without the pair is a month without trade: 0. The pair's reporters are those of its two ends that ever report the pair by months.
with months as (
    select
        year,
        frequency,
        period,
        exporter_code,
        exporter_iso3,
        exporter_name,
        importer_code,
        importer_iso3,
        importer_name,
        basis,
        value_fob_usd,
        is_provisional
    from {{ ref('fct_bilateral_totals') }}
    where frequency = 'M'
),

value_by_report as (
    select
        basis,
        exporter_code,
        importer_code,
        has_exporter_report,
        has_importer_report
    from {{ ref('int_value_by_report') }}
    where frequency = 'M'
),

period_reporters as (
    select
        basis,
        period,
        reporter_code,
        has_exports,
        has_imports
    from {{ ref('int_period_reporters') }}
    where frequency = 'M'
),

annual as (
    select
        year,
        basis,
        exporter_code,
        importer_code,
        value_fob_usd as annual_fob_usd
    from {{ ref('int_pair_totals_of_basis') }}
    where frequency = 'A'
),

pair_reporters as (
    select
        basis,
        exporter_code,
        importer_code,
        bool_or(has_exporter_report) as is_reported_by_exporter,
        bool_or(has_importer_report) as is_reported_by_importer
    from value_by_report
    group by basis, exporter_code, importer_code
),

-- months are numbered through; a pair's calendar runs from a year before its first month to the December of its last
spans as (
    select
        basis,
        exporter_code,
        importer_code,
        min(year::integer * 12 + substr(period, 6)::integer - 1) - 12 as first_month,
        max(year::integer) * 12 + 11 as last_month
    from months
    group by basis, exporter_code, importer_code
),

calendars as (
    select
        basis,
        exporter_code,
        importer_code,
        unnest(generate_series(first_month, last_month)) as month_number
    from spans
),

dated as (
    select
        basis,
        exporter_code,
        importer_code,
        month_number,
        month_number // 12 as year,
        {{ month_text('month_number') }} as period
    from calendars
),

filled as (
    select
        dated.basis,
        dated.exporter_code,
        dated.importer_code,
        dated.month_number,
        dated.year,
        dated.period,
        months.value_fob_usd,
        case
            when months.value_fob_usd is not null then months.value_fob_usd
            when
                (pair_reporters.is_reported_by_exporter and exporters.has_exports)
                or (pair_reporters.is_reported_by_importer and importers.has_imports)
                then 0
        end as month_fob_usd
    from dated
    left join months
        on
            dated.basis = months.basis
            and dated.period = months.period
            and dated.exporter_code = months.exporter_code
            and dated.importer_code = months.importer_code
    left join pair_reporters
        on
            dated.basis = pair_reporters.basis
            and dated.exporter_code = pair_reporters.exporter_code
            and dated.importer_code = pair_reporters.importer_code
    left join period_reporters as exporters
        on dated.basis = exporters.basis and dated.period = exporters.period and dated.exporter_code = exporters.reporter_code
    left join period_reporters as importers
        on dated.basis = importers.basis and dated.period = importers.period and dated.importer_code = importers.reporter_code
),

summed as (
    select
        basis,
        exporter_code,
        importer_code,
        period,
        value_fob_usd,
        sum(month_fob_usd) over to_date as year_to_date_fob_usd,
        count(*) filter (where month_fob_usd is null) over to_date as to_date_missing_count,
        min(month_number) filter (where month_fob_usd is null) over to_date as to_date_first_missing,
        sum(month_fob_usd) over twelve_months as rolling_twelve_months_fob_usd,
        count(*) filter (where month_fob_usd is null) over twelve_months as twelve_months_missing_count,
        min(month_number) filter (where month_fob_usd is null) over twelve_months as twelve_months_first_missing,
        sum(month_fob_usd) over whole_year as months_of_year_fob_usd,
        count(*) filter (where month_fob_usd is null) over whole_year as whole_year_missing_count,
        min(month_number) filter (where month_fob_usd is null) over whole_year as whole_year_first_missing,
        lag(month_fob_usd, 12) over by_month as same_month_last_year_fob_usd,
        (year - 1)::varchar || substr(period, 5) as same_month_last_year
    from filled
    window
        by_month as (partition by basis, exporter_code, importer_code order by month_number),
        twelve_months as (
            partition by basis, exporter_code, importer_code order by month_number rows between 11 preceding and current row
        ),
        to_date as (
            partition by basis, exporter_code, importer_code, year
            order by month_number rows between unbounded preceding and current row
        ),
        whole_year as (partition by basis, exporter_code, importer_code, year)
),

beside as (
    select
        months.year,
        months.frequency,
        months.period,
        months.exporter_code,
        months.exporter_iso3,
        months.exporter_name,
        months.importer_code,
        months.importer_iso3,
        months.importer_name,
        months.basis,
        months.value_fob_usd,
        months.is_provisional,
        nullif(
            concat_ws(
                ' ',
                case when pair_reporters.is_reported_by_exporter then months.exporter_code end,
                case when pair_reporters.is_reported_by_importer then months.importer_code end
            ),
            ''
        ) as pair_reporter_codes,
        case when summed.to_date_missing_count = 0 then summed.year_to_date_fob_usd end as year_to_date_fob_usd,
        summed.to_date_missing_count,
        summed.to_date_first_missing,
        case
            when summed.twelve_months_missing_count = 0 then summed.rolling_twelve_months_fob_usd
        end as rolling_twelve_months_fob_usd,
        summed.twelve_months_missing_count,
        summed.twelve_months_first_missing,
        case when summed.whole_year_missing_count = 0 then summed.months_of_year_fob_usd end as months_of_year_fob_usd,
        summed.whole_year_missing_count,
        summed.whole_year_first_missing,
        summed.same_month_last_year_fob_usd,
        summed.same_month_last_year,
        annual.annual_fob_usd
    from months
    inner join summed
        on
            months.basis = summed.basis
            and months.exporter_code = summed.exporter_code
            and months.importer_code = summed.importer_code
            and months.period = summed.period
    left join pair_reporters
        on
            months.basis = pair_reporters.basis
            and months.exporter_code = pair_reporters.exporter_code
            and months.importer_code = pair_reporters.importer_code
    left join annual
        on
            months.year = annual.year
            and months.basis = annual.basis
            and months.exporter_code = annual.exporter_code
            and months.importer_code = annual.importer_code
),

explained as (
    select
        year,
        frequency,
        period,
        exporter_code,
        exporter_iso3,
        exporter_name,
        importer_code,
        importer_iso3,
        importer_name,
        basis,
        pair_reporter_codes,
        value_fob_usd,
        year_to_date_fob_usd,
        rolling_twelve_months_fob_usd,
        same_month_last_year_fob_usd,
        months_of_year_fob_usd,
        annual_fob_usd,
        is_provisional,
        nullif(
            concat_ws(
                '; ',
                case
                    when to_date_missing_count > 0
                        then
                            'year_to_date_fob_usd: ' || to_date_missing_count || ' of the months not reported by '
                            || coalesce(replace(pair_reporter_codes, ' ', ' or '), 'anyone known')
                            || ', the first ' || {{ month_text('to_date_first_missing') }}
                end,
                case
                    when twelve_months_missing_count > 0
                        then
                            'rolling_twelve_months_fob_usd: ' || twelve_months_missing_count || ' of the months not reported by '
                            || coalesce(replace(pair_reporter_codes, ' ', ' or '), 'anyone known')
                            || ', the first ' || {{ month_text('twelve_months_first_missing') }}
                end,
                case
                    when same_month_last_year_fob_usd is null
                        then
                            'same_month_last_year_fob_usd: ' || same_month_last_year || ' not reported by '
                            || coalesce(replace(pair_reporter_codes, ' ', ' or '), 'anyone known')
                    when same_month_last_year_fob_usd = 0
                        then 'change_on_last_year_ratio: no trade in ' || same_month_last_year
                end,
                case
                    when whole_year_missing_count > 0
                        then
                            'months_of_year_fob_usd: ' || whole_year_missing_count || ' of the months not reported by '
                            || coalesce(replace(pair_reporter_codes, ' ', ' or '), 'anyone known')
                            || ', the first ' || {{ month_text('whole_year_first_missing') }}
                end,
                case when annual_fob_usd is null then 'annual_fob_usd: no annual report of ' || year || ' has the pair' end
            ),
            ''
        ) as null_reason
    from beside
)

select
    year,
    frequency,
    period,
    exporter_code,
    exporter_iso3,
    exporter_name,
    importer_code,
    importer_iso3,
    importer_name,
    basis,
    pair_reporter_codes,
    value_fob_usd,
    year_to_date_fob_usd::decimal(18, 3) as year_to_date_fob_usd,
    rolling_twelve_months_fob_usd::decimal(18, 3) as rolling_twelve_months_fob_usd,
    same_month_last_year_fob_usd::decimal(18, 3) as same_month_last_year_fob_usd,
    (value_fob_usd - same_month_last_year_fob_usd)::decimal(18, 3) as change_on_last_year_fob_usd,
    case
        when same_month_last_year_fob_usd > 0
            then (value_fob_usd - same_month_last_year_fob_usd)::double / same_month_last_year_fob_usd::double
    end as change_on_last_year_ratio,
    months_of_year_fob_usd::decimal(18, 3) as months_of_year_fob_usd,
    annual_fob_usd,
    (annual_fob_usd - months_of_year_fob_usd)::decimal(18, 3) as annual_less_months_fob_usd,
    is_provisional,
    null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from explained
