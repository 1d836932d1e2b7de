"""Rows of distances: two areas, the kilometres between them, and whether they have a border."""

from __future__ import annotations

import re

from transforms.contracts import codes
from transforms.contracts.layout import Layout
from transforms.sources.area_systems import area_of
from transforms.sources.list_row import ListRow, RowError

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
#: Half of the Earth's circumference, and a little.
LONGEST_KM = 20_100.0
#: GeoDist's own letters, which no list has: what Palestine had before ISO gave it PSE.
_OWN = {"PAL": "275"}
_ITSELF = "an area with itself"
_UNKNOWN = "a pair without a distance"
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True}


class DistanceReader:
    """Reads the rows of one file. ``left_out``: why rows were passed over, an entry a row."""

    def __init__(self, layout: Layout) -> None:
        self._missing = {f.to: f.missing for f in layout.fields if f.to}
        self._areas: dict[str, str] = {}
        self.left_out: list[str] = []

    def _area(self, letters: str) -> str:
        if letters not in self._areas:
            code, reason = (_OWN[letters], None) if letters in _OWN else area_of("iso3", letters)
            if code is None or code in codes.MARGIN_AREAS:
                raise RowError(f"area {letters!r} {reason or 'is a group of countries: it has no place'}")
            self._areas[letters] = code
        return self._areas[letters]

    def _km(self, row: ListRow, column: str) -> float | None:
        text = row[column]
        if text in self._missing[column]:
            return None
        if not _NUMBER.fullmatch(text) or not 0 < float(text) <= LONGEST_KM:
            raise RowError(f"distance {text!r} is no number of kilometres between two places on Earth")
        return float(text)

    def read(self, row: ListRow) -> dict[str, object] | None:
        """The pair's distance: between the two populations where the file has it, else between main cities. None: left out."""
        area, partner = self._area(row["area_letters"]), self._area(row["partner_letters"])
        if area == partner:
            self.left_out.append(_ITSELF)
            return None
        weighted, main = self._km(row, "weighted_km"), self._km(row, "main_city_km")
        if weighted is None and main is None:
            self.left_out.append(_UNKNOWN)
            return None
        contiguous = row["is_contiguous"]
        if contiguous not in _FLAGS and contiguous not in self._missing["is_contiguous"]:
            raise RowError(f"contig {contiguous!r} is neither 0 nor 1")
        return {
            "area_code": area,
            "partner_code": partner,
            "distance_km": main if weighted is None else weighted,
            "is_contiguous": _FLAGS.get(contiguous),
        }
