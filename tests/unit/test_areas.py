"""dim_area: every code lands once, dated; what ended and what followed; one area per ISO3 and year."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.unit.core_cases import CHINA, USA, Report, commit_reports
from transforms.contracts import codes
from transforms.core.listing.area_facts import FACTS
from transforms.core.listing.areas import area_rows, area_table
from transforms.sources.area_systems import area_of

#: ISO3 and years under two codes: the publisher has Sudan's last year before the split in both of its codes.
_TWICE = {("SDN", "729 736"): range(2011, 2012)}


@pytest.fixture(scope="module")
def areas() -> dict[str, dict[str, Any]]:
    return {r["area_code"]: r for r in area_rows((), {}).to_pylist()}


@pytest.mark.parametrize(
    ("code", "iso3"),
    [("842", "USA"), ("251", "FRA"), ("757", "CHE"), ("579", "NOR"), ("699", "IND"), ("380", "ITA"), ("276", "DEU"), ("56", "BEL")],
)
def test_codes_that_are_not_iso_s(areas: dict[str, dict[str, Any]], code: str, iso3: str) -> None:
    assert (areas[code]["iso3"], areas[code]["is_country"], areas[code]["valid_to"]) == (iso3, True, None)


@pytest.mark.parametrize("code", ["840", "250", "756", "578", "158"])
def test_iso_numbers_that_trade_files_replace_have_no_iso3(areas: dict[str, dict[str, Any]], code: str) -> None:
    """Where a file uses one, a look-up by ISO3 still finds the code in common use alone."""
    row = {r["area_code"]: r for r in area_rows([code], {}).to_pylist()}[code]
    assert (row["iso3"], row["is_country"]) == (None, True)
    assert row["successor_codes"] in areas


@pytest.mark.parametrize(
    ("code", "valid_to", "successors"),
    [
        ("841", 1980, "842"),
        ("356", 1974, "699"),
        ("280", 1990, "276"),
        ("278", 1990, "276"),
        ("58", 1998, "56 442"),
        ("711", 1999, "710 72 426 516 748"),
        ("230", 1992, "231 232"),
        ("736", 2011, "729 728"),
        ("886", 1990, "887"),
        ("868", 1974, "704"),
        ("590", 1977, "591"),
        ("588", 1971, "586 50"),
        ("200", 1992, "203 703"),
        ("891", 2006, "688 499"),
        ("532", 1985, "530 533"),
        ("835", 1964, "834"),
        ("836", 1964, "834"),
        ("850", 1980, "842"),
    ],
)
def test_areas_that_ended(areas: dict[str, dict[str, Any]], code: str, valid_to: int, successors: str) -> None:
    assert (areas[code]["valid_to"], areas[code]["successor_codes"]) == (valid_to, successors)


@pytest.mark.parametrize(("code", "count"), [("810", 15), ("890", 5)])
def test_successors_of_unions(areas: dict[str, dict[str, Any]], code: str, count: int) -> None:
    found = areas[code]["successor_codes"].split()
    assert len(found) == count
    assert all(areas[s]["valid_from"] > areas[code]["valid_to"] for s in found)


def test_every_successor_is_an_area(areas: dict[str, dict[str, Any]]) -> None:
    assert {s for f in FACTS.values() for s in f.successors} <= set(areas)


@pytest.mark.parametrize(
    ("code", "predecessors"),
    [
        ("276", "278 280"),
        ("56", "58"),
        ("442", "58"),
        ("516", "711"),
        ("842", "841 850"),
        ("251", "175 254 312 638"),
        ("704", "866 868"),
        ("887", "720 886"),
        ("458", "457 459 461"),
        ("891", "890"),
        ("688", "891"),
        ("860", "810"),
        ("580", "582"),
        ("50", "588"),
        ("58", None),
        ("156", None),
        ("899", None),
    ],
)
def test_areas_that_came_before(areas: dict[str, dict[str, Any]], code: str, predecessors: str | None) -> None:
    assert areas[code]["predecessor_codes"] == predecessors


def _links(rows: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    """Every (before, after) by successors, which must be those by predecessors."""
    after = {(code, s) for code, r in rows.items() for s in (r["successor_codes"] or "").split()}
    before = {(p, code) for code, r in rows.items() for p in (r["predecessor_codes"] or "").split()}
    assert after == before
    assert {code for link in after for code in link} <= set(rows)
    assert all(before != after for before, after in after)
    return after


def test_predecessors_are_successors_turned_round(areas: dict[str, dict[str, Any]]) -> None:
    assert len(_links(areas)) == 73
    # an ISO number joins what trade files have in its stead only where a file uses it
    used = {r["area_code"]: r for r in area_rows(["840", "756"], {}).to_pylist()}
    assert _links(used) - _links(areas) == {("840", "842"), ("756", "757")}
    assert used["842"]["predecessor_codes"] == "840 841 850"


def test_predecessors_end_where_successors_begin(areas: dict[str, dict[str, Any]]) -> None:
    """A successor is there by the year after; what it is later is the publisher's lists: nothing of the USSR in 1991."""
    late = {}
    for before, after in _links(areas):
        end, begin = areas[before]["valid_to"], areas[after]["valid_from"] or 1900
        assert end is not None and end <= (areas[after]["valid_to"] or 9999)
        if begin > end + 1:
            late[before, after] = (end, begin)
    ussr = {
        ("810", c): (1990, 1992)
        for c in ["31", "51", "112", "233", "268", "398", "417", "428", "440", "498", "643", "762", "795", "804", "860"]
    }
    assert late == ussr | {("890", "807"): (1991, 1993), ("532", "533"): (1985, 1988)}


