"""Conversion weights from one classification to another: fixed, fitted on reporters that switched, or a prior's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from transforms.contracts.codes import CONVERSIONS
from transforms.core.concordance.groups import ConcordanceError, Correlation, groups
from transforms.core.concordance.least_squares import Problem, Solution, solve

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: How a row's weights came about, from the surest to the weakest; a chain's row has the last of its links'.
ORIGINS = tuple(name for name in CONVERSIONS if name != "unmapped")
FIXED, FITTED, SAME_CODE, EQUAL_SPLIT = range(len(ORIGINS))
#: Sums of rows may differ from 1 by this before they are put right; weights below the other are dropped: they make phantom flows.
SUM_TOLERANCE, LEAST_WEIGHT = 1e-9, 1e-6
DIGITS = 12


@dataclass(frozen=True)
class Weights:
    """Rows of weights. ``start`` (n + 1,): row i's targets are ``target[start[i]:start[i + 1]]``, in the order of to_codes.

    ``weight`` (E,) with DIGITS significant digits; each row sums to 1 within what these digits leave open. ``origin`` (n,)
    indexes ORIGINS; ``observations`` (n,) reporters whose trade in the code was used. ``inexact``: codes of groups whose fit ended
    at its limits (weights that hold, though not quite the best; of a chain: all its steps').
    """

    from_edition: str
    to_edition: str
    from_codes: NDArray[np.str_]
    to_codes: NDArray[np.str_]
    start: Ints
    target: Ints
    weight: Floats
    origin: Ints
    observations: Ints
    inexact: int = 0

    @property
    def row(self) -> Ints:
        """Row of each weight, (E,)."""
        return np.repeat(np.arange(len(self.from_codes), dtype=np.int64), np.diff(self.start))

    def sums(self) -> Floats:
        """Sum of each row, (n,)."""
        return np.bincount(self.row, self.weight, len(self.from_codes)).astype(np.float64)


@dataclass(frozen=True)
class Observations:
    """What reporters that switched reported: R reporters, values by the codes of a correlation in its order, at least 0.

    ``before`` (R, n) in the from classification, ``after`` (R, m) in the to classification: for the way from the older to the
    newer edition the year before the change and the year of it, for the way back the other way round. ``match_totals`` scales
    each reporter's ``after`` to its ``before`` within a group: what trade grew by is no conversion.
    """

    before: Floats
    after: Floats
    match_totals: bool = True


@dataclass(frozen=True)
class Prior:
    """What stands where no data decide: ``weight`` (E,) in the order of a table's relations, ``origin`` (n,) of its from codes."""

    weight: Floats
    origin: Ints


def significant(values: Floats, digits: int = DIGITS) -> Floats:
    """Values rounded to so many significant digits, as decimal text would be."""
    return np.array([float(f"{v:.{digits - 1}e}") for v in values.tolist()], dtype=np.float64)


def positions(names: NDArray[np.str_], among: NDArray[np.str_]) -> Ints:
    """Where each name stands in ``among`` (in text order), -1 where it doesn't."""
    if not len(among):
        return np.full(len(names), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(among, names), len(among) - 1)
    return np.where(among[at] == names, at, -1).astype(np.int64)


def make_weights(
    editions: tuple[str, str],
    codes: tuple[NDArray[np.str_], NDArray[np.str_]],
    relations: tuple[Ints, Ints, Floats],
    origin: Ints,
    observations: Ints,
    *,
    least: float = LEAST_WEIGHT,
) -> Weights:
    """Weights from relations (row, target, weight) sorted by row and target: checked, those below ``least`` dropped, put right, rounded.

    Raises ConcordanceError for a row that doesn't sum to 1 within SUM_TOLERANCE, and for weights that are negative or no number.
    """
    row, target, weight = relations
    count = len(codes[0])
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        bad = int(row[np.flatnonzero(~(weight >= 0) | ~np.isfinite(weight))[0]])
        raise ConcordanceError(f"{' to '.join(editions)}: code {codes[0][bad]} has a weight that is negative or no number")
    sums = np.bincount(row, weight, count)
    off = np.flatnonzero(np.abs(sums - 1.0) >= SUM_TOLERANCE)
    if len(off):
        first = f"those of code {codes[0][off[0]]} sum to {sums[off[0]]:.12g}"
        raise ConcordanceError(f"{' to '.join(editions)}: weights must sum to 1 for each code; {first} ({len(off)} codes in all)")
    kept = weight >= least
    row, target, weight = row[kept], target[kept], weight[kept]
    weight = significant(weight / np.bincount(row, weight, count)[row])
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count))]).astype(np.int64)
    return Weights(*editions, *codes, start, target, weight, origin, observations)


