"""Real public files of every door in one run, two bad ones among them: the right answers, read from the marts of the release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.integration.test_real_release import entrepot, one, open_release

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(900)]
FILES = (
    "comtrade_v1/THA_imports_8542_TradeData.csv",
    "comtrade_v1/services_2022_TradeData.csv",
    *(f"comtrade_v1/comtradr/vignette_data_{n}.csv" for n in (1, 3, 7, 8, 9, 10)),
    "comtrade_v1/comtradr/HS-60a6ad.json",
    "comtrade_v1/comtradr/HS-4f1d0f.json",
    "comext/full_v2_1row.dat",
    "comext/historical_1row.dat",
    "comext/sdmx_csv_sample.csv",
)


BICYCLES = ("comtrade_legacy/bicycles_imports_from_490.csv", "comtrade_v1/THA_imports_8542_TradeData.csv")


class Released:
    """A home with one release, and how the run that cut it ended."""

    def __init__(self, home: Path, files: Path) -> None:
        self.home = home
        self.done = entrepot(home, "run", str(files), check=None)


@pytest.fixture(scope="module")
def released(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Released:
    folder = tmp_path_factory.mktemp("doors")
    (files := folder / "files").mkdir()
    for name in FILES:
        (files / Path(name).name).symlink_to(shared_data / name)
    return Released(folder / "warehouse", files)


@pytest.fixture(scope="module")
def con(released: Released) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_release(released.home) as connection:
        yield connection


@pytest.fixture(scope="module")
def bicycles(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A release of two files that overlap in pairs, not in products: Thailand's chips, and bicycles from Taiwan."""
    home = tmp_path_factory.mktemp("bicycles") / "warehouse"
    entrepot(home, "run", *(str(shared_data / name) for name in BICYCLES))
    with open_release(home) as connection:
        yield connection


