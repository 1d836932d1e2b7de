"""The six aggregate tables as SQL: what DuckDB runs as a contender."""

from __future__ import annotations

_SUMS = """sum(value_fob_usd)::decimal(18,3) as value_fob_usd, sum(net_weight_kg)::decimal(18,3) as net_weight_kg,
    count(*) as flow_count, count(*) - count(net_weight_kg) as missing_weight_count"""

#: Table -> query over ``flows`` (one stratum of one year). Keys repeat no flow, so counts of partners are counts of rows.
QUERIES = {
    "pair_totals": f"select exporter_code, importer_code, {_SUMS} from flows group by all",
    "exporter_chapter": f"select exporter_code, product_code[:2] as chapter_code, {_SUMS} from flows group by all",
    "pair_heading": f"select exporter_code, importer_code, product_code[:4] as heading_code, {_SUMS} from flows group by all",
    "exporter_product": f"""with sums as (select exporter_code, product_code, {_SUMS} from flows group by all),
        of_exporter as (select exporter_code, sum(value_fob_usd)::double as total from sums group by all),
        of_product as (select product_code, sum(value_fob_usd)::double as total from sums group by all),
        of_world as (select sum(value_fob_usd)::double as total from sums)
        select sums.*, flow_count as importer_count,
            value_fob_usd::double * of_world.total / nullif(of_exporter.total * of_product.total, 0) as rca
        from sums join of_exporter using (exporter_code) join of_product using (product_code) cross join of_world""",
    "importer_product": f"""select importer_code, product_code, {_SUMS}, count(*) as supplier_count,
            sum(value_fob_usd::decimal(19,3) * value_fob_usd)::decimal(38,6) as supplier_sum_of_squares_usd2,
            sum(value_fob_usd::decimal(19,3) * value_fob_usd)::double / nullif(sum(value_fob_usd)::double ^ 2, 0) as supplier_hhi,
            arg_min(exporter_code, exporter_code::integer - 1000 * (value_fob_usd * 1000)::hugeint) as top_supplier_code,
            max(value_fob_usd) as top_supplier_value_fob_usd
        from flows group by all""",
    "world_product": f"""select product_code, {_SUMS}, count(distinct exporter_code) as exporter_count,
            count(distinct importer_code) as importer_count from flows group by all""",
}
