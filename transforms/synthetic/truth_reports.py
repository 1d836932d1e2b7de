"""What both sides report of a truth, as rows of reported_flows: errors, valuations, weights and items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.contracts.arrow import table_schema
from transforms.contracts.lake import REPORTED_FLOWS
from transforms.synthetic.areas import FOB_IMPORTERS
from transforms.synthetic.truth import Flags, Floats, Ints, Truth, decimals, named

#: A quantity's log error is this share of its value's, and noise of its own.
QUANTITY_FOLLOWS, QUANTITY_NOISE = 0.7, 0.08
#: Chance that a report has no weight: of any product, and of those counted in items.
NO_WEIGHT, NO_WEIGHT_ITEMS = 0.05, 0.30
EDITION, LEVEL, SOURCE = "H5", 6, "comtrade"
#: Comtrade's quantity units: number of items, kilograms.
ITEMS, KILOGRAMS = "5", "8"
PROVENANCE = frozenset({"snapshot_id", "snapshot_member", "source_line"})
#: Importers that state CIF and FOB: the rate can be observed.
BOTH_IMPORTERS = ("842",)
#: In the order of codes: by length, then text.
FLOWS = np.array(["M", "X", "RX"])
_M, _X, _RX = range(3)


@dataclass(frozen=True)
class Said:
    """What both sides mean to report, FOB in mills and before errors, (T, N exporters, N importers, K); re_exports are inside exports."""

    exports: Ints
    imports: Ints
    re_exports: Ints


@dataclass(frozen=True)
class TruthWorld:
    """A world of ``kind`` a to h. Sigmas (N,) are of the areas as exporter and as importer; ``planted`` says what else was put in.

    ``reported`` has the columns of reported_flows but those of provenance, in its order. ``log_error_exporter`` and
    ``log_error_importer`` (T, N, N, K) are ln(reported/meant) of values before blunders, NaN where nothing is reported.
    """

    kind: str
    seed: int
    truth: Truth
    sigma_exporter: Floats
    sigma_importer: Floats
    reported: pa.Table
    log_error_exporter: Floats
    log_error_importer: Floats
    planted: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Draft:
    """A world in the making. Pairs are (exporters', importers'), their arrays (T, N, N, K).

    ``errors`` in ln; ``shown``: where a side reports at all; ``times``: factors of blunders, (1,) without.
    """

    kind: str
    seed: int
    truth: Truth
    rng: np.random.Generator
    sigmas: tuple[Floats, Floats]
    said: Said
    errors: tuple[Floats, Floats]
    shown: tuple[Flags, Flags]
    times: tuple[Ints, Ints]
    planted: dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """Rows of one flow; year, reporter, partner and product by index.

    ``value`` as reported and ``fob`` in mills, ``weight`` and ``items`` in thousandths.
    """

    flow: int
    year: Ints
    reporter: Ints
    partner: Ints
    product: Ints
    value: Ints
    fob: Ints
    is_cif: Flags
    weight: Ints
    has_weight: Flags
    items: Ints
    is_item: Flags


def _weights(draft: Draft, meant: Ints, cells: Ints, errors: Floats) -> Ints:
    """Weight of what is meant, with its error. What stands where the truth has another value weighs as its product usually does."""
    truth = draft.truth
    value, true_value = meant.ravel()[cells], truth.value_mills.ravel()[cells]
    is_own = (true_value > 0) & (true_value == value)
    usual = value / truth.unit_value[cells % meant.shape[-1]]
    weight = np.where(is_own, truth.weight_grams.ravel()[cells], usual)
    noise = QUANTITY_FOLLOWS * errors + QUANTITY_NOISE * draft.rng.standard_normal(len(cells))
    grams: Ints = np.maximum(np.rint(weight * np.exp(noise)), 1).astype(np.int64)
    return grams


def _rows(draft: Draft, flow: int, meant: Ints) -> Rows:
    """The cells that a side reports of what it means, with its errors, CIF where an importer reports so."""
    truth, side = draft.truth, int(flow == _M)
    cells = np.flatnonzero((meant > 0) & draft.shown[side]).astype(np.int64)
    year, exporter, importer, product = (axis.astype(np.int64) for axis in np.unravel_index(cells, meant.shape))
    is_cif = np.full(len(cells), flow == _M) & ~np.isin(truth.area_codes, FOB_IMPORTERS)[importer]
    errors = draft.errors[side].ravel()[cells]
    fob = meant.ravel()[cells] * np.exp(errors)
    value = fob * np.where(is_cif, truth.cif_rate.ravel()[cells], 1.0)
    times = np.broadcast_to(draft.times[side], meant.shape)[year, exporter, importer, product]
    weight = _weights(draft, meant, cells, errors)
    is_item = truth.kg_per_item[product] > 0
    items = np.rint(weight / np.where(is_item, truth.kg_per_item[product], 1.0)).astype(np.int64)
    return Rows(
        flow=flow,
        year=year,
        reporter=importer if side else exporter,
        partner=exporter if side else importer,
        product=product,
        value=np.maximum(np.rint(value).astype(np.int64), 1) * times,
        fob=np.maximum(np.rint(fob).astype(np.int64), 1) * times,
        is_cif=is_cif,
        weight=weight,
        has_weight=draft.rng.random(len(cells)) >= np.where(is_item, NO_WEIGHT_ITEMS, NO_WEIGHT),
        items=np.maximum(items, 1),
        is_item=is_item,
    )


def _table(truth: Truth, parts: list[Rows]) -> pa.Table:
    """Rows in reported_flows' order and columns, without provenance."""
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in Rows.__dataclass_fields__ if name != "flow"}
    flow = np.concatenate([np.full(len(p.year), p.flow, dtype=np.int64) for p in parts])
    codes = truth.area_codes
    rank = np.argsort(np.lexsort((codes, np.char.str_len(codes))))
    order = np.lexsort((joined["product"], flow, rank[joined["partner"]], rank[joined["reporter"]], joined["year"]))
    of, flow = {name: values[order] for name, values in joined.items()}, flow[order]
    schema = pa.schema([f for f in table_schema(REPORTED_FLOWS) if f.name not in PROVENANCE])
    states_fob = ~of["is_cif"] | np.isin(codes, BOTH_IMPORTERS)[of["reporter"]]
    count = len(order)
    filled: dict[str, pa.Array] = {
        "year": pa.array(np.asarray(truth.years, dtype=np.int16)[of["year"]]),
        "period": named(of["year"], np.array([str(y) for y in truth.years])),
        "reporter_code": named(of["reporter"], codes),
        "partner_code": named(of["partner"], codes),
        "flow_code": named(flow, FLOWS),
        "product_code": named(of["product"], truth.product_codes),
        "reported_value_usd": decimals(of["value"]),
        "valuation": named(of["is_cif"].astype(np.int64), np.array(["FOB", "CIF"])),
        "value_cif_usd": decimals(of["value"], of["is_cif"]),
        "value_fob_usd": decimals(of["fob"], states_fob),
        "net_weight_kg": decimals(of["weight"], of["has_weight"]),
        "quantity": decimals(np.where(of["is_item"], of["items"], of["weight"]), of["is_item"] | of["has_weight"]),
        "quantity_unit_code": named((~of["is_item"]).astype(np.int64), np.array([ITEMS, KILOGRAMS])),
    }
    same = {"source": SOURCE, "frequency": "A", "classification": EDITION, "product_level": LEVEL, "is_reported": True}
    false = {"is_value_rounded", "is_net_weight_estimated", "is_quantity_estimated", "is_special", "is_self_trade", "is_confidential"}
    for f in schema:
        if f.name not in filled:
            said = False if f.name in false else same.get(f.name)
            filled[f.name] = pa.repeat(pa.scalar(said, f.type), count)
    return pa.table([filled[f.name] for f in schema], schema=schema)


def told(draft: Draft) -> TruthWorld:
    """The world as it stands: rows of what both sides report, sorted as reported_flows is."""
    said = draft.said
    parts = [_rows(draft, _X, said.exports), _rows(draft, _M, said.imports)]
    if said.re_exports.any():
        parts.append(_rows(draft, _RX, said.re_exports))
    exporter, importer = (
        np.where((meant > 0) & shown, error, np.nan)
        for meant, shown, error in zip((said.exports, said.imports), draft.shown, draft.errors, strict=True)
    )
    return TruthWorld(draft.kind, draft.seed, draft.truth, *draft.sigmas, _table(draft.truth, parts), exporter, importer, draft.planted)
