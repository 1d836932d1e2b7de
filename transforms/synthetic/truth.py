"""The truth of the truth test: bilateral FOB flows, geography and CIF margins, fixed before anybody reports; and the scores.

What is planted is stated here and in truth_worlds.py; no reconciliation method is known to either.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.contracts.arrow import arrow_field
from transforms.synthetic.areas import LANDLOCKED, Area, describe_areas, distances_km

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: ln(CIF/FOB) of a flow; the form is docs/methods.md 1.1.3's, the numbers are this world's own, so that who falls back on the
#: published ones is found out. With DISTANCE_KM and LOG_UNIT_VALUE as bounds the margin is never negative: no floor binds.
CIF_COEFFICIENTS = MappingProxyType(
    {
        "constant": 0.255,
        "ln_distance": -0.066,
        "ln_distance_squared": 0.006,
        "ln_unit_value": -0.012,
        "contiguity": -0.015,
        "landlocked_exporter": 0.02,
        "landlocked_importer": 0.04,
    }
)
#: Added in the years of the world, in turn; the first is the regression's base.
CIF_YEARS = (0.0, 0.006, -0.006)
#: Least distance of a pair, km, and bounds of a product's ln(USD per kg).
DISTANCE_KM = 300.0
LOG_UNIT_VALUE = (-1.0, 4.0)
#: Pairs nearer than this share a border, in this world, seven times in ten.
BORDER_KM, BORDER_CHANCE = 1500.0, 0.7
FIRST_YEAR = 2018
WORLD_TRADE_USD = 1.0e12
#: Chance that a cell that trades does so in a given year; standard deviation of ln unit value among exporters of a product.
PRESENT, UNIT_VALUE_SPREAD = 0.94, 0.25
#: Mean of what is taken off ln value, exponential: many small flows, as real trade has them, without a giant that decides a score.
SMALLNESS = 1.8
#: What would be less isn't traded, USD.
LEAST_USD = 100.0
#: Every third product is counted in items.
ITEM_EVERY = 3
_CHAPTERS = tuple(c for c in range(1, 98) if c != 77)
_KEY = ["year", "exporter_code", "importer_code", "product_code"]


@dataclass(frozen=True)
class Sizes:
    """Countries (8 to 60), products, years, and the share of (exporter, importer, product) cells that trade."""

    countries: int = 40
    products: int = 60
    years: int = 3
    density: float = 0.25

    def __post_init__(self) -> None:
        if (
            not 8 <= self.countries <= 60
            or not 4 <= self.products <= 4 * len(_CHAPTERS)
            or not 1 <= self.years <= 80
            or not 0 < self.density <= 1
        ):
            limits = f"8 to 60 countries, 4 to {4 * len(_CHAPTERS)} products, 1 to 80 years, density above 0 and up to 1"
            raise ValueError(f"{self}: a truth world has {limits}")


@dataclass(frozen=True)
class Truth:
    """T years, N areas, K products. Arrays of flows are (T, N exporters, N importers, K), 0 where nothing is traded.

    ``value_mills`` thousandths of a USD, FOB; ``weight_grams`` thousandths of a kg; ``cif_rate`` CIF over FOB, for all cells;
    ``distance_km`` and ``is_contiguous`` (N, N); ``is_landlocked`` (N,); ``unit_value`` USD per kg (K,);
    ``kg_per_item`` (K,), 0 for products that are only weighed.
    """

    areas: tuple[Area, ...]
    years: tuple[int, ...]
    product_codes: NDArray[np.str_]
    value_mills: Ints
    weight_grams: Ints
    cif_rate: Floats
    distance_km: Floats
    is_contiguous: Flags
    is_landlocked: Flags
    unit_value: Floats
    kg_per_item: Floats

    @property
    def area_codes(self) -> NDArray[np.str_]:
        """Comtrade codes of the areas, (N,)."""
        return np.array([a.code for a in self.areas], dtype="<U3")


def product_codes(count: int) -> NDArray[np.str_]:
    """``count`` invented HS6 codes, four to a heading, a heading to a chapter."""
    return np.array([f"{_CHAPTERS[n // 4]:02d}01{n % 4 + 1}0" for n in range(count)], dtype="<U6")


def _values(rng: np.random.Generator, places: tuple[Area, ...], distance: Floats, sizes: Sizes) -> Ints:
    """Gravity with comparative advantage; who trades at all depends less on size than how much does."""
    count, width = sizes.countries, sizes.products
    size = np.log([p.size for p in places])
    pull = 0.95 * size[:, None] + 0.75 * size - 0.6 * np.log(distance / 1000.0)
    advantage, demand = rng.normal(0.0, 1.0, (count, width)), rng.normal(0.0, 0.6, width)
    score = pull[:, :, None] + advantage[:, None, :] + demand + rng.normal(0.0, 1.0, (count, count, width))
    score[np.arange(count), np.arange(count)] = -np.inf
    chance = score - 0.35 * pull[:, :, None]
    wanted = int(sizes.density * count * (count - 1) * width)
    trades = chance >= np.partition(chance, -wanted, axis=None)[-wanted]
    growth = rng.normal(0.04, 0.02, count)
    shape = (sizes.years, count, count, width)
    size_of_cell = score - rng.exponential(SMALLNESS, score.shape)
    log_value = size_of_cell + growth[:, None, None] * np.arange(sizes.years)[:, None, None, None] + rng.normal(0.0, 0.18, shape)
    value = np.exp(np.where(trades, log_value, -np.inf))
    value *= WORLD_TRADE_USD / value[0].sum()
    value[(rng.random(shape) >= PRESENT) | (value < LEAST_USD)] = 0.0
    mills: Ints = np.rint(value * 1000).astype(np.int64)
    return mills


def log_cif(truth_years: int, distance: Floats, unit_value: Floats, is_contiguous: Flags, is_landlocked: Flags) -> Floats:
    """ln(CIF/FOB) of every cell by CIF_COEFFICIENTS, (T, N, N, K)."""
    c, far = CIF_COEFFICIENTS, np.log(distance)
    pair = c["constant"] + c["ln_distance"] * far + c["ln_distance_squared"] * far**2 + c["contiguity"] * is_contiguous
    pair = pair + c["landlocked_exporter"] * is_landlocked[:, None] + c["landlocked_importer"] * is_landlocked
    year = np.resize(CIF_YEARS, truth_years)
    product = c["ln_unit_value"] * np.log(unit_value)
    return np.asarray(year[:, None, None, None] + pair[:, :, None] + product, dtype=np.float64)


def make_truth(seed: int, sizes: Sizes | None = None) -> Truth:
    """The truth of a seed: worlds of one seed and size share it, whatever their errors."""
    sizes = sizes or Sizes()
    rng = np.random.Generator(np.random.PCG64([seed, 0]))
    places = describe_areas(sizes.countries)
    distance = np.maximum(distances_km(places), DISTANCE_KM)
    value = _values(rng, places, distance, sizes)
    unit_value = np.exp(np.clip(rng.normal(1.5, 1.2, sizes.products), *LOG_UNIT_VALUE))
    border = np.triu((distance < BORDER_KM) & (rng.random(distance.shape) < BORDER_CHANCE), 1)
    spread = np.exp(rng.normal(0.0, UNIT_VALUE_SPREAD, (sizes.countries, sizes.products)))
    weight = np.maximum(np.rint(value / (unit_value * spread)[:, None, :]).astype(np.int64), 1)
    is_contiguous = border | border.T
    is_landlocked = np.array([p.code in LANDLOCKED for p in places])
    return Truth(
        areas=places,
        years=tuple(range(FIRST_YEAR, FIRST_YEAR + sizes.years)),
        product_codes=product_codes(sizes.products),
        value_mills=value,
        weight_grams=np.where(value > 0, weight, 0),
        cif_rate=np.exp(log_cif(sizes.years, distance, unit_value, is_contiguous, is_landlocked)),
        distance_km=distance,
        is_contiguous=is_contiguous,
        is_landlocked=is_landlocked,
        unit_value=unit_value,
        kg_per_item=np.where(np.arange(sizes.products) % ITEM_EVERY == 0, np.exp(rng.normal(1.0, 1.0, sizes.products)), 0.0),
    )


def decimals(thousandths: Ints, is_known: Flags | None = None) -> pa.Array:
    """Thousandths as DECIMAL(18,3), NULL where not known. ValueError beyond what it holds."""
    if len(thousandths) and int(np.abs(thousandths).max()) >= 10**18:
        raise ValueError(f"{int(np.abs(thousandths).max())} thousandths don't fit DECIMAL(18,3)")
    words = np.empty((len(thousandths), 2), dtype="<i8")
    words[:, 0], words[:, 1] = thousandths, thousandths >> 63
    valid = None if is_known is None else pa.py_buffer(np.packbits(is_known, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.decimal128(18, 3), len(words), [valid, pa.py_buffer(words.tobytes())])


def named(index: Ints, names: NDArray[np.str_]) -> pa.Array:
    """Texts by their index in ``names``."""
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(names.tolist(), pa.string())).dictionary_decode()


def truth_table(truth: Truth) -> pa.Table:
    """Every cell of two different areas, zeros included: year, codes, value_fob_usd, net_weight_kg, cif_factor."""
    shape = truth.value_mills.shape
    cells = np.flatnonzero(np.broadcast_to(~np.eye(shape[1], dtype=bool)[None, :, :, None], shape))
    year, exporter, importer, product = (axis.astype(np.int64) for axis in np.unravel_index(cells, shape))
    columns = {
        "year": pa.array(np.asarray(truth.years, dtype=np.int16)[year]),
        "exporter_code": named(exporter, truth.area_codes),
        "importer_code": named(importer, truth.area_codes),
        "product_code": named(product, truth.product_codes),
        "value_fob_usd": decimals(truth.value_mills.ravel()[cells]),
        "net_weight_kg": decimals(truth.weight_grams.ravel()[cells]),
        "cif_factor": pa.array(truth.cif_rate.ravel()[cells]),
    }
    return pa.table(list(columns.values()), schema=pa.schema([arrow_field(name) for name in columns]))


def pair_table(truth: Truth) -> pa.Table:
    """Geography of each ordered pair: codes, distance_km, is_contiguous, is_landlocked_exporter, is_landlocked_importer."""
    exporter, importer = (side.astype(np.int64) for side in np.nonzero(~np.eye(len(truth.areas), dtype=bool)))
    return pa.table(
        {
            "exporter_code": named(exporter, truth.area_codes),
            "importer_code": named(importer, truth.area_codes),
            "distance_km": truth.distance_km[exporter, importer],
            "is_contiguous": truth.is_contiguous[exporter, importer],
            "is_landlocked_exporter": truth.is_landlocked[exporter],
            "is_landlocked_importer": truth.is_landlocked[importer],
        }
    )


@dataclass(frozen=True)
class Score:
    """Of estimates against the truth: see the functions of the same names. ``cells`` compared, ``log_cells`` in log_error."""

    absolute_error: float
    total_bias: float
    log_error: float
    cells: int
    log_cells: int


def absolute_error(estimate: Ints, truth: Ints) -> float:
    """sum |estimate - truth| / sum truth over all cells, those whose truth is 0 included; both in mills."""
    if not (total := int(truth.sum())) > 0:
        raise ValueError("the truth sums to nothing: no error can be stated as a share of it")
    return int(np.abs(estimate - truth).sum()) / total


def total_bias(estimate: Ints, truth: Ints) -> float:
    """Sum of estimates over sum of truth, less 1: the bias of the world total."""
    if not (total := int(truth.sum())) > 0:
        raise ValueError("the truth sums to nothing: no bias can be stated as a share of it")
    return int(estimate.sum()) / total - 1.0


def log_error(estimate: Ints, truth: Ints) -> float:
    """Mean |ln(estimate / truth)| over cells in which both are above 0; NaN without any."""
    both = (estimate > 0) & (truth > 0)
    return float(np.abs(np.log(estimate[both] / truth[both])).mean()) if both.any() else float("nan")


def score_arrays(estimate: Ints, truth: Ints) -> Score:
    """All scores of aligned arrays in mills; 0 where there is no estimate."""
    both = int(np.count_nonzero((estimate > 0) & (truth > 0)))
    return Score(absolute_error(estimate, truth), total_bias(estimate, truth), log_error(estimate, truth), estimate.size, both)


def _mills(column: pa.ChunkedArray) -> Ints:
    filled = pc.fill_null(pc.cast(column, pa.decimal128(18, 3)), 0)
    mills: Ints = pc.cast(pc.multiply(filled, pa.scalar(1000, pa.decimal128(4, 0))), pa.int64()).to_numpy()
    return mills


def score(estimates: pa.Table, truth: pa.Table, value: str = "value_fob_usd") -> Score:
    """Scores of a table of estimates (year, exporter_code, importer_code, product_code, ``value``) against truth_table's.

    A cell without an estimate counts as 0; an estimate of a cell that the truth doesn't have counts against a truth of 0.
    Raises ValueError where a key stands twice.
    """
    fields = [truth.schema.field(name) for name in _KEY]
    keyed = pa.table([pc.cast(estimates[f.name], f.type) for f in fields], names=_KEY).append_column("estimate", estimates[value])
    if keyed.group_by(_KEY).aggregate([]).num_rows != keyed.num_rows:
        raise ValueError(f"an estimate stands twice: one row per {', '.join(_KEY)} is scored")
    joined = truth.select(_KEY).append_column("truth", truth["value_fob_usd"]).join(keyed, _KEY, join_type="full outer")
    return score_arrays(_mills(joined["estimate"]), _mills(joined["truth"]))
