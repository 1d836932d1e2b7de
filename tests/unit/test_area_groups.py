"""dim_area_group: who belonged to what in which years; joins by area and year neither double a row nor drop one."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from orchestration.stages import DIMENSIONS
from tests.unit.lists_cases import built
from transforms.contracts import codes
from transforms.core.listing import area_group_facts
from transforms.core.listing.area_facts import FACTS, REPLACED
from transforms.core.listing.area_group_facts import GROUPS, MEMBERSHIPS
from transforms.core.listing.area_groups import area_group_table, counted_years, first_day, is_counted, last_day
from transforms.core.listing.areas import area_rows
from transforms.core.listing.dimensions import build_dimensions

Row = dict[str, Any]
YEARS = range(1988, 2025)


@pytest.fixture(scope="module")
def areas() -> dict[str, Row]:
    """dim_area of a home whose files use every code, the ISO numbers that trade files replace among them."""
    return {r["area_code"]: r for r in area_rows(REPLACED, {}).to_pylist()}


@pytest.fixture(scope="module")
def table(areas: dict[str, Row]) -> pa.Table:
    return area_group_table(set(areas))


@pytest.fixture(scope="module")
def groups(table: pa.Table) -> list[Row]:
    return table.to_pylist()  # type: ignore[no-any-return]


def members(groups: list[Row], group: str, year: int) -> set[str]:
    return {r["area_code"] for r in groups if r["group_code"] == group and r["valid_from"] <= year <= (r["valid_to"] or 9999)}


def spells(groups: list[Row], group: str, area: str) -> list[tuple[int, int | None]]:
    return [(r["valid_from"], r["valid_to"]) for r in groups if (r["group_code"], r["area_code"]) == (group, area)]


# a year is counted where an area was a member for more than half of it


@pytest.mark.parametrize(
    ("since", "until", "years"),
    [
        ("1958-01-01", "", (1958, 9999)),
        ("2004-05-01", "", (2004, 9999)),  # 245 of 365 days
        ("2013-07-01", "", (2013, 9999)),  # 184 of 365
        ("2023-07-12", "", (2024, 9999)),  # 173 of 365
        ("2020-07-01", "", (2020, 9999)),  # 184 of 366
        ("2020-07-02", "", (2021, 9999)),  # 183 of 366: half, not more
        ("1994-01-01", "2020-06-30", (1994, 2019)),  # 182 of 366
        ("1973-01-01", "2020-01-31", (1973, 2019)),
        ("2016-01", "2016-11", (2016, 2016)),
        ("1962", "2008", (1962, 2008)),
        ("2016-04-01", "2016-08-31", None),  # 153 days, each end alone would count the year
        ("2015-09-01", "2016-03-31", None),
    ],
)
def test_years_that_count(since: str, until: str, years: tuple[int, int] | None) -> None:
    assert counted_years(first_day(since), last_day(until) if until else date.max) == years


def test_a_handover_leaves_a_year_to_one_side_at_most() -> None:
    for year in (2019, 2020):
        for month in range(1, 13):
            for day in range(1, 29):
                new = date(year, month, day)
                before, after = is_counted(year, date(1990, 1, 1), new.fromordinal(new.toordinal() - 1)), is_counted(year, new, date.max)
                assert not (before and after)


# who belongs to what


@pytest.mark.parametrize(
    ("group", "area", "expected"),
    [
        ("58", "56", [(1900, 1998)]),
        ("58", "442", [(1900, 1998)]),
        ("842", "850", [(1981, None)]),
        ("841", "630", [(1900, 1980)]),
        ("251", "638", [(1997, None)]),
        ("251", "175", [(2014, None)]),
        ("757", "438", [(1900, None)]),
        ("579", "744", [(1900, None)]),
        ("380", "674", [(1900, 1999)]),
        ("EU", "826", [(1973, 2019)]),
        ("EU", "191", [(2013, None)]),
        # the code of the time: 280 is the Federal Republic to 1990, 58 Belgium and Luxembourg to 1998
        ("EU", "280", [(1958, 1990)]),
        ("EU", "276", [(1991, None)]),
        ("EU", "278", []),
        ("EU", "58", [(1958, 1998)]),
        ("EU", "56", [(1999, None)]),
        ("EU", "442", [(1999, None)]),
        ("OECD", "841", [(1962, 1980)]),
        ("OECD", "842", [(1981, None)]),
        ("OECD", "280", [(1962, 1990)]),
        ("G7", "124", [(1976, None)]),
        ("G20", "710", [(2000, None)]),
        ("G20", "711", []),
        ("EFTA", "826", [(1960, 1972)]),
        ("EFTA", "246", [(1986, 1994)]),
        ("MERCOSUR", "862", [(2013, 2016)]),
        ("OPEC", "360", [(1962, 2008), (2016, 2016)]),
        ("OPEC", "218", [(1973, 1992), (2008, 2019)]),
        ("OPEC", "266", [(1975, 1994), (2016, None)]),
        ("OPEC", "634", [(1961, 2018)]),
        ("NAFTA", "842", [(1994, 2019)]),
        ("USMCA", "842", [(2020, None)]),
        ("CPTPP", "96", [(2024, None)]),
        ("BRICS", "710", [(2011, None)]),
        ("ASEAN", "704", [(1996, None)]),
    ],
)
def test_spells_of_membership(groups: list[Row], group: str, area: str, expected: list[tuple[int, int | None]]) -> None:
    assert spells(groups, group, area) == expected


@pytest.mark.parametrize(
    ("group", "sizes"),
    [
        (
            "EU",
            {1958: 5, 1973: 8, 1981: 9, 1986: 11, 1994: 11, 1995: 14, 1999: 15, 2003: 15, 2004: 25, 2007: 27, 2013: 28, 2019: 28, 2020: 27},
        ),
        ("EA", {1998: 0, 1999: 11, 2001: 12, 2008: 15, 2015: 19, 2023: 20, 2026: 21}),
        ("ASEAN", {1967: 0, 1968: 5, 1984: 6, 1996: 7, 1998: 9, 1999: 10, 2026: 11}),
        ("G7", {1975: 0, 1976: 7, 2024: 7}),
        ("G20", {1999: 0, 2000: 19, 2024: 19}),
        # the 20 founders, Belgium and Luxembourg under one code to 1998
        ("OECD", {1962: 19, 1999: 29, 2001: 30, 2011: 34, 2016: 35, 2019: 36, 2021: 38}),
        ("EFTA", {1960: 7, 1970: 8, 1973: 6, 1986: 6, 1992: 7, 1995: 4, 2024: 4}),
        ("MERCOSUR", {1992: 4, 2013: 5, 2017: 4, 2025: 5}),
        ("GCC", {1980: 0, 1981: 6, 2024: 6}),
        ("NAFTA", {1993: 0, 1994: 3, 2019: 3, 2020: 0}),
        ("USMCA", {2019: 0, 2020: 3}),
        ("RCEP", {2021: 0, 2022: 12, 2023: 14}),
        ("CPTPP", {2018: 0, 2019: 7, 2022: 8, 2023: 10, 2024: 11, 2025: 12}),
        ("BRICS", {2009: 4, 2011: 5, 2024: 9, 2025: 10}),
        ("OPEC", {1961: 6, 1975: 13, 2008: 13, 2009: 12, 2016: 14, 2018: 15, 2019: 14, 2020: 13, 2024: 12}),
        ("711", {1999: 5, 2000: 0}),
        ("58", {1998: 2, 1999: 0}),
    ],
)
def test_members_in_a_year(groups: list[Row], group: str, sizes: dict[int, int]) -> None:
    assert {year: len(members(groups, group, year)) for year in sizes} == sizes


def test_members_by_code(groups: list[Row]) -> None:
    assert members(groups, "711", 1995) == {"710", "72", "426", "516", "748"}
    assert members(groups, "GCC", 2020) == {"48", "414", "512", "634", "682", "784"}
    assert members(groups, "EU", 1990) == {"58", "208", "251", "280", "300", "372", "380", "528", "620", "724", "826"}
    assert members(groups, "BRICS", 2024) == {"76", "156", "231", "364", "643", "699", "710", "784", "818"}


def test_a_row_as_it_stands(groups: list[Row]) -> None:
    found = {(r["group_code"], r["area_code"]): r for r in groups}
    assert found["EU", "826"] == {
        "group_code": "EU",
        "group_name": "European Union and the Communities before it",
        "group_kind": "regional",
        "group_area_codes": "97 980",
        "area_code": "826",
        "valid_from": 1973,
        "valid_to": 2019,
        "first_day": "1973-01-01",
        "last_day": "2020-01-31",
        "membership_source": "Treaty of Accession 1972; Withdrawal Agreement, OJ L 29 of 2020-01-31",
    }
    assert (found["EU", "58"]["first_day"], found["EU", "58"]["last_day"]) == ("1958-01-01", "1998-12-31")
    assert (found["EU", "56"]["first_day"], found["EU", "56"]["last_day"]) == ("1999-01-01", None)
    assert found["OPEC", "12"]["group_area_codes"] is None


def test_rows_are_in_order_and_once(groups: list[Row]) -> None:
    keys = [(len(r["group_code"]), r["group_code"], len(r["area_code"]), r["area_code"], r["valid_from"]) for r in groups]
    assert keys == sorted(set(keys))


def test_spells_of_one_member_never_overlap_by_year_or_day(groups: list[Row]) -> None:
    of = defaultdict(list)
    for row in groups:
        assert row["valid_from"] <= (row["valid_to"] or 9999)
        assert row["first_day"] <= (row["last_day"] or "9999")
        of[row["group_code"], row["area_code"]].append(row)
    assert sum(len(rows) > 1 for rows in of.values()) == 3
    for rows in of.values():
        for earlier, later in pairwise(rows):
            assert earlier["valid_to"] < later["valid_from"]
            assert earlier["last_day"] < later["first_day"]


def test_no_area_is_in_two_reporting_unions_in_one_year(groups: list[Row]) -> None:
    unions = [r for r in groups if r["group_kind"] == "reporting_union"]
    held = Counter((r["area_code"], y) for r in unions for y in range(r["valid_from"], (r["valid_to"] or 2030) + 1))
    assert max(held.values()) == 1


def test_members_of_country_groups_are_valid_in_those_years(groups: list[Row], areas: dict[str, Row]) -> None:
    for row in groups:
        area = areas[row["area_code"]]
        assert area["is_country"] and not area["is_margin"], row
        if row["group_kind"] != "reporting_union":
            assert (area["valid_from"] or 0) <= row["valid_from"], row
            assert (row["valid_to"] or 9999) <= (area["valid_to"] or 9999), row


def test_parts_of_a_reporting_union_have_their_own_code_in_other_years(groups: list[Row], areas: dict[str, Row]) -> None:
    """But for parts that the publisher lists beside their union without dates."""
    beside = set()
    for row in groups:
        if row["group_kind"] == "reporting_union":
            area = areas[row["area_code"]]
            if max(area["valid_from"] or 0, row["valid_from"]) <= min(area["valid_to"] or 9999, row["valid_to"] or 9999):
                beside.add((row["group_code"], row["area_code"]))
    assert beside == {
        ("841", "840"), ("841", "630"), ("842", "840"), ("842", "630"), ("251", "250"), ("251", "474"), ("251", "969"),
        ("757", "756"), ("757", "438"), ("579", "578"), ("579", "744"), ("380", "336"), ("380", "674"),
    }  # fmt: skip


def test_groups_are_named_and_their_areas_are_known(areas: dict[str, Row]) -> None:
    assert {m.group for m in MEMBERSHIPS} == set(GROUPS)
    assert {m.area_code for m in MEMBERSHIPS} <= set(areas)
    assert {g.kind for g in GROUPS.values()} == set(codes.AREA_GROUP_KINDS)
    assert all(m.source for m in MEMBERSHIPS)
    for group in GROUPS.values():
        if group.kind == "reporting_union":
            assert group.area_codes == (group.code,) and group.code in areas and group.code not in codes.MARGIN_AREAS
        else:
            assert set(group.area_codes) <= codes.MARGIN_AREAS & set(areas)


def test_a_union_that_ended_is_what_its_parts_followed(groups: list[Row]) -> None:
    for union in ("58", "711"):
        assert members(groups, union, 1998) == set(FACTS[union].successors)


def test_an_area_that_a_home_lacks_is_no_member() -> None:
    found = area_group_table({"630", "842", "58"}).to_pylist()
    assert [(r["group_code"], r["area_code"]) for r in found if r["group_kind"] == "reporting_union"] == [("841", "630"), ("842", "630")]
    assert area_group_table(()).num_rows == 0


def test_an_unknown_kind_of_group_is_refused() -> None:
    with pytest.raises(ValueError, match="'club' is no kind of group"):
        area_group_facts._group("X|club||A club")


def test_the_dimensions_hold_the_groups_of_their_areas(home: Path) -> None:
    tables = built(home)
    found = tables["area_group"]
    assert len(found) == 239 - 5  # without 250, 578, 756 and 840 (in 841 and 842), which no file here uses
    assert {r["area_code"] for r in found} <= {r["area_code"] for r in tables["area"]}


def test_every_table_that_the_dimensions_write_is_committed(home: Path) -> None:
    written = {file.table for file in build_dimensions(home, ()).files}
    assert {"area", "area_group", "product"} <= written <= {t.name for t in DIMENSIONS.tables}


# joins on the publisher's own lists


def listed(shared_data: Path) -> dict[str, str]:
    """Code -> name of UN Comtrade's reporters and partners."""
    found: dict[str, str] = {}
    for name in ("reporter", "partner"):
        with (shared_data / "comtrade_v1" / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found |= {r["id"]: r["country"] for r in csv.DictReader(file)}
    return found


@pytest.mark.real_data
def test_joins_of_every_listed_code_and_year_keep_every_row_once(shared_data: Path) -> None:
    theirs = sorted(listed(shared_data))
    assert len(theirs) == 312
    area = area_rows(theirs, {})
    area_group = area_group_table(set(area["area_code"].to_pylist()))
    assert area_group.num_rows == 239
    flows = pa.table({"code": [c for c in theirs for _ in YEARS], "year": [y for _ in theirs for y in YEARS]})
    assert flows.num_rows == 312 * 37
    con = duckdb.connect()
    for name, data in (("flows", flows), ("area", area), ("area_group", area_group)):
        con.register(name, data)
    by_area = con.execute(
        "select count(*), count(area_code), count(distinct (code, year)) from flows left join area on code = area_code"
    ).fetchall()
    assert by_area == [(11_544, 11_544, 11_544)]
    member = "code = area_code and year between valid_from and coalesce(valid_to, 9999)"
    for group in GROUPS:
        joined = con.execute(
            f"select count(*), count(distinct (code, year)) from flows left join area_group on {member} and group_code = ?", [group]
        ).fetchall()
        assert joined == [(11_544, 11_544)], group
    unions = con.execute(
        f"select count(*), count(group_code) from flows left join area_group on {member} and group_kind = 'reporting_union'"
    ).fetchall()
    # by years from 1988: 711 60, 58 22, 842 3 codes and 841 none 111, 251 without Monaco 37 + 4 x 28 + 11, 757 74, 579 74, 380 24
    assert unions == [(11_544, 60 + 22 + 111 + 160 + 74 + 74 + 24)]


@pytest.mark.real_data
def test_unions_are_those_that_the_publishers_notes_name(shared_data: Path) -> None:
    """What the publisher says of the areas that report for others; 841 is 842 before 1981, 380 is in UNSD's knowledge base."""
    with (shared_data / "comtrade_v1" / "reference" / "partner.csv").open(encoding="utf-8", newline="") as file:
        notes = {r["id"]: r["note"] for r in csv.DictReader(file)}
    assert {code: notes[code] for code in ("58", "251", "579", "711", "757", "842")} == {
        "58": "Belgium-Luxembourg",
        "251": "France, Monaco",
        "579": "Norway, Svalbard and Jan Mayen",
        "711": "Southern African Customs Union",
        "757": "Switzerland, Liechtenstein",
        "842": "USA, Puerto Rico and US Virgin Islands",
    }
    assert {g.code for g in GROUPS.values() if g.kind == "reporting_union"} == {"58", "251", "579", "711", "757", "842", "841", "380"}
