"""In = out + reasons, per stage, source and period, to the mill."""

from __future__ import annotations

from pathlib import Path

from transforms.contracts.ops import LEDGER
from transforms.contracts.records import LedgerLine
from transforms.core import ledger
from transforms.io import lake


def line(reason: str, value: int, *, rows: int = 1, stage: str = "reconcile", source: str = "comtrade", period: str = "2020") -> LedgerLine:
    return LedgerLine(stage, "bilateral_flows", source, int(period[:4]), "A", period, reason, rows, value)


def test_equal_lines_are_summed_exactly() -> None:
    merged = ledger.merge([line("in", 2**62), line("in", 2**62, rows=4), line("out", 1)])
    assert [(m.reason, m.row_count, m.value_mills) for m in merged] == [("in", 5, 2**63), ("out", 1, 1)]


def test_a_ledger_closes_per_source_and_period() -> None:
    closed = [line("in", 100), line("out", 97), line("cif_removed", 3)]
    assert ledger.is_closed(closed)
    moved = [line("in", 100), line("out", 100, source="baci")]
    assert ledger.open_balances(moved) == {
        ("reconcile", "bilateral_flows", "comtrade", "A", "2020"): 100,
        ("reconcile", "bilateral_flows", "baci", "A", "2020"): -100,
    }
    assert not ledger.is_closed([line("in", 100), line("out", 100, period="2021")])
    assert not ledger.is_closed([line("in", 100), line("out", 99)])


def test_rows_close_apart_from_value() -> None:
    lines = [line("in", 100, rows=3), line("out", 100, rows=2)]
    assert ledger.is_closed(lines)
    assert list(ledger.open_balances(lines, rows=True).values()) == [1]


def test_written_lines_keep_38_digits(home: Path) -> None:
    value = 10**34 + 1
    (file,) = ledger.write(home, [line("in", value)])
    lake.commit(home, LEDGER, {file.partition_key: [file]})
    (row,) = lake.read(home, LEDGER).to_pylist()
    assert str(row["value_usd"]) == "10000000000000000000000000000000.001"


def test_added_value_is_a_negative_reason() -> None:
    assert ledger.is_closed([line("in", 60), line("out", 100), line("suppressed_residual", -40)])


def test_nothing_is_closed() -> None:
    assert ledger.is_closed([])


def test_files_are_one_per_stage_source_and_year(home: Path) -> None:
    files = ledger.write(home, [line("in", 1), line("in", 1, period="2021"), line("in", 1, source="baci"), line("in", 1, stage="ingest")])
    assert [f.partition_key for f in files] == [
        "stage=ingest/source=comtrade/year=2020",
        "stage=reconcile/source=baci/year=2020",
        "stage=reconcile/source=comtrade/year=2020",
        "stage=reconcile/source=comtrade/year=2021",
    ]


def test_an_account_sums_what_is_booked_and_has_no_line_for_nothing() -> None:
    account = ledger.Account("reconcile", "bilateral_flows", 2020)
    account.add("comtrade", ("A", "2020"), "out", 2, 5)
    account.add("comtrade", ("A", "2020"), "out", 1, -1)
    account.add("comtrade", ("A", "2020"), "not_chosen", 0, 0)
    account.add("baci", ("M", "2020-05"), "in", 1, 0)
    assert account.lines() == (
        LedgerLine("reconcile", "bilateral_flows", "baci", 2020, "M", "2020-05", "in", 1, 0),
        LedgerLine("reconcile", "bilateral_flows", "comtrade", 2020, "A", "2020", "out", 3, 4),
    )
