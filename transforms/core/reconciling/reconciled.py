"""One row group reconciled: steps 0 to 6 of docs/methods.md 1.1 in their order, on arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from transforms.core.reconciling.fob import ImporterFob, RouteRates, importer_fob, unit_values
from transforms.core.reconciling.marks import Marks, mark
from transforms.core.reconciling.methods import METHODS
from transforms.core.reconciling.mirrors import Flows
from transforms.core.reconciling.nes import Moves, nes_moves
from transforms.core.reconciling.pair_tables import PairTables, pair_tables
from transforms.core.reconciling.weighing import NetWeight, Weighed, interval_of, net_weight, weigh
from transforms.settings import Settings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Record = TypeVar("Record")


@dataclass(frozen=True)
class Mirrored:
    """n flows made comparable. ``exporter_fob`` and ``importer.fob`` in mills; ``apart`` the re-exports and ``moves`` the exports to
    areas not specified that are in exporter_fob no more, or anew."""

    flows: Flows
    exporter_fob: Integers
    importer: ImporterFob
    apart: Integers
    moves: Moves | None


@dataclass(frozen=True)
class Bounds:
    """The 90 % interval in mills, where ``has``."""

    low: Integers
    high: Integers
    has: Flags


@dataclass(frozen=True)
class Reconciled:
    """n flows reconciled. ``pair`` indexes the tables; ``weighed.value`` is the value, brought to the pair's total where the method
    does so."""

    mirrored: Mirrored
    tables: PairTables
    pair: Integers
    weighed: Weighed
    bounds: Bounds
    net: NetWeight
    marks: Marks
    method: str

    @property
    def value(self) -> Integers:
        """The values (n,), mills."""
        return self.weighed.value

    @property
    def is_kept(self) -> Flags:
        """Not a flow to areas not specified of which all was moved (n,)."""
        moves, flows = self.mirrored.moves, self.mirrored.flows
        if moves is None:
            return np.ones(len(flows), bool)
        is_gone: Flags = (moves.given > 0) & (self.mirrored.exporter_fob == 0) & ~flows.has_importer
        return ~is_gone


def joined(parts: list[Record]) -> Record:
    """Records of arrays, one after another, as one."""
    first: Any = parts[0]
    if len(parts) == 1:
        return parts[0]
    return type(first)(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(first)))  # type: ignore[no-any-return]


def mirrored(flows: Flows, rates: RouteRates, *, is_nes_moved: bool = True) -> Mirrored:
    """Both sides FOB and of the same goods: CIF taken off, re-exports apart, exports to areas not specified moved.

    An importer reports by origin, so that the exporter's re-exports are none of what it reports: a two-sided flow compares what
    the exporter reports beyond them. Where the exporter alone reports, its report stays whole. ``flows`` hold all flows of each
    of their exporters.
    """
    importer = joined([importer_fob(flows.slice(*block), rates) for block in flows.blocks()])
    reported, re_exports = flows.exporter_reported, flows.re_exports
    apart = np.where(flows.has_importer & (re_exports > 0) & (re_exports <= reported), re_exports, 0)
    exporter_fob = reported - apart
    moves = nes_moves(flows, exporter_fob, importer.fob) if is_nes_moved else None
    if moves is not None:
        exporter_fob = exporter_fob + moves.received - moves.given
    return Mirrored(flows, exporter_fob, importer, apart, moves)


def reconciled(flows: Flows, rates: RouteRates, settings: Settings) -> Reconciled:
    """The flows of one row group reconciled by [reconcile] method."""
    chosen, parameters = METHODS[settings.reconcile.method], rates.parameters
    found = mirrored(flows, rates, is_nes_moved=settings.reconcile.is_nes_moved)
    tables = pair_tables(flows, chosen, parameters)
    pair = tables.pair(flows)
    weighed: list[Weighed] = []
    bounds: list[Bounds] = []
    net: list[NetWeight] = []
    for start, end in flows.blocks():
        part, of_pair = flows.slice(start, end), pair[start:end]
        importer = ImporterFob(*(getattr(found.importer, f.name)[start:end] for f in fields(found.importer)))
        usd_per_kg = unit_values(part, parameters)
        weighed.append(weigh(part, tables, of_pair, found.exporter_fob[start:end], importer, usd_per_kg))
        bounds.append(Bounds(*interval_of(tables, of_pair, weighed[-1], importer, settings.estimate.interval_quantile)))
        net.append(net_weight(part, tables, of_pair, weighed[-1].value, usd_per_kg, parameters))
    whole, weights = joined(weighed), joined(net)
    marks = _marks(found, tables, pair, whole, weights, is_by_sigma=chosen.is_by_sigma)
    return Reconciled(found, tables, pair, whole, joined(bounds), weights, marks, chosen.name)


def _marks(found: Mirrored, tables: PairTables, pair: Integers, weighed: Weighed, net: NetWeight, *, is_by_sigma: bool) -> Marks:
    """All marks of the flows but those of a later rescaling."""
    flows = found.flows
    both = flows.has_exporter & flows.has_importer
    marks = (
        weighed.marks
        | mark("re_exports_apart", found.apart > 0)
        | mark("re_exports_above", (flows.re_exports > 0) & (flows.re_exports > flows.exporter_reported))
        | mark("copied_report", flows.is_copied)
    )
    marks |= mark("weight_estimated", net.is_estimated)
    if is_by_sigma:
        marks |= mark("sigma_default", both & tables.is_default[pair])
    if found.moves is not None:
        marks |= mark("nes_received", found.moves.received > 0) | mark("nes_given", found.moves.given > 0)
    return marks | _conversion_marks(flows)


def _conversion_marks(flows: Flows) -> Marks:
    """Whether either side's code was converted from another edition, and how surely."""
    texts = flows.rows.coded("conversion").texts.to_pylist()
    marks = np.zeros(len(flows), np.int32)
    if not texts:
        return marks
    one = np.ones(1, bool)
    named = [t if t in ("same_code", "equal_split", "unmapped") else None for t in texts]
    bits = np.array([(mark("converted", one) | (mark(n, one) if n else 0))[0] for n in named] + [0], np.int32)
    for is_exporter in (True, False):
        marks |= bits[flows.coded("conversion", is_exporter=is_exporter).indices]
    return marks
