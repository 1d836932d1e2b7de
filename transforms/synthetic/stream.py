"""Synthetic rows of any size, written year by year: ``entrepot synth --rows N``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from transforms.synthetic import text
from transforms.synthetic.areas import choose_products
from transforms.synthetic.bulk import FLOW_RANK, Rows, file_parts
from transforms.synthetic.files import BACI_RELEASE, BULK_RELEASE, baci_lines, baci_name, bulk_name, write_sidecar
from transforms.synthetic.quirks import M, X

Ints = NDArray[np.int64]
AREAS, PRODUCTS = 226, 5200
#: A year of BACI holds about this many rows.
ROWS_A_YEAR = 10_700_000
LAST_YEAR = 2023
#: Error of every report and CIF over FOB of every import in streams of Comtrade rows.
SIGMA, CIF_RATE = 0.15, 1.05


@dataclass(frozen=True)
class Shape:
    """The sizes of a stream: codes, how large each area trades, and the draws' seed."""

    area_codes: NDArray[np.str_]
    product_codes: NDArray[np.str_]
    size: NDArray[np.float64]
    demand: NDArray[np.float64]
    seed: int


def _shape(rows: int, seed: int) -> Shape:
    """226 areas and 5,200 products; fewer products for few rows, so that small files are no dust."""
    rng = np.random.Generator(np.random.PCG64(seed))
    width = int(np.clip(rows // 200, 40, PRODUCTS))
    codes = np.array([str(c) for c in range(4, 4 + 4 * AREAS, 4) if c not in (0, 97, 472, 568, 636)], dtype="<U3")
    count = len(codes)
    size = np.exp(rng.normal(0.0, 1.3, count))
    return Shape(codes, choose_products(width), size / size.sum(), np.exp(rng.normal(0.0, 1.0, width)), seed)


def split(total: int, weights: NDArray[np.float64], limit: int) -> Ints:
    """``total`` as integers in proportion to the weights, none above the limit; ValueError where it can't be."""
    if total > limit * len(weights):
        raise ValueError(f"{total} rows don't fit into {len(weights)} parts of at most {limit}")
    parts: Ints = np.minimum(np.floor(total * weights / weights.sum()).astype(np.int64), limit)
    while missing := total - int(parts.sum()):
        room = np.flatnonzero(parts < limit)
        step = max(missing // len(room), 1)
        chosen = room[: missing // step] if step == 1 else room
        parts[chosen] = np.minimum(parts[chosen] + step, limit)
    return parts


def exporter_flows(shape: Shape, year: int, exporter: int, rows: int) -> tuple[Ints, Ints, Ints, Ints]:
    """``rows`` flows of one exporter: importer, product (sorted, distinct), value in USD, weight in kg.

    Draws without replacement, in proportion to importer's size times product's demand.
    """
    rng = np.random.Generator(np.random.PCG64([shape.seed, year, exporter]))
    count, width = len(shape.area_codes), len(shape.product_codes)
    weights = (shape.size[:, None] * shape.demand).astype(np.float32)
    race = rng.standard_exponential((count, width), dtype=np.float32) / weights
    race[exporter] = np.inf
    keys = np.sort(np.argpartition(race.ravel(), rows - 1)[:rows])
    importer, product = np.divmod(keys.astype(np.int64), width)
    mean = 9.0 + np.log(shape.size[exporter] * shape.size[importer] * len(shape.size) ** 2) * 0.5
    value = np.maximum(np.rint(np.exp(mean + rng.normal(0.0, 2.0, rows))).astype(np.int64), 1)
    weight = np.maximum((value * np.exp(rng.normal(-1.5, 1.0, rows))).astype(np.int64), 1)
    weight[rng.random(rows) < 0.07] = 0
    return importer, product, value, weight


def _yearly(shape: Shape, year: int, rows: int) -> Iterator[tuple[int, tuple[Ints, Ints, Ints, Ints]]]:
    limit = (len(shape.area_codes) - 1) * len(shape.product_codes)
    for exporter, wanted in enumerate(split(rows, shape.size, limit).tolist()):
        if wanted:
            yield exporter, exporter_flows(shape, year, exporter, wanted)


def _write_baci_year(shape: Shape, year: int, rows: int, out: Path, edition: str) -> list[Path]:
    def parts() -> Iterator[bytes]:
        yield b"t,i,j,k,v,q\r\n"
        for exporter, (importer, product, value, weight) in _yearly(shape, year, rows):
            codes = (
                text.constant(str(shape.area_codes[exporter])),
                text.coded(shape.area_codes, importer),
                text.coded(shape.product_codes, product),
            )
            yield baci_lines(year, codes, value, weight)

    path = text.write_plain(out / baci_name(edition, year, BACI_RELEASE), parts())
    write_sidecar(path, seed=shape.seed, source_release=f"V{BACI_RELEASE}", edition=edition)
    return [path]


def _reports(flow: int, year: int, partner: Ints, product: Ints, value_mills: Ints, weight: Ints) -> Rows:
    zero, no = np.zeros(len(partner), dtype=np.int64), np.zeros(len(partner), dtype=bool)
    return Rows(zero + year, zero + flow, partner, product, zero, value_mills, weight, no, no)


def _year_of_flows(shape: Shape, year: int, rows: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """A year's flows, sorted: exporter, importer, product, value, weight; indices as int32 to save memory."""
    columns: list[list[Ints]] = [[], [], [], [], []]
    for exporter, found in _yearly(shape, year, rows):
        index: list[Ints] = [c.astype(np.int32) for c in (np.full(len(found[0]), exporter), *found[:2])]
        for column, values in zip(columns, [*index, *found[2:]], strict=True):
            column.append(values)
    exporters, importers, products, values, weights = (np.concatenate(c) for c in columns)
    return exporters, importers, products, values, weights


def _joined(imports: Rows, exports: Rows) -> Rows:
    """Both flows of one reporter and year in file order: partner, flow, product."""
    merged = {n: np.concatenate([getattr(p, n) for p in (imports, exports)]) for n in Rows.__dataclass_fields__}
    order = np.lexsort((merged["product"], FLOW_RANK[merged["flow"]], merged["partner"]))
    return Rows(**{n: column[order] for n, column in merged.items()})


def _write_bulk_year(shape: Shape, year: int, rows: int, out: Path, edition: str) -> list[Path]:
    """Half of the rows are exports; the mirrors of all but, where ``rows`` is odd, the last are imports."""
    exporter, importer, product, value, weight = _year_of_flows(shape, year, rows - rows // 2)
    mirrored = rows // 2
    order = np.argsort(importer[:mirrored], kind="stable")
    sorted_importer, written = importer[:mirrored][order], []
    for position, code in enumerate(shape.area_codes.tolist()):
        mine = np.arange(*np.searchsorted(exporter, [position, position + 1]).tolist())
        theirs = order[slice(*np.searchsorted(sorted_importer, [position, position + 1]).tolist())]
        if not len(mine) + len(theirs):
            continue
        rng = np.random.Generator(np.random.PCG64([shape.seed, year, position, 1]))
        sides = []
        for flow, partner, at, rate in ((M, exporter, theirs, CIF_RATE), (X, importer, mine, 1.0)):
            mills = np.rint(value[at] * np.exp(rng.normal(0.0, SIGMA, len(at))) * rate * 1000).astype(np.int64)
            sides.append(_reports(flow, year, partner[at], product[at], np.maximum(mills, 1), weight[at]))
        content = file_parts(_joined(*sides), reporter=code, partners=shape.area_codes, catalogue=shape.product_codes, edition=edition)
        path = text.write_gzip(out / bulk_name(code, edition, BULK_RELEASE, year), content)
        write_sidecar(path, seed=shape.seed, source_release=BULK_RELEASE)
        written.append(path)
    return written


def synth(
    rows: int,
    layout: Literal["baci", "comtrade"],
    out: Path,
    seed: int = 2025,
    *,
    years: Sequence[int] | None = None,
    edition: str = "H5",
) -> list[Path]:
    """Exactly ``rows`` rows in files of a layout under ``out``; returns the data files.

    Years end in 2023, as many as 10.7 M rows each need, unless ``years`` are given. BACI: one
    file a year over up to 226 areas x 5,200 products. Comtrade: one file per reporter and year,
    half exports, half their mirrors, six digits only, no totals. One exporter (BACI) or one
    year (Comtrade) is in memory at a time. ValueError for an unknown layout or too many rows.
    """
    if rows < 1:
        raise ValueError(f"rows = {rows}: at least 1")
    writers = {"baci": _write_baci_year, "comtrade": _write_bulk_year}
    if layout not in writers:
        raise ValueError(f"layout {layout!r}: use {' or '.join(writers)}")
    count = -(-rows // ROWS_A_YEAR)
    period = tuple(years) if years else tuple(range(LAST_YEAR - count + 1, LAST_YEAR + 1))
    shape, written = _shape(rows // len(period), seed), []
    for year, wanted in zip(period, split(rows, np.ones(len(period)), rows).tolist(), strict=True):
        if wanted:
            written += writers[layout](shape, year, wanted, out, edition)
    return written
