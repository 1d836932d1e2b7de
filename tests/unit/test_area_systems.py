"""Other publishers' area codes: each to Comtrade's number, groups apart from their members, nothing under one number."""

from __future__ import annotations

import csv
from pathlib import Path

import pycountry
import pytest

from transforms.contracts import codes
from transforms.core.listing.area_facts import FACTS
from transforms.core.listing.areas import area_rows
from transforms.sources.area_codes import census, letters, own, worldbank
from transforms.sources.area_systems import GROUP, SYSTEMS, area_of, is_aggregate_iso3, is_group, worldbank_area

#: Spellings that take turns and never stand beside one another: same number.
_SPELLINGS = {
    "104": {"BU", "MM"},
    "180": {"CD", "ZR"},
    "204": {"BJ", "DY"},
    "300": {"EL", "GR"},
    "499": {"ME", "XM"},
    "548": {"NH", "VU"},
    "626": {"TL", "TP"},
    "688": {"RS", "XS"},
    "716": {"RH", "ZW"},
    "826": {"GB", "UK", "XU"},
    "854": {"BF", "HV"},
    "891": {"CS", "YU"},
}

#: Comtrade's stand-ins for an ISO3 that ISO has not: NULL here, as is Monaco's at 492, "Europe EU, nes".
_NO_ISO3 = {
    "0": "World",
    "97": "EUR",
    "129": "A49",
    "221": "E29",
    "290": "F49",
    "412": "_KS",
    "457": "_SK",
    "459": "_PM",
    "461": "_SH",
    "471": "R91",
    "472": "_AC",
    "473": "A79",
    "488": "_MI",
    "490": "S19",
    "492": "MCO",
    "527": "O19",
    "568": "E19",
    "577": "F19",
    "636": "A79",
    "637": "A59",
    "647": "_RI",
    "697": "R20",
    "698": "_SM",
    "717": "_RN",
    "830": "_CI",
    "835": "_TK",
    "836": "_ZP",
    "837": "X1",
    "838": "X2",
    "839": "XX",
    "872": "_WI",
    "879": "F97",
    "899": "_X",
    "975": "R4",
}
#: ISO's numbers that trade files replace: NULL too, so that the ISO3 finds the code in use alone.
_REPLACED = {"158": "TWN", "250": "FRA", "578": "NOR", "756": "CHE", "840": "USA"}


def test_the_systems() -> None:
    assert SYSTEMS == ("m49", "iso2", "iso3", "schedule_c", "geonomenclature")
    with pytest.raises(ValueError, match="area system fips: unknown; known are m49, iso2, iso3, schedule_c, geonomenclature"):
        area_of("fips", "US")


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("842", "842", None),
        ("036", "36", None),
        ("4", "4", None),
        ("000", "0", None),
        ("0", "0", None),
        ("", None, "is empty"),
        ("1234", None, "is no area code of up to three digits"),
        ("US", None, "is no area code of up to three digits"),
        ("-1", None, "is no area code of up to three digits"),
        ("٣", None, "is no area code of up to three digits"),
    ],
)
def test_m49(text: str, code: str | None, reason: str | None) -> None:
    assert area_of("m49", text, 2020) == (code, reason)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FR", "251"),
        ("US", "842"),
        ("CH", "757"),
        ("NO", "579"),
        ("IN", "699"),
        ("TW", "490"),
        ("IT", "380"),
        ("DE", "276"),
        ("BE", "56"),
        ("LU", "442"),
        ("GR", "300"),
        ("EL", "300"),
        ("GB", "826"),
        ("UK", "826"),
        ("XU", "826"),
        ("XK", "412"),
        ("XS", "688"),
        ("RS", "688"),
        ("XM", "499"),
        ("ME", "499"),
        ("AN", "530"),
        ("CS", "891"),
        ("YU", "891"),
        ("SU", "810"),
        ("DD", "278"),
        ("CD", "180"),
        ("ZR", "180"),
        ("TL", "626"),
        ("TP", "626"),
        ("NA", "516"),
        ("MC", "969"),
        ("LI", "438"),
        ("AF", "4"),
        ("AD", "20"),
        ("VN", "704"),
        ("AT", "40"),
        ("NL", "528"),
        ("SS", "728"),
        ("WORLD", "0"),
    ],
)
def test_iso2(text: str, code: str) -> None:
    assert area_of("iso2", text) == (code, None)
    assert area_of("iso2", text, 2023) == (code, None)