def _checked(table: Correlation, seen: Observations) -> None:
    n, m = len(table.from_codes), len(table.to_codes)
    if seen.before.ndim != 2 or seen.before.shape[1] != n or seen.after.shape != (len(seen.before), m):
        raise ValueError(f"observations are (R, {n}) and (R, {m}); these are {seen.before.shape} and {seen.after.shape}")
    for values in (seen.before, seen.after):
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError("observations are values of at least 0")


@dataclass(frozen=True)
class _Group:
    """Codes and relations of one group by index, and the weights of the relations without data."""

    rows: Ints
    columns: Ints
    relations: Ints
    prior: Floats


def _fit(table: Correlation, seen: Observations, group: _Group, minimum: int) -> tuple[Ints, Ints, Solution]:
    """One group: rows fitted, their observations, and the weights of its relations (the prior where nothing was fitted)."""
    rows, columns, relations = group.rows, group.columns, group.relations
    before, after = seen.before[:, rows], seen.after[:, columns]
    totals = before.sum(1), after.sum(1)
    used = (totals[0] > 0) & (totals[1] > 0)
    before, after = before[used], after[used]
    if seen.match_totals:
        after = after * (totals[0][used] / totals[1][used])[:, None]
    counts = (before > 0).sum(0).astype(np.int64)
    is_fitted = counts >= minimum
    row, column = np.searchsorted(rows, table.from_index[relations]), np.searchsorted(columns, table.to_index[relations])
    weight, is_exact = group.prior.copy(), True
    if is_fitted.any():
        # what rows without data of their own bring is taken off as the prior says
        fixed = ~is_fitted[row]
        known = np.zeros((len(rows), len(columns)))
        known[row[fixed], column[fixed]] = weight[fixed]
        number = np.cumsum(is_fitted) - 1
        scale = float(before.max())
        rest = (after - before @ known) / scale
        problem = Problem(before[:, is_fitted] / scale, rest, number[row[~fixed]], column[~fixed], weight[~fixed])
        solved = solve(problem)
        weight[~fixed], is_exact = solved.weight, solved.is_exact
    return np.flatnonzero(is_fitted).astype(np.int64), counts, Solution(weight, is_exact)


def estimate(
    table: Correlation,
    editions: tuple[str, str],
    seen: Observations | None = None,
    *,
    minimum_observations: int = 1,
    prior: Prior | None = None,
) -> Weights:
    """Weights of one direction of a correlation table, (from, to) as ``editions`` say; the other way is a call of its own.

    A code with one relation has weight 1. The others are fitted group by group on ``seen``, where at least
    ``minimum_observations`` reporters traded the code before and its group after. The rest has the weights and
    origins of ``prior``; without one it is split equally and says so. Raises ConcordanceError where ``prior`` doesn't sum
    to 1 for each code, ValueError for observations of the wrong shape or below 0.
    """
    if seen is not None:
        _checked(table, seen)
    codes, relations = (table.from_codes, table.to_codes), (table.from_index, table.to_index)
    n = len(table.from_codes)
    observations = np.zeros(n, dtype=np.int64)
    origin = np.where(table.degree == 1, FIXED, EQUAL_SPLIT if prior is None else prior.origin).astype(np.int64)
    before = 1.0 / table.degree[table.from_index] if prior is None else prior.weight
    if prior is not None:
        make_weights(editions, codes, (*relations, before), origin, observations)  # refuses what doesn't sum to 1
    weight, inexact = before.copy(), 0
    if seen is not None:
        found = groups(table)
        of_relation = found.of_from[table.from_index]
        for number in np.unique(found.of_from[table.degree > 1]).tolist():
            rows, columns, own = (np.flatnonzero(of == number) for of in (found.of_from, found.of_to, of_relation))
            fitted, counts, solution = _fit(table, seen, _Group(rows, columns, own, before[own]), minimum_observations)
            weight[own], observations[rows] = solution.weight, counts
            inexact += 0 if solution.is_exact else len(fitted)
            origin[rows[fitted][table.degree[rows[fitted]] > 1]] = FITTED
    return replace(make_weights(editions, codes, (*relations, weight), origin, observations), inexact=inexact)
