"""Comtrade's version 1 in its three forms: the web's download, the API's answer, and the names that packages make."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.ingest_cases import controls, count, flows, ingest, quarantine, write
from transforms.contracts.layouts.comtrade import COMTRADE_V1
from transforms.io.archives import BadFileError
from transforms.io.parsed import parsed_folder
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings
from transforms.sources.parse import parse_snapshot

NAMES = [f.name for f in COMTRADE_V1.fields]
BASE: dict[str, object] = dict.fromkeys(NAMES, "") | {
    "typeCode": "C", "freqCode": "A", "refPeriodId": 20230101, "refYear": 2023, "refMonth": 52, "period": "2023", "reporterCode": 764,
    "reporterISO": "THA", "reporterDesc": "Thailand", "flowCode": "M", "flowDesc": "Import", "partnerCode": 384, "partnerISO": "CIV",
    "partnerDesc": "Côte d'Ivoire", "partner2Code": 0, "classificationCode": "H6", "cmdCode": "010121", "cmdDesc": "Horses, \"pure\"",
    "aggrLevel": 6, "customsCode": "C00", "mosCode": "0", "motCode": 0, "qtyUnitCode": -1, "qty": 0, "isQtyEstimated": False,
    "netWgt": 0, "isNetWgtEstimated": True, "cifvalue": 1000.5, "primaryValue": 1000.5, "legacyEstimationFlag": 0, "isReported": True,
    "isAggregate": False,
}  # fmt: skip
ROWS = (
    BASE,
    {
        **BASE,
        "cmdCode": "870380",
        "primaryValue": 11267085662.933,
        "cifvalue": 11267085662.933,
        "qtyUnitCode": 5,
        "qty": 3,
        "netWgt": 12.25,
    },
    {**BASE, "partnerCode": 0, "partnerDesc": "World", "primaryValue": 5000},
    {**BASE, "customsCode": "C01", "primaryValue": 400},
    {**BASE, "motCode": 1000, "primaryValue": 300},
    {**BASE, "partner2Code": 156, "primaryValue": 200},
    {**BASE, "flowCode": "RM", "primaryValue": 7},
)


def text_of(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def web_csv(folder: Path) -> Path:
    """The web's download: Latin-1, every row one field longer than the header."""
    lines = [",".join(NAMES)]
    lines += [",".join('"' + text_of(row[n]).replace('"', '""') + '"' for n in NAMES) + "," for row in ROWS]
    return write(folder, "TradeData.csv", ("\r\n".join(lines) + "\r\n").encode("latin-1"))


def api_json(folder: Path) -> Path:
    data = [{name: (None if row[name] == "" else row[name]) for name in NAMES} for row in ROWS]
    return write(folder, "answer.json", json.dumps({"elapsedTime": "0.2 secs", "count": len(data), "data": data, "error": ""}))


