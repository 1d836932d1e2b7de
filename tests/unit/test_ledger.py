"""In = out + reasons, per stage, source and period, to the mill."""

from __future__ import annotations

from pathlib import Path

from transforms.contracts.ops import LEDGER
from transforms.contracts.records import LedgerLine
from transforms.core import ledger
from transforms.io import lake


def line(reason: str, value: int, *, rows: int = 1, source: str = "comtrade", period: str = "2020") -> LedgerLine:
    return LedgerLine("reconcile", "bilateral_flows", source, 2020, "A", period, reason, rows, value)


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
