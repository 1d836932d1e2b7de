"""What came back of a world: scores by method, coverage of the intervals, the ranking, CIF coefficients, unit mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.core.estimates.cif import NAMES
from transforms.core.pinned.parameters import Parameters
from transforms.core.reconciling.methods import METHODS
from transforms.core.reconciling.methods.prefer import Fixed
from transforms.io import lake
from transforms.synthetic.truth import CIF_COEFFICIENTS, CIF_YEARS, Score, Truth
from transforms.synthetic.truth_reports import TruthWorld
from transforms.synthetic.truth_worlds import BLUNDER

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Methods that estimate nothing, against which the others are held.
SIMPLE = tuple(name for name, method in METHODS.items() if isinstance(method, Fixed))
#: Of a score; the bias counts by its size.
SCORES = ("absolute_error", "total_bias", "log_error")
#: How far above the best simple method still counts as level with it.
TOLERANCE = 1.1


@dataclass(frozen=True)
class Share:
    """``hits`` of ``cases``."""

    hits: int
    cases: int

    @property
    def value(self) -> float:
        """hits / cases, NaN without cases."""
        return self.hits / self.cases if self.cases else float("nan")


@dataclass(frozen=True)
class Coefficient:
    """A planted coefficient of the CIF equation and the one that was fitted."""

    name: str
    planted: float
    fitted: float
    standard_error: float

    @property
    def distance(self) -> float:
        """Fitted less planted, in standard errors."""
        return (self.fitted - self.planted) / self.standard_error


@dataclass(frozen=True)
class Outcome:
    """Of one world. ``ranking``: Spearman's coefficient of estimated and planted sigmas, as exporters and as importers, and
    ``coefficients`` of the CIF equation, each by year, since a year's estimates are fitted on its own reports.

    ``covered`` of all flows with an interval, and of those that both sides report: the truth lies inside; a flow that isn't
    there has the truth 0. ``precise`` of the flows marked as unit mistakes: planted; ``recalled`` of the planted that both
    sides report, one of them mistaken: marked; ``resolved`` of the flows rightly marked: the right report taken.
    """

    kind: str
    scores: Mapping[str, Score]
    covered: Share
    covered_two_sided: Share
    ranking: tuple[tuple[float, float], ...]
    coefficients: tuple[tuple[Coefficient, ...], ...]
    precise: Share
    recalled: Share
    resolved: Share


def size_of(score: Score, name: str) -> float:
    """A score as a number of which less is better."""
    return abs(float(getattr(score, name)))


def best_simple(scores: Mapping[str, Score], name: str) -> float:
    """The best of the simple methods."""
    return min(size_of(scores[method], name) for method in SIMPLE)


def loses(scores: Mapping[str, Score], name: str, method: str = "baci") -> bool:
    """Whether the method's score is more than TOLERANCE times the best simple method's."""
    return size_of(scores[method], name) > TOLERANCE * best_simple(scores, name)


def _places(column: pa.ChunkedArray, names: Iterable[object]) -> Integers:
    """Position of each text or number in ``names``, -1 where it isn't there (n,)."""
    known = pa.array(list(names))
    found = pc.fill_null(pc.index_in(column.cast(known.type), known), -1)
    return np.asarray(found.to_numpy(), np.int64)


def cells_of(flows: pa.Table, truth: Truth) -> tuple[Integers, Flags]:
    """Index of each flow into the truth's flat arrays, and whether it has a place there (n,)."""
    codes = truth.area_codes.tolist()
    axes = [
        _places(flows["year"], truth.years),
        _places(flows["exporter_code"], codes),
        _places(flows["importer_code"], codes),
        _places(flows["product_code"], truth.product_codes.tolist()),
    ]
    known = np.all([axis >= 0 for axis in axes], axis=0)
    cells = np.ravel_multi_index([np.where(known, axis, 0) for axis in axes], truth.value_mills.shape)
    return np.asarray(cells, np.int64), known


def coverage(flows: pa.Table, truth: Truth) -> tuple[Share, Share]:
    """Of all flows with an interval, and of those with two reports: how many hold the truth."""
    cells, known = cells_of(flows, truth)
    true = np.where(known, truth.value_mills.ravel()[cells], 0)
    has = flows["value_low_usd"].is_valid().to_numpy()
    low, high = (lake.mills(flows[name]) for name in ("value_low_usd", "value_high_usd"))
    inside = has & (low <= true) & (true <= high)
    both = has & pc.equal(flows["evidence"].cast(pa.string()), "both").to_numpy()
    return Share(int(inside.sum()), int(has.sum())), Share(int((inside & both).sum()), int(both.sum()))


def _ranks(numbers: Floats) -> Floats:
    """Ranks, ties by their mean (n,)."""
    _, index, count = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Floats = (last - (count - 1) / 2)[index]
    return ranks


def spearman(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation of two series (n,); NaN where one doesn't vary beyond its last digits."""
    if not all(np.ptp(numbers) > 1e-9 * np.abs(numbers).max() for numbers in (one, other)):
        return float("nan")
    a, b = (_ranks(numbers) - (len(numbers) + 1) / 2 for numbers in (one, other))
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def unit_mistakes(flows: pa.Table, world: TruthWorld) -> tuple[Share, Share, Share]:
    """Precision and recall of the mark suspected_1000, and of the flows that it rightly marks how many took the right report."""
    shape = world.truth.value_mills.shape
    nowhere = np.zeros(shape, bool)
    planted = [np.asarray(world.planted.get(f"is_blunder_{side}", nowhere), bool).ravel() for side in ("exporter", "importer")]
    cells, known = cells_of(flows, world.truth)
    both = pc.equal(flows["evidence"].cast(pa.string()), "both").to_numpy() & known
    is_one = (planted[0] != planted[1])[cells] & both
    texts = pc.fill_null(flows["method_marks"].cast(pa.string()), "")
    marked = pc.match_substring_regex(texts, r"\bsuspected_1000\b").to_numpy()
    hit = marked & is_one
    value, true = (np.maximum(mills[hit], 1) for mills in (lake.mills(flows["value_fob_usd"]), world.truth.value_mills.ravel()[cells]))
    is_near = np.abs(np.log(value / true)) < np.log(BLUNDER) / 2
    hits = int(hit.sum())
    return Share(hits, int(marked.sum())), Share(hits, int(is_one.sum())), Share(int(is_near.sum()), hits)


def coefficients(parameters: Parameters, year: int) -> tuple[Coefficient, ...]:
    """The CIF equation fitted on the year of a world (0: its first) beside the planted one; none where too few pairs gave the published."""
    fit = parameters.cif
    if fit.is_published:
        return ()
    planted = dict(CIF_COEFFICIENTS) | {"constant": CIF_COEFFICIENTS["constant"] + CIF_YEARS[year % len(CIF_YEARS)]}
    found = zip(NAMES, fit.plain.tolist(), fit.standard_errors.tolist(), strict=True)
    return tuple(Coefficient(name, planted[name], value, error) for name, value, error in found)


def ranking(parameters: Parameters, world: TruthWorld) -> tuple[float, float]:
    """Spearman's coefficient of the sigmas that were estimated and those planted, of the reporters that have one: exporters, importers."""
    codes = np.array([int(code) for code in world.truth.area_codes], np.int64)
    found = []
    for side, planted in zip(parameters.quality, (world.sigma_exporter, world.sigma_importer), strict=True):
        has = np.isin(codes, side.area)
        found.append(spearman(side.sigma_of(codes[has]), planted[has]))
    return found[0], found[1]
