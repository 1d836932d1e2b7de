"""A ministry's own file, declared in entrepot.toml: to a release, to the mill; and a column that was renamed overnight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.cli_runner import entrepot
from transforms.contracts import lake as contracts
from transforms.io import lake
from transforms.io.recognise import UnknownLayoutError
from transforms.io.snapshot import take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import SettingsError, load_settings
from transforms.sources.conflicts import quarantine_files
from transforms.sources.ingest import ingest_partition
from transforms.sources.parse import parse_snapshot, years_of

pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parents[2]
GABON = """
[sources.gabon]
title = "Douanes du Gabon"
licence = "open data licence 2.0"
redistribution = "open"

[sources.gabon.layouts.trade]
delimiter = ";"
encodings = ["latin-1"]
currency = "XAF"
edition_rule = "GA"
decimal_mark = ","
group_mark = "."
constants = { reporter_code = "266" }
[sources.gabon.layouts.trade.maps]
flow_code = { IMP = "M", EXP = "X" }
partner_code = { France = "251", "Côte d'Ivoire" = "384", TOTAL = "0" }
[sources.gabon.layouts.trade.columns]
"HS Code" = "product_code"
"Année" = "period"
"Pays" = "partner_code"
"Sens" = "flow_code"
"Valeur (XAF mille)" = { to = "value", scale = 3 }
"Poids net (kg)" = { to = "net_weight_kg", missing = ["n.d."] }
"Bureau" = "ignore"

[rates.XAF]
"2023" = "0.001648"
"2024" = "0.0016501"
"""
HEADER = "HS Code;Année;Pays;Sens;Valeur (XAF mille);Poids net (kg);Bureau\r\n"
ROWS = (
    "90111;2023;Côte d'Ivoire;IMP;1.234.567,5;1.200;Owendo",
    "020130;2023;France;IMP;500,125;n.d.;Owendo",
    "020130;2023;TOTAL;IMP;500,125;n.d.;Owendo",
    "020130;2023;Atlantide;IMP;12;3;Owendo",
    "020130;2023;842;IMP;1.23;3;Owendo",
    "020130;2025;842;IMP;12;3;Owendo",
    "87032390;2024;France;IMP;1.000;250,5;Owendo",
    "1;2024;France;EXP;2;;Owendo",
)


def declare(home: Path, text: str) -> None:
    (home / "entrepot.toml").write_text(text, "utf-8")


def load(home: Path, *paths: Path) -> list[dict[str, Any]]:
    """Reported flows of files, under what the home declares; the lake is committed, quarantine too."""
    settings = load_settings(home, {})
    for path in paths:
        take_snapshot(path, settings)
    snapshots = live_snapshots(settings)
    for snapshot in snapshots:
        parse_snapshot(home, snapshot, snapshot.members[0])
        files = list(quarantine_files(home, snapshot).files)
        lake.commit(home, contracts.QUARANTINE, {f"source={snapshot.source}/snapshot_id={snapshot.snapshot_id}": files})
    for source, years in years_of(home, snapshots).items():
        for year in sorted(years):
            result = ingest_partition(home, settings.catalog.sources[source], year, [s for s in snapshots if s.source == source])
            files = [f for f in result.files if f.table == contracts.REPORTED_FLOWS.name]
            lake.commit(home, contracts.REPORTED_FLOWS, {f"source={source}/year={year}": files})
    return lake.read(home, contracts.REPORTED_FLOWS).to_pylist()


def reasons(home: Path) -> list[str]:
    return [str(r["quarantine_reason"]) for r in lake.read(home, contracts.QUARANTINE).to_pylist()]


# -- from a declaration to a release ----------------------------------------------------------------------------------


def run(home: Path, *arguments: str, code: int = 0) -> str:
    environment = {**os.environ, "ENTREPOT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "orchestration.cli", *arguments]
    done = subprocess.run(command, cwd=home.parent, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def facts(home: Path) -> list[tuple[Any, ...]]:
    release = (home / "releases" / "current").read_text("utf-8").strip()
    with duckdb.connect(str(home / "releases" / release / "entrepot.duckdb"), read_only=True) as con:
        return con.sql(
            "select period, classification, product_code, partner_code, flow_code, reported_value_usd, valuation, net_weight_kg, "
            "currency_code, usd_per_currency from marts.fct_reported_flows order by period, product_code"
        ).fetchall()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A first run; a rate of one year changed, planned and run; a map changed, planned; the section taken away."""
    home = tmp_path_factory.mktemp("gabon") / "warehouse"
    home.mkdir()
    path = home.parent / "douanes.csv"
    path.write_bytes((HEADER + "\r\n".join(ROWS) + "\r\n").encode("latin-1"))
    declare(home, GABON)
    told: dict[str, Any] = {"first": run(home, "run", str(path)), "facts": facts(home)}
    told["quarantine"] = json.loads(run(home, "quarantine", "list", "--json"))
    told["totals"] = json.loads(
        run(
            home,
            "query",
            "--format",
            "json",
            "select exporter_code, value_fob_usd from fct_bilateral_totals where period = '2023' order by 1",
        )
    )
    told["plan of nothing"] = run(home, "run", "--plan")
    declare(home, GABON.replace('"0.0016501"', '"0.00166"'))
    told["plan of a rate"] = json.loads(run(home, "run", "--plan", "--json"))
    told["second"], told["facts again"] = run(home, "run"), facts(home)
    declare(home, GABON.replace('"0.0016501"', '"0.00166"').replace('EXP = "X"', 'EXP = "RX"'))
    told["plan of a map"] = json.loads(run(home, "run", "--plan", "--json"))
    declare(home, "[rates.XAF]\n" + GABON.split("[rates.XAF]\n")[1])
    told["without the section"] = run(home, "run", code=2)
    return told


