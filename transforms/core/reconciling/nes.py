"""Exports to areas not specified, 899 alone (docs/methods.md 1.1.2): moved to the partners of which the exporter names too little.

Per exporter, product and period, Sx is what the exporter reports on partners that it names, Sm what those report. Where
Sx < Sm, min(V_nes, Sm - Sx) goes to the partners in proportion to what is missing, so that each move narrows a gap; what
is left is taken off as far as importers report that the exporter doesn't name at all. Imports from 899 are never moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.core.reconciling.mirrors import Flows

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_NES = int(codes.NES)
_SPECIAL = np.array(sorted(int(code) for code in codes.SPECIAL_AREAS), np.int64)


@dataclass(frozen=True)
class Moves:
    """What was moved among n flows, mills: ``received`` (n,) by each; and every move: ``flow`` (m,) the importer's, ``giver`` (m,) the
    flow to 899, ``amount`` (m,), ``is_explained`` (m,): taken off because that importer's report explains it, not added to a report."""

    received: Integers
    flow: Integers
    giver: Integers
    amount: Integers
    is_explained: Flags

    @property
    def given(self) -> Integers:
        """What each flow gave (n,)."""
        total = np.zeros(len(self.received), np.int64)
        np.add.at(total, self.giver, self.amount)
        return total


def shared_out(total: int, parts: list[int]) -> list[int]:
    """``total`` >= 0 split in proportion to ``parts`` >= 0 (sum above 0): largest remainder, ties to the first.

    >>> shared_out(10, [1, 1, 1])
    [4, 3, 3]
    """
    whole = sum(parts)
    floors = [total * part // whole for part in parts]
    rest = sorted(range(len(parts)), key=lambda i: (-(total * parts[i] % whole), i))
    for place in rest[: total - sum(floors)]:
        floors[place] += 1
    return floors


def nes_moves(flows: Flows, exporter_fob: Integers, importer_fob: Integers) -> Moves | None:
    """Moves among ``flows``, which hold every flow of each of their exporters; None where none of them exports to 899.

    Values in mills, 0 where a side doesn't report. A partner's code that is no country takes nothing and explains nothing.
    """
    is_nes = (flows.importer == _NES) & flows.has_exporter & (exporter_fob > 0)
    if not is_nes.any():
        return None
    given = np.flatnonzero(is_nes)
    key = flows.exporter * (1 << 32) + flows.rows.coded("product_code").indices[flows.first]
    wanted = key[given]
    is_country = ~np.isin(flows.importer, _SPECIAL) & (flows.importer != flows.exporter)
    near = np.flatnonzero(np.isin(key, wanted) & is_country & (flows.has_importer | flows.has_exporter))
    near = near[np.argsort(key[near], kind="stable")]
    moves: list[tuple[int, int, int, bool]] = []
    starts, ends = np.searchsorted(key[near], wanted, "left"), np.searchsorted(key[near], wanted, "right")
    for giver, start, end in zip(given, starts, ends, strict=True):
        moves += _moved(int(giver), near[start:end], flows, exporter_fob, importer_fob)
    received = np.zeros(len(flows), np.int64)
    columns = list(zip(*moves, strict=True)) if moves else [(), (), (), ()]
    flow, giver_of, amount = (np.array(c, np.int64) for c in columns[:3])
    explained = np.array(columns[3], bool)
    np.add.at(received, flow[~explained], amount[~explained])
    return Moves(received, flow, giver_of, amount, explained)


def _moved(giver: int, others: Integers, flows: Flows, exporter_fob: Integers, importer_fob: Integers) -> list[tuple[int, int, int, bool]]:
    """Moves of one exporter and product: (flow, giver, mills, is explained)."""
    left = int(exporter_fob[giver])
    named, unnamed = others[flows.has_exporter[others]], others[~flows.has_exporter[others]]
    found: list[tuple[int, int, int, bool]] = []
    gap = int(importer_fob[named].sum()) - int(exporter_fob[named].sum())
    if gap > 0:
        # a partner that doesn't report misses nothing: its 0 is no report
        missing = np.where(flows.has_importer[named], np.maximum(importer_fob[named] - exporter_fob[named], 0), 0).tolist()
        amount = min(left, gap)
        found += [(int(f), giver, a, False) for f, a in zip(named, shared_out(amount, missing), strict=True) if a]
        left -= amount
    explaining = np.maximum(importer_fob[unnamed], 0).tolist()
    amount = min(left, sum(explaining))
    if amount:
        found += [(int(f), giver, a, True) for f, a in zip(unnamed, shared_out(amount, explaining), strict=True) if a]
    return found
