"""Pairs that no method averages, and pairs without distance: each has one answer, written out (docs/methods.md 1.1.3, 1.1.5)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.core_cases import YEAR, Report, commit_reports, harmonise, mills_of, reconcile, settings_of
from transforms.contracts import lake as contracts
from transforms.core.harmonising.sides import valued
from transforms.core.pinned.parameters import NO_PARAMETERS
from transforms.core.places.geography import read_geography
from transforms.core.reconciling.fob import ImporterFob, rates_of
from transforms.core.reconciling.groups import read_rows
from transforms.core.reconciling.methods import METHODS
from transforms.core.reconciling.mirrors import Flows, flows_of
from transforms.core.reconciling.pair_tables import pair_tables
from transforms.core.reconciling.reconciled import mirrored
from transforms.core.reconciling.weighing import interval_of, mixed, weigh
from transforms.io import lake

K = "870380"


def pair(exported: int, imported: int, *, kg: tuple[int | None, int | None] = (None, None)) -> list[Report]:
    """Both reports of one flow, FOB, in mills and thousandths of kg."""
    return [
        Report("156", "56", "X", K, exported, weight=kg[0]),
        Report("56", "156", "M", K, imported, weight=kg[1], valuation="FOB"),
    ]


def one(home: Path, reports: list[Report], **chosen: Any) -> dict[str, Any]:
    commit_reports(home, reports)
    harmonise(home)
    (row,), _ = reconcile(home, **({"method": "mean"} | chosen))
    return row


def flows(home: Path, reports: list[Report]) -> Flows:
    commit_reports(home, reports)
    harmonise(home)
    (path,) = lake.active_files(home, contracts.HARMONISED_FLOWS, year=YEAR, product_bucket=3)
    return flows_of(read_rows(pq.ParquetFile(path), 0), YEAR)


def value_at(home: Path, reports: list[Report], usd_per_kg: float) -> int:
    """The value of one flow whose product usually costs so much."""
    some = flows(home, reports)
    tables = pair_tables(some, METHODS["mean"], NO_PARAMETERS)
    nothing = np.zeros(1)
    importer = ImporterFob(some.importer_reported, nothing, nothing, np.zeros(1, np.int32))
    return int(weigh(some, tables, tables.pair(some), some.exporter_reported, importer, np.array([usd_per_kg])).value[0])


@pytest.mark.parametrize(("factor", "mark"), [(1_000, "suspected_1000"), (1_000_000, "suspected_1000000")])
@pytest.mark.parametrize("is_exporters", [True, False])
def test_without_weights_the_smaller_of_a_suspected_pair_is_taken(home: Path, factor: int, mark: str, is_exporters: bool) -> None:
    values = (5_000 * factor, 5_000) if is_exporters else (5_000, 5_000 * factor)
    row = one(home, pair(*values))
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (5_000, mark)
    assert row["weight_exporter"] == (0.0 if is_exporters else 1.0)


def test_just_outside_the_window_both_count(home: Path) -> None:
    row = one(home, pair(5_000_000, 2_495_000_000))  # a factor of 499
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (1_250_000_000, None)


@pytest.mark.parametrize(
    ("usd_per_kg", "value"),
    [(10.0, 5_000_000), (10_000.0, 5_000_000_000), (np.nan, 5_000_000)],
    ids=["the usual price", "a dear product", "no price known"],
)
def test_the_price_says_which_of_a_suspected_pair_is_right(home: Path, usd_per_kg: float, value: int) -> None:
    """500 kg at 5,000 USD, or at 5,000,000 USD: the exporter alone weighs, and its weight serves for both."""
    assert value_at(home, pair(5_000_000_000, 5_000_000, kg=(500_000, None)), usd_per_kg) == value


@pytest.mark.parametrize(("exported", "imported", "value"), [(0, 7_000, 7_000), (7_000, 0, 7_000), (-3_000, 7_000, 7_000)])
def test_a_report_of_nothing_is_not_averaged_with_one_of_something(home: Path, exported: int, imported: int, value: int) -> None:
    row = one(home, pair(exported, imported))
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (value, "not_positive")
    assert row["value_low_usd"] is row["value_high_usd"] is None


def test_two_reports_of_nothing_give_nothing(home: Path) -> None:
    row = one(home, pair(0, 0))
    assert (mills_of(row["value_fob_usd"]), row["evidence"], row["method_marks"]) == (0, "both", None)


def test_methods_that_take_one_side_stay_with_it(home: Path) -> None:
    row = one(home, pair(5_000_000, 5_000), method="prefer_exporter")
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (5_000_000, "suspected_1000")


def test_a_mistake_in_the_weight_is_not_averaged_either(home: Path) -> None:
    row = one(home, pair(10_000_000, 10_000_000, kg=(2_000, 2_000_000)))
    assert mills_of(row["net_weight_kg"]) == 2_000


def test_a_pair_without_distance_has_the_mean_rate_and_says_so(home: Path) -> None:
    """No geography is at hand: ln 1.033, the published mean."""
    row = one(home, [Report("56", "156", "M", K, 10_330_000)], cif="fitted")
    assert (mills_of(row["value_fob_usd"]), round(row["cif_factor"], 9)) == (10_000_000, 1.033)
    assert row["method_marks"] == "cif_mean"


def test_before_any_estimate_weights_tie(home: Path) -> None:
    row = one(home, pair(9_000, 11_000), method="baci")
    assert (mills_of(row["value_fob_usd"]), row["weight_exporter"], row["sigma_exporter"]) == (10_000, 0.5, None)
    assert row["method_marks"] == "sigma_default"


def test_re_exports_are_apart_where_there_is_a_mirror_and_inside_where_there_is_none(home: Path) -> None:
    """10,000 of which 4,000 came from elsewhere, against 6,600 by origin; to 842, which is silent, all of it."""
    sold = [Report("156", p, "X", K, 10_000_000) for p in ("56", "842")] + [Report("156", p, "RX", K, 4_000_000) for p in ("56", "842")]
    commit_reports(home, [*sold, Report("56", "156", "M", K, 6_600_000, valuation="FOB")])
    harmonise(home)
    rows, _ = reconcile(home, method="mean")
    found = {r["importer_code"]: (mills_of(r["value_fob_usd"]), mills_of(r["re_export_fob_usd"]), r["method_marks"]) for r in rows}
    assert found == {"56": (6_300_000, 4_000_000, "re_exports_apart"), "842": (10_000_000, 4_000_000, None)}


def test_half_a_mill_rounds_to_even() -> None:
    assert mixed(np.array([0.5, 0.5, 1.0, 0.0]), np.array([1, 3, 7, 7]), np.array([2, 4, 8, 8])).tolist() == [2, 4, 7, 8]


def test_an_importer_on_the_dated_list_reports_fob(home: Path) -> None:
    """Australia (36) reports FOB where a layout takes imports for CIF; Belgium doesn't."""
    some = flows(home, [Report(code, "156", "M", K, 10_330_000) for code in ("36", "56")])
    found = mirrored(some, rates_of(NO_PARAMETERS, read_geography(home), settings_of(home, cif="fitted"), YEAR)).importer
    assert found.fob.tolist() == [10_330_000, 10_000_000]


