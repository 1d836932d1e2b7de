"""Eight kinds of world whose truth is known (docs/methods.md 1.5): what both sides report of it, with that kind's errors.

Each is a function of a seed and of sizes. Worlds of one seed and size share one truth; errors are drawn from a stream of their
own. Log errors have median 0 (the mean of a report lies above the truth), and a reporter's quantities follow its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from transforms.synthetic.areas import HUBS
from transforms.synthetic.truth import Flags, Floats, Ints, Sizes, make_truth
from transforms.synthetic.truth_reports import Draft, Said, TruthWorld, told

#: Standard deviations of ln(report/truth): evenly spaced in ln over the reporters, in an order of their own on each side.
SIGMAS = (0.1, 0.8)
#: Chance that a flow is missing from one side's reports, in every world, whatever its size.
MISSING = 0.10
#: (b) one sigma for all; (d) correlation of both sides' errors.
EQUAL_SIGMA, CORRELATION = 0.3, 0.6
#: (c) Student's t with 3 degrees of freedom, scaled to the sigmas and cut; rate of values a thousand times too large, among flows
#: of less than 10 bn USD (a larger one would not go unseen, nor fit the lake's decimals).
TAIL_SIGMAS, LARGEST_LOG_ERROR, BLUNDERS, BLUNDER, BLUNDER_BELOW_USD = (0.05, 0.4), 3.0, 0.001, 1000, 10_000_000_000
#: (e) share of exporters that understate and by how much in ln; share of flows that pass a hub, and chances that the exporter
#: names the hub as destination, the importer as origin.
BIASED, BIAS, THROUGH_HUBS, NAMES_HUB, CONSIGNMENT = 0.25, -0.4, 0.12, 0.7, 0.4
#: (f) chance that a side reports a flow under the next code of its heading.
MISCLASSIFIED = 0.15
#: (g) chance that the smallest reporter is silent for a year (the largest: 0, evenly by rank); USD below which flows are left out,
#: of the largest reporter and of the smallest.
SILENT, THRESHOLDS_USD = 0.7, (1_000.0, 2_000_000.0)
#: (h) a flow's sigma: the reporter's, times the product's factor, times (value / median) to this power, within bounds.
FACTORS, SHRINKING, SIGMA_BOUNDS = (0.4, 2.5), -0.12, (0.02, 1.5)


def _sigmas(rng: np.random.Generator, count: int, bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    spaced = np.geomspace(*bounds, count)
    return rng.permutation(spaced), rng.permutation(spaced)


def _scaled(sigmas: tuple[Floats, Floats], draws: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Draws times the exporter's sigma, and times the importer's."""
    return draws[0] * sigmas[0][:, None, None], draws[1] * sigmas[1][:, None]


def _draft(kind: str, seed: int, sizes: Sizes | None, bounds: tuple[float, float] = SIGMAS) -> Draft:
    """The truth, told by both sides with normal log errors; each kind changes what it is about."""
    truth = make_truth(seed, sizes)
    rng = np.random.Generator(np.random.PCG64([seed, 1 + "abcdefgh".index(kind)]))
    value, one = truth.value_mills, np.ones(1, dtype=np.int64)
    sigmas = _sigmas(rng, len(truth.areas), bounds)
    draws = rng.standard_normal(value.shape), rng.standard_normal(value.shape)
    shown = rng.random(value.shape) >= MISSING, rng.random(value.shape) >= MISSING
    said = Said(value, value, np.zeros_like(value))
    return Draft(kind, seed, truth, rng, sigmas, said, _scaled(sigmas, draws), shown, (one, one), {})


