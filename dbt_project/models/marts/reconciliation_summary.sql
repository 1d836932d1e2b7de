-- One row per stratum: reconciled trade beside what each side reports, one-sided flows, gaps, and the world by each method.
-- Sums of a method that estimates are NULL where a pair's is: a part of the world would pass for the whole.
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
        is_hub_pair,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        exporter_two_sided_fob_usd,
        importer_two_sided_fob_usd,
        absolute_gap_fob_usd,
        exporter_only_fob_usd,
        importer_only_fob_usd,
        orphan_fob_usd,
        suspected_fob_usd
    from {{ ref('int_pair_sides') }}
),

by_method as (
    select
        basis,
        frequency,
        period,
        classification,
        product_level,
        exporter_code,
        importer_code,
        value_fob_usd,
        exporter_reports_fob_usd,
        importer_reports_fob_usd,
        baci_fob_usd,
        growth_lab_fob_usd,
        symmetry_index_fob_usd,
        mean_fob_usd,
        prefer_exporter_fob_usd,
        prefer_importer_fob_usd
    from {{ ref('int_pair_methods') }}
),

summed as (
    select
        sides.year,
        sides.basis,
        sides.frequency,
        sides.period,
        sides.classification,
        sides.product_level,
        count(*) as pair_count,
        sum(sides.two_sided_count)::bigint as two_sided_count,
        sum(sides.exporter_only_count)::bigint as exporter_only_count,
        sum(sides.importer_only_count)::bigint as importer_only_count,
        sum(sides.suspected_count)::bigint as suspected_count,
        sum(sides.exporter_two_sided_fob_usd)::decimal(18, 3) as exporter_two_sided_fob_usd,
        sum(sides.importer_two_sided_fob_usd)::decimal(18, 3) as importer_two_sided_fob_usd,
        sum(sides.absolute_gap_fob_usd)::decimal(18, 3) as absolute_gap_fob_usd,
        sum(sides.exporter_only_fob_usd)::decimal(18, 3) as exporter_only_fob_usd,
        sum(sides.importer_only_fob_usd)::decimal(18, 3) as importer_only_fob_usd,
        sum(sides.orphan_fob_usd)::decimal(18, 3) as orphan_fob_usd,
        sum(sides.suspected_fob_usd)::decimal(18, 3) as suspected_fob_usd,
        sum(
            case when sides.is_hub_pair then sides.importer_two_sided_fob_usd - sides.exporter_two_sided_fob_usd else 0 end
        )::decimal(18, 3) as hub_gap_fob_usd,
        sum(by_method.value_fob_usd)::decimal(18, 3) as value_fob_usd,
        sum(by_method.exporter_reports_fob_usd)::decimal(18, 3) as exporter_reports_fob_usd,
        sum(by_method.importer_reports_fob_usd)::decimal(18, 3) as importer_reports_fob_usd,
        sum(by_method.baci_fob_usd)::decimal(18, 3) as baci_fob_usd,
        count(by_method.baci_fob_usd) as baci_count,
        sum(by_method.growth_lab_fob_usd)::decimal(18, 3) as growth_lab_fob_usd,
        count(by_method.growth_lab_fob_usd) as growth_lab_count,
        sum(by_method.symmetry_index_fob_usd)::decimal(18, 3) as symmetry_index_fob_usd,
        count(by_method.symmetry_index_fob_usd) as symmetry_index_count,
        sum(by_method.mean_fob_usd)::decimal(18, 3) as mean_fob_usd,
        count(by_method.mean_fob_usd) as mean_count,
        sum(by_method.prefer_exporter_fob_usd)::decimal(18, 3) as prefer_exporter_fob_usd,
        count(by_method.prefer_exporter_fob_usd) as prefer_exporter_count,
        sum(by_method.prefer_importer_fob_usd)::decimal(18, 3) as prefer_importer_fob_usd,
        count(by_method.prefer_importer_fob_usd) as prefer_importer_count
    from sides
    inner join by_method
        on
            sides.basis = by_method.basis
            and sides.frequency = by_method.frequency
            and sides.period = by_method.period
            and sides.classification = by_method.classification
            and sides.product_level = by_method.product_level
            and sides.exporter_code = by_method.exporter_code
            and sides.importer_code = by_method.importer_code
    group by
        sides.year,
        sides.basis,
        sides.frequency,
        sides.period,
        sides.classification,
        sides.product_level
),