@pytest.mark.parametrize(
    ("text", "last", "before", "after"),
    [
        ("DE", 1990, "280", "276"),
        ("BE", 1998, "58", "56"),
        ("ET", 1992, "230", "231"),
        ("SD", 2011, "736", "729"),
        ("YE", 1990, "886", "887"),
        ("CS", 1992, "200", "891"),
        ("YU", 1991, "890", "891"),
        ("AN", 1985, "532", "530"),
        ("IN", 1974, "356", "699"),
        ("US", 1980, "841", "842"),
        ("VN", 1974, "868", "704"),
        ("PA", 1977, "590", "591"),
        ("PK", 1971, "588", "586"),
        ("KN", 1980, "658", "659"),
    ],
)
def test_iso2_of_another_area_before(text: str, last: int, before: str, after: str) -> None:
    assert (area_of("iso2", text, last), area_of("iso2", text, last + 1)) == ((before, None), (after, None))
    assert FACTS[before].valid_to == last


def test_every_area_that_left_its_letters_to_another_is_dated() -> None:
    """By the facts of dim_area: letters that two areas have had, one of them ended."""
    ended = {(f.iso2, f.valid_to, f.code) for f in FACTS.values() if f.iso2 and f.valid_to and f.is_country}
    current = {t: c for t in {iso2 for iso2, _, _ in ended} if (c := area_of("iso2", str(t))[0])}
    changed = {(t, last, code) for t, last, code in ended if current.get(t) not in (None, code)}
    ours = {(text, last, code) for text, rows in letters.DATED.items() for last, code in rows if last != letters.ALWAYS}
    assert changed == ours


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("QP", "953"),
        ("QQ", "950"),
        ("QR", "951"),
        ("QS", "952"),
        ("QU", "958"),
        ("QV", "959"),
        ("QW", "960"),
        ("QX", "977"),
        ("QY", "978"),
        ("QZ", "979"),
        ("XC", "961"),
        ("XL", "962"),
        ("XI", "963"),
    ],
)
def test_iso2_of_no_country(text: str, code: str) -> None:
    assert area_of("iso2", text, 2023) == (code, None)
    assert not is_group("iso2", text)
    assert (FACTS[code].is_country, FACTS[code].iso2, FACTS[code].iso3) == (False, None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EU", "980"),
        ("EXT_EU", "981"),
        ("INT_EU", "982"),
        ("EU27_2020", "983"),
        ("EU27_2020_EXTRA", "984"),
        ("EXT_EU27_2020", "984"),
        ("EU27_2020_INTRA", "985"),
        ("INT_EU27_2020", "985"),
        ("EU28", "986"),
        ("EU28_EXTRA", "987"),
        ("EU28_INTRA", "988"),
        ("EA", "989"),
        ("EUROZONE_EXTRA", "990"),
        ("EA21", "992"),
        ("EXT_EA21", "993"),
        ("EA20", "930"),
        ("EA19", "933"),
        ("EA19_EXTRA", "934"),
        ("EU27_EXTRA", "937"),
        ("EU25_EXTRA", "940"),
        ("EU15_INTRA", "944"),
    ],
)
def test_iso2_of_groups(text: str, code: str) -> None:
    assert area_of("iso2", text, 2023) == (code, None)
    assert is_group("iso2", text)
    assert not FACTS[code].is_country


def test_no_two_codes_of_one_comext_file_become_one() -> None:
    texts = {c.alpha_2 for c in pycountry.countries} | {*letters.ALPHA2, *letters.DATED, *own.COMEXT_LEAVES, "WORLD"}
    found: dict[str, set[str]] = {}
    for text in texts:
        code, reason = area_of("iso2", text, 2023)
        assert reason is None and code is not None
        found.setdefault(code, set()).add(text)
    assert {code: given for code, given in found.items() if len(given) > 1} == _SPELLINGS
    assert not set(found) & {*own.COMEXT_GROUPS.values()}


