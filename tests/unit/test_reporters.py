"""Who reports in a period, and with that why a report stands alone: its partner is silent, or reports something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.core_cases import CHINA, FRANCE, USA, YEAR, Report, commit_reports, harmonise, reconcile
from transforms.contracts.records import DataFile
from transforms.core.harmonising.reporters import reporters_of

CAR = "870380"


def committed(home: Path, reports: Sequence[Report]) -> tuple[DataFile, ...]:
    """Reports harmonised and committed; the files that came of it."""
    commit_reports(home, reports)
    return harmonise(home)[1].files


def kinds(home: Path) -> dict[tuple[str, str, str], str | None]:
    """(period, exporter, importer) -> evidence_kind of own flows."""
    rows, _ = reconcile(home)
    return {(r["period"], r["exporter_code"], r["importer_code"]): r["evidence_kind"] for r in rows if r["basis"] == "own"}


def test_the_reporter_is_the_side_that_reports(home: Path) -> None:
    committed(home, [Report(CHINA, USA, "X", CAR, 1), Report(FRANCE, CHINA, "M", "010121", 1)])
    assert reporters_of(home, YEAR).areas == {("A", "2020"): {CHINA, FRANCE}}


def test_a_lone_report_is_of_a_silent_partner_or_an_orphan(home: Path) -> None:
    committed(
        home,
        [Report(CHINA, FRANCE, "X", CAR, 10_000), Report(CHINA, "408", "X", CAR, 5_000), Report(FRANCE, "276", "M", "010121", 3_000)],
    )
    assert kinds(home) == {
        ("2020", "276", FRANCE): "silent_nonreporter",
        ("2020", CHINA, FRANCE): "orphan",  # France reports, but not this, and in another bucket
        ("2020", CHINA, "408"): "silent_nonreporter",
    }


@pytest.mark.parametrize("other", [Report(USA, CHINA, "RX", CAR, 7), Report(USA, USA, "X", CAR, 7), Report(USA, CHINA, "DX", CAR, 7)])
def test_flows_that_harmonising_drops_make_nobody_a_reporter(home: Path, other: Report) -> None:
    """They leave the harmonised bytes as they are, so what is built from those must not depend on them."""
    alone = [Report(CHINA, USA, "X", CAR, 90)]
    before = committed(home, alone)
    assert kinds(home) == {("2020", CHINA, USA): "silent_nonreporter"}
    after = committed(home, [*alone, other])
    assert [f.sha256 for f in after] == [f.sha256 for f in before]
    assert kinds(home) == {("2020", CHINA, USA): "silent_nonreporter"}


def test_published_rows_make_no_country_a_reporter(home: Path) -> None:
    """BACI's row of the USA isn't the USA's own report: to China's lone export it is silent."""
    committed(home, [Report(CHINA, USA, "X", CAR, 90), Report(USA, FRANCE, "X", CAR, 95, source="baci")])
    assert kinds(home) == {("2020", CHINA, USA): "silent_nonreporter"}


def test_a_reporter_of_another_period_is_silent_in_this_one(home: Path) -> None:
    committed(home, [Report(CHINA, USA, "X", CAR, 1), Report(USA, FRANCE, "M", CAR, 1, period="2020-05")])
    assert kinds(home) == {("2020", CHINA, USA): "silent_nonreporter", ("2020-05", FRANCE, USA): "silent_nonreporter"}
