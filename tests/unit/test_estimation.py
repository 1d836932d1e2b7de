"""Estimates of a year through the whole stage: planted numbers come back, worked numbers, the same bytes however the flows lie."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.core_cases import Report
from tests.unit.estimation_cases import Said, commit_reported, commit_truth_geography, estimate, estimate_of, harmonise, rewritten
from tests.unit.test_parameters import same
from transforms.core.estimates.cif import NAMES, PUBLISHED
from transforms.core.estimating import estimation
from transforms.core.estimating.witnesses import Stratum, is_sound, stratum_of
from transforms.core.pinned.parameter_rows import to_rows
from transforms.core.pinned.parameters import Parameters
from transforms.synthetic.truth import CIF_COEFFICIENTS, CIF_YEARS
from transforms.synthetic.truth_reports import TruthWorld
from transforms.synthetic.truth_worlds import WORLDS

YEAR = 2020
CAR, PEAR = "870380", "080830"


@cache
def world(kind: str) -> TruthWorld:
    return WORLDS[kind](20260101)


def told(home: Path, kind: str, year: int) -> Parameters:
    """The set of one year of a truth world."""
    commit_truth_geography(home, world(kind).truth)
    commit_reported(home, world(kind).reported, year)
    harmonise(home, year)
    return estimate(home, year)


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of ranks, ties sharing their mean rank."""
    ranks = []
    for numbers in (one, other):
        _, place, count = np.unique(numbers, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(count) - (count - 1) / 2)[place])
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def codes(told: TruthWorld) -> np.ndarray:
    return np.array([int(code) for code in told.truth.area_codes], np.int64)


# the truth test's first world


@pytest.mark.parametrize(("year", "effect"), zip((2018, 2019, 2020), CIF_YEARS, strict=True))
def test_planted_numbers_come_back(home: Path, year: int, effect: float) -> None:
    found, truth = told(home, "a", year), world("a").truth
    assert (found.fitted_on, found.cif.is_published, found.cif.years.tolist()) == ("A H5 6", False, [year])
    assert found.cif.pairs > 9_000
    planted = np.array([CIF_COEFFICIENTS[name] + (effect if name == "constant" else 0.0) for name in NAMES])
    assert np.abs((found.cif.plain - planted) / found.cif.standard_errors).max() < 2
    for side, planted_sigma in zip(found.quality, (world("a").sigma_exporter, world("a").sigma_importer), strict=True):
        own = np.isin(codes(world("a")), side.area)
        assert own.sum() == 36, "pairs with one of the four hubs are no test of a reporter"
        assert spearman(side.distance[np.searchsorted(side.area, codes(world("a"))[own])], planted_sigma[own]) > 0.95
    for is_exporter, planted_sigma in ((True, world("a").sigma_exporter), (False, world("a").sigma_importer)):
        own = found.has_sigma(codes(world("a")), is_exporter=is_exporter)
        assert spearman(found.sigma_of(codes(world("a"))[own], is_exporter=is_exporter), planted_sigma[own]) > 0.9
        variance = found.variance_of(codes(world("a"))[own], is_exporter=is_exporter)
        assert spearman(variance, planted_sigma[own] ** 2) > 0.97
    products = np.array([int(code) for code in truth.product_codes], np.int64)
    assert np.abs(np.log(found.unit_value_of("H5", products) / truth.unit_value)).max() < 0.35
    counted = truth.kg_per_item > 0
    kg, known = found.kg_of("H5", products, np.full(len(products), 5), np.ones(len(products)))
    assert known.tolist() == counted.tolist()
    assert np.abs(np.log(kg[counted] / truth.kg_per_item[counted])).max() < 0.15


def test_what_was_fitted_on_a_world_is_what_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Parameters] = []

    def noted(parameters: Parameters) -> pa.Table:
        written.append(parameters)
        return to_rows(parameters)

    monkeypatch.setattr(estimation, "to_rows", noted)
    found = told(home, "h", YEAR)
    assert (len(found.cif.spread), len(found.units["H5"].product), len(found.unit_values["H5"].product)) == (8, 20, 60)
    same(found, replace(written[0], set_id=found.set_id))