@pytest.mark.parametrize("text", ["ZZ", "fr", "FRA", "EFTA", "EU27_2020_", "251", "W1", " FR"])
def test_iso2_unknown(text: str) -> None:
    assert area_of("iso2", text) == (None, "is no area of Comext known (two letters, WORLD or a group such as EU27_2020)")
    assert area_of("iso2", "") == (None, "is empty")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FRA", "251"),
        ("USA", "842"),
        ("CHE", "757"),
        ("NOR", "579"),
        ("IND", "699"),
        ("TWN", "490"),
        ("ITA", "380"),
        ("DEU", "276"),
        ("ETH", "231"),
        ("SDN", "729"),
        ("ROU", "642"),
        ("ROM", "642"),
        ("XKX", "412"),
        ("CHI", "830"),
        ("MCO", "969"),
        ("NAM", "516"),
        ("COD", "180"),
        ("ZAR", "180"),
        ("TMP", "626"),
        ("ANT", "530"),
        ("SCG", "891"),
        ("PSE", "275"),
        ("WBG", "275"),
        ("HKG", "344"),
    ],
)
def test_iso3(text: str, code: str) -> None:
    """Never dated: the World Bank's series of Germany is of today's Germany in 1980 too."""
    assert area_of("iso3", text, 1980) == area_of("iso3", text) == (code, None)
    assert worldbank_area(text) == (code, False, None)


def test_iso3_of_groups() -> None:
    assert worldbank_area("ARB") == (None, True, "is a group of countries (Arab World)")
    assert worldbank_area("EUU") == (None, True, "is a group of countries (European Union)")
    assert worldbank_area("HIC") == (None, True, "is a group of countries (High income)")
    assert worldbank_area("WLD") == ("0", True, None)
    assert [is_group("iso3", t) for t in ("WLD", "OED", "FRA", "QQQ")] == [True, True, False, False]
    assert [is_aggregate_iso3(t) for t in ("WLD", "OED", "FRA", "QQQ")] == [True, True, False, False]
    assert worldbank_area("QQQ") == (None, False, "is no country or group known by three letters")
    assert worldbank_area("") == (None, False, "is empty")
    assert len(worldbank.AGGREGATES) == 79
    assert not set(worldbank.AGGREGATES) & {c.alpha_3 for c in pycountry.countries}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5700", "156"),
        ("1220", "124"),
        ("2010", "484"),
        ("4280", "276"),
        ("5830", "490"),
        ("5820", "344"),
        ("4279", "251"),
        ("4272", "969"),
        ("4419", "757"),
        ("4411", "438"),
        ("4039", "579"),
        ("4031", "744"),
        ("5330", "699"),
        ("4803", "412"),
        ("4801", "688"),
        ("5082", "965"),
        ("5083", "275"),
        ("7920", "516"),
        ("7660", "180"),
        ("7630", "178"),
        ("1000", "842"),
        ("9030", "630"),
        ("8220", "899"),
        ("-", "0"),
        ("0000", "0"),
    ],
)
def test_schedule_c(text: str, code: str) -> None:
    assert area_of("schedule_c", text, 2023) == (code, None)
    assert is_group("schedule_c", text) == (code == "0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0003", "is a group of countries (European Union)"),
        ("0014", "is a group of countries (Pacific Rim countries)"),
        ("0020", "is a group of countries (USMCA (NAFTA))"),
        ("0099", "is a group of countries"),
        ("1XXX", "is a group of countries (North America)"),
        ("7XXX", "is a group of countries (Africa)"),
        ("8XXX", "is a group of countries"),
    ],
)
def test_schedule_c_of_groups(text: str, reason: str) -> None:
    assert area_of("schedule_c", text, 2023) == (None, reason)
    assert reason.startswith(GROUP)
    assert is_group("schedule_c", text)


@pytest.mark.parametrize("text", ["570", "57000", "5701", "CN", "XXXX"])
def test_schedule_c_unknown(text: str) -> None:
    assert area_of("schedule_c", text) == (None, "is no country code of Schedule C known (four digits)")
    assert not is_group("schedule_c", text)


def test_no_two_codes_of_schedule_c_become_one() -> None:
    assert len(census.COUNTRIES) == 242
    assert len(set(census.COUNTRIES.values())) == 242


def test_geonomenclature_is_not_read() -> None:
    reason = "is a number of Comext's old list of countries; its letters stand in the column whose name ends in _ISO"
    assert area_of("geonomenclature", "001") == (None, reason)


