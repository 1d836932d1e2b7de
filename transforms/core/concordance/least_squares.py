"""y = X B for one group of codes: B at least 0, rows that sum to 1, nothing where there is no relation.

Where the data leave a weight open, the solution nearest to what would stand without data (the equal split) is meant: a ridge
towards it, so slight that it decides nothing else, makes the problem strictly convex and its answer one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Strength of the ridge, as a share of each row's own sum of squares.
RIDGE = 1e-8
#: Relations up to which the answer is exact (active set); larger groups end with the descent.
EXACT_RELATIONS = 800
#: Row updates of the descent at most, where it only leads to the exact answer and where it has the last word.
WARM_UPDATES, ROW_UPDATES = 5_000, 200_000
#: The change at which the descent ends, as a share of a row.
CHANGE = 1e-12


@dataclass(frozen=True)
class Problem:
    """R observations of n from codes (x) and m to codes (y); E relations, sorted by row, with their weights without data."""

    x: Floats
    y: Floats
    row: Ints
    column: Ints
    prior: Floats

    def __post_init__(self) -> None:
        if (np.sqrt((self.x**2).sum(0)) <= 0).any():
            raise ValueError("a code without an observation has no weights to fit: leave its row out")


@dataclass(frozen=True)
class Solution:
    """Weights of the relations (E,); ``is_exact`` False where the descent ended at its limits."""

    weight: Floats
    is_exact: bool


def onto_simplex(point: Floats, total: float) -> Floats:
    """The point nearest to ``point`` with entries of at least 0 that sum to ``total``."""
    falling = np.sort(point)[::-1]
    excess = (np.cumsum(falling) - total) / np.arange(1, len(point) + 1)
    level = excess[np.flatnonzero(falling > excess)[-1]]
    return np.asarray(np.maximum(point - level, 0.0), dtype=np.float64)


def _descend(scaled: Floats, y: Floats, starts: Ints, column: Ints, size: Floats, prior: Floats, updates: int) -> tuple[Floats, bool]:
    """Row by row, each the best given the others, from the prior on."""
    value = prior.copy()
    rest = y.copy()
    rows = [slice(a, b) for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]
    for i, part in enumerate(rows):
        rest[:, column[part]] -= scaled[:, i : i + 1] * value[part]
    for _ in range(max(updates // len(rows), 1)):
        largest = 0.0
        for i, part in enumerate(rows):
            if part.stop - part.start == 1:
                continue
            at, now = column[part], value[part]
            step = (scaled[:, i] @ rest[:, at] - RIDGE * (now - prior[part])) / (1.0 + RIDGE)
            new = onto_simplex(now + step, float(size[i]))
            change = new - now
            rest[:, at] -= scaled[:, i : i + 1] * change
            value[part] = new
            largest = max(largest, float(np.abs(change).max() / size[i]))
        if largest < CHANGE:
            return value, True
    return value, False


def _active_set(hessian: Floats, linear: Floats, row: Ints, size: Floats, start: Floats) -> tuple[Floats, bool]:
    """Minimum of c'Hc/2 - linear'c, c at least 0, sums by row as ``size``: from a feasible start, one relation at a time."""
    value = np.where(start > 1e-9 * size[row], start, 0.0)
    value *= (size / np.bincount(row, value, len(size)))[row]
    is_free = value > 0
    count, tolerance = len(size), 1e-11 * max(float(np.abs(linear).max()), 1e-300)
    for _ in range(20 * len(row) + 100):
        free = np.flatnonzero(is_free)
        sums = (row[free] == np.arange(count)[:, None]).astype(np.float64)
        system = np.block([[hessian[np.ix_(free, free)], sums.T], [sums, np.zeros((count, count))]])
        solved = np.linalg.solve(system, np.concatenate([linear[free], size]))
        target, price = solved[: len(free)], solved[len(free) :]
        below = target < -1e-13 * size[row[free]]
        if below.any():
            reach = value[free][below] / (value[free][below] - target[below])
            step = float(reach.min())
            moved = np.maximum(value[free] + step * (target - value[free]), 0.0)
            moved[np.flatnonzero(below)[int(reach.argmin())]] = 0.0
            value[free] = moved
            is_free[free[moved <= 0]] = False
            continue
        value[free] = np.maximum(target, 0.0)
        reduced = np.where(is_free, 0.0, hessian @ value - linear + price[row])
        if reduced.min() >= -tolerance:
            return value, True
        is_free[int(reduced.argmin())] = True
    return value, False


def solve(problem: Problem) -> Solution:
    """Weights of a group's relations by constrained least squares. Deterministic: the same arrays give the same answer."""
    count = problem.x.shape[1]
    size = np.sqrt((problem.x**2).sum(0))
    scaled = problem.x / size
    degree = np.bincount(problem.row, minlength=count)
    prior = size[problem.row] * problem.prior
    starts = np.concatenate([[0], np.cumsum(degree)]).astype(np.int64)
    exact = _exact(problem, scaled, size, prior, starts) if len(problem.row) <= EXACT_RELATIONS else None
    if exact is not None:
        return Solution(exact / size[problem.row], True)
    value, is_exact = _descend(scaled, problem.y, starts, problem.column, size, prior, ROW_UPDATES)
    return Solution(value / size[problem.row], is_exact)


def _exact(problem: Problem, scaled: Floats, size: Floats, prior: Floats, starts: Ints) -> Floats | None:
    """The answer by the active set, scaled as ``prior`` is; None where it takes too many steps."""
    value, _ = _descend(scaled, problem.y, starts, problem.column, size, prior, WARM_UPDATES)
    same = problem.column[:, None] == problem.column
    hessian = np.where(same, (scaled.T @ scaled)[np.ix_(problem.row, problem.row)], 0.0) + RIDGE * np.eye(len(problem.row))
    linear = (scaled.T @ problem.y)[problem.row, problem.column]
    towards = prior
    # once more with the answer as prior: what data decide loses the ridge's pull, what they leave open stays
    for _ in range(2):
        value, is_exact = _active_set(hessian, linear + RIDGE * towards, problem.row, size, value)
        if not is_exact:
            return None
        towards = value
    return value
