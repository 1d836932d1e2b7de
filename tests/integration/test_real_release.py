"""Real public files, all in one run, to a release: the numbers to the dollar, as a reader of the marts sees them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from transforms.contracts import lake as contracts
from transforms.io import lake

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "comtrade_legacy/comtrade.csv",
    "comtrade_legacy/comtrade2.csv",
    "comtrade_legacy/us_cn_2017_hs2_legacy.csv",
    "comtrade_legacy/bicycles_871200_all_reporters_2016_2019.csv",
    "baci/BACI_HS17_Y2020_V202201.csv",
)
#: SITC sections 5 to 8 less division 68.
MANUFACTURES = "substr(product_code, 1, 1) in ('5', '6', '7', '8') and product_code <> '68'"


def entrepot(home: Path, *arguments: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ENTREPOT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=home.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def releases(home: Path) -> list[str]:
    return sorted(p.name for p in (home / "releases").iterdir() if p.is_dir() and not p.name.startswith("."))


def open_release(home: Path) -> duckdb.DuckDBPyConnection:
    release = (home / "releases" / "current").read_text("utf-8").strip()
    con = duckdb.connect(str(home / "releases" / release / "entrepot.duckdb"), read_only=True)
    con.execute("use marts")
    return con


@pytest.fixture(scope="module")
def real_home(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one release, cut from all real files at once."""
    folder = tmp_path_factory.mktemp("real") / "warehouse"
    entrepot(folder, "run", *(str(shared_data / f) for f in FILES))
    return folder


