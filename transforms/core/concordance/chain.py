"""Weights over several editions: the product of the weights of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from transforms.core.concordance.groups import ConcordanceError
from transforms.core.concordance.weights import FITTED, Weights, make_weights, positions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """``weights`` from the first edition to the last; ``unmapped``: codes of the first that a table on the way leaves out."""

    weights: Weights
    unmapped: tuple[str, ...]


def without(weights: Weights, lost: NDArray[np.bool_]) -> Weights:
    """The rows that aren't ``lost`` (n,)."""
    kept = ~lost[weights.row]
    start = np.concatenate([[0], np.cumsum(np.diff(weights.start)[~lost])]).astype(np.int64)
    return Weights(
        weights.from_edition,
        weights.to_edition,
        weights.from_codes[~lost],
        weights.to_codes,
        start,
        weights.target[kept],
        weights.weight[kept],
        weights.origin[~lost],
        weights.observations[~lost],
    )


def _product(first: Weights, second: Weights, at: Ints) -> Weights:
    """Two steps as one; ``at`` (targets of first,) are rows of second."""
    degree = np.diff(second.start)[at]
    row = np.repeat(first.row, degree)
    offset = np.arange(int(degree.sum()), dtype=np.int64) - np.repeat(np.cumsum(degree) - degree, degree)
    place = np.repeat(second.start[at], degree) + offset
    weight = np.repeat(first.weight, degree) * second.weight[place]
    keys, inverse = np.unique(row * len(second.to_codes) + second.target[place], return_inverse=True)
    origin, observations = first.origin.copy(), first.observations.copy()
    np.maximum.at(origin, first.row, second.origin[at])
    summed: Floats = np.bincount(inverse, weight, len(keys)).astype(np.float64)
    relations = keys // len(second.to_codes), keys % len(second.to_codes), summed
    editions = first.from_edition, second.to_edition
    return make_weights(editions, (first.from_codes, second.to_codes), relations, origin, observations)


def chain(steps: Sequence[Weights]) -> Chain:
    """Steps one after another, each from where the last one leads. A row's origin is the weakest of all it passes.

    A code of which any part reaches a code that the next step leaves out is unmapped as a whole: a value is never half converted.
    Raises ConcordanceError for no steps, for steps that don't meet, and for an edition that is passed twice.
    """
    if not steps:
        raise ConcordanceError("a chain of editions has at least one step")
    passed = [steps[0].from_edition, *(s.to_edition for s in steps)]
    for before, after in pairwise(steps):
        if before.to_edition != after.from_edition:
            raise ConcordanceError(f"a step to {before.to_edition} can't be followed by one from {after.from_edition}")
    if len(set(passed)) != len(passed):
        raise ConcordanceError(f"the chain {' > '.join(passed)} passes an edition twice: what is split does not come together again")
    whole, unmapped = steps[0], set[str]()
    for step in steps[1:]:
        at = positions(whole.to_codes, step.from_codes)[whole.target]
        lost = np.bincount(whole.row, at < 0, len(whole.from_codes)) > 0
        unmapped |= set(whole.from_codes[lost].tolist())
        whole = _product(without(whole, lost), step, at[~lost[whole.row]])
    if len(steps) > 1:
        whole = replace(whole, inexact=sum(step.inexact for step in steps))
    return Chain(whole, tuple(sorted(unmapped)))


def preferred(direct: Weights, chained: Weights) -> Weights:
    """Weights of one pair by its own table, but the chain's for codes that data decide on its way and the table alone leaves open.

    Such codes are split by a prior in ``direct``, or not in it at all, while each step of the chain is fixed or fitted.
    """
    at = positions(chained.from_codes, direct.from_codes)
    is_open = (at < 0) | (direct.origin[np.maximum(at, 0)] > FITTED)
    better = is_open & (chained.origin <= FITTED)
    if not better.any():
        return direct
    replaced = np.zeros(len(direct.from_codes), dtype=bool)
    replaced[at[better & (at >= 0)]] = True
    parts = without(direct, replaced), without(chained, ~better)
    from_codes = np.unique(np.concatenate([p.from_codes for p in parts]))
    to_codes = np.unique(np.concatenate([p.to_codes for p in parts]))
    place = np.argsort(np.concatenate([p.from_codes for p in parts]))
    row = np.concatenate([positions(p.from_codes, from_codes)[p.row] for p in parts])
    target = np.concatenate([positions(p.to_codes, to_codes)[p.target] for p in parts])
    order = np.lexsort((target, row))
    relations = row[order], target[order], np.concatenate([p.weight for p in parts])[order]
    origin, observations = (np.concatenate([getattr(p, name) for p in parts])[place] for name in ("origin", "observations"))
    editions = direct.from_edition, direct.to_edition
    inexact = direct.inexact + chained.inexact
    return replace(make_weights(editions, (from_codes, to_codes), relations, origin, observations), inexact=inexact)
