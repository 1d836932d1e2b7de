"""Checks from a contract, and their folding into few queries.

A ``Check`` is one named claim on the rows of a table. Row checks (a predicate per row) of a
table share one scan; checks that need their own query keep it. At the size of a partition
the cost of a gate is in the number of calls, so a suite has few expectations, each of which
answers for many checks: its rows are (check_id, partitions with their failing rows).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from transforms.contracts.arrow import sql_type
from transforms.contracts.columns import column
from transforms.contracts.model import Table

#: Kinds of contract checks; tests show each of them failing.
CONTRACT_KINDS = (
    "volume_floor",
    "columns_match_contract",
    "not_null",
    "allowed_values",
    "pattern",
    "minimum",
    "maximum",
    "is_finite",
    "key_is_unique",
)
PARTITION = "partition_key"


@dataclass(frozen=True)
class Check:
    """One named claim. ``violates`` is a predicate true on failing rows, ``sql`` a query that returns them.

    Exactly one of the two is set. ``sql`` returns a column partition_key, and stands for
    itself: it names the view of the table.
    """

    name: str
    expected: str
    column: str | None = None
    severity: Literal["error", "warning"] = "error"
    violates: str | None = None
    sql: str | None = None

    @property
    def id(self) -> str:
        """Name and column: unique within a table."""
        return f"{self.name}:{self.column or ''}"

    def failing_rows(self, view: str) -> str:
        """SQL of the failing rows, with their partition_key."""
        return self.sql or f"select * from {view} where {self.violates}"


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _column_checks(table: Table, name: str) -> list[Check]:
    entry = column(name)
    checks = []
    if table.is_required(name):
        checks.append(Check("not_null", "never NULL", name, violates=f"{name} is null"))
    if entry.allowed is not None:
        values = ", ".join(_literal(v) for v in entry.allowed)
        checks.append(Check("allowed_values", f"one of {', '.join(entry.allowed)}", name, violates=f"{name} not in ({values})"))
    if entry.pattern is not None:
        # DuckDB evaluates a full match once per dictionary entry, a partial one once per row (20 times slower).
        anchored = entry.pattern.startswith("^") and entry.pattern.endswith("$")
        match = "regexp_full_match" if anchored else "regexp_matches"
        checks.append(Check("pattern", f"matches {entry.pattern}", name, violates=f"not {match}({name}, {_literal(entry.pattern)})"))
    if entry.minimum is not None:
        checks.append(Check("minimum", f">= {entry.minimum}", name, violates=f"{name} < {entry.minimum}"))
    if entry.maximum is not None:
        checks.append(Check("maximum", f"<= {entry.maximum}", name, violates=f"{name} > {entry.maximum}"))
    if entry.type == "ratio":
        checks.append(Check("is_finite", "neither NaN nor infinite", name, violates=f"not isfinite({name})"))
    return checks


def row_checks(table: Table) -> tuple[Check, ...]:
    """The contract's checks on single rows, in the order of the columns."""
    return tuple(check for name in table.columns for check in _column_checks(table, name))


def volume_check(table: Table) -> Check:
    """The first check of every gate: an empty batch passes all others."""
    return Check("volume_floor", f">= {table.minimum_rows} rows")


def columns_check(table: Table) -> Check:
    """Columns present, in order, with their types."""
    return Check("columns_match_contract", f"{len(table.columns)} columns in the contract's order and types")


def key_check(table: Table) -> Check | None:
    """Uniqueness of the compound key; None where the table has no key."""
    return Check("key_is_unique", f"one row per {', '.join(table.key)}") if table.key else None


def escaped(sql: str) -> str:
    """Braces doubled and colons escaped, since GX formats the text and SQLAlchemy binds names in it."""
    return re.sub(r"(?<![:\\]):(?=[A-Za-z_])", r"\\:", sql.replace("{", "{{").replace("}", "}}"))


def volume_query(table: Table) -> str:
    """Over the inventory (partition_key, row_count): the partitions below the floor, as one row (GX fetches at most 200)."""
    return f"select list({PARTITION}) as partitions from {{batch}} where row_count < {table.minimum_rows} having count(*) > 0"


