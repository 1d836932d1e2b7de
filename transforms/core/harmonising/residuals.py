"""Residual leaves: what a parent holds beyond its children, where detail is suppressed (docs/methods.md 10)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from transforms.contracts.codes import TOTAL

#: A gap under a dollar is the rounding of parent and children, not suppressed trade.
MINIMUM_MILLS = 1000
MEMORY = "900MB"
_GROUP = "frequency, period, reporter_code, partner_code, flow_code, classification"


def residual_rows(reports: Sequence[Path], controls: Sequence[Path], scratch: Path) -> tuple[pa.Table, int]:
    """Residual leaves of one source and year, and the number of parents below their children.

    Top down, a level at a time: the effective value of a code is the larger of its own and
    its children's, so that a gap is counted once, at the lowest level that shows it. Columns:
    the group, valuation, snapshot_id, leaf_level, product_code (padded with X), value_mills.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": 1, "temp_directory": str(scratch)}) as con:
        _load(con, reports, controls)
        levels = [r[0] for r in con.sql("select distinct product_level from parents order by 1 desc").fetchall()]
        con.execute("create temp table gaps as select *, 0 as leaf_level, 0::bigint as gap from parents where false")
        for level in levels:
            _step(con, int(level))
        negative = con.sql(f"select count(*) from gaps where gap <= -{MINIMUM_MILLS}").fetchone()
        rows = con.sql(
            f"""select {_GROUP}, valuation, snapshot_id, leaf_level,
                    rpad(
                        case when product_code = '{TOTAL}' then '' else product_code end, greatest(leaf_level, 2)::int, 'X'
                    ) as product_code,
                    gap as value_mills
                from gaps where gap >= {MINIMUM_MILLS} order by all"""
        ).to_arrow_table()
    return rows, int(negative[0]) if negative else 0


def _load(con: duckdb.DuckDBPyConnection, reports: Sequence[Path], controls: Sequence[Path]) -> None:
    """Parents, and the leaves of the same reporter, partner, flow and period, in mills."""
    wanted = "flow_code in ('X', 'M') and reporter_code <> partner_code"
    con.execute(
        f"""create temp table parents as
            select {_GROUP}, product_level, product_code, max(valuation) as valuation, max(snapshot_id) as snapshot_id,
                sum((reported_value_usd::decimal(38, 3) * 1000)::bigint)::bigint as mills
            from read_parquet({[str(p) for p in controls]}, hive_partitioning = false)
            where control_kind = 'parent' and {wanted} and reported_value_usd is not null
            group by {_GROUP}, product_level, product_code"""
    )
    leaves = f"read_parquet({[str(p) for p in reports]}, hive_partitioning = false)" if reports else "parents"
    con.execute(f"create temp table leaf_levels as select {_GROUP}, max(product_level)::tinyint as leaf_level from {leaves} group by all")
    con.execute(
        """create temp table edition_levels as select frequency, period, reporter_code, flow_code, classification,
                max(leaf_level) as edition_level
            from leaf_levels group by all"""
    )
    con.execute(
        f"""create temp table effective as
            select {_GROUP}, product_code, {"(reported_value_usd::decimal(38, 3) * 1000)::bigint as mills" if reports else "mills"}
            from {leaves}
            where {wanted if reports else "false"} and ({_GROUP}) in (select ({_GROUP}) from parents)"""
    )


def _step(con: duckdb.DuckDBPyConnection, level: int) -> None:
    """Fold the effective values to ``level`` and note what each parent of that level holds beyond them."""
    prefix = f"'{TOTAL}'" if level == 0 else f"substr(product_code, 1, {level})"
    con.execute(
        f"""create or replace temp table folded as
            select {_GROUP}, {prefix} as product_code, sum(mills)::bigint as mills from effective group by all"""
    )
    con.execute(
        f"""insert into gaps
            select p.*, coalesce(l.leaf_level, e.edition_level, p.product_level), p.mills - coalesce(f.mills, 0)
            from parents as p
            left join folded as f using ({_GROUP}, product_code)
            left join leaf_levels as l using ({_GROUP})
            left join edition_levels as e using (frequency, period, reporter_code, flow_code, classification)
            where p.product_level = {level} and p.mills <> coalesce(f.mills, 0)"""
    )
    con.execute(
        f"""create or replace temp table effective as
            select {_GROUP}, product_code, greatest(coalesce(f.mills, 0), coalesce(p.mills, 0)) as mills
            from folded as f full join (select * from parents where product_level = {level}) as p using ({_GROUP}, product_code)"""
    )
