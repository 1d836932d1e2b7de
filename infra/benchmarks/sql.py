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
    "world_product": """with importers as (select product_code, count(*) as importer_count from importer_product group by all)
        select product_code, sum(value_fob_usd)::decimal(18,3) as value_fob_usd, sum(net_weight_kg)::decimal(18,3) as net_weight_kg,
            sum(flow_count)::bigint as flow_count, sum(missing_weight_count)::bigint as missing_weight_count,
            count(*) as exporter_count, importers.importer_count
        from exporter_product join importers using (product_code) group by all""",
}
#: Kept as temporary tables, since world_product is much cheaper from them than from the flows.
KEPT = ("exporter_product", "importer_product")