def snapshot(con: duckdb.DuckDBPyConnection, file: str) -> str:
    return str(one(con, f"select snapshot_id from dim_source_release where file_name = '{file}'"))


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Rows with decimals as text, so that nothing is rounded on the way to the comparison."""
    return [tuple(v if v is None or isinstance(v, int | float) else str(v) for v in row) for row in con.sql(sql).fetchall()]


def ledger(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, int]:
    sql = (
        f"select reason, cast(sum(row_count) as bigint) from conservation_ledger where stage = 'ingest' and source = '{source}' group by 1"
    )
    return {reason: count for reason, count in con.sql(sql).fetchall() if count}


def test_refused_files_are_named_and_the_others_are_published(released: Released) -> None:
    assert released.done.returncode == 1, released.done.stderr
    said = released.done.stderr[released.done.stderr.index("2 files were not taken in:") :].splitlines()
    assert said[1].startswith("  HS-4f1d0f.json: no known layout has this header: 'fileUrl,fileSize,isOriginalClassification,")
    assert said[-1] == "  services_2022_TradeData.csv: typeCode S is trade in services; Entrepôt takes goods only"
    assert "set aside, can't be read: services_2022_TradeData.csv; the run goes on without" in released.done.stderr
    assert "\nrelease 20" in released.done.stdout


def test_only_the_good_files_are_in_the_release(con: duckdb.DuckDBPyConnection) -> None:
    files = {r[0] for r in con.sql("select file_name from dim_source_release").fetchall()}
    assert files == {Path(name).name for name in FILES} - {"services_2022_TradeData.csv", "HS-4f1d0f.json"}
    assert one(con, "select count(*) from fct_reported_flows where classification like 'EB%'") == 0
    assert one(con, "select count(*) from conservation_ledger where not is_closed") == 0


# --- UN Comtrade, version 1 -----------------------------------------------------------------------


@pytest.mark.parametrize(("year", "percent"), [(2014, "22.8055"), (2019, "30.4384"), (2024, "43.6132")])
def test_taiwan_in_thailands_imports_of_chips(con: duckdb.DuckDBPyConnection, year: int, percent: str) -> None:
    """Per cent, to four decimals: area 490 over the sum of all partners, the World row apart."""
    thai = f"from fct_reported_flows where year = {year} and reporter_code = '764' and flow_code = 'M' and product_code = '8542'"
    share = f"sum(reported_value_usd) filter (partner_code = '490') * 100 / sum(reported_value_usd)"  # noqa: F541
    assert f"{one(con, f'select round({share}, 4) {thai}'):.4f}" == percent
    assert one(con, f"select count(*) {thai} and partner_code = '0'") == 0


def test_every_row_of_the_web_download_is_accounted_for(con: duckdb.DuckDBPyConnection) -> None:
    thai = f"from fct_reported_flows where snapshot_id = '{snapshot(con, 'THA_imports_8542_TradeData.csv')}'"
    assert one(con, f"select count(*) {thai}") == 1_178 - 11  # eleven World rows are control totals
    assert rows(con, f"select classification, count(*) {thai} group by 1 order by 1") == [("H4", 316), ("H5", 540), ("H6", 311)]
    lines = "from conservation_ledger where stage = 'ingest' and source = 'comtrade'"
    assert one(con, f"select sum(row_count) {lines} and reason = 'in' and period = '2014'") == 115
    assert one(con, f"select sum(row_count) {lines} and reason = 'in' and period = '2024'") == 106
    # three decimals and more: 11,267,085,662.940 over the partners, to the mill
    assert str(one(con, f"select sum(reported_value_usd) {thai} and period = '2019'")) == "11267085662.940"


def test_names_in_latin_1(con: duckdb.DuckDBPyConnection) -> None:
    """Whoever else names the areas too: what the web download alone gives is a test of its layout."""
    found = con.sql("select distinct area_code, area_name from dim_area where area_code in ('384', '531', '792') order by 1").fetchall()
    assert found == [("384", "Côte d'Ivoire"), ("531", "Curaçao"), ("792", "Türkiye")]
    assert one(con, "select count(*) from dim_area where area_name like '%Ã%' or area_name like '%\ufffd%'") == 0


def test_thai_shrimps_as_a_package_wrote_them(con: duckdb.DuckDBPyConnection) -> None:
    thai = f"from fct_reported_flows where snapshot_id = '{snapshot(con, 'vignette_data_3.csv')}'"
    assert rows(con, f"select flow_code, count(*), sum(reported_value_usd) {thai} group by 1 order by 1") == [
        ("M", 388, "290572819.000"),
        ("RM", 15, "34273363.000"),
        ("X", 1_183, "14558274809.000"),
    ]
    assert one(con, f"select count(*) {thai}") == 1_586
    assert one(con, f"select count(*) {thai} and partner_code = '0'") == 0  # the file holds no World row
    assert one(con, f"select min(product_code) {thai}") == "030613"


def test_totals_only_reach_the_totals_of_pairs(con: duckdb.DuckDBPyConnection) -> None:
    where = "from fct_bilateral_totals where importer_code = '842' and exporter_code in ('251', '276', '392', '484') and period >= '2018'"
    assert one(con, f"select count(*) {where} and product_level = 0") == 20
    found = rows(con, f"select exporter_code, product_level, value_fob_usd {where} and period = '2018' order by 1")
    # imports of the USA, CIF, divided by 1.033
    assert found == [
        ("251", 0, "51908617393.030"),
        ("276", 0, "124245516412.391"),
        ("392", 0, "141241289972.894"),
        ("484", 0, "338039927508.228"),
    ]


def test_one_row_of_the_api_under_other_names(con: duckdb.DuckDBPyConnection) -> None:
    where = f"from fct_reported_flows where snapshot_id = '{snapshot(con, 'vignette_data_7.csv')}'"
    assert rows(con, f"select period, reporter_code, partner_code, flow_code, product_code, reported_value_usd, net_weight_kg {where}") == [
        ("2012", "842", "276", "M", "TOTAL", "111298413237.000", None)
    ]


def test_the_columns_of_the_bulk_file_under_other_names(con: duckdb.DuckDBPyConnection) -> None:
    where = f"from fct_reported_flows where snapshot_id = '{snapshot(con, 'vignette_data_10.csv')}'"
    assert rows(con, f"select count(*), min(period), max(period), min(reporter_code), min(flow_code), min(product_level) {where}") == [
        (99, "2000", "2000", "32", "X", 0)
    ]
    assert rows(con, f"select reported_value_usd, is_reported {where} and partner_code = '12'") == [("69888036.000", 1)]


def test_an_answer_of_the_api(con: duckdb.DuckDBPyConnection) -> None:
    where = f"from fct_reported_flows where snapshot_id = '{snapshot(con, 'HS-60a6ad.json')}'"
    columns = "source_line, period, reporter_code, partner_code, flow_code, classification, product_level, reported_value_usd, valuation"
    assert rows(con, f"select {columns} {where} order by 1") == [
        (2, "2010", "156", "32", "M", "H3", 0, "6804128143.000", "CIF"),
        (3, "2010", "156", "276", "M", "H3", 0, "74251272075.000", "CIF"),
        (4, "2010", "156", "32", "X", "H3", 0, "6115764185.000", "FOB"),
        (5, "2010", "156", "276", "X", "H3", 0, "68047133397.000", "FOB"),
    ]


def test_germany_before_and_after(con: duckdb.DuckDBPyConnection) -> None:
    """Both files hold World rows alone: they are control totals, and no flow; the areas stand apart by their years."""
    names = ("vignette_data_8.csv", "vignette_data_9.csv")
    for name in names:
        assert one(con, f"select count(*) from fct_reported_flows where snapshot_id = '{snapshot(con, name)}'") == 0
    lines = "from conservation_ledger where stage = 'ingest' and source = 'comtrade' and reason = 'control'"
    assert rows(con, f"select cast(sum(row_count) as bigint), sum(value_usd) {lines} and period = '1990'") == [(2, "139543012.000")]
    found = rows(con, "select area_code, iso3, valid_from, valid_to from dim_area where area_code in ('276', '280') order by 1")
    assert found == [("276", "DEU", 1991, None), ("280", "DEU", None, 1990)]


# --- UN Comtrade before 2023 ----------------------------------------------------------------------


def test_bicycles_of_taiwan(bicycles: duckdb.DuckDBPyConnection) -> None:
    where = f"from fct_reported_flows where snapshot_id = '{snapshot(bicycles, 'bicycles_imports_from_490.csv')}'"
    assert rows(bicycles, f"select count(*), sum(reported_value_usd), count(distinct partner_code), min(partner_code) {where}") == [
        (606, "6611868263.000", 1, "490")
    ]
    # 175 rows say 0 and 22 say nothing beside "No Quantity"; one says 0 items, and has a value
    assert one(bicycles, f"select count(*) {where} and quantity is null") == 175 + 22 + 1
    assert one(bicycles, f"select count(*) {where} and quantity = 0") == 0
    assert rows(
        bicycles, f"select period, quantity, net_weight_kg, reported_value_usd {where} and reporter_code = '12' and year = 2017"
    ) == [("2017", None, "1877.000", "8219.000")]


def test_bicycles_dont_make_parents_of_chips(bicycles: duckdb.DuckDBPyConnection) -> None:
    thai = "from fct_reported_flows where reporter_code = '764' and flow_code = 'M' and product_code = '8542'"
    assert one(bicycles, f"select count(*) {thai}") == 1_167
    assert str(one(bicycles, f"select sum(reported_value_usd) {thai} and year = 2019 and partner_code = '490'")) == "3429520177.726"


# --- Eurostat's Comext ----------------------------------------------------------------------------


def test_comext_of_both_generations_and_the_api(con: duckdb.DuckDBPyConnection) -> None:
    columns = (
        "frequency, period, reporter_code, partner_code, flow_code, classification, product_code, reported_value_usd, currency_code, "
        "usd_per_currency, net_weight_kg, is_confidential"
    )
    found = rows(con, f"select {columns} from fct_reported_flows where source = 'comext' order by period")
    assert found == [
        # 2,580 EUR at 0.9383, 600 kg, a hidden product
        ("M", "2001-01", "251", "528", "M", "CN2001", "99RRR100", "2420.814", "EUR", 0.9383, "600.000", 1),
        # 4,739 EUR at 0.8833, 2,000 kg
        ("M", "2002-01", "40", "20", "X", "CN2002", "18063100", "4185.959", "EUR", 0.8833, "2000.000", 0),
        # 32,313,884 EUR at 1.0824, 90,212.63 times 100 kg
        ("A", "2024", "276", "704", "M", "H6", "030462", "34976548.042", "EUR", 1.0824, "9021263.000", 0),
    ]
    assert ledger(con, "comext") == {"in": 4, "out": 3, "control": 1}
