{#- Text from a variable as an SQL literal: names and citations hold apostrophes. -#}
{% macro text_literal(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{#- A list of codes as a DuckDB list, for list_position: the place in it is the preference. -#}
{% macro code_list(codes) -%}
    [{% for code in codes %}{{ text_literal(code) }}{% if not loop.last %}, {% endif %}{% endfor %}]
{%- endmacro %}
