"""Supersession, periods, archives and folders, order: from small files to committed rows."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.ingest_cases import BACI_HEADER, CUT_HEADER, bulk, controls, count, cut, flows, ingest, quarantine, write
from transforms.io.archives import BadFileError
from transforms.io.snapshot import Declared, take_snapshot
from transforms.io.snapshot_store import incoming, live_snapshots
from transforms.settings import Settings
from transforms.sources.parse import known_years, parse_snapshot


def test_a_later_bulk_file_replaces_its_slice_and_only_it(tmp_path: Path, home: Path) -> None:
    old = bulk({}, {"partnerCode": "8", "primaryValue": "7"}, {"flowCode": "M", "primaryValue": "3"})
    ingest(home, write(tmp_path, "COMTRADE-FINAL-CA156202300H6[2024-01-01].txt", old))
    ledger = ingest(home, write(tmp_path, "COMTRADE-FINAL-CA156202300H6[2024-05-01].txt", bulk({"primaryValue": "111"})))
    assert {(r["flow_code"], r["partner_code"], r["reported_value_usd"]) for r in flows(home)} == {
        ("X", "56", Decimal(111)),
        ("M", "56", Decimal(3)),
    }
    assert count(ledger, "superseded") == (2, 107)
    assert count(ledger, "in") == (4, 221)


def test_the_release_decides_not_the_order_of_arrival(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "a[2024-05-01].txt", bulk({"primaryValue": "111"})))
    ingest(home, write(tmp_path, "a[2024-01-01].txt", bulk({"primaryValue": "100"})))
    assert [r["reported_value_usd"] for r in flows(home)] == [Decimal(111)]


def test_a_partial_file_upserts_by_key(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "a.csv", CUT_HEADER + cut(value="5") + cut(product="02", value="6")))
    ledger = ingest(home, write(tmp_path, "b.csv", CUT_HEADER + cut(product="02", value="9")))
    assert {(r["product_code"], r["reported_value_usd"]) for r in flows(home)} == {("01", Decimal(5)), ("02", Decimal(9))}
    assert count(ledger, "superseded") == (1, 6)


def test_baci_releases_are_never_mixed(tmp_path: Path, home: Path) -> None:
    rows = "2020,4,36,10121,1,1\n2020,4,40,10121,2,1\n"
    ingest(home, write(tmp_path, "BACI_HS17_Y2020_V202301.csv", BACI_HEADER + "2020,4,36,10121,5,1\n"))
    ledger = ingest(home, write(tmp_path, "BACI_HS17_Y2020_V202201.csv", BACI_HEADER + rows))
    assert [r["reported_value_usd"] for r in flows(home)] == [Decimal(5000)]
    assert count(ledger, "superseded") == (2, 3000)


def test_a_zip_of_years_with_its_code_lists(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "BACI_HS17_V202501.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for year in (2018, 2019):
            archive.writestr(f"BACI_HS17_Y{year}_V202501.csv", BACI_HEADER + f"{year},4,36,10121,1,NA\n")
        archive.writestr("country_codes_V202501.csv", "country_code,country_name,country_iso2,country_iso3\n516,Namibia,NA,NAM\n")
        archive.writestr("Readme.txt", "BACI: see the paper.\n")
    ingest(home, path)
    assert sorted(r["year"] for r in flows(home)) == [2018, 2019]
    snapshots = {s.layout: s for s in live_snapshots(Settings(home=home))}
    assert set(snapshots) == {"baci", "baci_countries"}
    assert snapshots["baci"].members == ("BACI_HS17_Y2018_V202501.csv", "BACI_HS17_Y2019_V202501.csv")
    assert snapshots["baci"].source_release == "V202501"
    countries = snapshots["baci_countries"]
    parse_snapshot(home, countries, countries.members[0])
    assert known_years(home, countries) == frozenset()


def test_members_of_several_releases_ask_which(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for year, release in ((2018, "V202501"), (2019, "V202501b")):
            archive.writestr(f"BACI_HS17_Y{year}_{release}.csv", BACI_HEADER + f"{year},4,36,10121,1,NA\n")
    with pytest.raises(BadFileError, match=r"several releases \(V202501, V202501b\); say which with --release"):
        take_snapshot(path, Settings(home=home))


def test_a_folder_with_gz_and_a_sidecar(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder, "a[2024-01-01].txt.gz", gzip.compress(bulk({}).encode()))
    write(folder, "b.csv", CUT_HEADER + cut())
    write(folder, "b.csv.entrepot.json", json.dumps({"is_synthetic": True, "licence": "own", "source_release": "S1"}))
    write(folder, "notes.md", "no data")
    ingest(home, folder)
    assert {r["year"] for r in flows(home)} == {2017, 2023}
    made = {s.file_name: s for s in live_snapshots(Settings(home=home))}["b.csv"]
    assert (made.is_synthetic, made.licence, made.source_release) == (True, "own", "S1")


def test_the_same_bytes_are_the_same_snapshot(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path, "a.csv", CUT_HEADER + cut())
    first = take_snapshot(path, Settings(home=home))
    assert take_snapshot(path, Settings(home=home)) == first
    assert (home / "snapshots" / first[0].snapshot_id / "a.csv").read_bytes() == path.read_bytes()
    (declared,) = take_snapshot(path, Settings(home=home), declared=Declared(coverage="complete"))
    assert (declared.coverage, declared.taken_at) == ("complete", first[0].taken_at)


def test_months_and_years_stand_in_one_partition_in_order(tmp_path: Path, home: Path) -> None:
    months = [{"freqCode": "M", "period": p, "refMonth": p[4:], "reporterCode": r} for r in ("842", "56") for p in ("202305", "202301")]
    ingest(home, write(tmp_path, "a.txt", bulk(*months, {"reporterCode": "842", "partnerCode": "8"})))
    found = [(r["frequency"], r["period"], r["reporter_code"]) for r in flows(home)]
    assert found == [
        ("A", "2023", "842"),
        ("M", "2023-01", "56"),
        ("M", "2023-01", "842"),
        ("M", "2023-05", "56"),
        ("M", "2023-05", "842"),
    ]


def test_a_period_outside_its_year_or_frequency_is_quarantined(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "a.txt", bulk({}, {"refYear": "2022"}, {"freqCode": "M"}, {"period": "202313", "freqCode": "M"})))
    assert len(flows(home)) == 1
    reasons = [str(r["quarantine_reason"]) for r in quarantine(home)]
    assert "does not lie in the row's year 2022" in reasons[0]
    assert "is no period of frequency M" in reasons[1]
    assert "its month is none of 01 to 12" in reasons[2]


def test_rows_are_sorted_by_number_of_area_and_flagged(tmp_path: Path, home: Path) -> None:
    rows = [{"partnerCode": p, "cmdCode": c} for p in ("842", "4", "899", "31", "156") for c in ("870380", "010121")]
    ingest(home, write(tmp_path, "a.txt", bulk(*rows)))
    found = flows(home)
    assert [r["partner_code"] for r in found[::2]] == ["4", "31", "156", "842", "899"]
    assert [r["product_code"] for r in found[:2]] == ["010121", "870380"]
    assert {r["partner_code"] for r in found if r["is_special"]} == {"899"}
    assert {r["partner_code"] for r in found if r["is_self_trade"]} == {"156"}


def test_imports_are_cif_unless_the_row_says_fob(tmp_path: Path, home: Path) -> None:
    rows = [
        {"flowCode": "M", "cifvalue": "100", "fobvalue": "97"},
        {"flowCode": "M", "partnerCode": "8", "cifvalue": "0", "fobvalue": "100"},
        {"flowCode": "X", "partnerCode": "8", "fobvalue": "100"},
    ]
    ingest(home, write(tmp_path, "a.txt", bulk(*rows)))
    found = {(r["flow_code"], r["partner_code"]): (r["valuation"], r["value_cif_usd"], r["value_fob_usd"]) for r in flows(home)}
    assert found["M", "56"] == ("CIF", Decimal(100), Decimal(97))
    assert found["M", "8"] == ("FOB", None, Decimal(100))
    assert found["X", "8"] == ("FOB", None, Decimal(100))


def test_chapters_of_one_query_and_a_product_of_another_partner(tmp_path: Path, home: Path) -> None:
    ingest(home, write(tmp_path, "a.csv", CUT_HEADER + cut(product="87")))
    ingest(home, write(tmp_path, "b.csv", CUT_HEADER + cut(product="871200", partner="490")))
    assert {(r["partner_code"], r["product_code"]) for r in flows(home)} == {("156", "87"), ("490", "871200")}
    ingest(home, write(tmp_path, "c.csv", CUT_HEADER + cut(product="871200", value="2")))
    assert [(r["product_code"], r["control_kind"]) for r in controls(home)] == [("87", "parent")]


def test_a_parse_report_is_small_and_picklable(tmp_path: Path, home: Path) -> None:
    (snapshot,) = take_snapshot(write(tmp_path, "a.csv", CUT_HEADER + cut()), Settings(home=home))
    assert known_years(home, snapshot) is None
    report = parse_snapshot(home, snapshot, "a.csv")
    assert pickle.loads(pickle.dumps(report)) == report == parse_snapshot(home, snapshot, "a.csv")
    assert known_years(home, snapshot) == frozenset({2017})


def test_a_release_of_another_form_is_refused_and_names_none_newer(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path, "x.txt", bulk({"primaryValue": "100"}))
    with pytest.raises(BadFileError, match="--release V2 is no release of a comtrade_bulk file; its releases are written 2024-05-01"):
        take_snapshot(path, Settings(home=home), declared=Declared(source_release="V2"))
    write(tmp_path, "x.txt.entrepot.json", json.dumps({"source_release": "V2"}))
    ingest(home, path, write(tmp_path, "a[2099-05-01].txt", bulk({"primaryValue": "111"})))
    assert [r["reported_value_usd"] for r in flows(home)] == [Decimal(111)]


@pytest.mark.parametrize(("older", "newer"), [("V202501", "V202501b"), ("V202401b", "V202501")])
def test_baci_releases_are_days(tmp_path: Path, home: Path, older: str, newer: str) -> None:
    for release, value in ((newer, 2), (older, 1)):
        ingest(home, write(tmp_path, f"BACI_HS17_Y2020_{release}.csv", BACI_HEADER + f"2020,4,36,10121,{value},1\n"))
    assert [r["reported_value_usd"] for r in flows(home)] == [Decimal(2000)]


def test_what_is_kept_is_never_the_file_handed_over(tmp_path: Path, home: Path) -> None:
    """A stored copy that were a link to it would change with it: the next layout of a known file is linked to the home's own copy."""
    path, settings = write(tmp_path, "a.csv", CUT_HEADER + cut()), Settings(home=home)
    (taken,) = take_snapshot(path, settings)
    stored = home / "snapshots" / taken.snapshot_id / "a.csv"
    assert stored.stat().st_ino != path.stat().st_ino
    with incoming(path, home, [taken], keep=True) as (sha256, copy):
        assert (sha256, copy) == (taken.sha256, stored)
