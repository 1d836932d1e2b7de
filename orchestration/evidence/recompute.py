"""A value computed anew from the evidence in its row, so that the page can say whether both agree to the mill."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestration.evidence.tables import MILL, Row
from transforms.core.reconciling.methods import METHODS
from transforms.core.reconciling.methods.prefer import Fixed

#: What methods that need no estimates give the exporter's report of any flow that both sides report.
FIXED = {name: method.weight for name, method in METHODS.items() if isinstance(method, Fixed)}
#: Pairs that no method averages.
_WHOLE = {"suspected_1000", "suspected_1000000", "not_positive"}


@dataclass(frozen=True)
class Recomputed:
    """The steps of one flow. ``agrees`` is None where the last step can't be taken from the row alone (rescaled pairs).

    ``exporter_usd`` is the exporter's report after re-exports and moves, ``importer_usd`` the importer's FOB.
    """

    exporter_usd: Decimal | None
    importer_usd: Decimal | None
    weight_exporter: float | None
    value_usd: Decimal | None
    agrees: bool | None
    importer_agrees: bool | None


def mills(value: Decimal | None) -> int:
    """DECIMAL(18,3) as thousandths; 0 for NULL."""
    return 0 if value is None else int(value / MILL)


def usd(value: int) -> Decimal:
    """Thousandths as DECIMAL(18,3)."""
    return Decimal(value) * MILL


def mixed(weight: float, exporter: int, importer: int) -> int:
    """w x + (1 - w) m in mills: exact at 1 and 0, else to the nearest even, in the arithmetic that made the value."""
    if weight in (0.0, 1.0):
        return exporter if weight == 1.0 else importer
    return round(weight * exporter + (1 - weight) * importer)


def marks(row: Row) -> set[str]:
    """The row's marks."""
    return set((row["method_marks"] or "").split())


def exporter_side(row: Row, given: int) -> int | None:
    """The exporter's report in mills as it enters the value: re-exports apart, moves in and out; None where it gives none."""
    received = mills(row["nes_received_fob_usd"])
    if row["value_exporter_fob_usd"] is None:
        return received or None
    apart = mills(row["re_export_fob_usd"]) if "re_exports_apart" in marks(row) else 0
    return mills(row["value_exporter_fob_usd"]) - apart + received - given


def _importer_agrees(row: Row) -> bool | None:
    """Whether CIF over the factor gives the FOB value; None where no factor was taken off."""
    cif, fob, factor = row["value_importer_cif_usd"], row["value_importer_fob_usd"], row["cif_factor"]
    if cif is None or fob is None or factor is None:
        return None
    if "cif_observed" in marks(row):
        return math.isclose(factor, max(1.0, mills(cif) / max(mills(fob), 1)), rel_tol=1e-12)
    return bool(round(mills(cif) / factor) == mills(fob))


def recompute(row: Row, given: int = 0) -> Recomputed:
    """The value of a row of bilateral_flows from its reports; ``given``: mills moved out of it to partners (exports to 899)."""
    one = exporter_side(row, given)
    other = None if row["value_importer_fob_usd"] is None else mills(row["value_importer_fob_usd"])
    if one is None and other is None:
        return Recomputed(None, None, None, None, None, None)
    weight = row["weight_exporter"]
    if weight is None:
        weight = 1.0 if other is None else 0.0 if one is None else None
    if weight is None:
        return Recomputed(usd(one or 0), usd(other or 0), None, None, None, _importer_agrees(row))
    value = mixed(weight, one or 0, other or 0)
    agrees = None if "rescaled" in marks(row) else value == mills(row["value_fob_usd"])
    return Recomputed(
        None if one is None else usd(one), None if other is None else usd(other), weight, usd(value), agrees, _importer_agrees(row)
    )


def by_method(row: Row, weights: dict[str, float | None], given: int = 0) -> dict[str, Decimal | None]:
    """What each method gives for a row: ``weights`` by method name; None where it can't be said from the row.

    A lone report is every method's value. Where neither report may be averaged, methods that take one side stay with it and
    the others take the one that was taken here, if that is known.
    """
    one = exporter_side(row, given)
    other = None if row["value_importer_fob_usd"] is None else mills(row["value_importer_fob_usd"])
    if row["evidence"] != "both" or one is None or other is None:
        lone = recompute(row, given).value_usd
        return dict.fromkeys(weights, lone)
    found: dict[str, Decimal | None] = {}
    for name, stated in weights.items():
        weight = stated
        if weight is not None and marks(row) & _WHOLE and 0 < weight < 1:
            taken = row["weight_exporter"]
            weight = taken if taken in (0.0, 1.0) and row["method"] not in FIXED else None
        found[name] = None if weight is None else usd(mixed(weight, one, other))
    return found


def agreement(found: Sequence[Recomputed]) -> tuple[int, int, int]:
    """Rows that agree, that don't, and that can't be said. One whose importer's FOB value isn't CIF over the rate doesn't agree."""
    said = [False if r.importer_agrees is False else r.agrees for r in found]
    return said.count(True), said.count(False), said.count(None)
