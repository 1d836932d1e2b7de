"""What the ledger says of the year's sources, and how much of it is this flow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from orchestration.evidence.question import Question
from orchestration.evidence.recompute import exporter_side, marks, mills, usd
from orchestration.evidence.tables import Row, Tables, rows_of, view
from transforms.contracts.ops import LEDGER

#: (source, reason) -> mills
Parts = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Line:
    """A ledger line of a source and period; ``own_usd`` is this flow's part of it, None where it has none that can be told."""

    stage: str
    source: str
    reason: str
    row_count: int
    value_usd: Decimal | None
    own_usd: Decimal | None


def ledger_rows(tables: Tables, question: Question, sources: Sequence[str]) -> list[Row]:
    """Lines of the period for the sources, as the release published them (its lake's where it has none)."""
    files = tables.mart_files("conservation_ledger", question.year) or tables.files(LEDGER, year=question.year)
    if not files:
        return []
    with duckdb.connect(":memory:") as connection:
        view(connection, "t", LEDGER, files)
        return rows_of(
            connection,
            """select stage, source, reason, sum(row_count)::bigint as row_count, sum(value_usd) as value_usd
               from t where frequency = $1 and period = $2 and list_contains($3, source) group by stage, source, reason
               order by list_position(['ingest', 'harmonise', 'reconcile', 'aggregate'], stage), source, reason""",
            [question.frequency, question.period, list(sources)],
        )


def own_parts(rows: Sequence[Row], given: Mapping[str, int], sources: Mapping[tuple[str, str], str]) -> Parts:
    """What reconciling booked for these flows: the same rule as the stage's, summed exactly.

    The value stands with the report that weighs more, on the books of its source; the other is not_chosen. ``given``: mills
    moved out, by product; ``sources``: (side, product) -> source of that report.
    """
    parts: Parts = defaultdict(int)
    for row in rows:
        product = row["product_code"]
        for side, booked in _booked(row, given.get(product, 0)):
            source = sources.get((side, product), "")
            for reason, amount in booked:
                parts[source, reason] += amount
    return dict(parts)


def _booked(row: Row, given: int) -> Iterable[tuple[str, list[tuple[str, int]]]]:
    """(side, [(reason, mills)]) of a row."""
    value, weight = mills(row["value_fob_usd"]), row["weight_exporter"]
    has_one, has_other = row["value_exporter_fob_usd"] is not None, row["value_importer_fob_usd"] is not None
    takes_exporter = (weight if weight is not None else float(has_one)) >= 0.5
    if has_one:
        reported, own = mills(row["value_exporter_fob_usd"]), exporter_side(row, given) or 0
        apart = mills(row["re_export_fob_usd"]) if "re_exports_apart" in marks(row) else 0
        moved = own - reported + apart
        taken = [("out", value), ("re_export", apart), ("weighting", own - value)]
        yield "exporter", [("in", reported), ("nes_moved", -moved), *(taken if takes_exporter else [("not_chosen", reported + moved)])]
    if has_other:
        fob = mills(row["value_importer_fob_usd"])
        reported = mills(row["value_importer_cif_usd"]) if row["value_importer_cif_usd"] is not None else fob
        taken = [("out", value), ("cif_removed", reported - fob), ("weighting", fob - value)]
        yield "importer", [("in", reported), *([("not_chosen", reported)] if takes_exporter else taken)]


def lines_of(found: Sequence[Row], parts: Parts) -> list[Line]:
    """Ledger rows, those of reconciling with this flow's part."""
    lines = []
    for row in found:
        own = parts.get((row["source"], row["reason"])) if row["stage"] == "reconcile" else None
        lines.append(
            Line(
                row["stage"],
                row["source"],
                row["reason"],
                row["row_count"],
                row["value_usd"],
                None if not own else usd(own),
            )
        )
    return lines
