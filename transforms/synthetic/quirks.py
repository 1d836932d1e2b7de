"""What the two sides report of the truth, with the faults that real reports have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from transforms.synthetic.areas import HUBS, Area
from transforms.synthetic.events import RELABELLED

if TYPE_CHECKING:
    from transforms.synthetic.world import Truth

Ints = NDArray[np.int64]
#: Index of a flow in reports; the codes are Comtrade's.
FLOW_CODES = np.array(["X", "M", "RX", "RM"], dtype="<U2")
X, M, RX, RM = range(4)


@dataclass(frozen=True)
class Quirks:
    """Rates of the planted faults, each a share between 0 and 1 unless said otherwise."""

    one_sided: float = 0.04
    missing_weight: float = 0.08
    estimated_weight: float = 0.10
    not_specified: float = 0.01
    re_export: float = 0.30
    re_import: float = 0.02
    suppressed_products: float = 0.02
    self_trade_products: int = 40
    exponent_from_usd: float = 1.0e7
    breakdown: float = 0.05
    breakdown_from_year: int = 2017
    suppressing: tuple[str, ...] = ("757", "276", "372", "360", "682")
    exponent_writers: tuple[str, ...] = ("699", "608")
    re_importers: tuple[str, ...] = ("156", "842")
    self_trader: str = "156"


@dataclass(frozen=True)
class Reports:
    """Reports at six digits, one entry per (reporter, year, flow, partner, product), sorted so.

    ``reporter`` indexes areas, ``partner`` World.partner_codes, ``flow`` FLOW_CODES. Value in
    mills (thousandths of a USD), CIF in imports unless the reporter's are FOB; weight in kg, 0
    where missing. ``is_suppressed`` entries stand in parents only; ``is_exponent`` ones are
    rounded to six digits and written 1.12339E+11; ``breakdown`` 0 is none. RX and RM are parts of X and M.
    """

    reporter: Ints
    year: Ints
    flow: Ints
    partner: Ints
    product: Ints
    value_mills: Ints
    net_weight_kg: Ints
    is_weight_estimated: NDArray[np.bool_]
    is_suppressed: NDArray[np.bool_]
    is_exponent: NDArray[np.bool_]
    breakdown: Ints


def round_to_six_digits(mills: Ints) -> Ints:
    """Mills rounded to six significant digits, half up; smaller numbers unchanged."""
    digits = np.floor(np.log10(np.maximum(mills, 1).astype(float))).astype(np.int64)
    unit = 10 ** np.maximum(digits - 5, 0)
    rounded: Ints = (mills + unit // 2) // unit * unit
    return rounded


def _side(
    rng: np.random.Generator,
    truth: Truth,
    reporter: Ints,
    sigma: NDArray[np.float64],
    rate: NDArray[np.float64],
    keep: NDArray[np.bool_],
    quirks: Quirks,
) -> dict[str, Ints]:
    """One side's reports of the true flows it doesn't miss."""
    rows = np.flatnonzero(keep & (rng.random(len(keep)) >= quirks.one_sided))
    error = np.exp(rng.normal(0.0, 1.0, len(rows)) * sigma[reporter[rows]])
    weight = np.rint(truth.net_weight_kg[rows] * np.exp(rng.normal(0.0, 0.05, len(rows)))).astype(np.int64)
    weight[rng.random(len(rows)) < quirks.missing_weight] = 0
    return {
        "row": rows,
        "reporter": reporter[rows],
        "value": np.maximum(np.rint(truth.value_usd[rows] * error * rate[rows] * 1000).astype(np.int64), 1),
        "weight": weight,
    }


def _part(rng: np.random.Generator, whole: dict[str, Ints], rows: Ints, low: float, high: float, *, is_added: bool) -> tuple[Ints, Ints]:
    """Re-traded value and weight of ``rows``: added to the whole in place, or a part of what is there."""
    share = rng.uniform(low, high, len(rows))
    value = np.maximum((whole["value"][rows] * share).astype(np.int64), 1)
    weight = (whole["weight"][rows] * share).astype(np.int64)
    if is_added:
        whole["value"][rows] += value
        whole["weight"][rows] += weight
    return value, weight


def _merge(parts: list[tuple[Ints, ...]], shape: tuple[int, ...]) -> tuple[tuple[Ints, ...], Ints, Ints]:
    """Sum (reporter, year, flow, partner, product, value, weight) over equal keys, in key order."""
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    keys, inverse = np.unique(np.ravel_multi_index(tuple(columns[:5]), shape), return_inverse=True)
    value, weight = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
    np.add.at(value, inverse, columns[5])
    np.add.at(weight, inverse, columns[6])
    return tuple(c.astype(np.int64) for c in np.unravel_index(keys, shape)), value, weight


def _self_trade(rng: np.random.Generator, reporter: int, years: int, width: int, quirks: Quirks) -> list[tuple[Ints, ...]]:
    """Re-imports from itself: M and RM with the reporter as its own partner."""
    count = min(quirks.self_trade_products, width)
    parts: list[tuple[Ints, ...]] = []
    for year in range(years):
        product = np.sort(rng.choice(width, count, replace=False)).astype(np.int64)
        value = np.rint(np.exp(rng.normal(16.0, 1.5, count)) * 1000).astype(np.int64)
        fill = np.full(count, reporter, dtype=np.int64)
        parts += [(fill, np.full(count, year), np.full(count, flow), fill, product, value, value // 20_000) for flow in (M, RM)]
    return parts


def _relabel(partner: Ints, year: Ints, product: Ints, reporter: Ints, index: dict[str, int], codes: NDArray[np.str_]) -> Ints:
    """The importer names the neighbour in place of the sanctioned origin."""
    names = [str(RELABELLED[n]) for n in ("origin", "through", "importer")]
    if not set(names) <= set(index):
        return partner
    origin, through, importer = (index[n] for n in names)
    is_group = np.char.startswith(codes, str(RELABELLED["prefix"]))[product]
    moved = (partner == origin) & (reporter == importer) & is_group & (year >= int(str(RELABELLED["from_year"])))
    return np.where(moved, through, partner)


def _both_sides(
    rng: np.random.Generator,
    truth: Truth,
    at: Ints,
    exports: dict[str, Ints],
    imports: dict[str, Ints],
    index: dict[str, int],
    product_codes: NDArray[np.str_],
    quirks: Quirks,
) -> list[tuple[Ints, ...]]:
    """X, M, RX and RM as (reporter, year, flow, partner, product, value, weight); ``at`` is the truth's year index."""
    x_rows, m_rows = exports["row"], imports["row"]
    to = np.where(rng.random(len(x_rows)) < quirks.not_specified, len(index), truth.importer[x_rows])
    origin = _relabel(truth.exporter[m_rows], truth.year[m_rows], truth.product[m_rows], imports["reporter"], index, product_codes)
    hubs = np.isin(exports["reporter"], [index[h] for h in HUBS if h in index])
    re_exported = np.flatnonzero(hubs & (rng.random(len(x_rows)) < quirks.re_export))
    back = np.isin(imports["reporter"], [index[r] for r in quirks.re_importers if r in index])
    re_imported = np.flatnonzero(back & (rng.random(len(m_rows)) < quirks.re_import))
    rx = _part(rng, exports, re_exported, 0.1, 0.6, is_added=True)
    rm = _part(rng, imports, re_imported, 0.02, 0.2, is_added=False)

    def entries(side: dict[str, Ints], partner: Ints, flow: int, rows: Ints, value: Ints, weight: Ints) -> tuple[Ints, ...]:
        row = side["row"][rows]
        return side["reporter"][rows], at[row], np.full(len(rows), flow), partner[rows], truth.product[row], value, weight

    return [
        entries(exports, to, X, np.arange(len(x_rows)), exports["value"], exports["weight"]),
        entries(imports, origin, M, np.arange(len(m_rows)), imports["value"], imports["weight"]),
        entries(exports, to, RX, re_exported, *rx),
        entries(imports, origin, RM, re_imported, *rm),
    ]


