{#- Generic tests, rendered from the contract onto every mart. One query a mart and kind: it names the column that fails. -#}

{% test unique_key(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{% test required_columns(model, columns) %}
    with counted as (
        select
            {% for column in columns %}
                count(*) - count({{ column }}) as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ model }}
    )

    select
        column_name,
        null_count
    from counted
    unpivot (null_count for column_name in ({{ columns | join(', ') }}))
    where null_count > 0
{% endtest %}

{% test finite_columns(model, columns) %}
    {% for column in columns %}
        select
            '{{ column }}' as column_name,
            count(*) as row_count
        from {{ model }}
        where not isfinite({{ column }})
        having count(*) > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}
{% endtest %}

{% test accepted_codes(model, sets) %}
    {% for column, allowed in sets.items() %}
        select
            '{{ column }}' as column_name,
            {{ column }}::varchar as code,
            count(*) as row_count
        from {{ model }}
        where {{ column }} is not null and not list_contains({{ code_list(allowed) }}, {{ column }})
        group by {{ column }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
{% endtest %}

{% test known_areas(model, columns) %}
    {% for column in columns %}
        select
            '{{ column }}' as column_name,
            named.code
        from (select distinct {{ column }} as code from {{ model }}) as named
        anti join {{ ref('dim_area') }} as dim_area on named.code = dim_area.area_code
        where named.code is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
{% endtest %}

{% test known_products(model) %}
    select
        named.classification,
        named.product_code
    from (select distinct classification, product_code from {{ model }}) as named
    anti join {{ ref('dim_product') }} as dim_product
        on named.classification = dim_product.classification and named.product_code = dim_product.product_code
    -- XX is the group of trade whose detail is suppressed altogether: no chapter, so no entry in any edition
    where named.product_code <> 'XX'
{% endtest %}

{#- A view that adds names may neither drop nor multiply a row, nor touch the value. -#}
{% test conserves_rows(model, staged, value) %}
    with found as (
        select count(*) as row_count, sum({{ value }}) as value_sum from {{ model }}
    ),

    wanted as (
        select count(*) as row_count, sum({{ value }}) as value_sum from {{ ref(staged) }}
    )

    select
        found.row_count,
        wanted.row_count as wanted_row_count,
        found.value_sum,
        wanted.value_sum as wanted_value_sum
    from found
    cross join wanted
    where found.row_count <> wanted.row_count or found.value_sum is distinct from wanted.value_sum
{% endtest %}