def test_equal_bytes_however_the_flows_lie(home: Path) -> None:
    commit_truth_geography(home, world("h").truth)
    commit_reported(home, world("h").reported, YEAR)
    harmonise(home, YEAR)
    first = estimate(home, YEAR).set_id
    for rows, is_one_bucket in ((1, False), (5_000, False), (10**9, True), (700, True)):
        rewritten(home, YEAR, rows=rows, is_one_bucket=is_one_bucket)
        assert estimate(home, YEAR).set_id == first
    assert len(first) == 16


# worked numbers


def mirror(exporter: str, importer: str, exports: int, imports: int, product: str = CAR, **more: object) -> list[Report]:
    """Both reports of a flow, FOB, in USD."""
    return [
        Said(exporter, importer, "X", product, exports * 1000, **more),  # type: ignore[arg-type]
        Said(importer, exporter, "M", product, imports * 1000, valuation="FOB", **more),  # type: ignore[arg-type]
    ]


def test_worked_numbers(home: Path) -> None:
    found = estimate_of(
        home,
        *mirror("156", "842", 1000, 1050),
        *mirror("156", "276", 1000, 2000),
        *mirror("276", "842", 500, 500),
        *mirror("276", "842", 100, 100, PEAR),
    )
    # reports agree within a tenth: 1000 of China's 2000 exports, all 600 of Germany's; of imports 1050 + 600, and none of 2000
    assert found.symmetry_of(np.array([156, 276]), is_exporter=True).tolist() == [0.5, 1.0]
    assert found.symmetry_of(np.array([842, 276]), is_exporter=False).tolist() == [1.0, 0.0]
    # mean of ln(Vx / Vm) over the four flows
    logs = [math.log(1000 / 1050), math.log(0.5), 0.0, 0.0]
    assert found.variances.flows == 4
    assert found.variances.bias == pytest.approx(sum(logs) / 4, rel=1e-11)
    assert [side.area.tolist() for side in found.quality] == [[156, 276], [276, 842]]
    assert [side.flows.tolist() for side in found.quality] == [[2, 2], [1, 3]]
    assert found.reliability.area.tolist() == [156, 276, 842]
    assert found.reporters.tolist() == [156, 276, 842]
    # the least-squares means of |ln|: 276 -> 842 has 0, 156 -> 842 ln 1.05, 156 -> 276 ln 2
    exporters, importers = found.quality
    assert (exporters.distance[0] - exporters.distance[1]) == pytest.approx(math.log(1.05), abs=1e-9)
    assert (importers.distance[0] - importers.distance[1]) == pytest.approx(math.log(2) - math.log(1.05), abs=1e-9)
    assert found.cif is PUBLISHED


def test_quality_is_of_what_the_exporter_sends_beyond_its_re_exports(home: Path) -> None:
    re_export = Report("156", "842", "RX", CAR, 400_000)
    found = estimate_of(home, *mirror("156", "842", 1400, 1000, weight=100_000), re_export)
    assert (found.quality[0].area.tolist(), found.quality[0].distance.tolist()) == ([156], [0.0])
    assert found.weight_quality[0].area.tolist() == [], "the exporter's weight holds the re-exports"