def make_reports(
    rng: np.random.Generator,
    truth: Truth,
    *,
    places: tuple[Area, ...],
    years: Sequence[int],
    product_codes: NDArray[np.str_],
    sigmas: tuple[NDArray[np.float64], NDArray[np.float64]],
    cif_rate: NDArray[np.float64],
    is_reporting: NDArray[np.bool_],
    quirks: Quirks,
) -> Reports:
    """Both sides' reports of the truth; sigmas (exporter, importer), cif_rate and is_reporting as in World."""
    index = {p.code: i for i, p in enumerate(places)}
    at = np.searchsorted(np.asarray(years), truth.year)
    ones = np.ones(len(at))
    exports = _side(rng, truth, truth.exporter, sigmas[0], ones, is_reporting[truth.exporter, at], quirks)
    imports = _side(
        rng, truth, truth.importer, sigmas[1], cif_rate[truth.exporter, truth.importer], is_reporting[truth.importer, at], quirks
    )
    parts = _both_sides(rng, truth, at, exports, imports, index, product_codes, quirks)
    if quirks.self_trader in index:
        parts += _self_trade(rng, index[quirks.self_trader], len(years), len(product_codes), quirks)
    key, value, weight = _merge(parts, (len(places), len(years), 4, len(places) + 1, len(product_codes)))
    return _flagged(rng, key, value, weight, index, np.asarray(years, dtype=np.int64), len(product_codes), quirks)


def _flagged(
    rng: np.random.Generator,
    key: tuple[Ints, ...],
    value: Ints,
    weight: Ints,
    index: dict[str, int],
    years: Ints,
    width: int,
    quirks: Quirks,
) -> Reports:
    """Suppression, exponents, estimates and breakdowns, drawn per entry; RX and RM stay as they are."""
    reporter, year, flow, partner, product = key
    is_hidden = np.zeros((len(index), width), dtype=bool)
    for code in quirks.suppressing:
        if code in index:
            is_hidden[index[code]] = rng.random(width) < quirks.suppressed_products
    writers = np.isin(reporter, [index[c] for c in quirks.exponent_writers if c in index])
    is_exponent = writers & (value >= int(quirks.exponent_from_usd * 1000)) & (flow <= M)
    draw = rng.random(len(value))
    has_breakdown = (draw < quirks.breakdown) & (flow <= M) & (years[year] >= quirks.breakdown_from_year) & ~is_exponent
    kind = 1 + (draw * 3 / max(quirks.breakdown, 1e-12)).astype(np.int64) % 3
    return Reports(
        reporter=reporter,
        year=years[year],
        flow=flow,
        partner=partner,
        product=product,
        value_mills=np.where(is_exponent, round_to_six_digits(value), value),
        net_weight_kg=weight,
        is_weight_estimated=(rng.random(len(value)) < quirks.estimated_weight) & (weight > 0),
        is_suppressed=is_hidden[reporter, product],
        is_exponent=is_exponent,
        breakdown=np.where(has_breakdown & ~is_hidden[reporter, product], kind, 0),
    )
