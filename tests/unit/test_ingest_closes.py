"""Every row of a file is in the ledger once, whatever is wrong with it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ingest_cases import BACI_HEADER, count, ingest, quarantine, write
from transforms.contracts.codes import ROW_REASONS
from transforms.contracts.layouts import SOURCES
from transforms.io.archives import BadFileError
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources.ingest import ingest_partition
from transforms.sources.parse import read_report

NAME = "BACI_HS17_V202501.csv"


def rows_in(home: Path) -> int:
    """Rows of all parsed members of the home."""
    reports = [read_report(home, s, m) for s in live_snapshots(Settings(home=home)) for m in s.members]
    return sum(r.rows_in for r in reports if r is not None)


def test_a_year_of_bad_rows_only_counts_in_the_first_year(tmp_path: Path, home: Path) -> None:
    ledger = ingest(home, write(tmp_path, NAME, BACI_HEADER + "2020,4,36,10121,1,1\n2019,4,36,10121,-7,1\n"))
    assert rows_in(home) == 2
    assert count(ledger, "in") == (2, 1000)
    assert count(ledger, "quarantined") == (1, 0)
    assert [(line.year, line.period) for line in ledger if line.reason == "quarantined"] == [(2020, "2019")]
    assert [r["year"] for r in quarantine(home)] == [2019]


def test_a_file_without_one_good_row_is_refused_by_its_first_line(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path, NAME, BACI_HEADER + "2020,4,36,10121,-1,1\n2020,4,40,10121,x,1\n")
    with pytest.raises(BadFileError, match="none of its 2 rows can be read; the first: line 2: v = '-1' is negative"):
        ingest(home, path)


ROW = st.tuples(
    st.sampled_from(["2018", "2019", "2020", "20x0"]),
    st.sampled_from(["4", "8", "x"]),
    st.sampled_from(["36", "40"]),
    st.sampled_from(["10121", "10129"]),
    st.sampled_from(["1", "2.5", "-1", "x", ""]),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(ROW, max_size=12))
def test_rows_in_the_ledger_are_rows_in_the_file(rows: list[tuple[str, ...]]) -> None:
    text = BACI_HEADER + "".join(f"{','.join(r)},1\n" for r in [("2020", "12", "36", "10121", "1"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        ledger = ingest(home, write(Path(folder), NAME, text))
        assert rows_in(home) == len(rows) + 1 == count(ledger, "in")[0]
        assert count(ledger, "in")[0] == count(ledger, "out")[0] + sum(count(ledger, reason)[0] for reason in ROW_REASONS)


def test_a_run_says_once_what_parsing_found(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, NAME, BACI_HEADER + "2020,4,36,10121,1,1\n2021,4,36,10121,1,1\n2019,4,36,10121,-7,1\n"))
    said = [ingest_partition(home, SOURCES["baci"], year, live_snapshots(Settings(home=home))).warnings for year in (2020, 2021)]
    assert said == [(f"{NAME}: 1 of 3 rows quarantined; the first: line 4: v = '-7' is negative",), ()]
