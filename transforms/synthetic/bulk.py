"""A reporter's reports as the rows of a Comtrade bulk file: leaves, parents, World, breakdowns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts.layouts.comtrade import COMTRADE_BULK
from transforms.synthetic import text
from transforms.synthetic.areas import FOB_IMPORTERS
from transforms.synthetic.quirks import FLOW_CODES, RM, M, Reports
from transforms.synthetic.world import World

Ints = NDArray[np.int64]
#: How a breakdown row differs from the aggregate beside it: customs procedure, mode of transport,
#: second partner ("" stands for any). Index 0 is the aggregate.
FORMS = (("C00", "0", "0"), ("C00", "1000", "0"), ("C00", "2100", "0"), ("C01", "0", "0"), ("C00", "0", "528"))
#: Position of a flow in text order, by its index.
FLOW_RANK = np.argsort(np.argsort(FLOW_CODES))
HEADER = "\t".join(f.name for f in COMTRADE_BULK.fields) + "\n"


@dataclass(frozen=True)
class Rows:
    """Rows of one reporter in file order; ``product`` indexes Catalogue.codes, ``form`` FORMS."""

    year: Ints
    flow: Ints
    partner: Ints
    product: Ints
    form: Ints
    value_mills: Ints
    net_weight_kg: Ints
    is_weight_estimated: NDArray[np.bool_]
    is_exponent: NDArray[np.bool_]


@dataclass(frozen=True)
class Catalogue:
    """Products and their parents: ``codes`` in text order, ``parents[level]`` the index of each product's parent."""

    products: NDArray[np.str_]

    @cached_property
    def codes(self) -> NDArray[np.str_]:
        """TOTAL, chapters, headings and products, in text order."""
        parts = [[c[:level] for c in self.products.tolist()] for level in (2, 4, 6)]
        return np.unique(np.array([*parts[0], *parts[1], *parts[2], "TOTAL"], dtype="<U6"))

    @cached_property
    def parents(self) -> dict[int, Ints]:
        """By level 0, 2, 4, 6: the index in ``codes`` for each product."""
        found = {0: np.full(len(self.products), np.searchsorted(self.codes, "TOTAL"))}
        for level in (2, 4, 6):
            found[level] = np.searchsorted(self.codes, np.array([c[:level] for c in self.products.tolist()], dtype="<U6"))
        return found


def _sums(r: Reports, part: slice, partner: Ints, product: Ints, keep: NDArray[np.bool_]) -> Rows:
    """Entries summed to (year, flow, partner, product): parents and World rows."""
    at = np.flatnonzero(keep)
    columns = (r.year[part][at], r.flow[part][at], partner[at], product[at])
    shape = (3000, len(FLOW_CODES), 1000, 10_000)
    keys, inverse = np.unique(np.ravel_multi_index(columns, shape), return_inverse=True)
    sums = [np.zeros(len(keys), dtype=np.int64) for _ in range(2)]
    for total, values in zip(sums, (r.value_mills, r.net_weight_kg), strict=True):
        np.add.at(total, inverse, values[part][at])
    year, flow, to, code = (c.astype(np.int64) for c in np.unravel_index(keys, shape))
    no = np.zeros(len(keys), dtype=bool)
    return Rows(year, flow, to, code, np.zeros(len(keys), dtype=np.int64), sums[0], sums[1], no, no)


def _leaves(r: Reports, part: slice, product: Ints) -> Rows:
    at = np.flatnonzero(~r.is_suppressed[part])
    year, flow, partner = (c[part][at] for c in (r.year, r.flow, r.partner))
    zero = np.zeros(len(at), dtype=np.int64)
    value, weight = r.value_mills[part][at], r.net_weight_kg[part][at]
    flags = r.is_weight_estimated[part][at], r.is_exponent[part][at]
    return Rows(year, flow, partner, product[at], zero, value, weight, *flags)


def _breakdowns(r: Reports, part: slice, product: Ints) -> list[Rows]:
    """Two modes of transport that add up to the aggregate, or one customs procedure, or one second partner."""
    found = []
    for kind, form, share in ((1, 1, 0.6), (1, 2, -0.6), (2, 3, 1.0), (3, 4, 1.0)):
        at = np.flatnonzero(r.breakdown[part] == kind)
        value, weight = r.value_mills[part][at], r.net_weight_kg[part][at]
        if share < 0:  # what the other mode leaves
            value, weight = value - (value * -share).astype(np.int64), weight - (weight * -share).astype(np.int64)
        else:
            value, weight = (value * share).astype(np.int64), (weight * share).astype(np.int64)
        no = np.zeros(len(at), dtype=bool)
        year, flow, partner = (c[part][at] for c in (r.year, r.flow, r.partner))
        found.append(Rows(year, flow, partner, product[at], np.full(len(at), form, dtype=np.int64), value, weight, no, no))
    return found