@pytest.fixture(scope="module")
def con(real_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_release(real_home) as connection:
        yield connection


def lake_files(home: Path) -> set[str]:
    """Committed files of the lake's facts: names are hashes of content, so an equal set is equal data."""
    tables = (contracts.REPORTED_FLOWS, contracts.HARMONISED_FLOWS, contracts.BILATERAL_FLOWS, *contracts.AGGREGATES)
    return {str(path.relative_to(home / "lake")) for table in tables for path in lake.active_files(home, table)}


def one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = con.sql(sql).fetchone()
    assert row is not None
    return row[0]


def test_one_run_makes_one_release(real_home: Path) -> None:
    assert len(releases(real_home)) == 1


def test_every_row_of_the_chinese_files_is_a_reported_flow(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*) from fct_reported_flows where classification = 'S4'") == 6_255


@pytest.mark.parametrize(("year", "usd"), [(2010, 283_780_322_735), (2012, 352_438_221_016), (2014, 397_099_249_674)])
def test_china_to_usa(con: duckdb.DuckDBPyConnection, year: int, usd: int) -> None:
    assert one(con, f"select sum(reported_value_usd) from fct_reported_flows where year = {year} and classification = 'S4' "
                    "and reporter_code = '156' and partner_code = '842' and flow_code = 'X'") == usd  # fmt: skip
    assert one(con, "select value_fob_usd from fct_bilateral_totals where exporter_code = '156' and importer_code = '842' "
                    f"and period = '{year}'") == usd  # fmt: skip


@pytest.mark.parametrize(("year", "usd"), [(2011, 1_012_673_135_359), (2014, 1_245_502_283_335)])
def test_manufactures_to_the_ten_partners(con: duckdb.DuckDBPyConnection, year: int, usd: int) -> None:
    assert one(con, f"select sum(value_fob_usd) from fct_bilateral_flows where year = {year} and exporter_code = '156' "
                    f"and classification = 'S4' and evidence = 'exporter_only' and {MANUFACTURES}") == usd  # fmt: skip


def test_steel_2013(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select sum(value_fob_usd) from fct_bilateral_flows where year = 2013 and exporter_code = '156' "
                    "and classification = 'S4' and product_code = '67'") == 19_654_789_800  # fmt: skip


def test_russian_petroleum_cif_2014(con: duckdb.DuckDBPyConnection) -> None:
    where = "year = 2014 and exporter_code = '643' and importer_code = '156' and product_code = '33'"
    assert one(con, f"select value_importer_cif_usd from fct_bilateral_flows where {where}") == 27_269_290_681
    # the flat factor taken off, to the mill: 27,269,290,681 / 1.033
    assert str(one(con, f"select value_fob_usd from fct_bilateral_flows where {where}")) == "26398151675.702"


def test_baci_2020_of_afghanistan(con: duckdb.DuckDBPyConnection) -> None:
    where = "from fct_bilateral_flows where basis = 'baci_published' and year = 2020"
    assert one(con, f"select count(*) {where}") == 2_331
    assert one(con, f"select sum(value_fob_usd) {where}") == 1_089_594_814
    assert one(con, f"select count(distinct importer_code) {where}") == 102
    assert one(con, f"select count(distinct product_code) {where}") == 1_066
    assert one(con, f"select count(*) {where} and product_code like '0%'") == 300
    assert one(con, f"select count(*) {where} and net_weight_kg is null") == 234
    assert one(con, f"select sum(net_weight_kg) {where}") == 1_040_758_137
    assert one(con, f"select sum(value_fob_usd) {where} and product_code like '08%'") == 246_782_862


def test_destinations_of_afghanistan_are_concentrated(con: duckdb.DuckDBPyConnection) -> None:
    hhi = one(
        con,
        """
        with shares as (
            select value_fob_usd / sum(value_fob_usd) over () as share
            from fct_bilateral_totals where exporter_code = '4' and period = '2020')
        select sum(share * share) from shares""",
    )
    assert round(float(hhi), 6) == 0.382112


@pytest.mark.parametrize(("flow", "usd"), [("M", 526_022_013_512), ("X", 129_893_514_886), ("RX", 9_914_664_647)])
def test_usa_and_china_by_chapter_2017(con: duckdb.DuckDBPyConnection, flow: str, usd: int) -> None:
    where = f"from fct_reported_flows where classification = 'H5' and reporter_code = '842' and year = 2017 and flow_code = '{flow}'"
    assert one(con, f"select sum(reported_value_usd) {where}") == usd
    assert one(con, f"select min(length(product_code)) = 2 and max(length(product_code)) = 2 {where}")


def test_re_exports_are_never_added(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select value_fob_usd from fct_bilateral_totals where exporter_code = '842' and importer_code = '156' "
                    "and period = '2017'") == 129_893_514_886  # fmt: skip


def test_rounded_values_are_marked(con: duckdb.DuckDBPyConnection) -> None:
    found = con.sql("select product_code, cast(reported_value_usd as bigint) from fct_reported_flows where is_value_rounded "
                    "order by 1").fetchall()  # fmt: skip
    assert found == [("84", 112_339_000_000), ("85", 150_044_000_000)]


def test_world_only_files_make_no_flow(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*) from fct_reported_flows where source = 'comtrade' and product_code = '871200'") == 0
    assert one(con, "select sum(row_count) from conservation_ledger where stage = 'ingest' and reason = 'control'") == 1_302


def test_the_ledger_closes(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*) from conservation_ledger where not is_closed") == 0
    stages = {r[0] for r in con.sql("select distinct stage from conservation_ledger").fetchall()}
    assert stages == {"ingest", "harmonise", "reconcile", "aggregate"}


def test_no_share_of_a_world_that_isnt_there(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(share_of_world_exports) from market_share") == 0
    assert one(con, "select count(*) from market_share where null_reason is null") == 0
    assert one(con, "select count(rca) from comparative_advantage") == 0


def test_the_same_run_again_is_nothing_new(real_home: Path, shared_data: Path) -> None:
    before, started = releases(real_home), time.monotonic()
    done = entrepot(real_home, "run", *(str(shared_data / f) for f in FILES))
    assert time.monotonic() - started < 15
    assert "nothing new" in (done.stdout + done.stderr).lower()
    assert releases(real_home) == before


def test_a_revised_file_rebuilds_only_what_hangs_on_it(real_home: Path, shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / FILES[1]).read_bytes()
    line = next(row for row in text.split(b"\r\n") if row.startswith(b"S4,2012,") and b",2,Export," in row)
    old = line.split(b",")[-4]
    revised = tmp_path / "comtrade2.csv"
    revised.write_bytes(text.replace(line, line.replace(b"," + old + b",", b",%d," % (int(old) + 1000))))
    before = lake_files(real_home)
    plan = entrepot(real_home, "run", "--plan", str(revised)).stdout
    assert len(releases(real_home)) == 1
    assert "2012" in plan and "2020" not in plan and "2017" not in plan
    with open_release(real_home) as con:
        total = one(con, "select sum(value_fob_usd) from fct_bilateral_totals where period = '2012' and exporter_code = '156'")
    entrepot(real_home, "run", str(revised))
    assert len(releases(real_home)) == 2
    with open_release(real_home) as con:
        assert (
            one(con, "select sum(value_fob_usd) from fct_bilateral_totals where period = '2012' and exporter_code = '156'") == total + 1000
        )
        assert one(con, "select count(*) from fct_reported_flows where classification = 'S4'") == 6_255
        assert one(con, "select count(*) from conservation_ledger where not is_closed") == 0
    years = {part for path in before ^ lake_files(real_home) for part in path.split("/") if part.startswith("year=")}
    # the file speaks of 2010 to 2014: nothing else is written anew
    assert years == {f"year={year}" for year in range(2010, 2015)}
