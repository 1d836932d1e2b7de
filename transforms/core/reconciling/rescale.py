"""Products brought to their pair's total, as the Growth Lab does (docs/methods.md 1.2): sums by bucket, totals by pair, shares by bucket.

The pair's total weighs the sums that both sides report of it. Its products, wherever their buckets lie, are scaled to it in
proportion. A rest that belongs to no product doesn't arise here: what a reporter's total holds beyond its products is a leaf of its
own (XXXXXX, core/harmonising/residuals.py), and one-sided products count whole, so that the total is never above their sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.core.coded import AREA_CODES
from transforms.core.estimates.growth_lab import rescaled
from transforms.core.reconciling.fob import RouteRates
from transforms.core.reconciling.groups import groups
from transforms.core.reconciling.marks import mark
from transforms.core.reconciling.mirrors import Flows, flows_of
from transforms.core.reconciling.reconciled import Reconciled, reconciled
from transforms.core.reconciling.weighing import mixed
from transforms.settings import Settings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
#: The columns contracts.STRATUM of one.
StratumKey = tuple[object, ...]


@dataclass(frozen=True)
class PairSums:
    """Of p pairs (exporter * 1000 + importer, ascending) in one bucket, mills: what each side reports, the values; the method's weight."""

    pair: Integers
    exporter_fob: Integers
    importer_fob: Integers
    value: Integers
    least: Integers
    weight: Floats


@dataclass(frozen=True)
class Shares:
    """Of p pairs, ascending, mills: each bucket's part of the total (p, buckets)."""

    pair: Integers
    of_bucket: Integers


PairTotals = Mapping[StratumKey, Shares]


def stratum_key(flows: Flows) -> StratumKey:
    """The key of a row group's stratum."""
    return tuple(flows.rows.data[name][0].as_py() for name in contracts.STRATUM)


def pair_keys(flows: Flows) -> Integers:
    """exporter * 1000 + importer (n,)."""
    return flows.exporter * AREA_CODES + flows.importer


def bucket_sums(home: Path, year: int, bucket: int, settings: Settings, rates: RouteRates) -> dict[StratumKey, PairSums]:
    """Both sides by pair over one bucket's own flows, as reconciling sees them."""
    found: dict[StratumKey, list[PairSums]] = {}
    for group in groups(home, year, bucket):
        if group.is_own:
            flows = flows_of(group.read(), year)
            found.setdefault(stratum_key(flows), []).append(_sums(reconciled(flows, rates, settings)))
    return {key: _added(parts) for key, parts in found.items()}


def _sums(found: Reconciled) -> PairSums:
    one, other = found.mirrored.exporter_fob, found.mirrored.importer.fob
    choice = found.weighed.choice  # a suspected unit mistake stands in neither side's sum
    chosen = np.where(choice == 1, one, other)
    one, other = (np.where(np.isnan(choice), side, chosen) for side in (one, other))
    pair, first, index = np.unique(pair_keys(found.mirrored.flows), return_index=True, return_inverse=True)
    sums = np.zeros((3, len(pair)), np.int64)
    for total, values in zip(sums, (one, other, found.value), strict=True):
        np.add.at(total, index, values)
    least = np.zeros(len(pair), np.int64)
    np.minimum.at(least, index, found.value)
    return PairSums(pair, sums[0], sums[1], sums[2], least, found.tables.weight[found.pair[first]])


def _added(parts: Sequence[PairSums]) -> PairSums:
    """Parts of pairs that are each in one part, or in several."""
    names = ("exporter_fob", "importer_fob", "value", "least")
    pair, first, index = np.unique(np.concatenate([p.pair for p in parts]), return_index=True, return_inverse=True)
    sums = np.zeros((4, len(pair)), np.int64)
    for total, name in zip(sums, names, strict=True):
        np.add.at(total, index, np.concatenate([getattr(p, name) for p in parts]))
    return PairSums(pair, sums[0], sums[1], sums[2], sums[3], np.concatenate([p.weight for p in parts])[first])


def pair_totals(buckets: Sequence[Mapping[StratumKey, PairSums]]) -> dict[StratumKey, Shares]:
    """Each pair's total shared out over its buckets: ``buckets`` in their order, every one of the year."""
    found: dict[StratumKey, Shares] = {}
    for key in sorted({key for bucket in buckets for key in bucket}, key=str):
        whole = _added([bucket[key] for bucket in buckets if key in bucket])
        parts = np.zeros((len(whole.pair), len(buckets)), np.int64)
        for number, bucket in enumerate(buckets):
            if key in bucket:
                parts[np.searchsorted(whole.pair, bucket[key].pair), number] = bucket[key].value
        total = mixed(whole.weight, whole.exporter_fob, whole.importer_fob)
        # one side alone has no other to be weighed with, and a value below 0 can't be scaled
        stays = (whole.exporter_fob <= 0) | (whole.importer_fob <= 0) | (whole.least < 0)
        total = np.where(stays, whole.value, total)
        pair = np.repeat(np.arange(len(total)), len(buckets))
        done = rescaled(np.maximum(parts, 0).ravel(), pair, np.where(stays, np.maximum(parts, 0).sum(axis=1), total))
        shares = np.where(stays[:, None], parts, done.reshape(parts.shape))
        found[key] = Shares(whole.pair, shares)
    return found


def brought_to_totals(found: Reconciled, totals: PairTotals, bucket: int) -> Reconciled:
    """The flows with values that sum to their pair's share of the bucket, to the mill; the changed ones marked ``rescaled``."""
    flows = found.mirrored.flows
    shares = totals[stratum_key(flows)]
    pair, index = np.unique(pair_keys(flows), return_inverse=True)
    wanted = shares.of_bucket[np.searchsorted(shares.pair, pair), bucket]
    sums = np.zeros(len(pair), np.int64)
    np.add.at(sums, index, found.value)
    at = np.flatnonzero((sums != wanted)[index])
    at = at[np.argsort(index[at], kind="stable")]
    value = found.value.copy()
    kept, renumbered = np.unique(index[at], return_inverse=True)
    value[at] = rescaled(found.value[at], renumbered, wanted[kept])
    changed = value != found.value
    scale = value / np.where(changed & (found.value > 0), found.value, 1)
    bounds = found.bounds
    moved = changed & bounds.has
    ends = (np.where(moved, np.rint(np.where(moved, end * scale, 0.0)).astype(np.int64), end) for end in (bounds.low, bounds.high))
    low, high = ends
    marks = found.marks | mark("rescaled", changed)
    return replace(found, weighed=replace(found.weighed, value=value), bounds=replace(bounds, low=low, high=high), marks=marks)
