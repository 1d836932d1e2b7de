{#- w one + (1 - w) other, as money: rounded to the mill; NULL where the weight is. -#}
{% macro weighed(weight, one, other) -%}
    ({{ weight }}::double * {{ one }}::double + (1 - {{ weight }}::double) * {{ other }}::double)::decimal(18, 3)
{%- endmacro %}
