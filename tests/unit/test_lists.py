"""Code lists: areas with their years, products of one edition, short lists; each told apart, each wrong one refused with its line."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.unit.lists_cases import as_json, built, given, take
from transforms.io.archives import BadFileError
from transforms.io.snapshot import Declared, take_snapshot
from transforms.settings import Settings

AREAS = """id,country,iso_3,iso_2,note,entry_year,exit_year,group,last_modified
516,Namibia ,NAM,NA,,2000.0,,False,2025-06-05
899,"Areas, nes",_X ,,,1900.0,,False,2025-06-05
280,Fed. Rep. of Germany (...1990),DEU,DE,,1900.0,1990.0,False,2025-06-05
948,Ruritania ,RUR,RU,,1954.0,1997.0,False,2025-06-05
947,Utopia,UTO,,,1901.0,,False,2025-06-05
"""
H5 = """id,text,parent,isLeaf,aggrlevel,standardUnitAbbr,last_modified
TOTAL,Total - All H5 commodities,#,0,0,n/a,2024-01-16
01,01 - Animals; live,TOTAL,0,2,n/a,2024-01-16
0101,"0101 - Horses, asses, mules and hinnies; live",01,0,4,n/a,2024-01-16
010121,"010121 - Horses; live, pure-bred ",0101,1,6,u,2024-01-16
"""
S4 = """id,text,parent,isLeaf,aggrlevel,last_modified
0,0 - Food and live animals,TOTAL,0,1,2024-11-13
00,00 - Live animals,0,0,2,2024-11-13
001,001 - Live animals other than animals of division 03,00,0,3,2024-11-13
"""
CODES = "id,text,last_modified\nM,Import,2023-01-23\nX,Export,2023-01-23\n"


def test_areas_land_with_their_years_and_trimmed_names(home: Path) -> None:
    given(home, "partner.csv", AREAS)
    found = {r["area_code"]: r for r in built(home)["area"]}
    assert (found["516"]["area_name"], found["516"]["iso2"], found["516"]["iso3"]) == ("Namibia", "NA", "NAM")
    assert (found["280"]["valid_from"], found["280"]["valid_to"], found["280"]["successor_codes"]) == (None, 1990, "276")
    # known from the list alone
    assert {k: found["948"][k] for k in ("area_name", "valid_from", "valid_to", "name_source")} == {
        "area_name": "Ruritania",
        "valid_from": 1954,
        "valid_to": 1997,
        "name_source": "source files",
    }
    assert (found["947"]["valid_from"], found["947"]["valid_to"]) == (None, None)


def test_areas_as_the_api_gives_them(home: Path) -> None:
    plain = {"id": 516, "text": "Namibia", "reporterCode": 516, "reporterDesc": "Namibia", "reporterNote": "", "isGroup": False}
    records = [
        {**plain, "reporterCodeIsoAlpha2": "NA", "reporterCodeIsoAlpha3": "NAM", "entryEffectiveDate": "1990-01-01T00:00:00"},
        {
            **plain,
            "reporterCode": 948,
            "reporterDesc": "Ruritania ",
            "entryEffectiveDate": "1954-01-01T00:00:00",
            # a field that only areas that ended have
            "entryExpiredDate": "1997-12-31T00:00:00",
        },
    ]
    given(home, "Reporters.json", as_json({"results": records}))
    given(home, "areas.csv", ",id,text,PartnerCode,PartnerDesc,entryEffectiveDate\n1,947,Utopia,947,Utopia ,1900-01-01T00:00:00\n")
    found = {r["area_code"]: r for r in built(home)["area"]}
    assert (found["948"]["area_name"], found["948"]["valid_from"], found["948"]["valid_to"]) == ("Ruritania", 1954, 1997)
    assert (found["516"]["area_name"], found["947"]["area_name"]) == ("Namibia", "Utopia")


@pytest.mark.parametrize("text", ['{"results": []}', '{"results": [[1]]}', '{"results": [{"id": 1}], "data": [{"id": 1}]}'])
def test_an_answer_without_a_list_is_refused(home: Path, text: str) -> None:
    with pytest.raises(BadFileError):
        given(home, "Reporters.json", text)


def test_products_lose_the_code_in_their_text_and_keep_every_level(home: Path) -> None:
    given(home, "cmd_h5.csv", H5)
    given(home, "cmd_s4.csv", S4)
    given(home, "cmd_h4.json", as_json({"results": [{"id": "07", "text": "07 - Vegetables", "parent": "TOTAL", "aggrLevel": 2}]}))
    found = {(r["classification"], r["product_code"]): r for r in built(home)["product"]}
    names = {key: found[key]["product_description"] for key in found if key[0] != "H6"}
    assert names == {
        ("H4", "07"): "Vegetables",
        ("H4", "TOTAL"): "All products",
        ("H5", "TOTAL"): "Total - All H5 commodities",
        ("H5", "01"): "Animals; live",
        ("H5", "0101"): "Horses, asses, mules and hinnies; live",
        ("H5", "010121"): "Horses; live, pure-bred",
        ("S4", "TOTAL"): "All products",
        ("S4", "0"): "Food and live animals",
        ("S4", "00"): "Live animals",
        ("S4", "001"): "Live animals other than animals of division 03",
    }
    assert [found["H5", c]["parent_code"] for c in ("010121", "0101", "01")] == ["0101", "01", "TOTAL"]
    assert [found["S4", c]["product_level"] for c in ("001", "00", "0")] == [3, 2, 1]


def test_hs2022_with_its_sections(home: Path) -> None:
    text = 'section,hscode,description,parent,level\nI,0101,"Horses, here",01,4\nTOTAL,TOTAL,Total of all HS2022 commodities,TOTAL,5\n'
    given(home, "harmonized-system.csv", text)
    found = {r["product_code"]: r for r in built(home)["product"] if r["classification"] == "H6"}
    assert (found["0101"]["product_description"], found["0101"]["section_code"]) == ("Horses, here", "I")
    assert (found["TOTAL"]["product_description"], found["TOTAL"]["product_level"]) == ("Total of all HS2022 commodities", 0)


def test_short_lists_are_told_apart_by_their_names(home: Path) -> None:
    given(home, "flow.csv", CODES)
    given(home, "freq.csv", "id,text,last_modified\nM,Monthly,2024-03-05\n")
    given(home, "my_mos.csv", "id,text,last_modified\nMode 1,Cross-border,2024-03-05\n")
    given(
        home, "qtyunit.csv", "qtyCode,qtyAbbr,qtyDescription,last_modified\n-1,N/A,Not available,2023-01-23\n8,kg,Weight in kilograms,x\n"
    )
    given(home, "cmd_b4.csv", "id,text,parent,isLeaf,aggrlevel,last_modified\n41,41 - Capital goods ,4,1,2,2024-11-20\n")
    given(home, "dataitem.csv", "dataItem,description\ntypeCode,Goods or services\n")
    found = [(r["code_list"], r["list_code"], r["code_description"]) for r in built(home)["code"]]
    assert found == [
        ("mos", "Mode 1", "Cross-border"),
        ("bec4", "41", "Capital goods"),
        ("flow", "M", "Import"),
        ("flow", "X", "Export"),
        ("freq", "M", "Monthly"),
        ("qtyunit", "8", "Weight in kilograms"),
        ("qtyunit", "-1", "Not available"),
        ("dataitem", "typeCode", "Goods or services"),
    ]


def test_a_list_can_be_said_where_the_name_does_not(home: Path) -> None:
    given(home, "list.csv", CODES, edition="flow")
    given(home, "bec.csv", "id,text,parent,isLeaf,aggrlevel,last_modified\n0101,0101 - Horses,01,1,4,x\n", edition="HS17")
    tables = built(home)
    assert [r["code_list"] for r in tables["code"]] == ["flow", "flow"]
    assert ("H5", "Horses") in {(r["classification"], r["product_description"]) for r in tables["product"]}


def test_an_edition_said_of_a_whole_folder_is_not_meant_for_its_short_lists(home: Path) -> None:
    given(home, "customs.csv", "id,text,last_modified\nC00,TOTAL customs procedure codes,x\n", edition="HS17")
    assert [r["code_list"] for r in built(home)["code"]] == ["customs"]


def test_a_list_handed_over_again_takes_the_place_of_the_older(home: Path) -> None:
    given(home, "flow.csv", CODES)
    given(home, "flow.csv", "id,text,last_modified\nM,Imports,2026-01-01\n")
    assert [(r["list_code"], r["code_description"]) for r in built(home)["code"]] == [("M", "Imports")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cmd_eb10.csv", "id,text,parent,last_modified\n1,1 Manufacturing services,200,x\n", "is a list of services"),
        ("cmd_hs.csv", H5, "several editions under one name; take the lists of single editions, cmd_h0.csv to cmd_h6.csv"),
        ("cmd_ss.csv", S4, "take the lists of single editions, cmd_s1.csv to cmd_s4.csv"),
        (
            "some.csv",
            CODES,
            r"doesn't say which list it is, nor does its name \(customs, flow, freq, mos, mot\); say it: --edition customs",
        ),
        ("some.csv", H5, "doesn't say its edition"),
        ("partner.csv", AREAS.replace("947,", "U47,"), "partner.csv line 6: code is no area code of up to three digits"),
        ("partner.csv", AREAS.replace("1954.0", "long ago"), "partner.csv line 5: 'long ago' is no year"),
        ("partner.csv", AREAS.replace("False,2025-06-05\n947", "False\n947"), "line 5: the row has another number of fields"),
        ("partner.csv", AREAS.replace("947,Utopia", "516,Utopia"), "line 6: area 516 stands twice, with different contents"),
        ("cmd_h5.csv", H5.replace("0101,", "01012A1,"), "line 4: code has more than the 4 digits that its level says"),
        ("flow.csv", CODES.replace("X,Export", ",Export"), "flow.csv line 3: code is empty"),
        (
            "CN_concordances.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            r"of the old form \(.xls\); save it as .xlsx, or the sheet",
        ),
    ],
)
def test_a_list_that_is_wrong_is_refused(home: Path, name: str, text: str | bytes, said: str) -> None:
    with pytest.raises(BadFileError, match=said):
        given(home, name, text)


def test_a_name_that_is_no_list_is_refused(home: Path) -> None:
    with pytest.raises(BadFileError, match="list 'tariffs' is none of customs, flow, freq, mos, mot"):
        given(home, "list.csv", CODES, edition="tariffs")


def test_a_last_line_without_an_end_is_taken_and_said(home: Path) -> None:
    warnings = given(home, "flow.csv", CODES.rstrip("\n"))
    assert warnings == ("flow.csv: the last line has no end: the file may be cut off; compare its last code",)
    assert len(built(home)["code"]) == 2


def test_what_lies_beside_the_data_of_a_zip_is_passed_over(home: Path, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("flow.csv", CODES)
        archive.writestr("Metadata_Country_API_NY.GDP.MKTP.CD_DS2_en_csv_v2_1.csv", '"Country Code","Region",\n"ABW","x",\n')
    path = tmp_path / "lists.zip"
    path.write_bytes(packed.getvalue())
    take(home, path)
    assert len(built(home)["code"]) == 2
    (snapshot,) = take_snapshot(path, Settings(home=home), declared=Declared())
    assert snapshot.members == ("flow.csv",)
