"""One reporter's months in the synthetic world: its largest partners, drawn from its annual reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transforms.synthetic import text
from transforms.synthetic.bulk import FLOW_RANK, HEADER, Catalogue, Rows, columns
from transforms.synthetic.quirks import FLOW_CODES, M, X
from transforms.synthetic.world import World

Ints = NDArray[np.int64]
#: Who reports by months, how many of its partners, and of how many of the world's last years.
REPORTER, PARTNERS, YEARS = "842", 12, 2
#: Share of a product's months without trade, and what the twelve months together hold of the annual report: later
#: corrections reach the annual figure only, as in life.
EMPTY, HELD = 0.1, (0.95, 1.0)
#: What a year's sums of months and the annual reports beside them are for.
NOTE = (
    "Months of one reporter and its largest partners. Their sum is not the annual report: corrections reach the year only, "
    "and products whose detail is suppressed, re-exports and other partners have no months."
)


@dataclass(frozen=True)
class Months:
    """Rows of the file, by month (``month`` 1 to 12, beside ``rows``), and the annual value in mills each was drawn from."""

    rows: Rows
    month: Ints
    annual_mills: dict[tuple[int, str], int]


def _chosen(world: World, reporter: int) -> Ints:
    """Positions of the reports that get months: X and M of the last years with the largest partners."""
    r = world.reports
    wanted = (r.reporter == reporter) & (r.year > world.years[-1] - YEARS) & np.isin(r.flow, (X, M)) & ~r.is_suppressed
    at = np.flatnonzero(wanted & (r.partner < len(world.areas)) & (r.partner != reporter))
    traded = np.bincount(r.partner[at], weights=r.value_mills[at].astype(float), minlength=len(world.areas))
    return at[np.isin(r.partner[at], np.argsort(-traded, kind="stable")[:PARTNERS])]


def _shares(world: World, count: int) -> NDArray[np.float64]:
    """(count, 12) shares of the annual value by month; 0 in months without trade. A generator of its own: the world stays as it was."""
    rng = np.random.Generator(np.random.PCG64([world.seed, 12]))
    season = 1.0 + 0.1 * np.sin(np.arange(12) / 12 * 2 * np.pi)
    drawn = season * np.exp(rng.normal(0.0, 0.3, (count, 12))) * (rng.random((count, 12)) >= EMPTY)
    total = np.maximum(drawn.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(drawn / total * rng.uniform(*HELD, (count, 1)), dtype=np.float64)


def make_months(world: World) -> Months | None:
    """Months of the world's monthly reporter; None where the world doesn't hold it, or it reports nothing."""
    reporter = next((n for n, area in enumerate(world.areas) if area.code == REPORTER), None)
    at = _chosen(world, reporter) if reporter is not None else np.zeros(0, dtype=np.int64)
    if not len(at):
        return None
    r, share = world.reports, _shares(world, len(at))
    value, weight = ((column[at][:, None] * share).astype(np.int64) for column in (r.value_mills, r.net_weight_kg))
    cell, month = np.nonzero(value)
    product = Catalogue(world.product_codes).parents[6][r.product[at]][cell]
    year, flow, partner = (column[at][cell] for column in (r.year, r.flow, r.partner))
    rank = np.argsort(np.argsort([int(c) for c in world.partner_codes]))
    order = np.lexsort((product, FLOW_RANK[flow], rank[partner], month, year))
    no = np.zeros(len(cell), dtype=bool)
    rows = Rows(
        year=year[order],
        flow=flow[order],
        partner=partner[order],
        product=product[order],
        form=np.zeros(len(cell), dtype=np.int64),
        value_mills=value[cell, month][order],
        net_weight_kg=weight[cell, month][order],
        is_weight_estimated=no,
        is_exponent=no,
    )
    annual = {
        (int(y), str(FLOW_CODES[f])): int(r.value_mills[at][(r.year[at] == y) & (r.flow[at] == f)].sum())
        for y in np.unique(r.year[at])
        for f in (X, M)
    }
    return Months(rows, month[order].astype(np.int64) + 1, annual)


def write_months(world: World, months: Months, path: Path) -> Path:
    """The months as one Comtrade bulk file, rows in the order of months."""
    catalogue = Catalogue(world.product_codes)
    found = columns(months.rows, reporter=REPORTER, partners=world.partner_codes, catalogue=catalogue.codes, edition=world.edition)
    period = text.whole(months.rows.year * 100 + months.month)
    found |= {
        "freqCode": text.constant("M"),
        "period": period,
        "refMonth": text.whole(months.month),
        "refPeriodId": text.whole((months.rows.year * 100 + months.month) * 100 + 1),
    }
    header = HEADER.rstrip("\n").split("\t")
    return text.write_gzip(path, [HEADER.encode(), text.lines([found[name] for name in header], "\t")])


def _usd(mills: int) -> str:
    return f"{mills // 1000}.{mills % 1000:03d}"


def truth_of(world: World, months: Months) -> dict[str, object]:
    """What the months sum to, and what the annual reports they were drawn from say, in USD by year and flow, as decimal text."""
    sums = []
    for (year, flow), annual in sorted(months.annual_mills.items()):
        is_here = (months.rows.year == year) & (FLOW_CODES[months.rows.flow] == flow)
        said = int(months.rows.value_mills[is_here].sum())
        sums.append({"year": year, "flow": flow, "annual_usd": _usd(annual), "sum_of_months_usd": _usd(said)})
    partners = [str(world.partner_codes[n]) for n in np.unique(months.rows.partner)]
    return {"reporter": REPORTER, "partners": sorted(partners, key=int), "sums": sums, "note": NOTE}
