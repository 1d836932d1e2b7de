"""Dated facts: who reports imports FOB, and which areas are re-export hubs."""

from __future__ import annotations

import pytest

from transforms.core.listing.area_facts import FACTS
from transforms.core.places.area_places import placed_areas
from transforms.core.places.valuation import _FOB_IMPORTERS, _HUBS, fob_importers_of, hubs_of


@pytest.mark.parametrize(
    ("year", "importers"),
    [
        (1966, set()),
        (1968, {"36", "124", "200", "532", "841", "862", "894"}),
        (1979, {"36", "124", "200", "214", "532", "798", "862", "894"}),
        (1990, {"36", "124", "200", "296", "484", "598", "616", "642", "862"}),
        (1996, {"36", "124", "203", "296", "484", "703", "807", "862"}),
        (1998, {"36", "124", "203", "296", "484", "703", "711"}),
        (2004, {"36", "124", "203", "296", "484", "703", "710", "862"}),
        (2009, {"36", "124", "296", "484", "710"}),
        (2017, {"36", "124", "484", "585", "710"}),
        (2024, {"36", "124", "484", "710"}),
    ],
)
def test_importers_that_report_fob(year: int, importers: set[str]) -> None:
    assert fob_importers_of(year) == importers


def test_importers_that_report_cif_or_both_are_not_listed() -> None:
    """USA, China, Germany, Brazil, Chile, Paraguay, Algeria, Georgia, SACU's other members: their notes say CIF, or CIF and FOB."""
    cif = {"842", "156", "276", "76", "152", "600", "12", "268", "72", "426", "516", "748"}
    assert not any(cif & fob_importers_of(year) for year in range(1962, 2031))


@pytest.mark.parametrize(
    ("year", "hubs"),
    [
        (1962, {"344", "702"}),
        (1992, {"344", "702"}),
        (1993, {"344", "528", "702"}),
        (2001, {"344", "528", "702", "784"}),
        (2024, {"344", "528", "702", "784"}),
    ],
)
def test_hubs(year: int, hubs: set[str]) -> None:
    assert hubs_of(year) == hubs


@pytest.mark.parametrize("line", [*_FOB_IMPORTERS.strip().splitlines(), *_HUBS.strip().splitlines()])
def test_each_line_is_an_area_in_its_time_with_a_source(line: str) -> None:
    code, first, last, source = line.split("|")
    assert code in placed_areas() and len(source) > 10
    assert int(first or 1962) <= int(last or 2100)
    fact = FACTS.get(code)
    if fact and fact.valid_to and last:
        assert int(last) <= fact.valid_to
