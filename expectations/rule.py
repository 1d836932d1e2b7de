"""The shape of a rule, and the predicates that rules of several tables share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from expectations.suites import Check
from transforms.contracts import codes, lake


@dataclass(frozen=True)
class Rule:
    """``sql`` returns the failing rows of ``table``, partition_key among their columns."""

    name: str
    table: str
    sql: str
    description: str
    severity: Literal["error", "warning"] = "error"
    needs: tuple[str, ...] = ()
    #: set by ``row``: the predicate inside ``sql``, so that rules on single rows share a scan
    violates: str | None = None

    def check(self) -> Check:
        """The rule as a check of a suite."""
        sql = None if self.violates else self.sql
        return Check(self.name, self.description, severity=self.severity, violates=self.violates, sql=sql)


def row(name: str, table: str, violates: str, description: str, severity: Literal["error", "warning"] = "error") -> Rule:
    """A rule on single rows; NULL is no violation, so predicates say what they want of NULL."""
    return Rule(name, table, f"select * from {table} where {violates}", description, severity, violates=violates)


def listed(values: Iterable[str]) -> str:
    """Codes as SQL's list, sorted."""
    return "(" + ", ".join(f"'{v}'" for v in sorted(values)) + ")"


#: Shares are quotients of exact sums: what is left is floating-point noise.
TOLERANCE = "1e-9"
STRATUM = ", ".join(lake.STRATUM)
_HS = listed(codes.HS_EDITIONS)
#: HS codes are as long as their level, residuals (27XXXX) too; TOTAL alone is level 0.
LEVEL_DIFFERS = (
    f"classification in {_HS} and product_level is distinct from "
    f"(case when product_code = '{codes.TOTAL}' then 0 else length(product_code) end)"
)
#: As text: a cast would be made anew for each row, where the text of a partition's year is made once.
YEAR_DIFFERS = "left(period, 4) is distinct from year::varchar"
FREQUENCY_DIFFERS = "(frequency = 'A') is distinct from (length(period) = 4)"