def test_a_cif_value_of_the_row_goes_before_the_list() -> None:
    rows = pa.table(
        {
            "reporter_code": ["36", "36", "36", "56"], "flow_code": ["M", "M", "X", "M"], "valuation": ["CIF", "CIF", "FOB", "CIF"],
            "value_cif_usd": pa.array([None, 1, None, None], pa.decimal128(18, 3)),
        }
    )  # fmt: skip
    assert valued(rows, frozenset({"36"}))["valuation"].to_pylist() == ["FOB", "CIF", "FOB", "CIF"]


def test_a_fob_value_far_below_its_cif_value_is_not_believed(home: Path) -> None:
    """1,000 USD CIF beside 0.001 USD FOB: the rate is the equation's; 1,000 beside 500 is taken."""
    row = one(home, [Report("56", "156", "M", K, 1_033_000, fob=1)], cif="fitted")
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (1_000_000, "cif_mean fob_implausible")
    row = one(home, [Report("56", "156", "M", K, 1_000_000, fob=500_000)], cif="fitted")
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (500_000, "cif_observed")


def test_re_exports_above_the_report_stay_in_it_and_are_marked(home: Path) -> None:
    row = one(home, [*pair(100_000, 90_000), Report("156", "56", "RX", K, 500_000)])
    assert (mills_of(row["value_fob_usd"]), row["method_marks"]) == (95_000, "re_exports_above")


def test_a_value_stays_between_its_reports_where_floats_end() -> None:
    large = np.array([9_999_999_999_999_999])
    assert mixed(np.array([0.3]), large, large).tolist() == large.tolist()


def test_no_interval_where_no_column_holds_it(home: Path) -> None:
    some = flows(home, pair(9_000_000_000_000_000, 9_000_000_000_000_000))
    tables = pair_tables(some, METHODS["mean"], NO_PARAMETERS)
    wide = dataclasses.replace(tables, variance_exporter=np.array([90.0]), variance_importer=np.array([90.0]))
    nothing = np.zeros(1)
    importer = ImporterFob(some.importer_reported, nothing, nothing, np.zeros(1, np.int32))
    found = weigh(some, wide, wide.pair(some), some.exporter_reported, importer, np.array([np.nan]))
    assert interval_of(wide, wide.pair(some), found, importer, 1.645)[2].tolist() == [False]
    narrow = dataclasses.replace(tables, variance_exporter=np.array([0.01]), variance_importer=np.array([0.01]))
    low, high, has = interval_of(narrow, narrow.pair(some), found, importer, 1.645)
    assert has.tolist() == [True] and low[0] < 9_000_000_000_000_000 < high[0]
