"""JSON answers, SDMX-CSV and workbooks as delimited text: what comes out, written out, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.io import forms
from transforms.io.archives import BadFileError
from transforms.io.forms import sdmx
from transforms.io.forms.lines import text_line

SDMX_HEADER = "DATAFLOW,LAST UPDATE,freq,reporter,partner,product,flow,indicators,TIME_PERIOD,OBS_VALUE"
PAGE = '{"page":1,"pages":1,"per_page":50,"total":1,"sourceid":"2","lastupdated":"2026-07-01"}'
NINE = PAGE.replace('"total":1', '"total":9')


def text(form: str, data: bytes | str, name: str = "answer.json") -> list[str]:
    raw = data.encode() if isinstance(data, str) else data
    whole = forms.as_text(form, io.BytesIO(raw), name).read()
    assert whole.endswith(b"\n")
    return whole.decode().split("\n")[:-1]


def refusal(form: str, data: bytes | str) -> str:
    with pytest.raises(BadFileError) as caught:
        text(form, data)
    return str(caught.value)


def real(form: str, path: Path) -> list[str]:
    with path.open("rb") as handle:
        assert forms.form_of(handle.read(4096), path.name) == form
        handle.seek(0)
        return forms.as_text(form, handle, path.name).read().decode().split("\n")[:-1]


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b'\xef\xbb\xbf \n{"statusCode": 429}', "json"),
        (b'[["CTY_CODE","ALL_VAL_MO"]', "json"),
        (b"DATAFLOW,LAST UPDATE,freq\n", "sdmx_csv"),
        (b'"STRUCTURE","STRUCTURE_ID"\n', "sdmx_csv"),
        (b"DATAFLOW\n", None),
        (b"DATAFLOWS,freq\n", None),
        (b"t,i,j,k,v,q\n2020,4,12,080410,1,2\n", None),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "xlsx"),
        (b"PK\x03\x04" + b"\0" * 26 + b"BACI_HS17_Y2020_V202201.csv", None),
        (b"", None),
    ],
)
def test_the_form_is_known_by_the_first_bytes(head: bytes, form: str | None) -> None:
    assert forms.form_of(head, "anything.csv") == form


def test_a_form_that_is_not_there_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"form 'xml' is none of json, sdmx_csv, xlsx"):
        forms.as_text("xml", io.BytesIO(b""), "x")


# --- JSON ---------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_a_comtrade_answer_as_the_api_gave_it(shared_data: Path) -> None:
    header, *rows = real("json", shared_data / "comtrade_v1/comtradr/HS-60a6ad.json")
    assert header.startswith("source_line,typeCode,freqCode,refPeriodId,refYear,refMonth,period,reporterCode,reporterISO,")
    assert header.count(",") == 47
    assert rows == [
        "2,C,A,20100101,2010,52,2010,156,CHN,China,M,Import,32,ARG,Argentina,0,W00,World,H3,HS,true,TOTAL,All Commodities,0,false,"
        "C00,TOTAL CPC,0,0,TOTAL MOT,-1,N/A,,false,-1,N/A,,false,,false,,false,6804128143.0,,6804128143.0,0,true,false",
        "3,C,A,20100101,2010,52,2010,156,CHN,China,M,Import,276,DEU,Germany,0,W00,World,H3,HS,true,TOTAL,All Commodities,0,false,"
        "C00,TOTAL CPC,0,0,TOTAL MOT,-1,N/A,,false,-1,N/A,,false,,false,,false,74251272075.0,,74251272075.0,0,true,false",
        "4,C,A,20100101,2010,52,2010,156,CHN,China,X,Export,32,ARG,Argentina,0,W00,World,H3,HS,true,TOTAL,All Commodities,0,false,"
        "C00,TOTAL CPC,0,0,TOTAL MOT,-1,N/A,,false,-1,N/A,,false,,false,,false,,6115764185.0,6115764185.0,0,true,false",
        "5,C,A,20100101,2010,52,2010,156,CHN,China,X,Export,276,DEU,Germany,0,W00,World,H3,HS,true,TOTAL,All Commodities,0,false,"
        "C00,TOTAL CPC,0,0,TOTAL MOT,-1,N/A,,false,-1,N/A,,false,,false,,false,,68047133397.0,68047133397.0,0,true,false",
    ]


def test_numbers_stand_as_in_the_file_and_missing_keys_are_empty() -> None:
    answer = (
        '{"data":[{"cmdCode":"010121","v":1.12339E+11,"b":true,"n":null,"q":6804128143.0},'
        '{"q":12345678901234567890123,"cmdCode":"01,\\"x\\"\\ny","b":false}],"count":2,"error":null}'
    )
    assert text("json", answer) == [
        "source_line,cmdCode,v,b,n,q",
        "2,010121,1.12339E+11,true,,6804128143.0",
        '3,"01,""x""',
        'y",,false,,12345678901234567890123',
    ]


def test_a_census_answer() -> None:
    answer = (
        '[["CTY_CODE","I_COMMODITY","GEN_VAL_MO","COMM_LVL","CTY_CODE"],\n["5700","0101210000","12","HS10","5700"],\n'
        '["5700","0101",null,"HS4"],\n["5700","01"]]'
    )
    assert text("json", answer) == [
        "source_line,CTY_CODE,I_COMMODITY,GEN_VAL_MO,COMM_LVL",
        "2,5700,0101210000,12,HS10",
        "3,5700,0101,,HS4,",  # four fields without the repeated column: kept wrong, not made right
        "4,5700,01",
    ]


def test_a_world_bank_answer() -> None:
    record = (
        '{"indicator":{"id":"NY.GDP.MKTP.CD","value":"GDP (current US$)"},"country":{"id":"1A","value":"Arab World"},'
        '"countryiso3code":"ARB","date":"2023","value":3491234567890.12,"unit":"","obs_status":"","decimal":0}'
    )
    assert text("json", f"[{PAGE},[{record}]]") == [
        "source_line,indicator.id,indicator.value,country.id,country.value,countryiso3code,date,value,unit,obs_status,decimal,lastupdated",
        "2,NY.GDP.MKTP.CD,GDP (current US$),1A,Arab World,ARB,2023,3491234567890.12,,,0,2026-07-01",
    ]
    second = PAGE.replace('"page":1,"pages":1', '"page":2,"pages":7').replace('"total":1', '"total":301')
    assert len(text("json", f"[{second},[{record}]]")) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            '{"statusCode":429,"message":"Rate limit is exceeded. Try again in 3 seconds."}',
            "'Rate limit is exceeded. Try again in 3 seconds.'",
        ),
        ('{"error":[{"status":404,"label":"no such dataset"}]}', "404 no such dataset"),
        ('{"message":"%s"}' % ("x" * 900), repr("x" * 200)),
        ('{"count":1,"data":[{"a":1}],"error":"quota"}', "'quota'"),
        ('{"count":2,"data":[{"a":1}],"error":""}', "says count 2 but holds 1 records"),
        ('{"data":[{"a":1}],"error":""}', "says count (none) but holds 1 records"),
        ('{"count":0,"data":[],"error":""}', "an empty answer is not taken for data"),
        ('[["A","B"]]', "an empty answer is not taken for data"),
        ("[]", "an empty answer is not taken for data"),
        (f"[{PAGE},null]", "an empty answer is not taken for data"),
        (f"[{PAGE},[]]", "an empty answer is not taken for data"),
        (f'[{NINE},[{{"a":1}}]]', "says total 9 on one page but holds 1 records"),
        ('[{"message":[{"id":"120","key":"Invalid value","value":"not valid"}]}]', "'120 Invalid value not valid'"),
        ('{"version":"2.0","class":"dataset","value":{"0":1}}', "JSON of no known kind"),
        ('{"data":{"dataSets":[]}}', "JSON of no known kind"),
        ('[{"a":1},{"a":2}]', "JSON of no known kind"),
        ("[1,2]", "JSON of no known kind"),
        ("12", "JSON of no known kind"),
        (f'[{PAGE},[{{"a":1}}],[]]', "JSON of no known kind"),
        ('{"count":2,"data":[{"a":1},{"a":2,"b":3}]}', "record 2 has the field 'b', which the first record has not"),
        ('{"count":1,"data":[{"a":1,"a":2}]}', "record 1: the field 'a' stands twice"),
        ('{"count":1,"count":1,"data":[{"a":1}]}', "the key 'count' stands twice"),
        ('{"count":1,"data":[{"a":[1]}]}', "the field 'a' is a list"),
        ('{"count":1,"data":[7]}', "record 1 is no object"),
        ('{"count":1,"data":[{"source_line":7}]}', "'source_line' can't be the name of a column"),
        ('{"count":1,"data":[{"a":"x\\u0000"}]}', "holds NUL"),
        ('{"count":1,"data":[{"a":NaN}]}', "damaged JSON"),
        ('{"count":1,"data":[{"a":1}]} <html>', "damaged JSON"),
        ('{"count":1,"data":[{"a":1e99999999999999999999}]}', "no number of a trade table"),
        ('{"count":1,"data":[{"a":%s}]}' % ("7" * 5000), "no number of a trade table"),
        ('{"count":2,"data":[{"a":1},{"a"', "ends early"),
        ('{"count":2,"data":[{"a":1},', "ends early"),
        ("", "ends early"),
        ("[" * 100_000, "the header is no list of plain fields"),
        ('{"a":' + "[" * 100_000, "nests deeper than 8 levels"),
        ('{"count":1,"data":[{"a":' + '{"b":' * 9 + "1" + "}" * 9, "nests deeper than 8 levels"),
        ('[["A","A"],["1","2"]]', "record 1: column 'A' stands twice, with two values"),
        ('[["A","B"],["1",["2"]]]', "record 1 is no list of plain fields"),
        ('{"count":1,"data":[{' + ",".join(f'"c{n}":1' for n in range(1001)) + "}]}", "has 1001 columns"),
    ],
)
def test_answers_that_are_no_data_are_refused(answer: str, said: str) -> None:
    message = refusal("json", answer)
    assert said in message
    assert message.startswith("answer.json: ")


COMTRADE = '{"elapsedTime":"0.2 secs","count":2,"data":[{"a":1,"b":"x"},{"b":null,"a":2.50}],"error":""}'
CENSUS = '[["A","B"],["1","2"],["3","4"]]'
BANK = f'[{PAGE},[{{"indicator":{{"id":"I"}},"value":1.5}}]]'


@pytest.mark.parametrize(("answer", "lines"), [(COMTRADE, 3), (CENSUS, 3), (BANK, 2)], ids=["comtrade", "census", "bank"])
def test_every_cut_is_refused_and_every_damaged_byte_is_an_answer(answer: str, lines: int) -> None:
    whole = answer.encode()
    assert len(text("json", whole)) == lines
    for place in range(len(whole)):
        assert refusal("json", whole[:place])
        for damage in (0x01, 0x20, 0x5A, 0x80):
            damaged = bytearray(whole)
            damaged[place] ^= damage
            try:
                assert text("json", bytes(damaged))
            except BadFileError as error:
                assert str(error).startswith("answer.json: ")


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4), min_size=1, max_size=5))
def test_lines_are_read_back_as_they_were(rows: list[list[str]]) -> None:
    lines = "".join(text_line(row) for row in rows)
    assert list(csv.reader(io.StringIO(lines, newline=""))) == rows


def test_a_field_that_never_ends_is_refused_before_it_is_read() -> None:
    class Endless(io.RawIOBase):
        read_bytes = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            start = b'{"count":1,"data":[{"a":"' if not self.read_bytes else b""
            part = start + b"x" * (len(buffer) - len(start))
            buffer[:] = part
            self.read_bytes += len(part)
            assert self.read_bytes < 3 << 20
            return len(part)

    with pytest.raises(BadFileError, match=r"a field of more than 1,048,576 bytes"):
        forms.as_text("json", io.BufferedReader(Endless()), "x.json").read()


def test_an_error_is_no_end_and_closing_leaves_the_file_open() -> None:
    raw = io.BytesIO(b'{"count":3,"data":[{"a":1}]}')
    stream = forms.as_text("json", raw, "x.json")
    for _ in range(2):
        with pytest.raises(BadFileError, match=r"says count 3 but holds 1"):
            stream.read()
    stream.close()
    assert stream.closed and not raw.closed
    early = forms.as_text("json", io.BytesIO(json.dumps({"data": [{"a": n} for n in range(50_000)]}).encode()), "x")
    assert early.read(16) == b"source_line,a\n2,"
    early.close()


class Repeated(io.RawIOBase):
    """Pieces of bytes as a stream, made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def test_memory_does_not_grow_with_the_file() -> None:
    record = json.dumps({"period": "2024", "reporterCode": 156, "cmdCode": "854231", "text": "x" * 900, "primaryValue": 1.5}).encode()
    records = 60_000

    def pieces() -> Iterator[bytes]:
        yield b'{"count":%d,"data":[' % records
        for done in range(0, records, 100):
            yield (b"," if done else b"") + b",".join([record] * 100)
        yield b'],"error":""}'

    assert records * len(record) > 58_000_000
    tracemalloc.start()
    stream = forms.as_text("json", io.BufferedReader(Repeated(pieces())), "big.json")
    lines = 0
    while block := stream.read(1 << 20):
        lines += block.count(b"\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == records + 1
    assert peak < 12 << 20


# --- SDMX-CSV -----------------------------------------------------------------------------------


@pytest.mark.real_data
def test_two_flows_of_comext(shared_data: Path) -> None:
    assert real("sdmx_csv", shared_data / "comext/sdmx_csv_sample.csv") == [
        "source_line,DATAFLOW,freq,reporter,partner,product,flow,TIME_PERIOD,"
        "VALUE_IN_EUROS,QUANTITY_IN_KG,QUANTITY_IN_100KG,SUPPLEMENTARY_QUANTITY,LAST UPDATE",
        "2,ESTAT:DS-045409(1.0),A,DE,VN,030462,1,2024,32313884,,90212.63,,15/09/26 11:00:00",
        "4,ESTAT:DS-045409(1.0),A,DE,WORLD,030462,1,2024,39919520,,113481.95,,15/09/26 11:00:00",
    ]


def sdmx_file(*rows: str, header: str = SDMX_HEADER) -> str:
    return "\r\n".join([header, *rows, ""])


def test_rows_of_a_flow_need_not_be_together_and_flags_are_joined() -> None:
    header = SDMX_HEADER.replace("indicators", "Indicators") + ",OBS_FLAG,CONF_STATUS"
    assert text(
        "sdmx_csv",
        sdmx_file(
            'D,u,M,DE,VN,03046200,1,value_in_euros,2024-01,"1,5",p,',
            "D,u,M,DE,VN,03046200,2,QUANTITY_IN_KG,2024-01,:,,C",
            "D,u,M,DE,VN,03046200,1,SUP_QUANTITY,2024-01,4.0 c,p,C",
            "D,u,M,DE,VN,03046200,1,QUANTITY_IN_100KG,2024-01,,e,C",
            "D,u,M,DE,VN,03046200,2,QUANTITY_IN_KG,2024-01,:,,C",
            header=header,
        ),
    ) == [
        "source_line,DATAFLOW,freq,reporter,partner,product,flow,TIME_PERIOD,"
        "VALUE_IN_EUROS,QUANTITY_IN_KG,QUANTITY_IN_100KG,SUPPLEMENTARY_QUANTITY,OBS_FLAG,CONF_STATUS,LAST UPDATE",
        '2,D,M,DE,VN,03046200,1,2024-01,"1,5",,,4.0 c,p e,C,u',
        "3,D,M,DE,VN,03046200,2,2024-01,,:,,,,C,u",
    ]


FIRST = "D,u,A,DE,VN,030462,1,VALUE_IN_EUROS,2024,5"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (sdmx_file(FIRST, FIRST[:-1] + "6"), "line 3 gives VALUE_IN_EUROS of a flow a second time"),
        (sdmx_file(FIRST[:-1], FIRST), "line 3 gives VALUE_IN_EUROS of a flow a second time"),
        (sdmx_file(FIRST, FIRST.replace("VALUE_IN_EUROS", "PRICE")), "line 3: indicator 'PRICE' is none of VALUE_IN_EUROS, "),
        (sdmx_file(FIRST, FIRST.replace(",u,", ",w,")), "line 3 has another LAST UPDATE"),
        (sdmx_file(FIRST + ",9"), "line 2 has 11 fields, the header has 10"),
        (sdmx_file(FIRST, 'D,u,A,"DE'), "line 3"),
        (sdmx_file(FIRST)[:-2], "line 2 has no end; the download was cut off"),
        (sdmx_file(FIRST, FIRST[:20]), "line 3 has 7 fields, the header has 10"),
        (sdmx_file(), "an empty answer is not taken for data"),
        (sdmx_file("x", header="DATAFLOW,LAST UPDATE,freq,geo,TIME_PERIOD,OBS_VALUE"), "has no column INDICATORS"),
        (sdmx_file(FIRST, header=SDMX_HEADER.replace("flow,", "PARTNER,")), "column 'partner' stands twice"),
        (sdmx_file(FIRST.replace("VN", "V\0N")), "line 2 holds control characters"),
        (sdmx_file(FIRST).encode().replace(b"VN", b"V\xff"), "line 2 is not UTF-8"),
        (b"DATAFLOW,x" * 200_000, "line 1 is no line of a table"),
    ],
)
def test_sdmx_that_can_not_be_brought_together_is_refused(data: str | bytes, said: str) -> None:
    assert said in refusal("sdmx_csv", data)


