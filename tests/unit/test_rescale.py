"""The Growth Lab's rescaling through the lake: products to their pair's total, over all buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.core_cases import YEAR, Report, commit_reports, harmonise, mills_of, settings_of
from transforms.contracts import lake as contracts
from transforms.core.ledger import is_closed
from transforms.core.reconciling.reconcile import reconcile_bucket, sum_bucket, year_of
from transforms.core.reconciling.rescale import PairSums, pair_totals
from transforms.io import lake


def run(home: Path, *reports: Report, **chosen: Any) -> list[dict[str, Any]]:
    """Rows of all buckets in order; the ledger closes."""
    commit_reports(home, reports)
    harmonise(home)
    settings = settings_of(home, method="growth_lab", **chosen)
    totals = pair_totals([sum_bucket(home, YEAR, bucket, settings, year_of(home, YEAR, settings)) for bucket in range(4)])
    results = [reconcile_bucket(home, YEAR, bucket, settings, totals=totals) for bucket in range(4)]
    assert is_closed(line for r in results for line in r.ledger)
    files = [f for r in results for f in r.files if f.table == "bilateral_flows"]
    lake.commit(home, contracts.BILATERAL_FLOWS, {f.partition_key: [f] for f in files})
    return lake.read(home, contracts.BILATERAL_FLOWS).to_pylist()


def exported(product: str, usd: int, partner: str = "56") -> Report:
    return Report("156", partner, "X", product, usd * 1000)


def imported(product: str, usd: int, by: str = "56") -> Report:
    return Report(by, "156", "M", product, usd * 1000, valuation="FOB")


def test_products_of_several_buckets_are_brought_to_the_pairs_total(home: Path) -> None:
    """Equal weights without estimates: the total is (300 + 220) / 2 = 260. Products alone give 150 + 100 + 20 = 270."""
    rows = run(
        home, exported("010121", 200), exported("870380", 100), imported("010121", 100), imported("870380", 100), imported("870390", 20)
    )
    assert [(r["product_code"], mills_of(r["value_fob_usd"])) for r in rows] == [
        ("010121", 144_444), ("870380", 96_297), ("870390", 19_259),
    ]  # fmt: skip
    assert sum(mills_of(r["value_fob_usd"]) or 0 for r in rows) == 260_000
    assert all(r["method_marks"] == "rescaled" for r in rows)


def test_a_pair_that_one_side_reports_stays(home: Path) -> None:
    rows = run(home, exported("010121", 200), exported("870380", 100))
    assert [mills_of(r["value_fob_usd"]) for r in rows] == [200_000, 100_000]
    assert all(r["method_marks"] is None for r in rows)


def test_a_suspected_unit_mistake_does_not_reach_the_total(home: Path) -> None:
    """156 says 200,000 where 56 says 200: the smaller is taken, and the pair's total is (300 + 300) / 2."""
    rows = run(home, exported("010121", 200_000), imported("010121", 200), exported("870380", 100), imported("870380", 100))
    assert [mills_of(r["value_fob_usd"]) for r in rows] == [200_000, 100_000]
    assert [r["method_marks"] for r in rows] == ["suspected_1000", None]


def test_a_side_that_has_all_the_weight_gives_its_sum_to_the_mill() -> None:
    """2^53 + 1 is no float: the total is the exporter's as it stands, not what a product with 1.0 leaves of it."""
    whole, none = np.array([2**53 + 1]), np.array([0])
    sums = PairSums(np.array([156_056]), whole, np.array([5]), whole, none, np.array([1.0]))
    assert pair_totals([{("own",): sums}])["own",].of_bucket.tolist() == [[2**53 + 1]]
