{#- A month that is numbered through (year * 12 + month - 1) as a period: 2023-05. -#}
{% macro month_text(number) -%}
    ({{ number }} // 12)::varchar || '-' || lpad(({{ number }} % 12 + 1)::varchar, 2, '0')
{%- endmacro %}