def test_values_are_in_dollars_to_the_mill_and_codes_whole(story: dict[str, Any]) -> None:
    # 1,234,567,500 XAF x 0.001648 = 2034567.24; 500,125 x 0.001648 = 824.206; 1,000,000 x 0.0016501; 2,000 x 0.0016501 = 3.3002
    assert story["facts"] == [
        ("2023", "H6", "020130", "251", "M", Decimal("824.206"), "CIF", None, "XAF", 0.001648),
        ("2023", "H6", "090111", "384", "M", Decimal("2034567.240"), "CIF", Decimal("1200.000"), "XAF", 0.001648),
        ("2024", "H6", "01", "251", "X", Decimal("3.300"), "FOB", None, "XAF", 0.0016501),
        ("2024", "GA2024", "87032390", "251", "M", Decimal("1650.100"), "CIF", Decimal("250.500"), "XAF", 0.0016501),
    ]


def test_imports_reach_the_totals_with_the_cif_rate_off(story: dict[str, Any]) -> None:
    # France's gives no weight, so no unit value: the published mean rate, 824.206 / 1.033 = 797.8761...; of coffee at
    # 1,695 USD a kg the published equation makes a rate below 1, which counts as 1
    assert {r["exporter_code"]: Decimal(str(r["value_fob_usd"])) for r in story["totals"]} == {
        "251": Decimal("797.876"),
        "384": Decimal("2034567.240"),
    }


def test_lines_that_cannot_enter_are_told_with_their_reason(story: dict[str, Any]) -> None:
    text = json.dumps(story["quarantine"], ensure_ascii=False)
    for line, reason in (
        (5, "Pays = 'Atlantide' is no area code of up to three digits"),
        (6, "Valeur (XAF mille) = '1.23' is not a number as this layout writes them"),
        (7, "Année = '2025' has no XAF rate: add one to [rates.XAF]"),
    ):
        assert reason in text
        assert f'"source_line": {line}' in text or f'"line": {line}' in text


def test_an_unchanged_declaration_rebuilds_nothing(story: dict[str, Any]) -> None:
    assert story["plan of nothing"].startswith("nothing to rebuild: a run would find nothing new")


def test_a_years_rate_rebuilds_that_year_alone(story: dict[str, Any]) -> None:
    plan = story["plan of a rate"]
    assert plan["years"] == [2024]
    assert {i["partition_key"]: i["reason"] for i in plan["items"] if i["stage"] == "reported_flows/gabon"} == {
        "source=gabon/year=2024": "its input changed"
    }
    assert "source=gabon/year=2024: built" in story["second"]
    assert "year=2023: built" not in story["second"]
    assert [row[5] for row in story["facts again"]] == [Decimal("824.206"), Decimal("2034567.240"), Decimal("3.320"), Decimal("1660.000")]


def test_a_map_rebuilds_all_years_of_its_files(story: dict[str, Any]) -> None:
    ingest = [i for i in story["plan of a map"]["items"] if i["stage"].startswith("reported_flows/")]
    assert [(i["partition_key"], i["reason"]) for i in ingest] == [
        ("source=gabon/year=2023", "its input changed"),
        ("source=gabon/year=2024", "its input changed"),
    ]