def test_flows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdmx, "MAXIMUM_FLOWS", 2)
    rows = [FIRST.replace("VN", code) for code in ("VN", "FR", "US")]
    assert len(text("sdmx_csv", sdmx_file(*rows[:2]))) == 3
    assert "holds more than 2 flows" in refusal("sdmx_csv", sdmx_file(*rows))


# --- workbooks ----------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("table", "rows", "first"),
    [
        (
            "HS2022toHS2017",
            15657,
            ["source_line,HS2022,HS2017,Relationship", "3,010121,010121,1:1", "4,010129,010129,1:1", "5,010130,010130,1:1"],
        ),
        (
            "HS2017toHS1992",
            7862,
            ["source_line,HS 2017,HS 1992,Relationship", "3,010121,010111,n:n", "4,010121,010120,n:n", "5,010129,010119,n:n"],
        ),
        (
            "HS2017toHS2012",
            6141,
            ["source_line,HS 2017,column_B,HS 2012,Relationship", "3,010121,,010121,1:1", "4,010129,,010129,1:1", "5,010130,,010130,1:1"],
        ),
        (
            "HS2022toSITC4",
            13191,
            ["source_line,HS 2022,SITC Rev. 4,Relationship", "3,010121,0015,n:1", "4,010129,0015,n:1", "5,010130,0015,n:1"],
        ),
    ],
)
def test_correlation_tables_of_the_statistics_division(shared_data: Path, table: str, rows: int, first: list[str]) -> None:
    lines = real("xlsx", shared_data / f"reference/concordance/{table}ConversionAndCorrelationTables.xlsx")
    assert lines[:4] == first
    assert len(lines) - 1 == rows