def test_specials_and_margins_are_no_countries(areas: dict[str, dict[str, Any]]) -> None:
    assert {c for c, r in areas.items() if r["is_special"]} == codes.SPECIAL_AREAS
    assert {c for c, r in areas.items() if r["is_margin"]} == codes.MARGIN_AREAS
    assert not [c for c in codes.SPECIAL_AREAS | codes.MARGIN_AREAS if areas[c]["is_country"]]


def test_no_iso3_stands_for_two_areas_in_one_year(areas: dict[str, dict[str, Any]]) -> None:
    twice: dict[tuple[str, str], list[int]] = {}
    for year in range(1962, 2027):
        holders = defaultdict(list)
        for code, row in areas.items():
            if row["iso3"] and (row["valid_from"] or 0) <= year <= (row["valid_to"] or 9999):
                holders[row["iso3"]].append(code)
        for iso3, found in holders.items():
            if len(found) > 1:
                twice.setdefault((iso3, " ".join(found)), []).append(year)
    assert twice == {key: list(years) for key, years in _TWICE.items()}


def test_the_files_names_come_first_but_not_for_what_ended() -> None:
    rows = {
        r["area_code"]: r for r in area_rows((), {"842": "USA", "156": "China", "58": "Belgium", "841": "USA", "899": "Nes"}).to_pylist()
    }
    assert (rows["842"]["area_name"], rows["842"]["name_source"]) == ("USA", "source files")
    assert (rows["156"]["area_name"], rows["156"]["name_source"]) == ("China", "source files")
    assert (rows["58"]["area_name"], rows["58"]["name_source"]) == ("Belgium-Luxembourg (to 1998)", "entrepot")
    assert rows["841"]["area_name"] == "USA and Puerto Rico (to 1980)"
    assert rows["899"]["area_name"] == "Areas, not specified"


def test_areas_are_in_numeric_order_and_once(areas: dict[str, dict[str, Any]]) -> None:
    found = [r["area_code"] for r in area_rows(["4", "999", "999"], {}).to_pylist()]
    assert found == sorted(set(found), key=lambda c: (len(c), c))