def columns_query(expected: Sequence[str]) -> str:
    """Over (partition_key, file_name, position, column_name, column_type): what differs from the contract, as one row.

    Columns are numbered from 1 in the order of ``expected``, and typed by the dictionary.
    """
    wanted = ", ".join(f"({i}, {_literal(c)}, {_literal(sql_type(c))})" for i, c in enumerate(expected, 1))
    return (
        f"with found as (select * from {{batch}}), wanted(position, column_name, column_type) as (values {wanted}), "
        "grid as (select f.partition_key, f.file_name, w.* from (select distinct partition_key, file_name from found) f, wanted w) "
        "select list(fault) as faults from (select coalesce(g.partition_key, f.partition_key) as partition_key, "
        "coalesce(g.column_name, f.column_name) as column_name, "
        "g.column_type as expected_type, f.column_type as found_type, g.position as expected_position, f.position as found_position "
        "from grid g full outer join found f using (partition_key, file_name, column_name) "
        "where g.position is distinct from f.position or g.column_type is distinct from f.column_type "
        "order by all) fault having count(*) > 0"
    )


def _per_check(inner: str) -> str:
    """From (check_id, partition_key, n) to one row per check: rows of a result are few, whatever the partitions."""
    return (
        f"select check_id, list(partition_key order by partition_key) as partitions, list(n order by partition_key) as counts "
        f"from ({inner}) where n > 0 group by check_id"
    )


def folded_query(checks: Sequence[Check]) -> str:
    """One scan for all row checks. Rows that violate nothing never reach the aggregate."""
    anything = " or ".join(f"({c.violates})" for c in checks)
    counts = ", ".join(f"count(*) filter (where {c.violates}) as c{i}" for i, c in enumerate(checks))
    names = "[" + ", ".join(_literal(c.id) for c in checks) + "]"
    values = "[" + ", ".join(f"c{i}" for i in range(len(checks))) + "]"
    inner = (
        f"select unnest({names}) as check_id, {PARTITION}, unnest({values}) as n from ("
        f"select {PARTITION}, {counts} from BATCH where {anything} group by {PARTITION})"
    )
    return escaped(_per_check(inner)).replace("BATCH", "{batch}")


def single_query(check: Check) -> str:
    """One check with a query of its own: failing rows counted per partition, inside the session's views."""
    inner = f"select {_literal(check.id)} as check_id, {PARTITION}, count(*) as n from ({check.sql}) group by {PARTITION}"
    return "with rows_of_batch as (select * from {batch}) " + escaped(_per_check(inner))


def among(name: str, values: Sequence[str | None]) -> str:
    """SQL that a column holds one of ``values``, NULL among them."""
    listed = ", ".join(_literal(v) for v in values if v is not None)
    tests = [f"{name} in ({listed})"] if listed else []
    return "(" + " or ".join([*tests, *([f"{name} is null"] if None in values else [])]) + ")"


def key_query(table: Table, where: str, slices: int, part: int) -> str:
    """Duplicated keys among the rows that ``where`` takes, in the slice ``part`` of ``slices`` of hash values.

    Only 64-bit hashes of all rows are held, which bounds memory; keys whose hashes
    collide are then compared in full, so the answer is exact. Counts surplus rows.
    """
    keys = ", ".join(table.key)
    if slices > 1:
        where += f" and hash({keys}) % {slices} = {part}"
    hashes = f"select hash({keys}) as h from BATCH where {where}"
    # Sorting 64-bit hashes costs half of grouping by them.
    repeated = f"select h from (select h, lag(h) over (order by h) as previous from ({hashes})) where h = previous"
    inner = (
        f"select 'key_is_unique:' as check_id, {PARTITION}, sum(surplus) as n from ("
        f"select {PARTITION}, count(*) - 1 as surplus from BATCH where {where} and hash({keys}) in ({repeated}) "
        f"group by {PARTITION}, {keys} having count(*) > 1) group by {PARTITION}"
    )
    return escaped(_per_check(inner)).replace("BATCH", "{batch}")


def duplicates_sql(table: Table, view: str, partition: str) -> str:
    """The rows of ``partition`` whose key stands more than once, with partition_key."""
    keys = ", ".join(table.key)
    return (
        f"with rows_of as not materialized (select * from {view} where {PARTITION} = {_literal(partition)}) select * from rows_of "
        f"where hash({keys}) in (select hash({keys}) from rows_of group by hash({keys}) having count(*) > 1) "
        f"qualify count(*) over (partition by {keys}) > 1"
    )


def build_suite(session: Any, name: str, queries: Sequence[str]) -> Any:
    """The ExpectationSuite of ``queries``. Raises EmptySuiteError where there are none."""
    from expectations.duckdb_datasource import EmptySuiteError

    if not queries:
        raise EmptySuiteError(f"suite {name!r} has no expectations; an empty suite would always pass")
    return session.suite(name, queries)
