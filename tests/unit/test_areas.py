"""dim_area: every code of the publishers lands once, dated, whatever ISO says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from transforms.core.areas import area_rows


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


def test_every_published_code_has_one_row(shared_data: Path) -> None:
    wanted = published(shared_data)
    rows = rows_of(*wanted)
    assert set(wanted) <= set(rows)
    assert not [c for c in wanted if rows[c]["name_source"] == "unlisted"]


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


def test_names_of_the_files_lead_except_for_codes_that_ended() -> None:
    rows = rows_of(named={"842": "USA", "841": "USA"})
    assert (rows["842"]["area_name"], rows["842"]["name_source"]) == ("USA", "source files")
    assert rows["841"]["area_name"] == "USA and Puerto Rico (to 1980)"


def test_rows_are_in_the_order_of_codes() -> None:
    found = list(rows_of())
    assert found == sorted(found, key=lambda c: (len(c), c))