def test_every_number_given_is_in_dim_area() -> None:
    rows = {r["area_code"]: r for r in area_rows((), {}).to_pylist()}
    given = {area_of("iso2", c.alpha_2)[0] for c in pycountry.countries} | {area_of("iso3", c.alpha_3)[0] for c in pycountry.countries}
    given |= {*letters.ALPHA2.values(), *letters.ALPHA3.values(), *census.COUNTRIES.values()}
    given |= {code for dated in letters.DATED.values() for _, code in dated}
    assert given - set(rows) == set()
    assert {c: rows[c]["area_name"] for c in ("950", "962", "984", "930", "969")} == {
        "950": "Stores and provisions",
        "962": "Melilla",
        "984": "Outside the European Union of 27 (from 2020)",
        "930": "Euro area of 20 (2023-2025)",
        "969": "Monaco (where a publisher has it apart from France)",
    }
    assert (rows["969"]["iso2"], rows["969"]["iso3"], rows["969"]["is_country"]) == ("MC", "MCO", True)
    assert (rows["492"]["iso3"], rows["492"]["is_country"]) == (None, False)


def test_our_own_numbers_are_flagged_alike_everywhere() -> None:
    assert set(own.LEAVES) <= codes.SPECIAL_AREAS
    assert set(own.GROUPS) <= codes.MARGIN_AREAS
    assert not (set(own.LEAVES) & set(own.GROUPS))
    assert {n for n in (*own.LEAVES, *own.GROUPS, own.MONACO) if not 900 <= int(n) <= 996} == set()
    assert not {*own.LEAVES, *own.GROUPS, own.MONACO} & {str(int(c.numeric)) for c in pycountry.countries}


def _published(shared_data: Path) -> dict[str, dict[str, str]]:
    """Comtrade's reporters and partners by code."""
    found: dict[str, dict[str, str]] = {}
    for name in ("reporter.csv", "partner.csv"):
        with (shared_data / "comtrade_v1" / "reference" / name).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found.setdefault(row["id"], row)
    return found


@pytest.mark.real_data
def test_comtrade_s_lists_join_dim_area_once(shared_data: Path) -> None:
    """By the numeric code no row is lost and none fans out; years and ISO3 are the publisher's."""
    theirs = _published(shared_data)
    assert len(theirs) == 312
    rows = area_rows(theirs, {}).to_pylist()
    joined = [r for r in rows if r["area_code"] in theirs]
    assert len(joined) == 312 and len(rows) == len({r["area_code"] for r in rows})
    assert [r["area_code"] for r in joined if r["name_source"] == "unlisted"] == []
    for ours in joined:
        code, given = ours["area_code"], theirs[ours["area_code"]]
        entry, leave = (int(float(given[n])) if given[n] else None for n in ("entry_year", "exit_year"))
        assert (code, ours["valid_from"], ours["valid_to"]) == (code, None if entry in (1900, 1901) else entry, leave)
    differing = {r["area_code"]: theirs[r["area_code"]]["iso_3"].strip() for r in joined if r["iso3"] is None}
    assert differing == _NO_ISO3 | _REPLACED
    assert [r["area_code"] for r in joined if r["iso3"] not in (None, theirs[r["area_code"]]["iso_3"].strip())] == []


@pytest.mark.real_data
def test_the_worldbank_s_countries_apart_from_its_groups(shared_data: Path) -> None:
    with (shared_data / "reference" / "worldbank" / "gdp.csv").open(encoding="utf-8-sig", newline="") as lines:
        listed = {row["Country Code"] for row in csv.DictReader(lines)}
    answers = {text: worldbank_area(text) for text in listed}
    countries = {text: code for text, (code, is_aggregate, _) in answers.items() if not is_aggregate}
    assert (len(listed), len(countries), len(set(countries.values()))) == (262, 214, 214)
    assert {text for text, code in countries.items() if code is None} == set()
    rows = {r["area_code"]: r for r in area_rows((), {}).to_pylist()}
    assert {text for text, code in countries.items() if not rows[str(code)]["is_country"]} == set()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("full_v2_1row.dat", ("REPORTER", "PARTNER"), ("40", "20")),
        ("historical_1row.dat", ("DECLARANT_ISO", "PARTNER_ISO"), ("251", "528")),
    ],
)
def test_comext_s_samples(shared_data: Path, name: str, columns: tuple[str, str], expected: tuple[str, str]) -> None:
    with (shared_data / "comext" / name).open(encoding="utf-8", newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert tuple(area_of("iso2", row[c], int(row["PERIOD"][:4]))[0] for c in columns) == expected


def test_italy_is_one_country_under_two_numbers_of_one_publisher() -> None:
    assert area_of("m49", "381") == area_of("m49", "380") == ("380", None)
    italian = [r["area_code"] for r in area_rows(["380"], {}).to_pylist() if r["iso3"] == "ITA"]
    assert italian == ["380"]
