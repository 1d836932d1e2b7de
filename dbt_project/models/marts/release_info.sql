-- One row: this release.
select
    {{ text_literal(var('published_at')) }}::timestamp with time zone as published_at,
    {{ text_literal(var('contract_version')) }} as contract_version,
    {{ text_literal(var('code_version')) }} as code_version,
    {{ text_literal(var('fingerprint')) }} as fingerprint,
    {{ text_literal(var('method')) }} as method,
    {{ var('is_partial') }}::boolean as is_partial,
    {{ var('is_synthetic') }}::boolean as is_synthetic,
    {{ text_literal(var('citation')) }} as citation,
    {{ text_literal(var('release_id')) }} as release_id