def reporter_rows(world: World, catalogue: Catalogue, reporter: int) -> Rows:
    """All rows of one reporter, sorted by year, partner, flow, level, product and form.

    Parents by partner stand at 0 and 2 digits; at 4 digits only for reporters that suppress
    detail and for the largest two, to keep the world small. World rows stand at all levels.
    """
    r = world.reports
    part = slice(*np.searchsorted(r.reporter, [reporter, reporter + 1]).tolist())
    leaf = r.product[part]
    level = {digits: index[leaf] for digits, index in catalogue.parents.items()}
    every = np.ones(len(leaf), dtype=bool)
    to_world = np.full(len(leaf), len(world.areas) + 1)
    parts = [_leaves(r, part, level[6]), *_breakdowns(r, part, level[6])]
    parts += [_sums(r, part, to_world, level[d], every) for d in (0, 2, 4)]
    parts.append(_sums(r, part, to_world, level[6], ~r.is_suppressed[part]))
    with_headings = reporter < 2 or bool(r.is_suppressed[part].any())
    parts += [_sums(r, part, r.partner[part], level[d], every) for d in ((0, 2, 4) if with_headings else (0, 2))]
    merged = {name: np.concatenate([getattr(p, name) for p in parts]) for name in Rows.__dataclass_fields__}
    rank = np.argsort(np.argsort([int(c) for c in world.partner_codes]))
    digits = np.array([0 if c == "TOTAL" else len(c) for c in catalogue.codes.tolist()])[merged["product"]]
    flow = FLOW_RANK[merged["flow"]]
    order = np.lexsort((merged["form"], merged["product"], digits, flow, rank[merged["partner"]], merged["year"]))
    return Rows(**{name: column[order] for name, column in merged.items()})


def _quantities(rows: Rows, codes: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Unit and quantity: pieces in chapter 87 (a car weighs 1.5 t), kg elsewhere, no quantity where no weight is."""
    is_vehicle = np.array([c.startswith("87") and len(c) == 6 for c in codes.to_pylist()], dtype=bool)
    has_weight = rows.net_weight_kg > 0
    unit = np.where(has_weight, np.where(is_vehicle, 1, 2), 0).astype(np.int64)
    quantity = np.where(is_vehicle, np.maximum(rows.net_weight_kg // 1500, 1), rows.net_weight_kg)
    return text.coded(["-1", "5", "8"], unit), text.whole(np.where(has_weight, quantity, 0))


def _constants(reporter: str, edition: str) -> dict[str, text.Text]:
    """Columns that hold one text in a whole file."""
    said = {"typeCode": "C", "freqCode": "A", "refMonth": "52", "reporterCode": reporter, "classificationSearchCode": "HS"}
    said |= {"classificationCode": edition, "isOriginalClassification": "1", "altQtyUnitCode": "-1", "isReported": "1"}
    zero = ("mosCode", "isQtyEstimated", "altQty", "isAltQtyEstimated", "grossWgt", "isGrossWgtEstimated")
    return {name: text.constant(value) for name, value in (said | dict.fromkeys(zero, "0")).items()}


def _measures(rows: Rows, codes: pa.Array, reporter: str) -> dict[str, text.Text]:
    """Quantity, weight and value; imports are CIF unless the reporter's are FOB."""
    value = text.with_exponents(text.thousandths(rows.value_mills), rows.value_mills, rows.is_exponent)
    is_cif = pa.array(np.isin(rows.flow, (M, RM)) & (reporter not in FOB_IMPORTERS))
    blank, is_estimated = pa.scalar(None, pa.string()), rows.is_weight_estimated.astype(np.int64)
    unit, quantity = _quantities(rows, codes)
    return {
        "qtyUnitCode": unit,
        "qty": quantity,
        "netWgt": text.whole(rows.net_weight_kg),
        "isNetWgtEstimated": text.coded(["0", "1"], is_estimated),
        "cifvalue": text.choose(is_cif, value, blank),
        "fobvalue": text.choose(is_cif, blank, value),
        "primaryValue": value,
        "legacyEstimationFlag": text.coded(["0", "4"], is_estimated),
    }


def columns(rows: Rows, *, reporter: str, partners: NDArray[np.str_], catalogue: NDArray[np.str_], edition: str) -> dict[str, text.Text]:
    """Text of every column of the bulk layout, by header name."""
    codes, year = text.coded(catalogue, rows.product), text.whole(rows.year)
    is_parent = np.array([len(c) < 6 for c in catalogue.tolist()])[rows.product]
    customs, mode, second = (text.coded([f[n] for f in FORMS], rows.form) for n in range(3))
    return {
        **_constants(reporter, edition),
        **_measures(rows, codes, reporter),
        "datasetCode": text.coded([f"2{reporter.zfill(3)}{y}" for y in range(1962, 2101)], rows.year - 1962),
        "refPeriodId": text.coded([f"{y}0101" for y in range(1962, 2101)], rows.year - 1962),
        "refYear": year,
        "period": year,
        "flowCode": text.coded(FLOW_CODES, rows.flow),
        "partnerCode": text.coded(partners, rows.partner),
        "partner2Code": second,
        "cmdCode": codes,
        "customsCode": customs,
        "motCode": mode,
        "isAggregate": text.coded(["0", "1"], is_parent.astype(np.int64)),
    }


def file_parts(rows: Rows, **names: object) -> Iterator[bytes]:
    """The bytes of a bulk file, in the layout's own column order: the header, then all rows."""
    yield HEADER.encode()
    if len(rows.year):
        found = columns(rows, **names)  # type: ignore[arg-type]
        yield text.lines([found[f.name] for f in COMTRADE_BULK.fields], "\t")
