"""The rows of bilateral_flows that answer a question: one stratum, and what the others hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from orchestration.evidence.question import Question
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.model import Table


@dataclass(frozen=True)
class Stratum:
    """What no sum crosses, with what it holds of the flow asked for."""

    basis: str
    classification: str
    product_level: int
    value_fob_usd: Decimal
    flow_count: int

    @property
    def rank(self) -> tuple[int, int, str, int]:
        """Order in which one stratum answers: own before published, newest shared edition first, the finest of its levels."""
        editions, levels = codes.CLASSIFICATION_ORDER, codes.LEVEL_ORDER
        shared = editions.index(self.classification) if self.classification in editions else len(editions)
        level = levels.index(self.product_level) if self.product_level in levels else len(levels)
        return codes.BASES.index(self.basis), shared, self.classification, level


@dataclass(frozen=True)
class Flow:
    """The chosen stratum's rows, as in bilateral_flows; ``others`` are the strata that hold the flow too."""

    stratum: Stratum
    rows: tuple[Row, ...]
    others: tuple[Stratum, ...]
    is_sum: bool


def bucket_files(tables: Tables, table: Table, question: Question) -> list[Path]:
    """Files of a table by year and product bucket that may hold the question's rows."""
    return [f for bucket in question.buckets() for f in tables.files(table, year=question.year, product_bucket=bucket)]


#: Rows of the question's pair, period and products, in any stratum.
_OF_PAIR = "frequency = ? and period = ? and exporter_code = ? and importer_code = ? and starts_with(product_code, ?)"


def of_pair(question: Question) -> list[object]:
    """Parameters of _OF_PAIR."""
    return [question.frequency, question.period, question.exporter.code, question.importer.code, question.prefix]


def strata(tables: Tables, question: Question) -> list[Stratum]:
    """Every stratum that holds the flow, the one to answer first."""
    rows = tables.select(
        contracts.BILATERAL_FLOWS,
        f"""select basis, classification, product_level, sum(value_fob_usd) as value_fob_usd, count(*) as flow_count
            from t where {_OF_PAIR} group by all""",
        of_pair(question),
        files=bucket_files(tables, contracts.BILATERAL_FLOWS, question),
    )
    return sorted((Stratum(**row) for row in rows), key=lambda s: s.rank)


def find_flow(tables: Tables, question: Question) -> Flow | None:
    """The flow in the stratum that answers; None where no stratum (of the classification asked for) holds it."""
    found = strata(tables, question)
    wanted = [s for s in found if question.classification in (None, s.classification)]
    if not wanted:
        return None
    chosen = wanted[0]
    rows = stratum_rows(tables, contracts.BILATERAL_FLOWS, question, chosen)
    is_sum = not (len(rows) == 1 and rows[0]["product_code"] == question.product)
    return Flow(chosen, tuple(rows), tuple(s for s in found if s != chosen), is_sum)


def stratum_rows(tables: Tables, table: Table, question: Question, stratum: Stratum) -> list[Row]:
    """The question's rows of a table that has the key of bilateral_flows, largest code order last."""
    order = "length(product_code), product_code" + (", side" if "side" in table.columns else "")
    return tables.select(
        table,
        f"select * from t where {_OF_PAIR} and basis = ? and classification = ? and product_level = ? order by {order}",
        [*of_pair(question), stratum.basis, stratum.classification, stratum.product_level],
        files=bucket_files(tables, table, question),
    )


def total(values: Sequence[Decimal | None]) -> Decimal | None:
    """Exact sum of what is there; None where nothing is."""
    known = [v for v in values if v is not None]
    return sum(known, Decimal(0)) if known else None