def test_unit_values_and_weights(home: Path) -> None:
    guessed = (("is_net_weight_estimated", True),)
    found = estimate_of(
        home,
        Report("156", "842", "X", CAR, 10_000_000, weight=1_000_000),
        Report("842", "156", "M", CAR, 12_000_000, weight=1_100_000, valuation="FOB"),
        Report("276", "842", "X", CAR, 90_000_000, weight=1_000_000),
        Report("842", "276", "M", CAR, 95_000_000, weight=1_000_000),
        Said("251", "842", "X", CAR, 7_000_000, weight=1, more=guessed),
        Said("842", "251", "M", CAR, 7_000_000, weight=1, more=guessed, valuation="FOB"),
        Report("842", "32", "M", PEAR, 3_000_000, weight=2_000_000),
    )
    value, unknown, pear = found.unit_value_of("H5", np.array([870380, 870322, 80830]))
    assert value == pytest.approx((10 + 12 + 90) / (1 + 1.1 + 1), rel=1e-11), "112,000 USD over 3,100 kg: FOB reports with weights"
    assert math.isnan(unknown) and pear == 1.5
    assert [side.area.tolist() for side in found.weight_quality] == [[156, 276], [842]], "nobody guessed these weights"
    assert [side.area.tolist() for side in found.quality] == [[156, 251, 276], [842]]


def test_tonnes_per_unit_need_ten_pairs_in_units_that_are_no_weights(home: Path) -> None:
    def said(partner: int, unit: str, *, product: str = CAR) -> list[Report]:
        counted = (("quantity", 4), ("quantity_unit_code", unit))
        return [
            Report("156", str(partner), "X", product, 1_000_000, weight=6_000_000),
            Said(str(partner), "156", "M", product, 1_000_000, valuation="FOB", more=counted),
        ]

    partners = (32, 36, 40, 56, 76, 100, 124, 152, 170, 188)
    reports = [r for p in partners for r in said(p, "5") + said(p, "8", product=PEAR)]
    reports += [r for p in partners[:9] for r in said(p, "5", product="870322")]
    found = estimate_of(home, *reports)
    units = found.units["H5"]
    assert (units.product.tolist(), units.unit.tolist(), units.tonnes.tolist(), units.pairs.tolist()) == ([870380], [5], [1.5], [10])
    more = estimate_of(home, *reports, unit_minimum_pairs=9).units["H5"]
    assert more.product.tolist() == [870322, 870380]


@pytest.mark.parametrize(
    "noise",
    [
        mirror("702", "842", 100, 900),
        mirror("156", "344", 100, 900),
        mirror("156", "837", 100, 900),
        mirror("36", "842", 1_000, 1_020_000),
        mirror("36", "842", 100, 900, more=(("is_reported", False),)),
        mirror("36", "842", 0, 900),
        mirror("36", "842", -5, 900),
        [Report("36", "842", "X", CAR, 77_000)],
    ],
    ids=["hub", "to a hub", "no country", "unit mistake", "copied", "zero", "negative", "one-sided"],
)
def test_what_tells_nothing_of_a_reporter_stays_out(home: Path, noise: list[Report]) -> None:
    plain = [*mirror("156", "842", 1000, 1050), *mirror("276", "842", 500, 700), *mirror("276", "156", 500, 510)]
    before, after = estimate_of(home, *plain), estimate_of(home, *plain, *noise)
    for one, other in zip(before.quality, after.quality, strict=True):
        assert (one.area.tolist(), one.sigma.tolist()) == (other.area.tolist(), other.sigma.tolist())
    assert before.variances.bias == after.variances.bias


def test_suspected_mistakes_are_near_a_thousand_or_a_million() -> None:
    one = np.array([1_000, 1_000, 1_000, 1_000, 1_000, 0, 5, -1_000], np.int64)
    other = np.array([1_000_000, 510_000, 490_000, 2_100_000_000, 999_000_000, 10**9, 5, 1_000_000], np.int64)
    assert is_sound(one, other).tolist() == [False, False, True, True, False, True, True, True]
    assert is_sound(other, one).tolist() == is_sound(one, other).tolist()


# years with little in them


def test_a_year_with_one_reporter(home: Path) -> None:
    found = estimate_of(home, Report("842", "156", "M", CAR, 10_000), Report("842", "156", "X", PEAR, 20_000, weight=4_000))
    assert (found.fitted_on, found.reporters.tolist(), found.cif) == ("A H5 6", [842], PUBLISHED)
    assert found.sigma_of(np.array([842, 156]), is_exporter=True).tolist() == [1.0, 1.0], "weights tie"
    assert np.isnan(found.variance_of(np.array([842]), is_exporter=False)).all()
    assert found.unit_value_of("H5", np.array([80830])).tolist() == [5.0]
    assert (found.symmetry[0].area.tolist(), found.reliability.area.tolist()) == ([], [])


