"""A trade world that knows its truth: flows by gravity, and what each side reports of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transforms.synthetic import events
from transforms.synthetic.areas import AREAS_NES, FOB_IMPORTERS, LANDLOCKED, Area, choose_products, describe_areas, distances_km
from transforms.synthetic.quirks import Quirks, Reports, make_reports

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Share of all (exporter, importer, product) cells that trade; real data at HS6 fill about 4 % of
#: them, a demo has to stay small.
DENSITY = 0.0094
#: World trade of the first year, USD.
WORLD_TRADE_USD = 4.0e12


@dataclass(frozen=True)
class Truth:
    """True flows, one entry per (year, exporter, importer, product), sorted so; areas and products by index.

    ``value_usd`` whole USD FOB, ``net_weight_kg`` whole kg, both int64 and at least 1.
    """

    year: Ints
    exporter: Ints
    importer: Ints
    product: Ints
    value_usd: Ints
    net_weight_kg: Ints


@dataclass(frozen=True)
class World:
    """The truth, the reporters' habits, and the reports that follow from both.

    ``sigma_exporter`` and ``sigma_importer`` (n,) are the standard deviations of the natural
    logarithm of a report over the truth; ``cif_rate`` (exporter, importer) is CIF over FOB;
    ``is_reporting`` (n, years). ``events`` are what was planted, each with its truth.
    """

    seed: int
    edition: str
    areas: tuple[Area, ...]
    years: tuple[int, ...]
    product_codes: NDArray[np.str_]
    truth: Truth
    sigma_exporter: Floats
    sigma_importer: Floats
    cif_rate: Floats
    is_reporting: NDArray[np.bool_]
    reports: Reports
    events: tuple[dict[str, object], ...] = field(default=())

    @property
    def partner_codes(self) -> NDArray[np.str_]:
        """Codes by partner index: the areas, then 899 (not specified), then 0 (World)."""
        return np.array([*(a.code for a in self.areas), AREAS_NES, "0"], dtype="<U3")


def _cells(rng: np.random.Generator, places: tuple[Area, ...], codes: NDArray[np.str_], density: float) -> tuple[Ints, Floats]:
    """Flat keys (exporter, importer, product) of the cells that trade, sorted, and their log size."""
    count, width = len(places), len(codes)
    size = np.log([p.size for p in places])
    pull = 0.95 * size[:, None] + 0.75 * size - 0.6 * np.log(np.maximum(distances_km(places), 1000.0) / 1000.0)
    advantage = rng.normal(0.0, 1.1, (count, width))
    demand = rng.normal(0.0, 1.0, width)
    score = pull[:, :, None] + advantage[:, None, :] + demand + rng.normal(0.0, 1.1, (count, count, width))
    score[np.arange(count), np.arange(count)] = -np.inf
    forced = events.forced_cells(places, codes)
    flat = score.ravel()
    flat[forced] = np.maximum(flat[forced], events.FORCED_LOG_SIZE)
    wanted = max(int(density * count * (count - 1) * width), len(forced))
    # who trades at all depends less on size than how much does, so that small areas trade too
    chance = (score - 0.35 * pull[:, :, None]).ravel()
    keys = np.sort(np.argpartition(-chance, wanted - 1)[:wanted])
    keys = np.union1d(keys, forced)
    return keys, flat[keys]


def _true_flows(
    rng: np.random.Generator, places: tuple[Area, ...], years: Sequence[int], codes: NDArray[np.str_], density: float
) -> tuple[Truth, tuple[dict[str, object], ...]]:
    keys, log_size = _cells(rng, places, codes, density)
    count, width = len(places), len(codes)
    step = np.arange(len(years))
    growth = rng.normal(0.04, 0.02, count)
    exporter, importer, product = np.unravel_index(keys, (count, count, width))
    log_value = log_size[:, None] + growth[exporter][:, None] * step + rng.normal(0.0, 0.18, (len(keys), len(years)))
    value = np.exp(log_value)
    value *= WORLD_TRADE_USD / value[:, 0].sum()
    unit_value = np.exp(rng.normal(1.8, 1.3, width))[product] * np.exp(rng.normal(0.0, 0.25, len(keys)))
    weight = value / unit_value[:, None]
    is_present = rng.random(value.shape) < 0.94
    is_present |= np.isin(keys, events.forced_cells(places, codes))[:, None]
    planted = events.plant(places, years, codes, keys, value, weight)
    at_year, at_cell = np.nonzero(is_present.T)
    truth = Truth(
        year=np.asarray(years, dtype=np.int64)[at_year],
        exporter=exporter[at_cell].astype(np.int64),
        importer=importer[at_cell].astype(np.int64),
        product=product[at_cell].astype(np.int64),
        value_usd=np.maximum(np.rint(value[at_cell, at_year]).astype(np.int64), 1),
        net_weight_kg=np.maximum(np.rint(weight[at_cell, at_year]).astype(np.int64), 1),
    )
    return truth, planted


def _cif_rates(rng: np.random.Generator, places: tuple[Area, ...]) -> Floats:
    """CIF over FOB per pair: grows with distance and for areas without a coast; 1 where imports are reported FOB."""
    distance = distances_km(places)
    inland = np.array([p.code in LANDLOCKED for p in places], dtype=float)
    margin = 0.008 + 0.004 * distance / 1000.0 * np.exp(rng.normal(0.0, 0.3, distance.shape)) + 0.02 * inland
    rate: Floats = np.round(1.0 + np.clip(margin, 0.005, 0.25), 6)
    rate[:, [p.code in FOB_IMPORTERS for p in places]] = 1.0
    return rate


def _reporting(rng: np.random.Generator, places: tuple[Area, ...], years: Sequence[int]) -> NDArray[np.bool_]:
    """Who reports in which year: large areas always, small ones with gaps, 490 never, one leaves for good."""
    is_reporting = np.ones((len(places), len(years)), dtype=bool)
    small = np.array([p.size <= 4 for p in places])
    is_reporting[small] = rng.random((int(small.sum()), len(years))) > 0.1
    for position, place in enumerate(places):
        if place.code == "490":
            is_reporting[position] = False
        if place.code == events.LEAVER:
            is_reporting[position] = np.asarray(years) < events.LEAVES_IN
    return is_reporting


def _sigmas(rng: np.random.Generator, count: int, typical: float) -> Floats:
    """Standard deviations of log reports, log-normal over reporters around a typical one."""
    spread = np.exp(rng.normal(0.0, 0.6, count))
    return np.asarray(np.round(np.clip(typical * spread, 0.02, 0.6), 6), dtype=np.float64)


def make_world(
    seed: int = 2025,
    *,
    areas: int = 60,
    products: int = 1000,
    years: Sequence[int] = range(2018, 2024),
    density: float = DENSITY,
    edition: str = "H5",
    quirks: Quirks | None = None,
) -> World:
    """A world from a seed: the same seed and sizes give the same arrays.

    ``density`` is the share of (exporter, importer, product) cells that trade. Raises
    ValueError for sizes that can't be described (see transforms.synthetic.areas).
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    places, codes, period = describe_areas(areas), choose_products(products), tuple(int(y) for y in years)
    if not period:
        raise ValueError("years: at least one")
    truth, planted = _true_flows(rng, places, period, codes, density)
    sigma_exporter = _sigmas(rng, len(places), 0.12)
    sigma_importer = _sigmas(rng, len(places), 0.10)
    cif_rate = _cif_rates(rng, places)
    is_reporting = _reporting(rng, places, period)
    reports = make_reports(
        rng,
        truth,
        places=places,
        years=period,
        product_codes=codes,
        sigmas=(sigma_exporter, sigma_importer),
        cif_rate=cif_rate,
        is_reporting=is_reporting,
        quirks=quirks or Quirks(),
    )
    return World(seed, edition, places, period, codes, truth, sigma_exporter, sigma_importer, cif_rate, is_reporting, reports, planted)
