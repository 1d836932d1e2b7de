"""Which files meet a gate: harmonised flows are asked before anything is made of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.gates import gate_files
from orchestration.stages import HARMONISE
from tests.unit.core_cases import CHINA, USA, YEAR, Report, commit_reports, settings_of
from transforms.contracts import lake as contracts
from transforms.core import ledger
from transforms.core.harmonising.harmonise import harmonise_year
from transforms.io import lake

KEY = f"year={YEAR}"


@pytest.mark.parametrize(("source", "failed"), [("comtrade", set()), ("baci", {"source_matches_basis"})])
def test_harmonised_flows_are_gated(home: Path, source: str, failed: set[str]) -> None:
    commit_reports(home, [Report(CHINA, USA, "X", "870380", 90_000), Report(USA, CHINA, "M", "870380", 95_000)])
    result = harmonise_year(home, YEAR, settings_of(home))
    (file,) = result.files
    data = pq.read_table(lake.table_folder(home, contracts.HARMONISED_FLOWS) / file.path)
    named = data.set_column(data.column_names.index("source"), "source", pa.array([source] * data.num_rows))
    changed = lake.write_partition(home, contracts.HARMONISED_FLOWS, {"year": YEAR, "product_bucket": 3}, [named])
    assert changed is not None
    checks = gate_files(home, HARMONISE, {KEY: [changed]}, {KEY: ledger.write(home, result.ledger)})[KEY]
    assert {c.check_name for c in checks if not c.is_passed} == failed
    assert {c.table_name for c in checks} == {"harmonised_flows", "ledger"}
