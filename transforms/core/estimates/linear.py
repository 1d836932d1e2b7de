"""Small symmetric systems, also singular ones, and what hangs together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Floats, Integers

#: Eigenvalues of the scaled matrix that count as zero, relative to the largest.
TOLERANCE = 1e-11


@dataclass(frozen=True)
class Inverse:
    """Generalised inverse of a symmetric positive semi-definite matrix (p, p), and its rank."""

    matrix: Floats
    rank: int


def inverse(normal: Floats) -> Inverse:
    """Generalised inverse of ``normal`` (p, p), scaled to a unit diagonal first, as a design of unlike units needs.

    A singular system gets its minimum-norm solution in scaled coefficients; a column of zeros the solution 0.
    """
    diagonal = np.diag(normal)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors, keep = _spectrum(normal, size)
    return Inverse(_spread(values[keep], vectors[:, keep], size), int(keep.sum()))


def pseudo_inverse(normal: Floats, weight: Floats) -> Inverse:
    """Moore-Penrose inverse of ``normal`` (p, p): a singular system gets its minimum-norm solution.

    What is zero is decided with rows and columns scaled by the root of ``weight`` (p,) > 0, the observations behind each
    coefficient, so that a coefficient with one observation counts beside one with millions.
    """
    size = np.sqrt(weight)
    values, vectors, keep = _spectrum(normal, size)
    spread = _spread(values[keep], vectors[:, keep], size)
    nothing = np.linalg.qr(vectors[:, ~keep] / size[:, None])[0]
    project = np.eye(len(normal)) - nothing @ nothing.T
    return Inverse(project @ spread @ project, int(keep.sum()))


def _spectrum(normal: Floats, size: Floats) -> tuple[Floats, Floats, np.ndarray]:
    values, vectors = np.linalg.eigh((normal + normal.T) / 2 / size[:, None] / size[None, :])
    return values, vectors, values > TOLERANCE * max(float(values.max(initial=0.0)), 1e-300)


def _spread(values: Floats, vectors: Floats, size: Floats) -> Floats:
    rows = vectors / size[:, None]
    spread: Floats = (rows / values) @ rows.T
    return spread


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
