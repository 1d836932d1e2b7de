"""The ledger: sums, balances, files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from transforms.contracts.ops import LEDGER
from transforms.contracts.records import LedgerLine
from transforms.core import ledger
from transforms.io import lake


def line(reason: str, value: int, rows: int = 1, *, stage: str = "reconcile", source: str = "comtrade", period: str = "2020") -> LedgerLine:
    return LedgerLine(stage, "bilateral_flows", source, int(period[:4]), "A", period, reason, rows, value)


def test_lines_of_one_reason_are_summed() -> None:
    merged = ledger.merge([line("out", 2), line("in", 5), line("in", 7, 3), line("in", 1, period="2021")])
    assert [(x.period, x.reason, x.row_count, x.value_mills) for x in merged] == [
        ("2020", "in", 4, 12),
        ("2020", "out", 1, 2),
        ("2021", "in", 1, 1),
    ]


def test_a_ledger_closes_to_the_mill() -> None:
    lines = [line("in", 100), line("out", 60), line("not_chosen", 37), line("cif_removed", 3)]
    assert ledger.is_closed(lines)
    assert not ledger.is_closed([*lines, line("weighting", 1)])


def test_added_value_is_a_negative_reason() -> None:
    assert ledger.is_closed([line("in", 60), line("out", 100), line("suppressed_residual", -40)])


def test_an_open_balance_names_stage_source_and_period() -> None:
    """Two gaps that cancel over sources are two gaps."""
    lines = [line("in", 5), line("out", 4), line("in", 4, source="baci"), line("out", 5, source="baci")]
    assert ledger.open_balances(lines) == {
        ("reconcile", "bilateral_flows", "comtrade", "A", "2020"): 1,
        ("reconcile", "bilateral_flows", "baci", "A", "2020"): -1,
    }


def test_rows_have_a_balance_of_their_own() -> None:
    lines = [line("in", 5, 3, stage="ingest"), line("out", 5, 2, stage="ingest")]
    assert ledger.is_closed(lines)
    assert list(ledger.open_balances(lines, rows=True).values()) == [1]


def test_nothing_is_closed() -> None:
    assert ledger.is_closed([])


def test_sums_beyond_64_bits_stay_exact(home: Path) -> None:
    huge = 2**63 - 1
    files = ledger.write(home, [line("in", huge), line("in", huge), line("out", 1)])
    lake.commit(home, LEDGER, {f.partition_key: [f] for f in files})
    stored = {r["reason"]: r["value_usd"] for r in lake.read(home, LEDGER).to_pylist()}
    assert stored == {"in": Decimal("18446744073709551.614"), "out": Decimal("0.001")}


def test_files_are_one_per_stage_source_and_year(home: Path) -> None:
    files = ledger.write(home, [line("in", 1), line("in", 1, period="2021"), line("in", 1, source="baci"), line("in", 1, stage="ingest")])
    assert [f.partition_key for f in files] == [
        "stage=ingest/source=comtrade/year=2020",
        "stage=reconcile/source=baci/year=2020",
        "stage=reconcile/source=comtrade/year=2020",
        "stage=reconcile/source=comtrade/year=2021",
    ]