def book(sheets: dict[str, list[list[Any]]], formats: dict[str, str] | None = None) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for cell, form in (formats or {}).items():
            sheet[cell].number_format = form
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def test_codes_of_a_sheet_get_their_zeros_back_where_the_column_tells_how_many() -> None:
    sheet = [
        ["Between", None],
        [" HS 2022 ", "SITC code", None, "Share"],
        [10121, "0015", "ex", 0.5],
        [],
        [999999.0, 15, None, 2],
    ]
    data = book({"Only": sheet}, {"B5": "0000"})
    assert forms.form_of(data[:100]) == "xlsx"
    assert text("xlsx", data) == ["source_line,HS 2022,SITC code,column_C,Share", "3,010121,0015,ex,0.5", "5,999999,0015,,2"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (book({"A": [["HS 2022", "SITC Rev. 4"], ["010121", 15]]}), "cell B2: 15 is a number in the column of codes 'SITC Rev. 4'"),
        (book({"A": [["HS 2022", "x"], [101, "a"]]}), "cell A2: 101 is a number in the column of codes"),
        (book({"One": [["a", "b"]], "Two": [["a", "b"]]}), "it has 'One', 'Two'"),
        (book({"Correlation 1": [["a", "b"]], "correlation 2": [["a", "b"]]}), "which sheet is meant?"),
        (book({"A": [["title"], ["only"]]}), "hold no header"),
        (book({"A": [["a", "a"], ["1", "2"]]}), "a column stands twice"),
        (b"PK\x03\x04 cut off", "the workbook is damaged"),
        (book({"A": [["a", "b"]]})[:-400], "the workbook is damaged"),
    ],
)
def test_sheets_that_can_not_be_read_are_refused(data: bytes, said: str) -> None:
    assert said in refusal("xlsx", data)


