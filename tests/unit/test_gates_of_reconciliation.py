"""What reconciling writes passes its own gate, whatever the method and however odd the reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations import runner
from tests.unit.core_cases import CHINA, FRANCE, USA, YEAR, Report, commit_reports, harmonise, settings_of
from transforms.contracts import lake as contracts
from transforms.contracts.codes import RECONCILE_METHODS
from transforms.core.reconciling.reconcile import reconcile_bucket, sum_bucket, year_of
from transforms.core.reconciling.rescale import pair_totals
from transforms.io import lake

#: Both sides, with and without weights and re-exports; a factor of 1,000; a report of 0; one side; areas not specified, their moves.
REPORTS = (
    Report(CHINA, USA, "X", "870380", 10_000_000, weight=900),
    Report(USA, CHINA, "M", "870380", 10_330_001, weight=950),
    Report(CHINA, USA, "X", "010121", 5_000_001),
    Report(CHINA, USA, "RX", "010121", 2_000_000),
    Report(USA, CHINA, "M", "010121", 4_000_003),
    Report(CHINA, FRANCE, "X", "720110", 7_000, weight=10),
    Report(FRANCE, CHINA, "M", "720110", 7_100_000, weight=11),
    Report(CHINA, FRANCE, "X", "720230", 0),
    Report(FRANCE, CHINA, "M", "720230", 5_000),
    Report(FRANCE, USA, "X", "220410", 3_000_000),
    Report(USA, FRANCE, "M", "220421", 3_099_000),
    Report(USA, "56", "X", "870380", 1_000),
    Report(CHINA, "899", "X", "870380", 400_000),
    Report(CHINA, FRANCE, "X", "870380", 100_000),
    Report(FRANCE, CHINA, "M", "870380", 309_900),
    Report(CHINA, "899", "X", "010129", 50_000),
    Report(USA, CHINA, "M", "010129", 30_990),
)


@pytest.mark.parametrize("method", RECONCILE_METHODS)
def test_what_is_written_passes_the_gate(method: str, home: Path) -> None:
    commit_reports(home, REPORTS)
    harmonise(home)
    settings = settings_of(home, method=method)
    known = year_of(home, YEAR, settings)
    totals = pair_totals([sum_bucket(home, YEAR, bucket, settings, known) for bucket in range(4)]) if method == "growth_lab" else None
    results = [reconcile_bucket(home, YEAR, bucket, settings, known, totals) for bucket in range(4)]
    gated: dict[contracts.Table, dict[str, list[Path]]] = {}
    for file in (f for result in results for f in result.files):
        table = contracts.TABLES[file.table]
        gated.setdefault(table, {}).setdefault(file.partition_key, []).append(lake.table_folder(home, table) / file.path)
    assert {t.name for t in gated} == {"bilateral_flows", "pair_reports", "nes_move"}
    found = runner.gate_many(gated)
    assert [(r.table_name, r.partition_key, r.check_name, r.sample) for r in found if not r.is_passed] == []
    asked = {r.check_name for r in found}
    assert {"pair_reports_equal_flows", "moves_are_received", "value_between_reports"} <= asked