def lognormal(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(a) Log-normal errors, reporters well apart."""
    return told(_draft("a", seed, sizes))


def equal_sigmas(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(b) All reporters are equally good: nothing to be gained by weights."""
    return told(_draft("b", seed, sizes, (EQUAL_SIGMA, EQUAL_SIGMA)))


def heavy_tails(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(c) Errors with heavy tails, and values told a thousand times too large. planted: is_blunder_exporter, is_blunder_importer."""
    draft = _draft("c", seed, sizes, TAIL_SIGMAS)
    shape = draft.truth.value_mills.shape
    draws = draft.rng.standard_t(3, shape) / np.sqrt(3.0), draft.rng.standard_t(3, shape) / np.sqrt(3.0)
    exporter, importer = _scaled(draft.sigmas, draws)
    limits = -LARGEST_LOG_ERROR, LARGEST_LOG_ERROR
    draft.errors = np.clip(exporter, *limits), np.clip(importer, *limits)
    may = draft.truth.value_mills < BLUNDER_BELOW_USD * 1000
    blunders = may & (draft.rng.random(shape) < BLUNDERS), may & (draft.rng.random(shape) < BLUNDERS)
    draft.times = np.where(blunders[0], BLUNDER, 1), np.where(blunders[1], BLUNDER, 1)
    draft.planted = {"is_blunder_exporter": blunders[0], "is_blunder_importer": blunders[1]}
    return told(draft)


def correlated_sides(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(d) Both sides err together, as where one copies the other or both value by one list."""
    draft = _draft("d", seed, sizes)
    exporter = draft.rng.standard_normal(draft.truth.value_mills.shape)
    importer = CORRELATION * exporter + np.sqrt(1 - CORRELATION**2) * draft.rng.standard_normal(exporter.shape)
    draft.errors = _scaled(draft.sigmas, (exporter, importer))
    return told(draft)


def hubs_and_bias(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(e) Some exporters understate; goods that pass a hub are told as sent to it, or as coming from it.

    The hub reports what passes as import, export and re-export. planted: is_biased (N,), hub_of (T, N, N, K): the hub's index, -1 without.
    """
    draft = _draft("e", seed, sizes)
    rng, truth = draft.rng, draft.truth
    count = len(truth.areas)
    is_biased = np.zeros(count, dtype=bool)
    is_biased[rng.permutation(count)[: round(BIASED * count)]] = True
    hubs = np.flatnonzero(np.isin(truth.area_codes, HUBS))
    hub = rng.choice(hubs, truth.value_mills.shape)
    ends = np.isin(np.arange(count), hubs)
    passes = (rng.random(hub.shape) < THROUGH_HUBS) & (truth.value_mills > 0) & ~ends[:, None, None] & ~ends[:, None]
    names_hub = passes & (rng.random(hub.shape) < NAMES_HUB)
    from_hub = passes & (rng.random(hub.shape) < CONSIGNMENT)
    year, exporter, importer, product = np.nonzero(passes)
    at, value = hub[passes], truth.value_mills[passes]
    through = Said(*(np.zeros_like(truth.value_mills) for _ in range(3)))
    moved, consigned = value * names_hub[passes], value * from_hub[passes]
    np.add.at(through.exports, (year, exporter, at, product), moved)  # the exporter's: sent to the hub
    np.add.at(through.imports, (year, at, importer, product), consigned)  # the importer's: from the hub
    np.add.at(through.imports, (year, exporter, at, product), value)  # the hub takes it in
    np.add.at(through.re_exports, (year, at, importer, product), value)  # and sends it on
    draft.said = Said(
        np.where(names_hub, 0, truth.value_mills) + through.exports + through.re_exports,
        np.where(from_hub, 0, truth.value_mills) + through.imports,
        through.re_exports,
    )
    draft.errors = draft.errors[0] + BIAS * is_biased[:, None, None], draft.errors[1]
    draft.planted = {"is_biased": is_biased, "hub_of": np.where(passes, hub, -1)}
    return told(draft)


def _misclassify(rng: np.random.Generator, value: Ints) -> tuple[Ints, Flags]:
    """Flows told under the next code of their heading (four codes in turn): pair totals stay."""
    width = value.shape[-1]
    following = np.arange(width) + 1
    following = np.where((following % 4 == 0) | (following == width), (np.arange(width) // 4) * 4, following)
    is_moved = (rng.random(value.shape) < MISCLASSIFIED) & (value > 0) & (following != np.arange(width))
    said = np.where(is_moved, 0, value)
    said[..., following] += np.where(is_moved, value, 0)  # following is a permutation: no code is met twice
    return said, is_moved


def misclassified(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(f) Products change inside pair totals, on each side by itself. planted: is_moved_exporter, is_moved_importer."""
    draft = _draft("f", seed, sizes)
    exports, moved_exports = _misclassify(draft.rng, draft.truth.value_mills)
    imports, moved_imports = _misclassify(draft.rng, draft.truth.value_mills)
    draft.said = replace(draft.said, exports=exports, imports=imports)
    draft.planted = {"is_moved_exporter": moved_exports, "is_moved_importer": moved_imports}
    return told(draft)


def missing_not_at_random(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(g) Small reporters are silent for whole years and leave small flows out. planted: is_reporting (N, T), threshold_usd (N,)."""
    draft = _draft("g", seed, sizes)
    value = draft.truth.value_mills
    trade = value.sum((0, 2, 3)) + value.sum((0, 1, 3))
    smallness = 1.0 - np.argsort(np.argsort(trade)) / (len(trade) - 1)
    is_reporting = draft.rng.random((len(trade), value.shape[0])) >= SILENT * smallness[:, None]
    threshold = THRESHOLDS_USD[0] * (THRESHOLDS_USD[1] / THRESHOLDS_USD[0]) ** smallness
    mills = np.rint(threshold * 1000).astype(np.int64)
    exporter = is_reporting.T[:, :, None, None] & (value >= mills[:, None, None])
    importer = is_reporting.T[:, None, :, None] & (value >= mills[:, None])
    draft.shown = draft.shown[0] & exporter, draft.shown[1] & importer
    draft.planted = {"is_reporting": is_reporting, "threshold_usd": threshold}
    return told(draft)


def shrinking_flows(seed: int, sizes: Sizes | None = None) -> TruthWorld:
    """(h) Errors grow as flows shrink and differ by product. planted: product_factor (K,), and the sigmas of flows as drawn."""
    draft = _draft("h", seed, sizes)
    value = draft.truth.value_mills
    factor = draft.rng.permutation(np.geomspace(*FACTORS, value.shape[-1]))
    scale = factor * (np.maximum(value, 1) / np.median(value[value > 0])) ** SHRINKING
    of_flow = [np.clip(s * scale, *SIGMA_BOUNDS) for s in (draft.sigmas[0][:, None, None], draft.sigmas[1][:, None])]
    exporter, importer = (s * draft.rng.standard_normal(value.shape) for s in of_flow)
    draft.errors = exporter, importer
    draft.planted = {"product_factor": factor, "sigma_flow_exporter": of_flow[0], "sigma_flow_importer": of_flow[1]}
    return told(draft)


#: The worlds by the letter of docs/methods.md 1.5.
WORLDS: Mapping[str, Callable[..., TruthWorld]] = MappingProxyType(
    {
        "a": lognormal,
        "b": equal_sigmas,
        "c": heavy_tails,
        "d": correlated_sides,
        "e": hubs_and_bias,
        "f": misclassified,
        "g": missing_not_at_random,
        "h": shrinking_flows,
    }
)
