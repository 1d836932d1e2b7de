"""What each method gives for the same flow, from the weights that reconciling kept for its pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestration.evidence.flows import Stratum, bucket_files, total
from orchestration.evidence.question import Question
from orchestration.evidence.recompute import FIXED, by_method, exporter_side, usd
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core.reconciling.methods import METHODS

#: Methods whose weights are estimates: each has a column in pair_reports.
_WEIGHED = tuple(name for name in METHODS if name not in FIXED)


@dataclass(frozen=True)
class Alternative:
    """A method's weight of the exporter's report where both report, and its value; None where no estimate or no rule tells it.
    Where no flow has two reports, the weight is what any method gives the only one: 1, or 0 where that is the importer's.

    ``is_before_rescaling``: the method brings products to their pair's total afterwards, which one flow can't show.
    """

    method: str
    weight_exporter: float | None
    value_fob_usd: Decimal | None
    is_chosen: bool
    is_before_rescaling: bool


def pair_weights(tables: Tables, question: Question, stratum: Stratum) -> dict[str, float | None]:
    """Weight of the exporter's report by method for the pair; None where nothing was estimated."""
    rows = tables.select(
        contracts.PAIR_REPORTS,
        f"""select {", ".join(f"max({name}_weight_exporter) as {name}" for name in _WEIGHED)} from t
            where frequency = $1 and period = $2 and exporter_code = $3 and importer_code = $4
              and basis = $5 and classification = $6 and product_level = $7""",
        [
            *(question.frequency, question.period, question.exporter.code, question.importer.code),
            *(stratum.basis, stratum.classification, stratum.product_level),
        ],
        files=bucket_files(tables, contracts.PAIR_REPORTS, question),
    )
    return {name: rows[0][name] if rows else None for name in _WEIGHED} | dict(FIXED)


def alternatives(rows: Sequence[Row], weights: Mapping[str, float | None], given: Mapping[str, int]) -> list[Alternative]:
    """Every method over all rows, in the order of codes.RECONCILE_METHODS; none for values that were published elsewhere."""
    own = [row for row in rows if row["evidence"] != "published"]
    if not own:
        return []
    chosen = {row["method"] for row in own}
    # a pair's weight of the method in use stands in its two-sided rows, where no report was taken whole
    used = next((r["weight_exporter"] for r in own if r["evidence"] == "both" and r["weight_exporter"] not in (None, 0.0, 1.0)), None)
    known = {m: used if m in chosen and weights.get(m) is None else weights.get(m) for m in codes.RECONCILE_METHODS}
    shown = known if any(row["evidence"] == "both" for row in own) else dict.fromkeys(known, _lone_weight(own))
    values = [by_method(row, known, given.get(row["product_code"], 0)) for row in own]
    return [
        Alternative(
            method,
            shown[method],
            None if any(v[method] is None for v in values) else total([v[method] for v in values]),
            method in chosen,
            METHODS[method].is_rescaled and any(row["evidence"] == "both" for row in own),
        )
        for method in codes.RECONCILE_METHODS
    ]


def _lone_weight(rows: Sequence[Row]) -> float | None:
    """1 where all rows are the exporter's report alone, 0 where the importer's; None for a sum of both kinds."""
    kinds = {row["evidence"] for row in rows}
    return {"exporter_only": 1.0, "importer_only": 0.0}.get(kinds.pop()) if len(kinds) == 1 else None


def given_out(moves: Sequence[Row]) -> dict[str, int]:
    """Mills that exports to areas not specified gave to partners, by product: of ``moves`` of one exporter and stratum."""
    sums: dict[str, int] = {}
    for move in moves:
        sums[move["product_code"]] = sums.get(move["product_code"], 0) + int(move["moved_fob_usd"].scaleb(3))
    return sums


def comparable_sides(rows: Sequence[Row], given: Mapping[str, int]) -> tuple[Decimal | None, Decimal | None]:
    """Sums of both sides' reports FOB, re-exports apart and moves done, over the two-sided rows."""
    both = [row for row in rows if row["evidence"] == "both"]
    ones = [usd(exporter_side(row, given.get(row["product_code"], 0)) or 0) for row in both]
    return total(ones), total([row["value_importer_fob_usd"] for row in both])
