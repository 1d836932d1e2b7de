"""Conversions behind a flow: from which codes of which edition, with what weights; and weights that come from units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.evidence.flows import Flow
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import lake as contracts


@dataclass(frozen=True)
class Conversion:
    """A line of conversion_weight that leads to the flow's code."""

    from_classification: str
    from_code: str
    to_classification: str
    to_code: str
    value_weight: float
    quantity_weight: float
    weight_origin: str
    observation_count: int


def conversion_rows(tables: Tables, flow: Flow) -> list[Row]:
    """Lines of conversion_weight that lead to the codes of the flow."""
    codes = sorted({row["product_code"] for row in flow.rows})
    return tables.select(
        contracts.CONVERSION_WEIGHT,
        """select * from t where to_classification = $1 and list_contains($2, to_code) and (value_weight > 0 or quantity_weight > 0)
           order by from_classification, from_code, to_code""",
        [flow.stratum.classification, codes],
    )


def mapped_codes(tables: Tables, classification: str, reported: Sequence[Row]) -> frozenset[tuple[str, str]]:
    """Of the (edition, code) that are ``reported``, those of which the weights know where they go in ``classification``."""
    wanted = {(r["classification"], r["product_code"]) for r in reported if r["classification"] != classification}
    rows = tables.select(
        contracts.CONVERSION_WEIGHT,
        """select distinct from_classification, from_code from t
           where to_classification = $1 and list_contains($2, from_classification) and list_contains($3, from_code)""",
        [classification, sorted({edition for edition, _ in wanted}), sorted({code for _, code in wanted})],
    )
    return frozenset((r["from_classification"], r["from_code"]) for r in rows) & wanted


def used(rows: Sequence[Row], reported: Sequence[Row]) -> list[Conversion]:
    """The lines whose code stands among the ``reported`` rows."""
    there = {(r["classification"], r["product_code"]) for r in reported}
    return [
        Conversion(**{n: r[n] for n in Conversion.__annotations__}) for r in rows if (r["from_classification"], r["from_code"]) in there
    ]