def snake_csv(folder: Path) -> Path:
    """What an R package writes: partner2Code as partner2code, no field too many."""
    snake = [re.sub(r"(\d)_", r"\1", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", n).lower()) for n in NAMES]
    lines = [",".join(snake)]
    lines += [",".join('"' + text_of(row[n]).replace('"', '""') + '"' for n in NAMES) for row in ROWS]
    return write(folder, "tidy.csv", "\n".join(lines) + "\n")


@pytest.mark.parametrize("form", [web_csv, api_json, snake_csv])
def test_one_answer_in_three_forms(form, tmp_path: Path, home: Path) -> None:  # type: ignore[no-untyped-def]
    ledger = ingest(home, form(tmp_path))
    assert [(r["flow_code"], r["product_code"], r["reported_value_usd"]) for r in flows(home)] == [
        ("M", "010121", Decimal("1000.500")),
        ("M", "870380", Decimal("11267085662.933")),
        ("RM", "010121", Decimal("7.000")),
    ]
    horses, cars, _ = flows(home)
    assert (horses["reporter_code"], horses["partner_code"], horses["classification"], horses["product_level"]) == ("764", "384", "H6", 6)
    assert (horses["quantity"], horses["net_weight_kg"], horses["is_net_weight_estimated"], horses["is_reported"]) == (
        None,
        None,
        True,
        True,
    )
    assert (horses["valuation"], horses["value_cif_usd"], horses["value_fob_usd"], horses["period"]) == (
        "CIF",
        Decimal("1000.500"),
        None,
        "2023",
    )
    assert (cars["quantity"], cars["net_weight_kg"]) == (Decimal("3.000"), Decimal("12.250"))
    kinds = [(r["control_kind"], r["reported_value_usd"]) for r in controls(home)]
    assert sorted(kinds) == [
        ("breakdown", Decimal("200.000")),
        ("breakdown", Decimal("300.000")),
        ("breakdown", Decimal("400.000")),
        ("world", Decimal("5000.000")),
    ]
    assert count(ledger, "in") == (7, 11267092570)
    assert {line.reason: line.row_count for line in ledger} == {"in": 7, "out": 3, "control": 1, "breakdown": 3}


def test_names_in_latin_1_are_read_as_written(tmp_path: Path, home: Path) -> None:
    from transforms.io.parsed import parsed_folder
    from transforms.io.snapshot_store import live_snapshots

    ingest(home, web_csv(tmp_path))
    (snapshot,) = live_snapshots(Settings(home=home))
    import pyarrow.parquet as pq

    names = {r["code"]: r["name"] for r in pq.read_table(parsed_folder(home, snapshot, "TradeData.csv") / "names.parquet").to_pylist()}
    assert names == {"764": "Thailand", "384": "Côte d'Ivoire", "0": "World", "010121": 'Horses, "pure"', "870380": 'Horses, "pure"'}


def test_a_field_too_many_that_holds_something_is_quarantined(tmp_path: Path, home: Path) -> None:
    path = web_csv(tmp_path)
    lines = path.read_bytes().split(b"\r\n")
    lines[2] += b'"x"'
    ledger = ingest(home, write(tmp_path, "TradeData.csv", b"\r\n".join(lines)))
    assert {line.reason: line.row_count for line in ledger} == {"in": 7, "out": 2, "control": 1, "breakdown": 3, "quarantined": 1}


@pytest.mark.parametrize("changed", [{"typeCode": "S"}, {"classificationCode": "EB10"}])
def test_services_are_refused(changed: dict[str, str], tmp_path: Path, home: Path) -> None:
    row = {**BASE, **changed}
    path = write(tmp_path, "answer.json", json.dumps({"count": 1, "data": [row]}))
    (snapshot,) = take_snapshot(path, Settings(home=home))
    with pytest.raises(BadFileError, match=r"trade in services"):
        parse_snapshot(home, snapshot, "answer.json")


def test_a_count_of_nothing_is_no_data(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path, "answer.json", json.dumps({"elapsedTime": "0 secs", "count": 0, "data": [], "error": ""}))
    with pytest.raises(BadFileError, match=r"answer.json: an empty answer is not taken for data"):
        take_snapshot(path, Settings(home=home))


@pytest.mark.real_data
def test_the_real_web_download_is_latin_1(home: Path, shared_data: Path) -> None:
    (taken,) = take_snapshot(shared_data / "comtrade_v1" / "THA_imports_8542_TradeData.csv", Settings(home=home))
    parse_snapshot(home, taken, taken.members[0])
    names = {r["code"]: r["name"] for r in pq.read_table(parsed_folder(home, taken, taken.members[0]) / "names.parquet").to_pylist()}
    assert (names["384"], names["531"]) == ("Côte d'Ivoire", "Curaçao")


def test_rows_with_and_without_the_surplus_comma_are_both_read(tmp_path: Path, home: Path) -> None:
    lines = web_csv(tmp_path).read_bytes().split(b"\r\n")
    lines[1] = lines[1].removesuffix(b",")
    mixed = write(tmp_path, "mixed.csv", b"\r\n".join(lines))
    (tmp_path / "TradeData.csv").unlink()
    ingest(home, mixed)
    assert {r["product_code"] for r in flows(home)} == {"010121", "870380"}
    assert quarantine(home) == []