def test_a_section_taken_away_while_its_files_live_is_named(story: dict[str, Any]) -> None:
    assert "the file douanes.csv (snapshot " in story["without the section"]
    assert (
        "has the layout gabon_trade, which is declared no more: declare it again in entrepot.toml, [sources.gabon]"
        in story["without the section"]
    )


# -- how files are written --------------------------------------------------------------------------------------------


def test_a_header_in_another_script(home: Path, tmp_path: Path) -> None:
    declare(
        home,
        """
        [sources.ved.layouts.m]
        delimiter = "\\t"
        encodings = ["cp1251"]
        currency = "USD"
        edition_rule = "RU"
        decimal_mark = ","
        area_system = "iso2"
        constants = { reporter_code = "643", frequency = "M" }
        maps.flow_code = { "ИМ" = "M", "ЭК" = "X" }
        [sources.ved.layouts.m.columns]
        "Период" = "period"
        "Направление" = "flow_code"
        "Страна" = "partner_code"
        "Код ТН ВЭД" = "product_code"
        "Стоимость" = "value"
        """,
    )
    text = "Период\tНаправление\tСтрана\tКод ТН ВЭД\tСтоимость\n2021-05\tИМ\tCN\t0901110001\t1234,5\n"
    path = tmp_path / "ved.csv"
    path.write_bytes(text.encode("cp1251"))
    (row,) = load(home, path)
    assert (row["partner_code"], row["product_code"], row["classification"], row["period"]) == ("156", "0901110001", "RU2021", "2021-05")
    assert (row["reported_value_usd"], row["currency_code"]) == (Decimal("1234.500"), None)


def _small(currency: str, rates: str, rule: str = "hs") -> str:
    return f"""
        [sources.small.layouts.m]
        currency = "{currency}"
        edition_rule = "{rule}"
        constants = {{ reporter_code = "704", flow_code = "X" }}
        [sources.small.layouts.m.columns]
        "Month" = "period"
        "To" = "partner_code"
        "Code" = "product_code"
        "Worth" = "value"
        [rates.{currency}]
        {rates}
        """


def _file(folder: Path, *rows: str, header: str = "Month,To,Code,Worth") -> Path:
    path = folder / "small.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def test_a_currency_of_small_units_keeps_its_digits(home: Path, tmp_path: Path) -> None:
    declare(home, _small("VND", '"2023" = "0.000041956"\n"2023-05" = "0.00004263"'))
    rows = load(home, _file(tmp_path, "2023-05,156,090111,123456789123", "2023-06,156,090111,123456789123"))
    # the month's own rate, 5262962.92031...; else the year's, 5179753.04444...
    assert [(r["period"], r["reported_value_usd"]) for r in rows] == [
        ("2023-05", Decimal("5262962.920")),
        ("2023-06", Decimal("5179753.044")),
    ]


def test_a_value_that_fits_no_more_in_dollars_is_quarantined(home: Path, tmp_path: Path) -> None:
    declare(home, _small("KWD", '"2023" = "3.25"'))
    rows = load(home, _file(tmp_path, "2023,156,090111,400000000000000", "2023,156,090112,100"))
    assert [(r["product_code"], r["reported_value_usd"]) for r in rows] == [("090112", Decimal("325.000"))]
    assert reasons(home) == ["Worth = '400000000000000' does not fit DECIMAL(18,3)"]


def test_codes_below_the_hs_ask_for_the_tariffs_letters(home: Path, tmp_path: Path) -> None:
    declare(home, _small("VND", '"2023" = "0.00004"'))
    rows = load(home, _file(tmp_path, "2023,156,09011110,1000", "2023,156,0901.11,1000"))
    assert [(r["classification"], r["product_code"]) for r in rows] == [("H6", "090111")]
    (reason,) = reasons(home)
    assert reason == 'follows from edition_rule = "hs", yet the code has more than six digits: a national tariff has letters, as "TH"'


PARTS = """
        [sources.parts.layouts.m]
        currency = "USD"
        needs = ["edition"]
        name_pattern = "_(?P<edition>H[0-6])_"
        quote = ""
        delimiter = "|"
        SAID
        constants = { reporter_code = "12", flow_code = "M", partner_code = "250" }
        [sources.parts.layouts.m.columns]
        "Year" = "year"
        "Code" = "product_code"
        "Procedure" = "customs_code"
        "Worth" = { to = "value", group_mark = "'" }
        """
