"""Small symmetric systems, also singular ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Floats

#: Eigenvalues of the matrix scaled to a unit diagonal that count as zero, relative to the largest.
TOLERANCE = 1e-11


@dataclass(frozen=True)
class Inverse:
    """Pseudo-inverse of a symmetric positive semi-definite matrix (p, p), and its rank."""

    matrix: Floats
    rank: int


def inverse(normal: Floats, *, scaled: bool = True) -> Inverse:
    """Pseudo-inverse of ``normal`` (p, p); a singular system gets its minimum-norm solution, a column of zeros the solution 0.

    ``scaled`` first brings the diagonal to 1, which a design of unlike units needs; the norm is then that of the scaled
    coefficients. Effects, all in one unit, are solved unscaled.
    """
    diagonal = np.diag(normal)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0)) if scaled else np.ones(len(normal))
    values, vectors = np.linalg.eigh((normal + normal.T) / 2 / size[:, None] / size[None, :])
    keep = values > TOLERANCE * max(float(values.max(initial=0.0)), 1e-300)
    kept = vectors[:, keep]
    spread = np.einsum("ik,k,jk->ij", kept, 1 / values[keep], kept, optimize=True)
    return Inverse(spread / size[:, None] / size[None, :], int(keep.sum()))
