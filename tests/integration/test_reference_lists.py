"""Public code lists, correlation tables and indicators as they are: what is in them lands, and goes through to a release."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest

from orchestration.cli.run import bring_up
from orchestration.outcomes import StageError
from tests.unit.lists_cases import Rows, built, take
from transforms.io.snapshot import Declared
from transforms.settings import Cluster, Settings

FLOWS = "t,i,j,k,v,q\n2020,156,842,870380,900.000,30\n2020,842,156,010121,50.500,NA\n"
LISTS = {
    "reporter.csv": "id,country,iso_3,iso_2,note,entry_year,exit_year,group,last_modified\n156,China ,CHN,CN,,1900.0,,False,x\n",
    "cmd_h5.csv": "id,text,parent,isLeaf,aggrlevel,last_modified\n87,87 - Vehicles,TOTAL,0,2,x\n870380,870380 - Electric cars,8703,1,6,x\n",
    "flow.csv": "id,text,last_modified\nM,Import,x\nX,Export,x\n",
    "bec.csv": "HS 2017,BEC,Relationship\n870380,51,n:1\n010121,41,n:1\n",
    "gdp.csv": "Country Name,Country Code,Year,Value\nChina,CHN,2020,14687744162801.033\nWorld,WLD,2020,85577718250195.55\n",
}


@pytest.fixture
def reference(shared_data: Path) -> Path:
    return shared_data / "comtrade_v1" / "reference"


def test_every_code_of_the_area_lists_is_an_area_with_its_years(home: Path, reference: Path, shared_data: Path) -> None:
    for path in (reference / "reporter.csv", reference / "partner.csv", shared_data / "reference/concordance/areas_not_specified.csv"):
        take(home, path)
    areas = {r["area_code"]: r for r in built(home)["area"]}
    listed: dict[str, dict[str, str]] = {}
    for name in ("reporter", "partner"):
        with (reference / f"{name}.csv").open(encoding="utf-8") as file:
            listed |= {r["id"]: r for r in csv.DictReader(file)}
    assert len(listed) == 312
    assert [code for code in listed if code not in areas or areas[code]["name_source"] == "unlisted"] == []
    ended = {code: int(float(r["exit_year"])) for code, r in listed.items() if r["exit_year"]}
    assert len(ended) == 36 and {c: areas[c]["valid_to"] for c in ended} == ended
    assert [areas[c]["valid_to"] for c in ("280", "58", "736")] == [1990, 1998, 2011]
    assert (areas["516"]["iso2"], areas["516"]["iso3"], areas["516"]["valid_from"]) == ("NA", "NAM", 2000)
    assert areas["248"]["area_name"] == "Åland Islands"
    _assert_one_area_per_iso3_and_year([areas[code] for code in listed])


def _assert_one_area_per_iso3_and_year(areas: Rows) -> None:
    """What a join by ISO3 within a year finds. In its last year an area stands beside what followed it."""
    for year in range(1962, 2027):
        held = defaultdict(list)
        for row in areas:
            if row["iso3"] and (row["valid_from"] or 0) <= year < (row["valid_to"] or 9999):
                held[row["iso3"]].append(row["area_code"])
        assert {iso3: found for iso3, found in held.items() if len(found) > 1} == {}, year


def test_product_lists_of_every_edition(home: Path, reference: Path) -> None:
    for edition in ("h0", "h5", "s4"):
        take(home, reference / f"cmd_{edition}.csv")
    rows = [r for r in built(home)["product"] if r["classification"] != "H6"]
    assert Counter((r["classification"], r["product_level"]) for r in rows) == {
        ("H0", 0): 1, ("H0", 2): 98, ("H0", 4): 1242, ("H0", 6): 5041,
        ("H5", 0): 1, ("H5", 2): 97, ("H5", 4): 1223, ("H5", 6): 5388,
        ("S4", 0): 1, ("S4", 1): 10, ("S4", 2): 77, ("S4", 3): 339, ("S4", 4): 1362, ("S4", 5): 3696,
    }  # fmt: skip
    found = {(r["classification"], r["product_code"]): r for r in rows}
    assert found["H5", "01"]["product_description"] == "Animals; live"
    assert found["H0", "0101"]["product_description"] == "Live horses, asses, mules and hinnies."
    assert (found["S4", "0015"]["product_description"], found["S4", "0015"]["parent_code"]) == (
        "Horses, asses, mules and hinnies, live",
        "001",
    )


def test_short_lists(home: Path, reference: Path) -> None:
    for name in ("flow", "customs", "mot", "mos", "freq", "qtyunit", "dataitem", "cmd_b4", "cmd_b5"):
        take(home, reference / f"{name}.csv")
    rows = built(home)["code"]
    assert Counter(r["code_list"] for r in rows) == {
        "flow": 10, "customs": 17, "mot": 18, "mos": 5, "freq": 3, "qtyunit": 41, "dataitem": 50, "bec4": 30, "bec5": 178,
    }  # fmt: skip
    found = {(r["code_list"], r["list_code"]): r["code_description"] for r in rows}
    assert (found["qtyunit", "8"], found["mot", "2100"], found["bec4", "1"]) == ("Weight in kilograms", "Sea", "Food and beverages")


def test_correlation_tables(home: Path, shared_data: Path) -> None:
    folder = shared_data / "reference" / "concordance"
    for name in (
        "HS2017toHS2012ConversionAndCorrelationTables.xlsx",
        "HS2017toSITC4ConversionAndCorrelationTables.xlsx",
        "HS2007_to_BEC_Conversion_and_Correlation_Tables.csv",
        "HS2022_to_BEC_Conversion_and_Correlation_Tables.csv",
        "JobID-64_Concordance_HS_to_I3.CSV",
        "HS_consolidated_comtrade_concordances.csv",
    ):
        take(home, folder / name)
    rows = built(home)["correlation"]
    assert Counter(f"{r['from_classification']}-{r['to_classification']}" for r in rows) == {
        "H6-H5": 15657, "H5-H4": 6141, "H4-H3": 5364, "H3-H2": 5664, "H2-H1": 5611, "H1-H0": 5426,
        "H5-S4": 6003, "H3-BEC4": 5050, "H6-BEC4": 5926, "HS-ISIC3": 5703,
    }  # fmt: skip
    of = defaultdict(list)
    for r in rows:
        of[r["from_classification"], r["from_code"], r["to_classification"]].append((r["to_code"], r["relationship"], r["is_part"]))
    # all relations, where the conversion sheet picks one
    assert of["H5", "010130", "H4"] == [("010130", "1:1", False)]
    assert of["H5", "030193", "H4"][-1] == ("030199", "n:n", True)
    assert of["H3", "010110", "BEC4"] == [("41", None, None)]
    assert of["H1", "010111", "H0"] == [("010111", "1:1", None)]
    assert of["H5", "010121", "S4"] == [("0015", "n:1", None)]
    assert of["HS", "010110", "ISIC3"] == [("0121", None, None)]


def test_gdp_has_countries_apart_from_aggregates(home: Path, shared_data: Path) -> None:
    take(home, shared_data / "reference" / "worldbank" / "gdp.csv", release="2024-12-16")
    tables = built(home)
    rows = tables["indicator"]
    countries = {r["publisher_area_code"]: r["area_code"] for r in rows if not r["is_aggregate"]}
    assert len(rows) == 13979
    assert (len(countries), len(set(countries.values())), len({r["publisher_area_code"] for r in rows if r["is_aggregate"]})) == (
        214,
        214,
        48,
    )
    assert set(countries.values()) <= {r["area_code"] for r in tables["area"]}
    value = {(r["publisher_area_code"], r["period"]): r["indicator_value"] for r in rows}
    assert (value["CHN", "2020"], value["WLD", "2020"]) == (14687744162801.033, 85577718250195.55)
    assert {r["vintage"] for r in rows} == {"2024-12-16"}


def _run(home: Path, folder: Path) -> dict[str, object]:
    lines: list[str] = []
    return bring_up(Settings(home=home, cluster=Cluster(workers=1)), [folder], Declared(), log=lines.append)


@pytest.mark.timeout(300)
def test_lists_and_one_file_of_flows_make_a_release(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in LISTS.items():
        (folder / name).write_text(text, "utf-8")
    with pytest.raises(Exception, match="holds lists") as caught:
        _run(home, folder)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    (said,) = {str(e) for e in chain if isinstance(e, StageError)}
    assert said == (
        f"{home} holds lists (bec.csv, cmd_h5.csv, flow.csv, gdp.csv, ...) and no trade flows, which a release is made of. "
        "The lists are kept: hand over a file of flows, `entrepot run PATH`"
    )
    (folder / "BACI_HS17_Y2020_V202201.csv").write_text(FLOWS, "utf-8")
    done = _run(home, folder)
    assert done["published"] is True
    with duckdb.connect(f"{done['release_folder']}/entrepot.duckdb", read_only=True) as con:

        def rows(sql: str) -> list[tuple[object, ...]]:
            return con.execute(sql).fetchall()

        assert rows("select code_list, list_code, code_description from marts.dim_code order by list_code") == [
            ("flow", "M", "Import"),
            ("flow", "X", "Export"),
        ]
        assert rows("select from_code, to_classification, to_code from marts.dim_correlation order by from_code") == [
            ("010121", "BEC4", "41"),
            ("870380", "BEC4", "51"),
        ]
        assert rows("select publisher_area_code, area_code, indicator_value, is_latest_vintage from marts.fct_indicators order by all") == [
            ("CHN", "156", 14687744162801.033, True),
            ("WLD", "0", 85577718250195.55, True),
        ]
        # trade beside GDP, by area and year: one row, and no flow lost or doubled
        assert rows(
            "select f.exporter_code, sum(f.value_fob_usd), max(g.indicator_value) from marts.fct_bilateral_flows as f "
            "left join marts.fct_indicators as g on f.exporter_code = g.area_code and f.period = g.period and g.is_latest_vintage "
            "group by all order by f.exporter_code"
        ) == [("156", 900_000, 14687744162801.033), ("842", 50_500, None)]
        assert rows("select product_description from marts.dim_product where classification = 'H5' and product_code = '870380'") == [
            ("Electric cars",)
        ]
