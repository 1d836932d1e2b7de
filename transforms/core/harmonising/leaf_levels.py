"""One leaf level per pair: a leaf above the pair's deepest one becomes the residual of its code at that level.

Reports of one flow meet on an equal level. A reporter that states bicycles (871200) and chips
(8542) of one partner has two; the chips go on as 8542XX, all of it, flagged is_residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

_PAIR = "frequency, period, reporter_code, partner_code, flow_code, classification"


def has_levels(reports: Sequence[Path]) -> bool:
    """Whether the files hold more than one product level at all: read from statistics."""
    levels: set[int] = set()
    for path in reports:
        metadata = pq.read_metadata(path)
        at = metadata.schema.to_arrow_schema().get_field_index("product_level")
        for group in range(metadata.num_row_groups):
            statistics = metadata.row_group(group).column(at).statistics
            levels |= {statistics.min, statistics.max} if statistics is not None and statistics.has_min_max else {-1, -2}
    return len(levels) > 1


def pairs_of_levels(reports: Sequence[Path]) -> pa.Table | None:
    """Pairs whose leaves have several levels, with the deepest; None where no pair has. Columns: the pair, leaf_level."""
    if not reports or not has_levels(reports):
        return None
    with duckdb.connect(config={"threads": 1}) as con:
        found = con.sql(
            f"""select {_PAIR}, max(product_level)::tinyint as leaf_level
                from read_parquet({[str(p) for p in reports]}, hive_partitioning = false)
                group by {_PAIR} having min(product_level) < max(product_level)"""
        ).to_arrow_table()
    return found if found.num_rows else None


def levelled(data: pa.Table, pairs: pa.Table) -> pa.Table:
    """``data`` (reports) with one level per pair, and ``is_residual`` of what changed or ends in X as published. Order kept."""
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("data", data)
        con.register("pairs", pairs)
        found = con.sql(
            f"""with placed as (select *, row_number() over () as place from data),

                judged as (
                    select placed.*, coalesce(product_level between 1 and leaf_level - 1, false) as is_above, leaf_level
                    from placed left join pairs using ({_PAIR})
                )

                select judged.* replace (
                    case when is_above then rpad(product_code, greatest(leaf_level, 2)::int, 'X') else product_code end as product_code,
                    case when is_above then leaf_level else product_level end as product_level
                ), is_above or ends_with(product_code, 'X') as is_residual
                from judged order by place"""
        ).to_arrow_table()
    for name in data.column_names:
        if pa.types.is_dictionary(data[name].type):
            found = found.set_column(found.column_names.index(name), name, found[name].dictionary_encode())
    return found.select([*data.column_names, "is_residual"])
