"""The World Bank's indicators in three forms: the API's answers, the download with a column a year, a plain table."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.lists_cases import Rows, as_json, built, given, take
from transforms.io.archives import BadFileError
from transforms.io.forms import form_of

GDP = "NY.GDP.MKTP.CD"
TABLE = "Country Name,Country Code,Year,Value\nChina,CHN,2020,14687744162801.033\nWorld,WLD,2020,85577718250195.55\nIndia,IND,2020,\n"
DOWNLOAD = """\ufeff"Data Source","World Development Indicators",

"Last Updated Date","2024-12-16",

"Country Name","Country Code","Indicator Name","Indicator Code","1960","2019","2020",
"China","CHN","GDP (current US$)","NY.GDP.MKTP.CD","59716251780.5","","14687744162801.033",
"Africa ""Eastern"" and Southern","AFE","GDP (current US$)","NY.GDP.MKTP.CD","","","933391782284.4",
"""


def values(rows: Rows) -> list[tuple[object, ...]]:
    return [(r["publisher_area_code"], r["area_code"], r["is_aggregate"], r["period"], r["indicator_value"], r["vintage"]) for r in rows]


def record(letters: str, two: str, name: str, date: str, value: float | None) -> dict[str, object]:
    indicator = {"id": GDP, "value": "GDP (current US$)"}
    return {
        "indicator": indicator, "country": {"id": two, "value": name}, "countryiso3code": letters, "date": date, "value": value,
        "unit": "", "obs_status": "", "decimal": 0,
    }  # fmt: skip


def answer(*records: dict[str, object], updated: str = "2025-07-01") -> str:
    page = {"page": 1, "pages": 1, "per_page": 50, "total": len(records), "sourceid": "2", "lastupdated": updated}
    return as_json([page, list(records)])


def test_answers_of_the_api(home: Path) -> None:
    text = answer(
        record("CHN", "CN", "China", "2020", 14687744162801.033),
        record("CHN", "CN", "China", "2021", None),
        # groups by income come without their three letters
        record("", "XD", "High income", "2020", 5.5e13),
        record("WLD", "1W", "World", "2020M05", 7),
    )
    given(home, "answer.json", text)
    rows = built(home)["indicator"]
    assert values(rows) == [
        ("CHN", "156", False, "2020", 14687744162801.033, "2025-07-01"),
        ("HIC", None, True, "2020", 5.5e13, "2025-07-01"),
        ("WLD", "0", True, "2020-05", 7.0, "2025-07-01"),
    ]
    assert [r["frequency"] for r in rows] == ["A", "A", "M"]
    assert {(r["indicator_code"], r["indicator_name"]) for r in rows} == {(GDP, "GDP (current US$)")}


def test_the_download_with_a_column_a_year_from_its_zip(home: Path, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv", DOWNLOAD)
        archive.writestr("Metadata_Country_API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv", '"Country Code","Region",\n"ABW","x",\n')
        archive.writestr("Metadata_Indicator_API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv", '"INDICATOR_CODE","INDICATOR_NAME",\n"a","b",\n')
    path = tmp_path / "API_NY.GDP.MKTP.CD.zip"
    path.write_bytes(packed.getvalue())
    take(home, path)
    rows = built(home)["indicator"]
    assert values(rows) == [
        ("AFE", None, True, "2020", 933391782284.4, "2024-12-16"),
        ("CHN", "156", False, "1960", 59716251780.5, "2024-12-16"),
        ("CHN", "156", False, "2020", 14687744162801.033, "2024-12-16"),
    ]
    assert rows[0]["area_name"] == 'Africa "Eastern" and Southern'


def test_a_plain_table_has_its_indicator_from_its_name(home: Path) -> None:
    given(home, "gdp.csv", TABLE)
    today = datetime.now(UTC).date().isoformat()
    rows = built(home)["indicator"]
    assert values(rows) == [("CHN", "156", False, "2020", 14687744162801.033, today), ("WLD", "0", True, "2020", 85577718250195.55, today)]
    assert {r["indicator_code"] for r in rows} == {GDP}


@pytest.mark.parametrize(
    ("name", "said", "indicator"),
    [
        ("table.csv", "SP.POP.TOTL", "SP.POP.TOTL"),
        ("table.csv", "gdp", GDP),
        ("API_BN.CAB.XOKA.CD_x.csv", None, "BN.CAB.XOKA.CD"),
        ("gdp.csv", "HS17", GDP),
    ],
)
def test_or_from_what_is_said(home: Path, name: str, said: str | None, indicator: str) -> None:
    given(home, name, TABLE, **({"edition": said} if said else {}), release="2024-12-16")
    assert {(r["indicator_code"], r["vintage"]) for r in built(home)["indicator"]} == {(indicator, "2024-12-16")}


def test_every_vintage_stays_and_the_file_taken_last_holds_within_one(home: Path) -> None:
    given(home, "first.json", answer(record("CHN", "CN", "China", "2020", 14.7), updated="2024-12-16"))
    given(home, "second.json", answer(record("CHN", "CN", "China", "2020", 14.9)))
    given(home, "again.json", answer(record("CHN", "CN", "China", "2020", 14.8)))
    found = [(r["vintage"], r["indicator_value"]) for r in built(home)["indicator"]]
    assert found == [("2024-12-16", 14.7), ("2025-07-01", 14.8)]


def test_the_download_is_known_by_its_first_lines() -> None:
    header = b'"Country Name","Country Code","Indicator Name","Indicator Code",'
    assert form_of(DOWNLOAD.encode()) == "worldbank_wide"
    assert form_of(header + b'"1960","1961",\n') == "worldbank_wide"
    assert form_of(header + b'"Year","Value"\n') is None
    assert form_of(TABLE.encode()) is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("table.csv", TABLE, r"doesn't say which indicator it holds, nor does its name .*; say it: --edition NY.GDP.MKTP.CD"),
        ("gdp.csv", TABLE.replace("CHN", "QQQ"), r"gdp.csv line 2: area QQQ \(China\) is no country or group known by three letters"),
        ("gdp.csv", TABLE.replace("CHN,2020", "CHN,2020Q1"), r"line 2: period '2020Q1' is neither a year \(2020\) nor a month"),
        ("gdp.csv", TABLE.replace("14687744162801.033", "14,7"), "line 2: the row has another number of fields"),
        ("gdp.csv", TABLE.replace("14687744162801.033", "nan"), "line 2: value 'nan' is no number"),
        ("gdp.csv", TABLE + "China,CHN,2020,1\n", "line 5: NY.GDP.MKTP.CD CHN 2020 stands twice"),
        ("gdp.csv", "Country Name,Country Code,Year,Value\nIndia,IND,2020,\n", "not one of its rows says anything"),
        ("x.csv", DOWNLOAD.replace('"","","933', '"","933'), "line 7: has another number of fields than the header"),
        ("x.csv", DOWNLOAD.replace('"2019"', '"2020"'), "its header must hold years, each once"),
        ("x.csv", DOWNLOAD.replace('"1960"', '"YR60"'), r"its header must hold years, each once; it has \['YR60'\]"),
        ("x.csv", DOWNLOAD.rstrip("\n"), "line 7 has no end; the download was cut off"),
        ("x.json", answer(record("", "ZZ", "Somewhere", "2020", 1)), "line 2: area 'Somewhere' has no code of three letters"),
    ],
)
def test_what_is_wrong_is_refused(home: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(BadFileError, match=said):
        given(home, name, text)
