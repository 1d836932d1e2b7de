"""Small symmetric systems, also singular ones, and what hangs together.

Written out in elementwise steps: a threaded BLAS gives other last digits for one thread than for two, and 12 rounded
digits don't hide that in thousands of numbers. A system of 500 takes half a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Flags, Floats, Integers

#: Pivots that count as zero: the share of a coefficient's own observations that the others' don't take up.
TOLERANCE = 1e-11


@dataclass(frozen=True)
class Inverse:
    """Moore-Penrose inverse of a symmetric positive semi-definite matrix (p, p), and its rank."""

    matrix: Floats
    rank: int


def times(one: Floats, other: Floats) -> Floats:
    """Product of a matrix (n, m) with a matrix (m, k) or vector (m,), summed in one order whatever the machine's threads."""
    product: Floats = np.einsum("ij,j->i" if other.ndim == 1 else "ij,jk->ik", one, other, optimize=False)
    return product


def pseudo_inverse(normal: Floats, weight: Floats) -> Inverse:
    """Inverse of ``normal`` (p, p); a singular system gets its minimum-norm solution, a column of zeros the solution 0.

    What is zero is decided with rows and columns scaled by the root of ``weight`` (p,), the weight of the observations
    behind each coefficient, so that a coefficient with one observation counts beside one with millions.
    """
    size = np.sqrt(np.where(weight > 0, weight, 1.0))
    swept, taken = _swept(normal / size[:, None] / size)
    spread = np.where(taken[:, None] & taken, -swept, 0.0) / size[:, None] / size
    rest = np.flatnonzero(~taken)
    if not len(rest):
        return Inverse(spread, len(normal))
    nothing = np.where(taken[:, None], -swept[:, rest], 0.0)
    nothing[rest, np.arange(len(rest))] = 1.0
    nothing /= size[:, None]
    nothing /= np.sqrt((nothing * nothing).sum(axis=0))
    gram, _ = _swept(times(nothing.T.copy(), nothing))
    project = np.eye(len(normal)) + times(times(nothing, gram), nothing.T.copy())
    return Inverse(times(times(project, spread), project), len(normal) - len(rest))


def _swept(matrix: Floats) -> tuple[Floats, Flags]:
    """Sweep operator on the largest pivots first, until none is left above the tolerance.

    Of the swept rows K and the others U it leaves -inv(M_KK), inv(M_KK) M_KU and the Schur complement. Returns it and K (p,).
    """
    swept, taken = (matrix + matrix.T) / 2, np.zeros(len(matrix), np.bool_)
    for _ in range(len(matrix)):
        pivots = np.where(taken, -np.inf, np.diag(swept))
        place = int(pivots.argmax())
        pivot = float(pivots[place])
        if pivot <= TOLERANCE:
            break
        column = swept[:, place].copy()
        swept -= column[:, None] * (column / pivot)
        swept[:, place] = swept[place, :] = column / pivot
        swept[place, place] = -1 / pivot
        taken[place] = True
    return swept, taken


def components(nodes: int, one: Integers, other: Integers) -> Integers:
    """Connected groups of a graph with edges ``one`` - ``other`` (m,): each node's smallest connected node (nodes,)."""
    label = np.arange(nodes, dtype=np.int64)
    while True:
        lower = label.copy()
        np.minimum.at(lower, one, label[other])
        np.minimum.at(lower, other, label[one])
        lower = lower[lower]
        if np.array_equal(lower, label):
            return label
        label = lower
