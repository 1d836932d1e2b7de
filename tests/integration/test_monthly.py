"""Months beside years, from Comtrade's files to a release: sums of months, the year before, who is still missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import marts
from tests.unit.ingest_cases import bulk, write
from transforms.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CHINA, GERMANY, BRAZIL, USA = "156", "276", "76", "842"
#: Exports to the USA by annual report.
ANNUAL = (
    ("2022", CHINA, 600),
    ("2022", GERMANY, 390),
    ("2022", BRAZIL, 10),
    ("2023", CHINA, 630),
    ("2023", GERMANY, 400),
    ("2024", CHINA, 700),
)
#: What Germany's months of 2023 lack towards the USA: it reports, but to China alone.
SILENT = "202305"


def report(period: str, reporter: str, value: str, partner: str = USA, flow: str = "X", product: str = "870380") -> dict[str, str]:
    row = {"period": period, "refYear": period[:4], "refMonth": period[4:] or "52", "freqCode": "M" if period[4:] else "A"}
    return row | {"reporterCode": reporter, "partnerCode": partner, "flowCode": flow, "cmdCode": product, "primaryValue": value}


def months() -> list[dict[str, str]]:
    """China's months to March 2024; Germany's of 2023 and February 2024; in April 2024 the USA alone, CIF."""
    found = [report(f"2023{m:02d}", CHINA, "50") for m in range(1, 13)]
    found += [report(f"2024{m:02d}", CHINA, "60") for m in range(1, 4)]
    found += [report(f"2023{m:02d}", GERMANY, "30") for m in range(1, 13) if f"2023{m:02d}" != SILENT]
    found += [report(SILENT, GERMANY, "7", partner=CHINA), report("202402", GERMANY, "45")]
    return [*found, report("202404", USA, "103.3", partner=CHINA, flow="M")]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one release of an annual and a monthly file."""
    folder = tmp_path_factory.mktemp("monthly")
    annual = write(folder, "annual.txt", bulk(*(report(period, who, str(usd)) for period, who, usd in ANNUAL)))
    monthly = write(folder, "monthly.txt", bulk(*months()))
    home = folder / "warehouse"
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run", str(annual), str(monthly)],
        cwd=folder,
        env={**os.environ, "ENTREPOT_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return home


@pytest.fixture(scope="module")
def con(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    release = (warehouse / "releases" / "current").read_text("utf-8").strip()
    with duckdb.connect(str(warehouse / "releases" / release / "entrepot.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(int(v) if isinstance(v, Decimal) and v == int(v) else v for v in row) for row in con.execute(sql).fetchall()]


def test_years_and_months_stand_side_by_side(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select frequency, year, sum(value_fob_usd) from fct_bilateral_totals group by all order by all"
    assert rows(con, sql) == [("A", 2022, 1000), ("A", 2023, 1030), ("A", 2024, 700), ("M", 2023, 937), ("M", 2024, 325)]
    assert rows(con, "select distinct frequency from monthly_totals") == [("M",)]
    assert rows(con, "select year, sum(value_fob_usd) from monthly_totals group by year order by year") == [(2023, 937), (2024, 325)]
    where = "period in ('2023', '2023-05')"
    sql = f"select frequency, period, sum(exports_fob_usd) from bilateral_balance where {where} group by all order by 1"
    assert rows(con, sql) == [("A", "2023", 1030), ("M", "2023-05", 57)]


def monthly(con: duckdb.DuckDBPyConnection, exporter: str, period: str) -> tuple[Any, ...]:
    columns = "value_fob_usd, year_to_date_fob_usd, rolling_twelve_months_fob_usd, same_month_last_year_fob_usd, "
    columns += "change_on_last_year_fob_usd, change_on_last_year_ratio, months_of_year_fob_usd, annual_fob_usd, annual_less_months_fob_usd"
    where = f"exporter_code = '{exporter}' and importer_code = '{USA}' and period = '{period}'"
    (found,) = rows(con, f"select {columns} from monthly_totals where {where}")
    return found


def test_sums_of_months_beside_the_annual_report(con: duckdb.DuckDBPyConnection) -> None:
    assert monthly(con, CHINA, "2023-12") == (50, 600, 600, None, None, None, 600, 630, 30)
    assert monthly(con, CHINA, "2024-02") == (60, 120, 620, 50, 10, 0.2, None, 700, None)
    # the exporter is silent in April: the importer's 103.3 CIF / 1.033 continues the series
    assert monthly(con, CHINA, "2024-04") == (100, 280, 680, 50, 50, 1.0, None, 700, None)
    # 11 months of 30: in May Germany reports, but nothing to the USA
    assert monthly(con, GERMANY, "2023-12") == (30, 330, 330, None, None, None, 330, 400, 70)


def test_a_sum_does_not_cross_a_month_that_nobody_of_the_pair_reports(con: duckdb.DuckDBPyConnection) -> None:
    assert monthly(con, GERMANY, "2024-02") == (45, None, None, 30, 15, 0.5, None, None, None)
    sql = f"select pair_reporter_codes, null_reason from monthly_totals where exporter_code = '{GERMANY}' and period = '2024-02'"
    assert rows(con, sql) == [
        (
            "276",
            "year_to_date_fob_usd: 1 of the months not reported by 276, the first 2024-01; "
            "rolling_twelve_months_fob_usd: 1 of the months not reported by 276, the first 2024-01; "
            "months_of_year_fob_usd: 11 of the months not reported by 276, the first 2024-01; "
            "annual_fob_usd: no annual report of 2024 has the pair",
        )
    ]
    sql = "select pair_reporter_codes, null_reason from monthly_totals where exporter_code = '156' and period = '2024-04'"
    assert rows(con, sql) == [("156 842", "months_of_year_fob_usd: 8 of the months not reported by 156 or 842, the first 2024-05")]


def test_who_is_still_missing(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select
            period, reporter_count, compared_period, missing_reporter_codes, round(missing_share_of_world, 4), is_provisional, null_reason
        from period_completeness
        where frequency = 'A' or period in ('2023-01', '2024-01', '2024-02', '2024-04')
        order by frequency, period"""
    assert rows(con, sql) == [
        ("2022", 3, None, None, None, None, "no reports of 2021 to compare with"),
        ("2023", 2, "2022", "76", 0.01, False, None),
        ("2024", 1, "2023", "276", 0.3883, True, None),
        ("2023-01", 2, "2022", "76", 0.01, False, None),
        ("2024-01", 1, "2023-01", "276", 0.375, True, None),
        ("2024-02", 2, "2023-02", None, 0.0, False, None),
        ("2024-04", 1, "2023-04", "156 276", 1.0, True, None),
    ]


def test_the_flag_stands_on_every_total(con: duckdb.DuckDBPyConnection) -> None:
    for mart in ("fct_bilateral_totals", "monthly_totals", "market_share"):
        sql = f"""
            select distinct m.frequency, m.period from {mart} as m
            left join period_completeness as c using (basis, frequency, period)
            where m.is_provisional is distinct from c.is_provisional or c.period is null"""
        assert rows(con, sql) == [], mart
    sql = "select period, bool_and(is_provisional) from market_share where frequency = 'A' group by period order by period"
    assert rows(con, sql) == [("2022", None), ("2023", False), ("2024", True)]


#: What is done to the marts, each of which puts months and years into one row -> the mart that the test must name.
SPOILT = {
    "update marts.fct_bilateral_totals set value_fob_usd = 680 where period = '2023' and exporter_code = '156'": "fct_bilateral_totals",
    "update marts.bilateral_balance set frequency = 'A', period = '2023' where period = '2023-01'": "bilateral_balance",
    "update marts.market_share set frequency = 'A' where period = '2024-02'": "market_share",
    "update marts.monthly_totals set value_fob_usd = annual_fob_usd where period = '2023-12'": "monthly_totals",
    "update marts.reporting_coverage set period = '2023' where period = '2023-07'": "reporting_coverage",
    "update marts.comparative_advantage set period = '2024' where period = '2024-01'": "comparative_advantage",
    "update marts.import_dependence set frequency = 'M' where period = '2022'": "import_dependence",
}


def test_a_mart_that_mixes_them_is_named(warehouse: Path) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    release = marts.ReleaseInfo("20260131-abcdef01", now, "f" * 64, "prefer_exporter", is_partial=False, is_synthetic=True, citation="x")
    candidate = marts.build_candidate(Settings(home=warehouse), run_id="again", release=release, log=lambda _: None)
    (compiled,) = (candidate.folder / "target" / "compiled").rglob("frequencies_apart.sql")
    with duckdb.connect(str(candidate.path)) as connection:
        assert connection.execute(compiled.read_text("utf-8")).fetchall() == []
        for statement in SPOILT:
            connection.execute(statement)
        named = {row[0] for row in connection.execute(compiled.read_text("utf-8")).fetchall()}
    assert named == set(SPOILT.values())