def test_every_code_of_a_home_lands(home: Path) -> None:
    """Reporters and partners of flows, and of rows that are only control totals."""
    commit_reports(home, [Report("998", CHINA, "X", "870380", 1), Report(USA, "997", "X", "TOTAL", 1, control="parent")])
    found = {r["area_code"]: r["name_source"] for r in area_table(home, ()).to_pylist()}
    assert (found["998"], found["997"]) == ("unlisted", "unlisted")


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["reporter", "partner"])
def test_every_code_of_comtrade_s_lists_lands(shared_data: Path, name: str) -> None:
    with (shared_data / "comtrade_v1" / "reference" / f"{name}.csv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) > 200
    landed = {r["area_code"]: r for r in area_rows([r["id"] for r in listed], {}).to_pylist()}
    assert not [r["id"] for r in listed if landed[r["id"]]["name_source"] == "unlisted"]
    assert len(landed) == len(area_rows([r["id"] for r in listed], {}))
    #: groups report as one; Taiwan is a group in the list, a country here
    assert {r["id"] for r in listed if r["group"] == "True"} - {"490"} <= codes.MARGIN_AREAS


@pytest.mark.real_data
@pytest.mark.parametrize("release", ["V202001", "V202201", "V202301"])
def test_every_code_of_baci_s_lists_lands(shared_data: Path, areas: dict[str, dict[str, Any]], release: str) -> None:
    with (shared_data / "baci" / f"country_codes_{release}.csv").open(encoding="utf-8", errors="replace") as file:
        listed = {area_of("m49", r["country_code"])[0] for r in csv.DictReader(file)}
    assert listed - set(areas) == set()
    assert "380" in listed


def rows_of(*extra: str, named: dict[str, str] | None = None) -> dict[str, dict[str, object]]:
    """dim_area by code."""
    rows = area_rows(extra, named or {}).to_pylist()
    assert len({r["area_code"] for r in rows}) == len(rows)
    return {r["area_code"]: r for r in rows}


def published(shared_data: Path) -> dict[str, dict[str, str]]:
    """The publisher's reporters and partners by code."""
    folder = shared_data / "comtrade_v1" / "reference"
    found: dict[str, dict[str, str]] = {}
    for name in ("reporter.csv", "partner.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found.setdefault(row["id"], row)
    return found


@pytest.mark.real_data
@pytest.mark.parametrize("code", ["810", "891", "890", "200", "58", "280", "736", "729", "728", "230", "841", "356", "711", "688", "886"])
def test_years_are_the_publishers(shared_data: Path, code: str) -> None:
    theirs, ours = published(shared_data)[code], rows_of()[code]
    entry, leave = (int(float(theirs[n])) if theirs[n] else None for n in ("entry_year", "exit_year"))
    assert (ours["valid_from"], ours["valid_to"]) == (None if entry == 1900 else entry, leave)


def test_codes_that_share_an_iso3_are_told_apart_by_year() -> None:
    rows = rows_of()
    for old, new, iso3 in (("58", "56", "BEL"), ("841", "842", "USA"), ("356", "699", "IND"), ("736", "729", "SDN"), ("886", "887", "YEM")):
        assert rows[old]["iso3"] == rows[new]["iso3"] == iso3
        assert rows[old]["valid_to"] is not None and rows[new]["valid_to"] is None
    assert rows["810"]["valid_to"] == 1990


def test_namibia_is_text() -> None:
    namibia = rows_of()["516"]
    assert (namibia["iso2"], namibia["iso3"], namibia["area_name"]) == ("NA", "NAM", "Namibia")


def test_taiwan_is_a_country_and_areas_nes_are_not() -> None:
    rows = rows_of()
    assert (rows["490"]["is_country"], rows["490"]["is_special"]) == (True, False)
    for code in ("899", "837", "838", "839", "536"):
        assert (rows[code]["is_country"], rows[code]["is_special"], rows[code]["is_margin"]) == (False, True, False)
    for code in ("0", "97", "975"):
        assert (rows[code]["is_country"], rows[code]["is_margin"]) == (False, True)


def test_iso_numbers_that_trade_files_replace_are_listed_only_where_used() -> None:
    assert not {"840", "250", "756", "578", "158"} & set(rows_of())
    row = rows_of("756")["756"]
    assert row["successor_codes"] == "757" and row["name_source"] == "entrepot"


def test_code_in_no_list_still_has_a_row() -> None:
    row = rows_of("999")["999"]
    assert (row["area_name"], row["name_source"], row["is_country"]) == ("Unlisted area 999", "unlisted", False)
