"""dim_product: every code with parent, chapter and section; names from the files first."""

from __future__ import annotations

import pytest

from transforms.core.products import parent_of, product_rows, section_of


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