PARTS_ROWS = "Year|Code|Procedure|Worth\n2020|1012|00|1'000\n2020|1012|40|600\n2020|1012|71|400\n2020|1011|40|7\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('aggregate_roles = { customs_code = ["00", "0"] }', [("1012", "1000.000")]),
        ('summed_roles = ["customs_code"]', [("1011", "7.000"), ("1012", "2000.000")]),
    ],
)
def test_parts_of_a_flow_are_told_from_the_flow(said: str, expected: list[tuple[str, str]], home: Path, tmp_path: Path) -> None:
    declare(home, PARTS.replace("SAID", said))
    path = tmp_path / "douanes_H5_2020.txt"
    path.write_text(PARTS_ROWS, "utf-8")
    rows = load(home, path)
    assert [(r["product_code"], str(r["reported_value_usd"])) for r in rows] == expected
    assert {(r["classification"], r["reporter_code"], r["partner_code"], r["period"]) for r in rows} <= {("H5", "12", "250", "2020")}


# -- a layout changed overnight ---------------------------------------------------------------------------------------

BACI, RENAMED = "t,i,j,k,v,q\n", "t,i,j,k,value,q\n"


def _baci(folder: Path, name: str, header: str, value: str) -> Path:
    path = folder / name
    path.write_text(f"{header}2020,4,36,081110,{value},1\n", "utf-8")
    return path


def test_a_renamed_column_is_refused_with_the_lines_to_write_and_read_once_they_stand(home: Path, tmp_path: Path) -> None:
    old = _baci(tmp_path, "BACI_HS17_Y2020_V202201.csv", BACI, "1.5")
    new = _baci(tmp_path, "BACI_HS17_Y2020_V202301.csv", RENAMED, "2.5")
    assert [r["reported_value_usd"] for r in load(home, old)] == [Decimal("1500.000")]
    with pytest.raises(UnknownLayoutError) as error:
        load(home, new)
    said, _, lines = str(error.value).partition(
        "\nWas it renamed? If 'value' is 'v', write at the end of entrepot.toml, and hand the file over again:\n"
    )
    assert "The nearest is baci; missing from it: v." in said
    today = datetime.now(UTC).date()
    assert lines == f'\n[[aliases]]\nlayout = "baci"\ncolumn = "v"\nalso = "value"\nsince = {today}'
    declare(home, lines)
    assert [r["reported_value_usd"] for r in load(home, new)] == [Decimal("2500.000")]
    # the file of before still reads: the newer release replaces it, by its name alone
    names = {s.file_name: s.header_extras for s in live_snapshots(load_settings(home, {}))}
    assert names == {old.name: (), new.name: ()}


def test_an_alias_from_a_later_day_on_is_not_yet_one(home: Path, tmp_path: Path) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    declare(home, f'[[aliases]]\nlayout = "baci"\ncolumn = "v"\nalso = "value"\nsince = {tomorrow}\n')
    with pytest.raises(UnknownLayoutError, match="missing from it: v"):
        load(home, _baci(tmp_path, "BACI_HS17_Y2020_V202301.csv", RENAMED, "2.5"))


def test_two_renamed_columns_are_paired_by_likeness(home: Path, tmp_path: Path) -> None:
    declare(home, _small("VND", '"2023" = "0.00004"'))
    with pytest.raises(UnknownLayoutError) as error:
        load(home, _file(tmp_path, "2023,156,090111,1", header="Month,To,WORTH (dong),hs_code"))
    entries = tomllib.loads(str(error.value).split("hand the file over again:\n")[1])["aliases"]
    assert [(e["layout"], e["column"], e["also"]) for e in entries] == [
        ("small_m", "Code", "hs_code"),
        ("small_m", "Worth", "WORTH (dong)"),
    ]
    assert {type(e["since"]) for e in entries} == {date}


def test_many_missing_columns_are_no_renaming(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownLayoutError) as error:
        load(home, _baci(tmp_path, "BACI_HS17_Y2020_V202301.csv", "t,i,a,b,c,d\n", "2.5"))
    assert "aliases" not in str(error.value)


def test_the_command_line_keeps_the_lines(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    done = entrepot(capsys, home, "run", "--plan", str(_baci(tmp_path, "BACI_HS17_Y2020_V202301.csv", RENAMED, "2.5")))
    assert done.code == 1
    assert '\n[[aliases]]\nlayout = "baci"\ncolumn = "v"\nalso = "value"\nsince = ' in done.err


def test_a_file_whose_section_is_gone_says_so_before_anything_else(home: Path, tmp_path: Path) -> None:
    declare(home, _small("VND", '"2023" = "0.00004"'))
    load(home, _file(tmp_path, "2023,156,090111,1000"))
    declare(home, "")
    with pytest.raises(SettingsError, match=r"has the layout small_m, which is declared no more: .*\[sources.small\]"):
        load(home)