def test_damage_anywhere_in_a_workbook_is_an_answer() -> None:
    whole = book({"A": [["HS 2022", "HS 2017"], ["010121", "010121"]]})
    for place in range(0, len(whole), 29):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        for data in (whole[:place], bytes(damaged)):
            try:
                text("xlsx", data)
            except BadFileError as error:
                assert str(error).startswith("answer.json: ")


def test_the_correlation_sheet_is_read_and_a_row_too_long_stays_too_long() -> None:
    sheets = {
        "Conversion": [["From", "To"], ["010121", "010111"]],
        "Correlation HS": [["From", "To"], ["010121", "010120", None, "x"], ["010129"]],
    }
    assert text("xlsx", book(sheets)) == ["source_line,From,To", "2,010121,010120,,x", "3,010129,"]


def test_a_workbook_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    target = tmp_path / "bomb.xlsx"
    target.write_bytes(book({"A": [["a", "b"]]}))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b" " * 3_000_000)
    with (
        forms.sheet_rows(target, "bomb.xlsx", maximum_bytes=1 << 20) as stream,
        pytest.raises(BadFileError, match=r"the limit is 1,048,576"),
    ):
        stream.read()
    with forms.sheet_rows(target, "bomb.xlsx") as stream:
        assert stream.read() == b"source_line,a,b\n"


def test_entities_and_archives_that_are_no_workbook_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    assert "has no xl/workbook.xml" in refusal("xlsx", target.getvalue())
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>')
    assert "xl/workbook.xml declares entities" in refusal("xlsx", target.getvalue())
