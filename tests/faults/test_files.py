"""Faults of files that others met: a clear refusal, or a quarantined row with line, reason and raw text."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.ingest_cases import BACI_HEADER, CUT_HEADER, bulk, controls, count, cut, flows, ingest, quarantine, write
from transforms.io.archives import BadFileError
from transforms.io.parsed import parsed_folder
from transforms.io.recognise import UnknownLayoutError
from transforms.io.snapshot import Declared, take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources import reader
from transforms.sources.judges import ServicesError
from transforms.sources.parse import parse_snapshot

NAME = "BACI_HS17_Y2020_V202201.csv"
ROW = "2020,4,36,71120,0.727,        0.308\n"


def refused(tmp_path: Path, name: str, content: str | bytes) -> str:
    home = tmp_path / "home"
    with pytest.raises(BadFileError) as error:
        take_snapshot(write(tmp_path, name, content), Settings(home=home))
    assert live_snapshots(Settings(home=home)) == []
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (BACI_HEADER, "no rows"),
        ("<!DOCTYPE html><html>503</html>", "HTML"),
        ('<?xml version="1.0"?><Error/>', "XML"),
        ('{ "statusCode": 429, "message": "Rate limit is exceeded" }', "Rate limit is exceeded"),
        ((BACI_HEADER + ROW).encode("utf-16"), "UTF-16"),
        ((BACI_HEADER + ROW).encode("utf-16-le"), "NUL"),
        (BACI_HEADER.replace("q", "v") + ROW, "column 'v' stands twice|missing from it: q"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str | bytes, word: str) -> None:
    message = refused(tmp_path, NAME, content)
    assert any(part in message for part in word.split("|")), message
    assert NAME in message


def test_an_unknown_layout_lists_the_known_and_what_the_nearest_misses(tmp_path: Path) -> None:
    path = write(tmp_path, NAME, "t,i,j,k,v\n2020,4,36,71120,0.7\n")
    with pytest.raises(UnknownLayoutError, match=r"The nearest is baci; missing from it: q\. Layouts known: .*comtrade_bulk .*baci "):
        take_snapshot(path, Settings(home=tmp_path / "home"))


def test_truncated_gzip_text_named_gz_and_cut_zip(tmp_path: Path) -> None:
    whole = gzip.compress((BACI_HEADER + ROW * 5000).encode())
    assert "cut off" in refused(tmp_path, NAME + ".gz", whole[: len(whole) * 2 // 3])
    assert "no gzip file" in refused(tmp_path, NAME + ".gz", BACI_HEADER + ROW)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, BACI_HEADER + ROW)
    assert "cut off" in refused(tmp_path, "BACI_HS17_V202201.zip", packed.getvalue()[:-30])


def test_a_gzip_of_several_members_is_read_whole(tmp_path: Path, home: Path) -> None:
    content = gzip.compress((BACI_HEADER + ROW).encode()) + gzip.compress(b"2020,4,36,80211,2.404,0.710\n")
    ingest(home, write(tmp_path, NAME + ".gz", content))
    assert len(flows(home)) == 2


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a\\..\\..\\evil.csv", "C:/evil.csv"])
def test_members_that_leave_their_folder_refuse_the_archive(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), BACI_HEADER + ROW)
    assert "refused" in refused(tmp_path, "x.zip", packed.getvalue())
    assert not (tmp_path.parent / "evil.csv").exists()


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo(NAME)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert "is a link" in refused(tmp_path, "x.zip", packed.getvalue())


def test_bombs_are_counted_while_streaming(tmp_path: Path) -> None:
    bomb = gzip.compress(BACI_HEADER.encode() + ROW.encode() * 3_000_000)
    path = write(tmp_path, NAME + ".gz", bomb)
    with pytest.raises(BadFileError, match="unpacks to more than"):
        take_snapshot(path, Settings(home=tmp_path / "home"))
    limits = replace(Settings(home=tmp_path / "home"), maximum_unpack_ratio=10_000, maximum_unpacked_bytes=1_000_000)
    with pytest.raises(BadFileError, match="more than 1,000,000 bytes"):
        take_snapshot(path, limits)


def test_the_edition_is_asked_for_where_nothing_says_it(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path, "mine.csv", BACI_HEADER + ROW)
    with pytest.raises(BadFileError, match="--edition HS17 --release V202201"):
        take_snapshot(path, Settings(home=home))
    for spelling in ("HS17", "H5"):
        (snapshot,) = take_snapshot(path, Settings(home=home), declared=Declared(spelling, "V202201"))
        assert (snapshot.edition, snapshot.source_release) == ("H5", "V202201")


def test_services_are_refused(tmp_path: Path, home: Path) -> None:
    with pytest.raises(ServicesError, match="trade in services"):
        ingest(home, write(tmp_path, "a.txt", bulk({"typeCode": "S"})))


BAD_ROWS = [
    ("2020,4,36,71120,NA,1\n", "v = 'NA' is not a number"),
    ("2020,4,36,71120,,1\n", "is empty: the row has no value"),
    ("2020,4,36,71120,nan,1\n", "is not a finite number"),
    ("2020,4,36,71120,inf,1\n", "is not a finite number"),
    ("2020,4,36,71120,-1,1\n", "is negative"),
    ('2020,4,36,71120,"1.234,5",1\n', "is not a number"),
    ("2020,4,36,71120,1e12,1\n", "does not fit DECIMAL(18,3)"),
    ("2020,4,36,71120,1,:\n", "q = ':' is not a number"),
    ("1961,4,36,71120,1,1\n", "is no year of 1962 to 2100"),
    ("2020,AF,36,71120,1,1\n", "i = 'AF' is no area code"),
    ("2020,4,,71120,1,1\n", "is empty"),
    ("2020,4,36,0101211,1,1\n", "has more than the 6 digits|is no product code"),
    ("2020,4,36,71120,1\n", "another number of fields"),
    ("2020,4,36,71120,1,1,9\n", "another number of fields"),
    ('2020,4,36,"71120,1,1\n', "never closed"),
    ("2020,4,36,71120,1,1", "cut off"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS)
def test_a_bad_row_is_quarantined_and_nothing_else(tmp_path: Path, home: Path, bad: str, reason: str) -> None:
    good = "2020,8,36,10121,2,1\n"
    ledger = ingest(home, write(tmp_path, NAME, BACI_HEADER + good + bad))
    kept = quarantine(home)
    assert len(kept) == len(bad.strip().splitlines())
    row = kept[-1]
    assert any(part in str(row["quarantine_reason"]) for part in reason.split("|")), row
    assert row["raw_text"] == bad.strip("\n").splitlines()[-1]
    assert row["source_line"] == 2 + len(bad.strip().splitlines())
    assert count(ledger, "in")[0] == count(ledger, "out")[0] + count(ledger, "quarantined")[0]


def test_codes_stay_text_to_the_last_line(tmp_path: Path, home: Path) -> None:
    rows = [{"cmdCode": f"{100000 + n}", "qty": "7", "qtyUnitCode": "5"} for n in range(3000)]
    rows.append({"reporterCode": "036", "cmdCode": "010121", "qty": "1.75", "qtyUnitCode": "5"})
    rows.append({"reporterCode": "036", "cmdCode": "1E1021"})
    ingest(home, write(tmp_path, "a.txt", bulk(*rows)))
    found = {r["product_code"]: r for r in flows(home) if r["reporter_code"] == "36"}
    assert set(found) == {"010121", "1E1021"}
    assert found["010121"]["quantity"] == Decimal("1.750")


def test_whole_numbers_beyond_a_float_stay_exact(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "a.txt", bulk({"primaryValue": "9007199254740.993", "netWgt": ""}, {"partnerCode": "8", "netWgt": "5"})))
    assert Decimal("9007199254740.993") in {r["reported_value_usd"] for r in flows(home)}


def test_zero_weight_and_quantity_stand_for_missing(tmp_path: Path, home: Path) -> None:
    rows = [
        {"netWgt": "0", "qty": "0", "fobvalue": "0"},
        {"partnerCode": "8", "primaryValue": "0", "netWgt": "0", "qty": "0", "qtyUnitCode": "-1"},
    ]
    ingest(home, write(tmp_path, "a.txt", bulk(*rows)))
    first, second = sorted(flows(home), key=lambda r: str(r["partner_code"]))
    assert (first["net_weight_kg"], first["quantity"], first["value_fob_usd"]) == (None, None, None)
    assert (second["reported_value_usd"], second["net_weight_kg"], second["quantity"]) == (Decimal(0), None, None)


def test_breakdowns_world_and_parents_are_controls(tmp_path: Path, home: Path) -> None:
    rows = [
        {"partnerCode": "0", "cmdCode": "TOTAL", "primaryValue": "100"},
        {"partnerCode": "97", "primaryValue": "60"},
        {"cmdCode": "TOTAL", "primaryValue": "100"},
        {"cmdCode": "87", "primaryValue": "100"},
        {"primaryValue": "100"},
        {"primaryValue": "60", "motCode": "2100"},
        {"primaryValue": "40", "motCode": "1000"},
        {"primaryValue": "30", "partner2Code": "784"},
        {"primaryValue": "20", "customsCode": "C01"},
    ]
    ledger = ingest(home, write(tmp_path, "a.txt", bulk(*rows)))
    assert [r["reported_value_usd"] for r in flows(home)] == [Decimal(100)]
    kinds = sorted(str(r["control_kind"]) for r in controls(home))
    assert kinds == ["breakdown"] * 4 + ["margin", "parent", "parent", "world"]
    assert count(ledger, "breakdown") == (4, 150)
    assert count(ledger, "control") == (4, 360)


def test_duplicates_once_and_contradictions_never(tmp_path: Path, home: Path) -> None:
    content = CUT_HEADER + cut(value="5") * 2 + cut(product="02", value="7") + cut(product="02", value="8") + cut(product="03", value="1")
    ledger = ingest(home, write(tmp_path, "a.csv", content))
    assert {(r["product_code"], r["reported_value_usd"]) for r in flows(home)} == {("01", Decimal(5)), ("03", Decimal(1))}
    assert count(ledger, "duplicate") == (1, 5)
    assert count(ledger, "quarantined") == (2, 15)
    assert [(r["source_line"], r["raw_text"].split(",")[10]) for r in quarantine(home)] == [(4, "7"), (5, "8")]  # type: ignore[attr-defined]


def test_quoted_newlines_and_inch_marks_keep_the_lines_right(tmp_path: Path, home: Path) -> None:
    head = CUT_HEADER.replace("\n", "\r\n")
    odd = 'H5,2017,2,x,842,R,156,P,01,"Horses;\r\nlive, ""pure"" bred",5,0\r\n\r\n'
    inch = 'H5,2017,2,x,842,R,156,P,73,Pipes 12" dia,6,0\r\n'
    ingest(home, write(tmp_path, "a.csv", "\ufeff" + head + odd + inch))
    assert {(r["product_code"], r["source_line"], r["reported_value_usd"]) for r in flows(home)} == {
        ("01", 2, Decimal(5)),
        ("73", 5, Decimal(6)),
    }


def test_latin_1_where_the_layout_declares_it(tmp_path: Path, home: Path) -> None:
    row = cut().replace(",P,", ",Côte d'Ivoire,")
    ingest(home, write(tmp_path, "a.csv", (CUT_HEADER + row).encode("latin-1")))
    (snapshot,) = live_snapshots(Settings(home=home))
    names = pq.read_table(parsed_folder(home, snapshot, "a.csv") / "names.parquet").column("name").to_pylist()
    assert "Côte d'Ivoire" in names


def test_an_unknown_column_is_a_drift_event(tmp_path: Path, home: Path) -> None:
    content = BACI_HEADER.replace("q", "q,new") + ROW.replace("\n", ",x\n")
    (snapshot,) = take_snapshot(write(tmp_path, NAME, content), Settings(home=home))
    assert snapshot.header_extras == ("new",)
    ingest(home)
    assert len(flows(home)) == 1


def test_lines_and_values_hold_over_block_borders(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_BYTES", 700)
    monkeypatch.setattr(reader, "BLOCK_ROWS", 16)
    rows = "".join(f"2020,4,{n},{10000 + n},{n}.5,NA\n" for n in range(100, 400))
    ingest(home, write(tmp_path, NAME, BACI_HEADER + rows))
    found = flows(home, "partner_code", "source_line", "reported_value_usd")
    assert [(r["partner_code"], r["source_line"], r["reported_value_usd"]) for r in found] == [
        ("380" if n == 381 else str(n), n - 98, Decimal(n * 1000 + 500))
        for n in range(100, 400)  # 381 was Italy's number
    ]


def test_names_read_as_latin_1_once_too_often_are_counted(tmp_path: Path, home: Path) -> None:
    garbled = "Côte d'Ivoire".encode().decode("latin-1")
    rows = (
        cut().replace(",P,", f",{garbled},")
        + cut(partner="192").replace(",P,", ",Cura\ufffdao,")
        + cut(partner="792").replace("P,", "Türkiye,")
    )
    (snapshot,) = take_snapshot(write(tmp_path, "a.csv", CUT_HEADER + rows), Settings(home=home))
    report = parse_snapshot(home, snapshot, "a.csv")
    assert report.warnings == (f"a.csv: 2 names are garbled, as UTF-8 read as Latin-1; the first: {'Cura' + chr(0xFFFD) + 'ao'!r}",)


def test_values_beyond_mills_are_rounded_and_counted(tmp_path: Path, home: Path) -> None:
    rows = (
        cut(value="11267085662.9334")
        + cut(product="02", value="0.0015")
        + cut(product="03", value="2.5000")
        + cut(product="x", value="0.0001")
    )
    (snapshot,) = take_snapshot(write(tmp_path, "a.csv", CUT_HEADER + rows), Settings(home=home))
    report = parse_snapshot(home, snapshot, "a.csv")
    assert report.values_cut == 2
    assert report.warnings[-1] == "a.csv: 2 values have more than three decimals of a dollar; rounded half to even"
    ingest(home)
    assert [r["reported_value_usd"] for r in flows(home)] == [Decimal("11267085662.933"), Decimal("0.002"), Decimal("2.5")]


def test_lone_carriage_returns_are_named(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "BACI_HS17_Y2020_V202201.csv"
    path.write_bytes(b"t,i,j,k,v,q\r2020,4,36,071120,0.7,1\r")
    with pytest.raises(BadFileError, match="lone carriage return"):
        take_snapshot(path, Settings(home=home))


def test_an_old_name_beside_the_new_one_is_refused(tmp_path: Path) -> None:
    """Whichever stands last would win, and the two may differ."""
    header = "REPORTER,PARTNER,TRADE_TYPE,PRODUCT_NC,FLOW,STAT_PROCEDURE,PERIOD,VALUE_EUR,VALUE_IN_EUROS,QUANTITY_KG,QUANTITY_SUPPL_UNIT"
    said = refused(tmp_path, "full.dat", f"{header}\nAT,CN,E,18063100,2,1,202304,100,999,1,0\n")
    assert "'VALUE_EUR' and 'VALUE_IN_EUROS' both fill reported_value_usd" in said


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"cmdCode": "02013X", "aggrLevel": "6"}, "ends in X, which marks the residual of a parent here"),
        ({"cmdCode": "000101"}, "there is no chapter 00"),
        ({"primaryValue": "10000000000000"}, "is above ten trillion USD, more than a country trades in a year: check the unit"),
    ],
)
def test_what_a_later_stage_could_not_carry_is_quarantined(tmp_path: Path, home: Path, row: dict[str, str], reason: str) -> None:
    row.pop("aggrLevel", None)
    ingest(home, write(tmp_path, "a.txt", bulk({}, {"partnerCode": "8", **row})))
    (line,) = quarantine(home)
    assert (line["source_line"], str(line["quarantine_reason"]).endswith(reason)) == (3, True)
    assert len(flows(home)) == 1