measured as (
    select
        year,
        basis,
        frequency,
        period,
        classification,
        product_level,
        pair_count,
        two_sided_count,
        exporter_only_count,
        importer_only_count,
        suspected_count,
        exporter_two_sided_fob_usd,
        importer_two_sided_fob_usd,
        absolute_gap_fob_usd,
        exporter_only_fob_usd,
        importer_only_fob_usd,
        orphan_fob_usd,
        suspected_fob_usd,
        value_fob_usd,
        exporter_reports_fob_usd,
        importer_reports_fob_usd,
        case when baci_count = pair_count then baci_fob_usd end as baci_fob_usd,
        case when growth_lab_count = pair_count then growth_lab_fob_usd end as growth_lab_fob_usd,
        case when symmetry_index_count = pair_count then symmetry_index_fob_usd end as symmetry_index_fob_usd,
        case when mean_count = pair_count then mean_fob_usd end as mean_fob_usd,
        case when prefer_exporter_count = pair_count then prefer_exporter_fob_usd end as prefer_exporter_fob_usd,
        case when prefer_importer_count = pair_count then prefer_importer_fob_usd end as prefer_importer_fob_usd,
        case when importer_two_sided_fob_usd is not null then coalesce(hub_gap_fob_usd, 0) end as hub_gap_fob_usd,
        {{ gap_usd('importer_two_sided_fob_usd', 'exporter_two_sided_fob_usd') }} as gap_fob_usd
    from summed
)

select
    measured.year,
    measured.basis,
    measured.frequency,
    measured.period,
    measured.classification,
    measured.product_level,
    {{ text_literal(var('method')) }} as method,
    measured.pair_count,
    measured.two_sided_count,
    measured.exporter_only_count,
    measured.importer_only_count,
    measured.suspected_count,
    measured.value_fob_usd,
    measured.exporter_reports_fob_usd,
    measured.importer_reports_fob_usd,
    case
        when measured.exporter_reports_fob_usd > 0
            then measured.value_fob_usd::double / measured.exporter_reports_fob_usd::double
    end as reconciled_over_exporter_reports,
    case
        when measured.importer_reports_fob_usd > 0
            then measured.value_fob_usd::double / measured.importer_reports_fob_usd::double
    end as reconciled_over_importer_reports,
    measured.exporter_only_fob_usd,
    measured.importer_only_fob_usd,
    measured.orphan_fob_usd,
    {{ orphan_share('measured.orphan_fob_usd', 'measured.value_fob_usd') }} as orphan_share,
    measured.suspected_fob_usd,
    {{ gap_basis() }} as gap_basis,
    measured.gap_fob_usd,
    measured.absolute_gap_fob_usd,
    {{
        relative_gap('measured.gap_fob_usd', 'measured.importer_two_sided_fob_usd', 'measured.exporter_two_sided_fob_usd')
    }} as relative_gap,
    {{
        relative_gap('measured.absolute_gap_fob_usd', 'measured.importer_two_sided_fob_usd', 'measured.exporter_two_sided_fob_usd')
    }} as relative_product_gap,
    {{ log_gap('measured.importer_two_sided_fob_usd', 'measured.exporter_two_sided_fob_usd') }} as log_gap,
    measured.hub_gap_fob_usd,
    (measured.gap_fob_usd - measured.hub_gap_fob_usd)::decimal(18, 3) as other_gap_fob_usd,
    measured.baci_fob_usd,
    measured.growth_lab_fob_usd,
    measured.symmetry_index_fob_usd,
    measured.mean_fob_usd,
    measured.prefer_exporter_fob_usd,
    measured.prefer_importer_fob_usd,
    coalesce(
        {{ gap_null_reason('measured.importer_two_sided_fob_usd', 'measured.exporter_two_sided_fob_usd', 'measured.two_sided_count') }},
        case when measured.baci_fob_usd is null then 'nothing was estimated for the year' end
    ) as null_reason,
    {{ text_literal(var('release_id')) }} as release_id
from measured
