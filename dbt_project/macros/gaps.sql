{#- How far the two reports of what both sides report stand apart: M the importer's, X the exporter's, both FOB (docs/mirror-gap.md). -#}

{#- What a gap compares: the contract's codes.GAP_BASES. -#}
{% macro gap_basis() -%}
    'FOB, re-exports apart, CIF rate taken off the importer'
{%- endmacro %}

{#- M - X, as money. -#}
{% macro gap_usd(importer, exporter) -%}
    ({{ importer }} - {{ exporter }})::decimal(18, 3)
{%- endmacro %}

{#- |M - X| / (M + X) of a gap M - X, or of the products' gaps summed; NULL where both reports are 0. -#}
{% macro relative_gap(gap, importer, exporter) -%}
    case when {{ importer }} + {{ exporter }} > 0 then abs({{ gap }})::double / ({{ importer }} + {{ exporter }})::double end
{%- endmacro %}

{#- ln(M / X); NULL where one report is 0. -#}
{% macro log_gap(importer, exporter) -%}
    case when {{ importer }} > 0 and {{ exporter }} > 0 then ln({{ importer }}::double / {{ exporter }}::double) end
{%- endmacro %}

{#- Orphans over the value; without orphans 0, NULL where there is no value. -#}
{% macro orphan_share(orphan, value) -%}
    case when {{ value }} > 0 then coalesce({{ orphan }}, 0)::double / {{ value }}::double end
{%- endmacro %}

{#- Why a gap has no figure, NULL where it has all. -#}
{% macro gap_null_reason(importer, exporter, two_sided) -%}
    case
        when {{ importer }} + {{ exporter }} is null and {{ two_sided }} > 0 then 'every flow that both sides report is a suspected mistake'
        when {{ importer }} + {{ exporter }} is null then 'no flow that both sides report'
        when not {{ importer }} + {{ exporter }} > 0 then 'both reports are 0'
        when not ({{ importer }} > 0 and {{ exporter }} > 0) then 'one report is 0: no logarithm'
    end
{%- endmacro %}