def test_a_year_in_which_all_is_one_sided(home: Path) -> None:
    found = estimate_of(home, Report("842", "156", "M", CAR, 10_000), Report("156", "842", "X", PEAR, 20_000))
    assert [side.area.tolist() for side in (*found.quality, *found.weight_quality)] == [[], [], [], []]
    # both report something of the pair, though not of one product: its totals are compared
    assert found.reliability.area.tolist() == [156, 842]
    assert (found.variances.flows, found.reporters.tolist()) == (0, [156, 842])


def test_a_reporter_with_one_flow(home: Path) -> None:
    found = estimate_of(home, *mirror("156", "842", 1000, 1050), *mirror("156", "276", 1000, 2000), *mirror("4", "842", 10, 30, PEAR))
    side = found.quality[0]
    assert (side.area.tolist(), side.flows.tolist()) == ([4, 156], [1, 2])
    assert np.isfinite(side.sigma).all() and np.isfinite(side.standard_error).all() and (side.sigma >= 0.03 * math.pi / 2 - 1e-9).all()


def test_values_of_zero_and_below(home: Path) -> None:
    found = estimate_of(home, *mirror("156", "842", 0, 0, weight=0), *mirror("276", "842", -100, 100), *mirror("156", "276", -100, -50))
    assert [side.area.tolist() for side in found.quality] == [[], []]
    assert (found.unit_values, found.units, found.reliability.area.tolist()) == ({}, {}, [])


def test_a_year_without_own_reports(home: Path) -> None:
    found = estimate_of(home, Report("156", "842", "X", CAR, 95_000, source="baci"))
    assert (found.fitted_on, found.set_id) == (None, "")


def test_months_stand_in_for_a_year_that_has_no_annual_reports(home: Path) -> None:
    months = [replace(r, period=f"{YEAR}-{m:02d}") for m in (1, 2) for r in mirror("156", "842", 1000 * m, 1100)]
    found = estimate_of(home, *months)
    assert (found.fitted_on, found.quality[0].flows.tolist()) == ("M H5 6", [2])
    # the year's totals: 3000 and 2200
    assert found.symmetry_of(np.array([156]), is_exporter=True).tolist() == [pytest.approx(1 / 3)]
    both = estimate_of(home, *months, *mirror("156", "842", 2000, 2200))
    assert (both.fitted_on, both.quality[0].flows.tolist()) == ("A H5 6", [1])


@pytest.mark.parametrize(
    ("classifications", "expected"),
    [
        (["H4", "H5", "H5"], Stratum("A", "H5", 6)),
        (["H4", "H6", "H5"], Stratum("A", "H6", 6)),
        (["S4", "S4", "H4"], Stratum("A", "H4", 6)),
    ],
    ids=["the most rows", "ties to the newest edition", "HS before others"],
)
def test_the_stratum_of_a_year(home: Path, classifications: list[str], expected: Stratum) -> None:
    reports = [
        Report("156", str(partner), "X", CAR if name.startswith("H") else "7812", 1_000, classification=name)
        for partner, name in zip((842, 276, 36), classifications, strict=True)
    ]
    estimate_of(home, *reports)
    assert stratum_of(home, YEAR) == expected


def test_without_products_of_six_digits_the_deepest_common_level_is_used(home: Path) -> None:
    found = estimate_of(home, *mirror("156", "842", 1000, 1050, "87"), *mirror("276", "842", 500, 500, "87"))
    assert (found.fitted_on, found.unit_values, found.quality[0].area.tolist()) == ("A H5 2", {}, [156, 276])
    total = estimate_of(home, *mirror("156", "842", 1000, 1050, "TOTAL"))
    assert (total.fitted_on, total.quality[0].area.tolist()) == ("A H5 0", [156])
