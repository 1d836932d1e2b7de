"""Two reports of one flow in one row: which is chosen, what the CIF factor takes off, and where every mill went."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.core_cases import CHINA, USA, YEAR, Report, commit_reports, harmonise, ledger_of, mills_of, reconcile, settings_of
from transforms.contracts import lake as contracts
from transforms.contracts.records import TaskResult
from transforms.core.ledger import is_closed
from transforms.core.pinned.parameters import Parameters
from transforms.core.reconciling.methods import METHODS
from transforms.core.reconciling.reconcile import reconcile_bucket
from transforms.io import lake


def one(home: Path, *reports: Report, **chosen: Any) -> tuple[dict[str, Any], dict[tuple[str, str], int]]:
    """The single reconciled row of ``reports`` and the ledger's sums, which close."""
    commit_reports(home, reports)
    harmonise(home)
    rows, results = reconcile(home, **chosen)
    assert is_closed(line for r in results for line in r.ledger)
    assert len(rows) == 1
    return rows[0], ledger_of(*results)


EXPORT = Report("156", "56", "X", "870380", 10_000_000, weight=900)
IMPORT = Report("56", "156", "M", "870380", 10_330_000, weight=950)


def test_both_sides_report_and_the_exporter_leads(home: Path) -> None:
    row, sums = one(home, EXPORT, IMPORT)
    names = ("value_fob_usd", "value_exporter_fob_usd", "value_importer_cif_usd", "value_importer_fob_usd", "net_weight_kg")
    assert [mills_of(row[n]) for n in names] == [10_000_000, 10_000_000, 10_330_000, 10_000_000, 900]
    assert (row["evidence"], row["evidence_kind"], row["method"]) == ("both", None, "prefer_exporter")
    assert (row["weight_exporter"], row["cif_factor"]) == (1.0, 1.033)
    assert (row["snapshot_exporter"], row["snapshot_importer"]) == ("comtrade-1", "comtrade-1")
    assert sums == {("comtrade", "in"): 20_330_000, ("comtrade", "out"): 10_000_000, ("comtrade", "not_chosen"): 10_330_000}


def test_the_importer_leads_as_the_mirror_image(home: Path) -> None:
    row, sums = one(home, EXPORT, IMPORT, method="prefer_importer")
    assert (mills_of(row["value_fob_usd"]), row["weight_exporter"], mills_of(row["net_weight_kg"])) == (10_000_000, 0.0, 950)
    assert sums == {
        ("comtrade", "in"): 20_330_000,
        ("comtrade", "out"): 10_000_000,
        ("comtrade", "not_chosen"): 10_000_000,
        ("comtrade", "cif_removed"): 330_000,
    }


def test_an_import_alone_loses_its_cif_rounded_to_the_mill(home: Path) -> None:
    row, sums = one(home, dataclasses.replace(IMPORT, value=27_269_290_681_000))
    assert str(row["value_fob_usd"]) == "26398151675.702"
    assert (row["evidence"], row["value_exporter_fob_usd"], row["snapshot_exporter"]) == ("importer_only", None, None)
    assert sums["comtrade", "cif_removed"] == 27_269_290_681_000 - 26_398_151_675_702


@pytest.mark.parametrize(("cif", "fob"), [(100_000, 96_805), (1, 1), (0, 0)])
def test_cif_is_taken_off_small_values_too(home: Path, cif: int, fob: int) -> None:
    assert mills_of(one(home, dataclasses.replace(IMPORT, value=cif))[0]["value_fob_usd"]) == fob


def test_half_a_mill_rounds_to_even(home: Path) -> None:
    values = [1, 3, 5, 7]
    commit_reports(home, [Report("56", "156", "M", f"87038{n}", v) for n, v in enumerate(values)])
    harmonise(home)
    rows, _ = reconcile(home, cif_factor=2)
    assert [mills_of(r["value_fob_usd"]) for r in rows] == [0, 2, 2, 4]


def test_a_stated_fob_value_is_taken_before_the_factor(home: Path) -> None:
    row, _ = one(home, dataclasses.replace(IMPORT, value=10_400_000, fob=10_000_000))
    assert (mills_of(row["value_fob_usd"]), row["cif_factor"]) == (10_000_000, 1.04)


def test_a_stated_fob_of_zero_is_no_statement(home: Path) -> None:
    row, _ = one(home, dataclasses.replace(IMPORT, value=100_000, fob=0))
    assert (mills_of(row["value_fob_usd"]), row["cif_factor"]) == (96_805, 1.033)


