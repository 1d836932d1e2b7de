"""Distances, borders and coasts of pairs: Stata files by hand, CEPII's own file, great circles, areas of the past."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.runner import gate_many
from orchestration.stages import GEOGRAPHY, STAGES, View
from tests.unit.lists_cases import given, take
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import Snapshot
from transforms.core.places.area_borders import borders, is_landlocked, territory
from transforms.core.places.area_places import great_circle_km, place_of, placed_areas
from transforms.core.places.geography import build_geography, geography_table, read_geography
from transforms.io import forms, lake
from transforms.io.archives import BadFileError
from transforms.io.recognise import UnknownLayoutError
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings

HEADER = "iso_o,iso_d,contig,dist,distcap,distw,distwces"
NAMES = HEADER.split(",")
#: Kenya and Uganda, Romania and Zaire under their old letters, Zaire without a weighted distance.
ROWS: list[tuple[Any, ...]] = [
    (b"KEN", b"UGA", 1, 503.75, 503.75, 501.5, 461.25),
    (b"KEN", b"ZAR", 0, 2425.5, 2425.5, None, None),
    (b"ROM\0x", b"KEN", 0, 5190.25, 5190.25, 5183.5, 5170.75),
]
_CODES = {"i1": (65530, 251), "i2": (65529, 252), "i4": (65528, 253), "f4": (65527, 254), "f8": (65526, 255)}
_PACK = {"i1": "b", "i2": "h", "i4": "i", "f4": "f", "f8": "d"}
_MISSING = {"i1": 101, "i2": 32741, "i4": 2147483621, "f4": 2.0**127, "f8": 2.0**1023}
TYPES = ["S5", "S3", "i1", "f4", "f8", "f4", "f8"]


def records(order: str, rows: Sequence[tuple[Any, ...]], types: Sequence[str]) -> bytes:
    packed = b""
    for row in rows:
        for value, kind in zip(row, types, strict=True):
            if kind[0] == "S":
                packed += value.ljust(int(kind[1:]), b"\0")
            else:
                packed += struct.pack(order + _PACK[kind], _MISSING[kind] if value is None else value)
    return packed


def new_stata(
    release: int = 118, order: str = "<", rows: Sequence[tuple[Any, ...]] = ROWS, types: Sequence[str] = TYPES, names: Sequence[str] = NAMES
) -> bytes:
    """A file of the formats 117 to 119, written as the manual has it."""
    wide, count = release >= 118, len(types)
    label = b"Distances"
    head = b"<stata_dta><header><release>%d</release><byteorder>%s</byteorder>" % (release, b"LSF" if order == "<" else b"MSF")
    head += b"<K>" + struct.pack(order + ("I" if release == 119 else "H"), count) + b"</K>"
    head += b"<N>" + struct.pack(order + ("Q" if wide else "I"), len(rows)) + b"</N>"
    head += b"<label>" + struct.pack(order + ("H" if wide else "B"), len(label)) + label + b"</label>"
    head += b"<timestamp>\x1102 May 2020 11:17</timestamp></header>"
    width = 129 if wide else 33
    kinds = b"".join(struct.pack(order + "H", int(t[1:]) if t[0] == "S" else 32768 if t == "strL" else _CODES[t][0]) for t in types)
    parts = [
        b"<variable_types>" + kinds + b"</variable_types>",
        b"<varnames>" + b"".join(n.encode().ljust(width, b"\0") for n in names) + b"</varnames>",
        b"<sortlist>" + bytes((4 if release == 119 else 2) * (count + 1)) + b"</sortlist>",
        b"<formats>" + bytes((57 if wide else 49) * count) + b"</formats>",
        b"<value_label_names>" + bytes(width * count) + b"</value_label_names>",
        b"<variable_labels>" + bytes((321 if wide else 81) * count) + b"</variable_labels>",
        b"<characteristics><ch>" + struct.pack(order + "I", 4) + b"note</ch></characteristics>",
        b"<data>" + (b"" if "strL" in types else records(order, rows, types)) + b"</data>",
        b"<strls></strls>",
        b"<value_labels></value_labels>",
    ]
    places = [0, len(head), len(head) + len(b"<map></map>") + 14 * 8]
    for part in parts:
        places.append(places[-1] + len(part))
    places.append(places[-1] + len(b"</stata_dta>"))
    assert len(places) == 14
    return head + b"<map>" + struct.pack(order + "14Q", *places) + b"</map>" + b"".join(parts) + b"</stata_dta>"


def old_stata(release: int = 114, order: str = "<") -> bytes:
    """A file of the formats 113 to 115."""
    count = len(TYPES)
    head = bytes([release, 2 if order == "<" else 1, 1, 0]) + struct.pack(order + "Hi", count, len(ROWS)) + bytes(81 + 18)
    kinds = bytes(int(t[1:]) if t[0] == "S" else _CODES[t][1] for t in TYPES)
    names = b"".join(n.encode().ljust(33, b"\0") for n in NAMES)
    rest = bytes(2 * (count + 1) + (12 if release == 113 else 49) * count + 33 * count + 81 * count)
    expansion = b"\x01" + struct.pack(order + "i", 4) + b"note" + bytes(5)
    return head + kinds + names + rest + expansion + records(order, ROWS, TYPES)


TEXT = [
    "source_line,iso_o,iso_d,contig,dist,distcap,distw,distwces",
    "2,KEN,UGA,1,503.75,503.75,501.5,461.25",
    "3,KEN,ZAR,0,2425.5,2425.5,,",
    "4,ROM,KEN,0,5190.25,5190.25,5183.5,5170.75",
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("release", [113, 114, 115, 117, 118, 119])
def test_a_stata_file_becomes_text(release: int, order: str) -> None:
    data = new_stata(release, order) if release > 116 else old_stata(release, order)
    assert forms.form_of(data[:100], "any.csv") == "stata"
    assert forms.as_text("stata", io.BytesIO(data), "x").read().decode().splitlines() == TEXT


def test_what_pandas_writes_is_read() -> None:
    import pandas as pd

    frame = pd.DataFrame({"name": ["Åland", "x,y"], "n": [1, 2], "f": [0.1, None], "g": [-1.5, 1e9]})
    frame["n"] = frame["n"].astype("int16")
    for version in (114, 117, 118):
        written = io.BytesIO()
        frame.to_stata(written, version=version, write_index=False)
        found = forms.as_text("stata", io.BytesIO(written.getvalue()), "x").read().decode().splitlines()
        assert found == ["source_line,name,n,f,g", "2,Åland,1,0.1,-1.5", '3,"x,y",2,,1000000000.0']


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (new_stata()[:-400], "ends too early; the download was cut off"),
        (new_stata().replace(b"<K>", b"<k>"), r"is a damaged Stata file: </byteorder><K> stands not where it must"),
        (new_stata().replace(b"LSF", b"XSF"), "its order of bytes is not said"),
        (new_stata().replace(b"<release>118", b"<release>120"), "is a Stata file of format 120; read are 113 to 115 and 117 to 119"),
        (new_stata().replace(b"<varnames>", b"<varnamez>"), "its columns are not where its map says"),
        (new_stata().replace(b"</data>", b"</dada>"), "</data> stands not where it must"),
        (new_stata(types=["strL", "S3"], names=["note", "x"], rows=[]), r"column 'note' holds long texts \(strL\)"),
        (old_stata()[:-1], "ends too early"),
    ],
)
def test_a_damaged_stata_file_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadFileError, match=said):
        forms.as_text("stata", io.BytesIO(data), "x").read()


# --- rows of a file -----------------------------------------------------------------------------


def snapshots(home: Path) -> list[Snapshot]:
    return live_snapshots(Settings(home=home))


def pairs(table: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["area_code"], r["partner_code"]): r for r in table.to_pylist()}


def file_pairs(home: Path) -> dict[tuple[str, str], tuple[float, bool]]:
    """What the table has from files."""
    found = pairs(geography_table(home, snapshots(home)))
    return {pair: (r["distance_km"], r["is_contiguous"]) for pair, r in found.items() if r["distance_source"] == "cepii"}


@pytest.mark.parametrize("name", ["dist.dta", "dist.csv"])
def test_letters_of_the_past_are_the_areas_they_mean(home: Path, name: str) -> None:
    data = new_stata() if name.endswith("dta") else "\n".join([HEADER, *(line.split(",", 1)[1] for line in TEXT[1:]), ""])
    assert given(home, name, data) == ()
    assert [(s.layout, s.kind, s.source) for s in snapshots(home)] == [("cepii_geodist", "distances", "cepii")]
    assert file_pairs(home) == {("404", "800"): (501.5, True), ("404", "180"): (2425.5, False), ("642", "404"): (5183.5, False)}


def test_points_and_na_are_missing_and_an_area_with_itself_is_left_out(home: Path) -> None:
    lines = ["KEN,KEN,0,250,250,200,100", "KEN,UGA,NA,503.7,503.7,.,NA", "UGA,KEN,1,NA,NA,5.018E+02,1", "KEN,PAL,0,.,.,.,."]
    warnings = given(home, "dist.csv", "\n".join([HEADER, *lines, ""]))
    assert warnings == ("dist.csv: 1 rows left out: a pair without a distance", "dist.csv: 1 rows left out: an area with itself")
    assert file_pairs(home) == {("404", "800"): (503.7, True), ("800", "404"): (501.8, True)}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("XXX,UGA,1,1,1,1,1", "area 'XXX' is no country or group known by three letters"),
        ("KEN,WLD,1,1,1,1,1", "area 'WLD' is a group of countries: it has no place"),
        ("KEN,UGA,1,0,1,1,1", "distance '0' is no number of kilometres between two places on Earth"),
        ("KEN,UGA,1,1,1,-5,1", "distance '-5' is no number"),
        ("KEN,UGA,1,1,1,20101,1", "distance '20101' is no number"),
        ("KEN,UGA,1,x,1,1,1", "distance 'x' is no number"),
        ("KEN,UGA,2,1,1,1,1", "contig '2' is neither 0 nor 1"),
        ("KEN,UGA,1,1,1,1,1\nKEN,UGA,1,1,1,2,1", "line 3: 404 800 stands twice, with different contents"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(home: Path, row: str, said: str) -> None:
    with pytest.raises(BadFileError, match=said):
        given(home, "dist.csv", f"{HEADER}\n{row}\n")


def test_flows_with_a_distance_among_their_columns_are_not_taken_for_it(home: Path) -> None:
    with pytest.raises(UnknownLayoutError, match="missing from it: distw, distcap, distwces"):
        given(home, "gravity.csv", "exporter,importer,contig,dist,trade\nKEN,UGA,1,5,9\n")


def test_the_newer_file_holds_for_the_pairs_it_has(home: Path) -> None:
    given(home, "old.csv", f"{HEADER}\nKEN,UGA,1,1,1,10,1\nUGA,KEN,1,1,1,11,1\n")
    given(home, "new.csv", f"{HEADER}\nKEN,UGA,1,1,1,20,1\n")
    assert file_pairs(home) == {("404", "800"): (20.0, True), ("800", "404"): (11.0, True)}


# --- the table without a file -------------------------------------------------------------------


@pytest.fixture(scope="module")
def circles(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    return pairs(geography_table(tmp_path_factory.mktemp("home"), ()))


def test_every_pair_has_a_great_circle(circles: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert len(placed_areas()) == 291 and len(circles) == 84_322
    assert {r["distance_source"] for r in circles.values()} == {"great_circle"}
    assert {r["snapshot_id"] for r in circles.values()} == {None}
    assert all(a != b for a, b in circles)
    assert all(0 < r["distance_km"] <= 20_038 for r in circles.values())
    assert all(circles[b, a]["distance_km"] == r["distance_km"] for (a, b), r in circles.items())
    assert all(circles[b, a]["is_contiguous"] == r["is_contiguous"] for (a, b), r in circles.items())
    assert all(circles[b, a]["is_landlocked_area"] == r["is_landlocked_partner"] for (a, b), r in circles.items())


def test_great_circles_of_named_pairs(circles: dict[tuple[str, str], dict[str, Any]]) -> None:
    # Shanghai and New York, Berlin and Paris, London and Paris, Sydney and Auckland
    named = {pair: circles[pair]["distance_km"] for pair in (("156", "842"), ("276", "251"), ("826", "251"), ("36", "554"))}
    assert named == pytest.approx({("156", "842"): 11_860, ("276", "251"): 878, ("826", "251"): 344, ("36", "554"): 2156}, rel=0.01)
    assert great_circle_km((0.0, 0.0), (0.0, 180.0)) == pytest.approx(20_015.115, abs=0.001)
    assert great_circle_km((90.0, 0.0), (0.0, 77.0)) == pytest.approx(10_007.557, abs=0.001)


def test_groups_and_areas_not_specified_have_no_place(circles: dict[tuple[str, str], dict[str, Any]]) -> None:
    areas = {a for a, _ in circles}
    assert areas == set(placed_areas())
    assert not areas & (codes.SPECIAL_AREAS | codes.MARGIN_AREAS)
    assert {"842", "251", "757", "579", "699", "490", "412", "969"} <= areas
    assert place_of("899") is None and place_of("0") is None


def test_areas_of_the_past_have_a_successors_city(circles: dict[tuple[str, str], dict[str, Any]]) -> None:
    for past, today in (("810", "643"), ("890", "688"), ("200", "203"), ("280", "276"), ("58", "56"), ("711", "710"), ("841", "842")):
        assert place_of(past) == place_of(today), past
        assert (past, today) not in circles
        assert circles[past, "156"]["distance_km"] == circles[today, "156"]["distance_km"]
    assert circles["280", "278"]["distance_km"] == pytest.approx(146, abs=1)
    assert place_of("457") != place_of("458") and place_of("720") != place_of("887")


def test_borders_of_today_and_of_the_past(circles: dict[tuple[str, str], dict[str, Any]]) -> None:
    def near(area: str) -> set[str]:
        past = {"840", "250", "756", "578", "158", "841", "356", "280", "278", "58", "200", "810", "890", "891", "711", "588", "717"}
        return {b for (a, b), r in circles.items() if a == area and r["is_contiguous"]} - past

    assert near("842") == {"124", "484"}
    assert near("276") == {"208", "616", "203", "40", "757", "251", "442", "56", "528"}
    assert near("392") == set() and near("175") == set() and near("850") == set()
    assert near("254") == {"76", "740"}
    assert near("710") == {"516", "72", "716", "508", "748", "426"}
    assert circles["810", "616"]["is_contiguous"] and circles["810", "642"]["is_contiguous"] and not circles["643", "642"]["is_contiguous"]
    assert circles["200", "280"]["is_contiguous"] and circles["280", "278"]["is_contiguous"] and not circles["280", "616"]["is_contiguous"]
    assert not circles["711", "426"]["is_contiguous"]  # a part of it
    assert len(borders([c for c in placed_areas() if territory(c) == {c}])) == 648


def test_countries_without_a_coast(circles: dict[tuple[str, str], dict[str, Any]]) -> None:
    landlocked = {a for (a, _), r in circles.items() if r["is_landlocked_area"]}
    assert len({c for c in landlocked if territory(c) == {c}}) == 45
    assert landlocked - {c for c in landlocked if territory(c) == {c}} == {"200", "698", "717", "756"}
    assert [is_landlocked(c) for c in ("68", "600", "496", "728", "412", "736", "230", "58", "860")] == [True] * 5 + [False] * 3 + [True]


@pytest.mark.real_data
def test_each_country_that_reports_has_a_distance_to_china(circles: dict[tuple[str, str], dict[str, Any]], shared_data: Path) -> None:
    with (shared_data / "comtrade_v1/reference/reporter.csv").open(encoding="utf-8") as file:
        reporters = {r["id"]: r["country"] for r in csv.DictReader(file)}
    without = {code: name for code, name in reporters.items() if code != "156" and (code, "156") not in circles}
    assert len(reporters) == 255
    assert without == {"97": "European Union", "975": "ASEAN"}


# --- CEPII's file -------------------------------------------------------------------------------


@pytest.mark.real_data
def test_the_real_file(home: Path, shared_data: Path) -> None:
    warnings = take(home, shared_data / "reference/cepii/dist_cepii.dta")
    assert warnings == ("dist_cepii.dta: 224 rows left out: an area with itself",)
    result = build_geography(home, snapshots(home))
    assert result.warnings == () and [f.rows for f in result.files] == [84_322]
    lake.commit(home, contracts.PAIR_GEOGRAPHY, {"": list(result.files)})
    found = pairs(lake.read(home, contracts.PAIR_GEOGRAPHY))
    named = {
        ("842", "156"): 11183.428,
        ("156", "842"): 11183.428,
        ("842", "124"): 2079.2966,
        ("276", "251"): 789.5815,
        ("490", "156"): 1490.6937,
        ("699", "586"): 1237.785,
        ("642", "180"): 5694.445,
        ("626", "360"): 1995.7717,
        # its own distw is missing: between main cities
        ("446", "156"): 1982.7446,
        # Yugoslavia's, which are those of Serbia and of Serbia and Montenegro
        ("890", "156"): 7808.0137,
        ("688", "156"): 7808.0137,
        ("891", "156"): 7808.0137,
    }
    assert {pair: found[pair]["distance_km"] for pair in named} == named
    assert {found[pair]["distance_source"] for pair in named} == {"cepii"}
    apart = [("499", "156"), ("728", "156"), ("412", "688"), ("280", "278"), ("175", "251"), ("457", "458")]
    assert {found[pair]["distance_source"] for pair in apart} == {"great_circle"}
    assert found["842", "484"]["is_contiguous"] and found["842", "484"]["is_landlocked_partner"] is False
    assert found["810", "642"]["is_contiguous"]  # Russia's distance, the USSR's border

    geography = read_geography(home)
    at = {int(code): place for place, code in enumerate(geography.areas)}
    assert len(at) == 291 and geography.distance_km.shape == (291, 291)
    assert geography.distance_km[at[842], at[156]] == 11183.428
    assert not geography.is_great_circle[at[842], at[156]] and geography.is_great_circle[at[499], at[156]]
    assert geography.is_contiguous[at[842], at[124]] and not geography.is_contiguous[at[842], at[156]]
    assert geography.is_landlocked[at[757]] and not geography.is_landlocked[at[842]]
    assert np.isnan(geography.distance_km[at[842], at[842]]) and np.isnan(geography.distance_km[at[810], at[643]])
    assert int(np.isnan(geography.distance_km).sum()) == 291 * 291 - 84_322


# --- reading back, the stage, its gate ----------------------------------------------------------


def test_a_home_without_the_table_gives_empty_arrays(home: Path) -> None:
    geography = read_geography(home)
    assert geography.areas.shape == (0,) and geography.areas.dtype == np.int64
    assert geography.distance_km.shape == geography.is_contiguous.shape == geography.is_great_circle.shape == (0, 0)
    assert geography.is_landlocked.shape == (0,)


def test_the_stage_runs_once_there_is_any_file(home: Path) -> None:
    names = list(STAGES)
    assert names.index("harmonised_flows") < names.index("pair_geography") < names.index("bilateral_flows")
    given(home, "dist.csv", f"{HEADER}\nKEN,UGA,1,1,1,10,1\n")
    (snapshot,) = snapshots(home)
    flows = replace(snapshot, kind="flows", snapshot_id="f")
    settings = Settings(home=home)
    assert GEOGRAPHY.inputs(View(settings, (), {}, {})) == {}
    assert GEOGRAPHY.inputs(View(settings, (flows,), {}, {})) == {"": []}
    assert GEOGRAPHY.inputs(View(settings, (flows, snapshot), {}, {})) == {"": [[snapshot.snapshot_id, snapshot.taken_at.isoformat()]]}
    assert GEOGRAPHY.version() == "1" and not GEOGRAPHY.is_by_year


@pytest.mark.parametrize(
    ("change", "failing"), [({}, set()), ({"distance_km": 0.0}, {"distance_km"}), ({"distance_source": "guess"}, {"distance_source"})]
)
def test_the_gate_asks_for_distances_and_a_key(home: Path, change: dict[str, Any], failing: set[str]) -> None:
    table = geography_table(home, ())
    rows = table.slice(0, 50).to_pylist()
    rows[7] |= change
    file = lake.write_partition(home, contracts.PAIR_GEOGRAPHY, {}, [pa.Table.from_pylist(rows, schema=table.schema)])
    assert file is not None
    path = lake.table_folder(home, contracts.PAIR_GEOGRAPHY) / file.path
    assert pq.ParquetFile(path).metadata.num_rows == 50
    checks = gate_many({contracts.PAIR_GEOGRAPHY: {"": [path]}})
    assert {c.column_name for c in checks if not c.is_passed} == failing
    assert any("key" in c.check_name or "unique" in c.check_name for c in checks)
