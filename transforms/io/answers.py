"""A few answers that every release can give, each with its definition: for the start page and the demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A small table: a question's title, how the numbers are defined, header and text cells, and its SQL."""

    title: str
    definition: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sql: str = ""


#: The stratum that answers speak of: our own basis first, annual, the latest year with most exporters.
_STRATUM = """
with stratum as (
    select basis, frequency, period, classification, product_level
    from marts.market_share
    where product_code = 'TOTAL' and frequency = 'A'
    order by basis = 'own' desc, exporter_count >= 0.8 * max(exporter_count) over () desc, period desc, product_level desc, classification
    limit 1
)
"""
#: A product's name in its own edition, else that of the same code in another one, which is named.
_PRODUCT = """coalesce(
        s.product_description,
        (select max_by(p.product_description || ' (as in ' || p.classification || ')', p.classification) from marts.dim_product as p
         where p.product_code = s.product_code and p.product_description is not null),
        ''
    ) as product"""
_LABELS = "coalesce(s.{0}_iso3, s.{0}_code) || ' ' || s.{0}_name"

_EXPORTERS = f"""{_STRATUM}
select
    s.period, {_LABELS.format("exporter")} as exporter,
    round(s.value_fob_usd / 1e9, 2)::decimal(18, 2) as billion_usd,
    coalesce(round(100 * s.share_of_world_exports, 2)::decimal(9, 2)::varchar || ' %', s.null_reason) as share_of_world_exports
from marts.market_share as s
inner join stratum using (basis, frequency, period, classification, product_level)
where s.product_code = 'TOTAL'
order by s.value_fob_usd desc, length(s.exporter_code), s.exporter_code
limit 8
"""
_BALANCE = f"""
select
    s.period, {_LABELS.format("area")} as area, {_LABELS.format("partner")} as partner,
    round(s.exports_fob_usd / 1e9, 2)::decimal(18, 2) as exports_billion_usd,
    round(s.imports_fob_usd / 1e9, 2)::decimal(18, 2) as imports_billion_usd,
    round(s.balance_fob_usd / 1e9, 2)::decimal(18, 2) as balance_billion_usd
from marts.bilateral_balance as s
where s.frequency = 'A' and s.area_code = $area and s.partner_code = coalesce(
    (select b.partner_code from marts.bilateral_balance as b
     where b.area_code = $area and b.frequency = 'A' and b.partner_code = case when $area = '842' then '156' else '842' end limit 1),
    (select b.partner_code from marts.bilateral_balance as b
     where b.area_code = $area and b.frequency = 'A'
     group by b.partner_code
     order by sum(coalesce(b.exports_fob_usd, 0) + coalesce(b.imports_fob_usd, 0)) desc, b.partner_code limit 1)
)
order by s.period
"""
_ADVANTAGE = f"""{_STRATUM}
select
    s.period, s.product_code, {_PRODUCT},
    round(s.value_fob_usd / 1e6, 1)::decimal(18, 1) as million_usd, round(s.rca, 2)::decimal(18, 2) as rca
from marts.comparative_advantage as s
inner join stratum using (basis, frequency, period, classification, product_level)
where s.exporter_code = $area and s.rca is not null and s.value_fob_usd >= 0.001 * (
    select sum(t.value_fob_usd) from marts.comparative_advantage as t
    inner join stratum using (basis, frequency, period, classification, product_level) where t.exporter_code = $area
)
order by s.rca desc, s.product_code
limit 5
"""
_CONCENTRATED = f"""{_STRATUM}
select
    s.period, s.product_code, {_PRODUCT},
    round(s.imports_fob_usd / 1e6, 1)::decimal(18, 1) as million_usd, s.supplier_count,
    round(s.supplier_hhi, 3)::decimal(9, 3) as supplier_hhi,
    coalesce(a.area_name, s.top_supplier_code) as top_supplier, round(100 * s.top_supplier_share, 1)::decimal(9, 1) || ' %' as share
from marts.import_dependence as s
inner join stratum using (basis, frequency, period, classification, product_level)
left join (select area_code, min(area_name) as area_name from marts.dim_area group by area_code) as a on s.top_supplier_code = a.area_code
where s.importer_code = $area and s.supplier_count > 1 and s.supplier_hhi is not null and s.imports_fob_usd >= 0.001 * (
    select sum(t.imports_fob_usd) from marts.import_dependence as t
    inner join stratum using (basis, frequency, period, classification, product_level) where t.importer_code = $area
)
order by s.supplier_hhi desc, s.product_code
limit 5
"""

_QUESTIONS = (
    ("Largest exporters", "Exports of all goods FOB, reconciled from both sides' reports; share: over all exporters' total.", _EXPORTERS),
    (
        "Bilateral balance of {area}",
        "Exports less imports, both FOB and reconciled: imports are the partner's exports, freight and insurance taken off.",
        _BALANCE,
    ),
    (
        "What {area} is specialised in",
        "RCA: the product's share in the exporter's exports over its share in the world's; products above 0.1 % of its exports.",
        _ADVANTAGE,
    ),
    (
        "Most concentrated imports of {area}",
        "Supplier HHI: sum of the suppliers' squared shares, 1 is one supplier; products above 0.1 % of its imports.",
        _CONCENTRATED,
    ),
)


def _runnable(sql: str, home_area: str) -> str:
    """The SQL as anyone may run it: the area's code in place of the parameter."""
    return sql.strip().replace("$area", "'" + home_area.replace("'", "''") + "'")


def answers(connection: Any, home_area: str) -> list[Answer]:
    """The answers that the release behind ``connection`` (DuckDB, schema ``marts``) can give; those without rows are left out."""
    needed = {"market_share", "bilateral_balance", "comparative_advantage", "import_dependence", "dim_area", "dim_product"}
    found = {r[0] for r in connection.execute("select table_name from information_schema.tables where table_schema = 'marts'").fetchall()}
    if not needed <= found:
        return []
    row = connection.execute("select min(area_name) from marts.dim_area where area_code = ?", [home_area]).fetchone()
    name = (row and row[0]) or home_area
    given = []
    for title, definition, sql in _QUESTIONS:
        result = connection.execute(sql, {"area": home_area} if "$area" in sql else {})
        header = tuple(str(d[0]) for d in result.description)
        rows = tuple(tuple("" if v is None else str(v) for v in r) for r in result.fetchall())
        if rows:
            given.append(Answer(title.format(area=name), definition, header, rows, _runnable(sql, home_area)))
    return given