def test_the_factor_of_an_import_of_zero_is_floored(home: Path) -> None:
    """0 over a stated 5 would be a factor of 0."""
    row, _ = one(home, dataclasses.replace(IMPORT, value=0, fob=5_000))
    assert (mills_of(row["value_fob_usd"]), mills_of(row["value_importer_cif_usd"]), row["cif_factor"]) == (0, 0, 1.0)


def test_a_stated_fob_above_cif_counts_as_cif(home: Path) -> None:
    row, _ = one(home, dataclasses.replace(IMPORT, value=10_000_000, fob=10_500_000))
    assert (mills_of(row["value_fob_usd"]), row["cif_factor"]) == (10_000_000, 1.0)


@pytest.mark.parametrize("valuation", ["FOB", "FAS", "unknown"])
def test_an_importer_that_reports_no_cif_keeps_its_value(home: Path, valuation: str) -> None:
    row, sums = one(home, dataclasses.replace(IMPORT, valuation=valuation))
    assert mills_of(row["value_fob_usd"]) == mills_of(row["value_importer_fob_usd"]) == 10_330_000
    assert row["value_importer_cif_usd"] is row["cif_factor"] is None
    assert sums == {("comtrade", "in"): 10_330_000, ("comtrade", "out"): 10_330_000}


def test_a_report_of_zero_is_a_report(home: Path) -> None:
    row, _ = one(home, dataclasses.replace(EXPORT, value=0), IMPORT)
    assert (mills_of(row["value_fob_usd"]), row["evidence"], mills_of(row["value_exporter_fob_usd"])) == (0, "both", 0)


def test_weight_comes_from_the_other_side_where_the_chosen_has_none(home: Path) -> None:
    row, _ = one(home, dataclasses.replace(EXPORT, weight=None), IMPORT)
    assert mills_of(row["net_weight_kg"]) == 950


def test_no_weight_on_either_side_is_null(home: Path) -> None:
    row, _ = one(home, dataclasses.replace(EXPORT, weight=None), dataclasses.replace(IMPORT, weight=None))
    assert row["net_weight_kg"] is None


@pytest.mark.parametrize(("method", "rounded"), [("prefer_exporter", False), ("prefer_importer", True)])
def test_rounded_is_what_the_chosen_report_is(home: Path, method: str, rounded: bool) -> None:
    row, _ = one(home, EXPORT, dataclasses.replace(IMPORT, rounded=True), method=method)
    assert row["is_value_rounded"] is rounded


def test_a_published_row_holds_only_what_was_published(home: Path) -> None:
    row, sums = one(home, Report(CHINA, USA, "X", "870380", 95_000, weight=3_000, source="baci", rounded=True))
    values = {n: mills_of(row.pop(n)) for n in ("value_fob_usd", "net_weight_kg")}
    assert values == {"value_fob_usd": 95_000, "net_weight_kg": 3_000}
    assert {k: v for k, v in row.items() if v is not None} == {
        "year": 2020, "product_bucket": 3, "basis": "baci_published", "frequency": "A", "period": "2020", "classification": "H5",
        "product_level": 6, "product_code": "870380", "exporter_code": CHINA, "importer_code": USA, "method": "baci_published",
        "evidence": "published", "is_value_rounded": True, "is_residual": False, "snapshot_exporter": "baci-1",
    }  # fmt: skip
    assert sums == {("baci", "in"): 95_000, ("baci", "out"): 95_000}


def test_zeros_of_codes_and_the_largest_value_survive(home: Path) -> None:
    row, _ = one(home, Report(CHINA, USA, "X", "010121", 10**18 - 1))
    assert (row["product_code"], str(row["value_fob_usd"])) == ("010121", "999999999999999.999")


def test_an_empty_bucket_gives_nothing(home: Path) -> None:
    assert reconcile_bucket(home, YEAR, 1, settings_of(home)) == TaskResult(())


def test_each_source_has_books_of_its_own(home: Path) -> None:
    _, sums = one(home, dataclasses.replace(EXPORT, source="national"), IMPORT)
    assert sums == {
        ("national", "in"): 10_000_000,
        ("national", "out"): 10_000_000,
        ("comtrade", "in"): 10_330_000,
        ("comtrade", "not_chosen"): 10_330_000,
    }


def test_reports_join_only_on_an_equal_edition_level_and_period(home: Path) -> None:
    others = [
        dataclasses.replace(IMPORT, classification="H6"),
        dataclasses.replace(IMPORT, period="2020-05"),
        dataclasses.replace(IMPORT, product="8703", level=4),
    ]
    commit_reports(home, [EXPORT, *others])
    harmonise(home)
    rows, _ = reconcile(home)
    assert sorted(r["evidence"] for r in rows) == ["exporter_only", "importer_only", "importer_only", "importer_only"]


