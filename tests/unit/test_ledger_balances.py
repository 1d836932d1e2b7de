"""The ledger: value that is added, and a file per partition."""

from __future__ import annotations

from pathlib import Path

from transforms.contracts.records import LedgerLine
from transforms.core import ledger


def line(reason: str, value: int, rows: int = 1, *, stage: str = "reconcile", source: str = "comtrade", period: str = "2020") -> LedgerLine:
    return LedgerLine(stage, "bilateral_flows", source, int(period[:4]), "A", period, reason, rows, value)


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