@dataclasses.dataclass(frozen=True)
class _Thirty:
    """A method that weighs the exporter's report 0.3 where both report."""

    name: str = "thirty"
    is_rescaled: bool = False
    is_by_sigma: bool = False

    def weight_exporter(
        self, exporter: NDArray[np.int64], importer: NDArray[np.int64], parameters: Parameters, *, of_net_weight: bool = False
    ) -> NDArray[np.float64]:
        return np.full(np.broadcast_shapes(exporter.shape, importer.shape), 0.3)


def test_a_method_added_later_works_through_the_interface(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "thirty", _Thirty())
    row, sums = one(home, EXPORT, dataclasses.replace(IMPORT, value=12_396_000), method="thirty")
    assert mills_of(row["value_fob_usd"]) == 11_400_000  # 0.3 * 10,000 + 0.7 * 12,000 USD
    assert (row["weight_exporter"], row["method"], mills_of(row["net_weight_kg"])) == (0.3, "thirty", 935)
    assert sums == {
        ("comtrade", "in"): 22_396_000,
        ("comtrade", "not_chosen"): 10_000_000,
        ("comtrade", "out"): 11_400_000,
        ("comtrade", "cif_removed"): 396_000,
        ("comtrade", "weighting"): 600_000,
    }


def test_bytes_are_equal_on_repetition(home: Path) -> None:
    commit_reports(home, [EXPORT, IMPORT, Report("56", "156", "X", "870380", 4_000)])
    harmonise(home)
    first, second = (reconcile_bucket(home, YEAR, 3, settings_of(home)) for _ in range(2))
    assert first.files[0].sha256 == second.files[0].sha256 and first.ledger == second.ledger


_AREAS, _PRODUCTS = ("4", "56", "156", "842"), ("010121", "520100", "720110", "870380", "870390")


@st.composite
def _reports(draw: st.DrawFn) -> list[Report]:
    keys = st.tuples(st.sampled_from(_AREAS), st.sampled_from(_AREAS), st.sampled_from("XM"), st.sampled_from(_PRODUCTS))
    found = draw(st.lists(keys, unique=True, min_size=1, max_size=30))
    value = st.integers(0, 10**15)
    weight = st.none() | st.integers(0, 10**9)
    return [Report(*key, value=draw(value), fob=draw(st.none() | value), weight=draw(weight)) for key in found]


_JOIN = """
    with sides as (
        select exporter_code, importer_code, product_code, side, (reported_value_usd::decimal(38, 3) * 1000)::bigint as mills,
            (value_fob_usd::decimal(38, 3) * 1000)::bigint as stated
        from harmonised),
    x as (from sides where side = 'exporter'), m as (from sides where side = 'importer')
    select exporter_code, importer_code, product_code, x.mills,
        case when m.stated > 0 and m.mills <= 2 * m.stated then least(m.stated, m.mills) else (m.mills / 1.033::double)::bigint end
    from x full join m using (exporter_code, importer_code, product_code) order by all
"""


@settings(max_examples=8, deadline=None)
@given(_reports(), st.sampled_from(["prefer_exporter", "prefer_importer"]))
def test_value_is_conserved_and_the_join_is_a_plain_full_join(reports: list[Report], method: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        commit_reports(home, reports)
        _, harmonised_result = harmonise(home)
        rows, results = reconcile(home, method=method)
        harmonised = lake.read(home, contracts.HARMONISED_FLOWS)  # noqa: F841 - read by the query
        expected = duckdb.sql(_JOIN).fetchall()
    lines = [line for r in (harmonised_result, *results) for line in r.ledger]
    assert is_closed(lines)
    reported = sum(r.value for r in reports)
    assert sum(line.value_mills for line in lines if (line.stage, line.reason) == ("harmonise", "in")) == reported
    flow = ("exporter_code", "importer_code", "product_code")
    sides = ("value_exporter_fob_usd", "value_importer_fob_usd")
    found = sorted((*(r[n] for n in flow), *(mills_of(r[n]) for n in sides)) for r in rows)
    assert found == [tuple(row) for row in expected]
    first, second = (3, 4) if method == "prefer_exporter" else (4, 3)
    chosen = {f[:3]: f[first] if f[first] is not None else f[second] for f in found}
    assert {(r["exporter_code"], r["importer_code"], r["product_code"]): mills_of(r["value_fob_usd"]) for r in rows} == chosen
