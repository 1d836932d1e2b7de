"""pair_geography: distance, border and coast of every ordered pair of areas, from CEPII's GeoDist where it was handed over.

A distance is the file's (between populations where it has that, else between main cities); a pair that no file has gets the
great-circle distance between main cities, marked. Groups, margins and areas not specified have no distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot, TaskResult
from transforms.core.coded import AREA_CODES
from transforms.core.estimates.cif import Routes
from transforms.core.listing.area_facts import FACTS
from transforms.core.places.area_borders import borders, is_landlocked
from transforms.core.places.area_places import great_circle_km, place_of, placed_areas
from transforms.io import lake
from transforms.sources.lists import listed
from transforms.sources.precedence import newest_first

GEOGRAPHY_VERSION = "1"
#: What a row's distance_source says.
CEPII, GREAT_CIRCLE = "cepii", "great_circle"

#: Areas that GeoDist has under what they were part of when it was made.
_PREDECESSORS = {"891": "890", "688": "890", "531": "530"}

Pair = tuple[str, str]


@dataclass(frozen=True)
class _Given:
    """A pair as a file has it."""

    distance_km: float
    is_contiguous: bool | None
    snapshot_id: str


@dataclass(frozen=True, eq=False)
class Geography:
    """Geography by pairs of the n areas in ``areas`` (sorted int codes): rows are the area, columns the partner.

    ``distance_km`` (n, n) float64, NaN where unknown and on the diagonal; ``is_contiguous`` and ``is_great_circle`` (n, n);
    ``is_landlocked`` (n,).
    """

    areas: npt.NDArray[np.int64]
    distance_km: npt.NDArray[np.float64]
    is_contiguous: npt.NDArray[np.bool_]
    is_landlocked: npt.NDArray[np.bool_]
    is_great_circle: npt.NDArray[np.bool_]

    def position(self) -> npt.NDArray[np.int64]:
        """Place of each area code (AREA_CODES,): 0..n-1, and n, a place unknown to all, for an area that isn't here."""
        position = np.full(AREA_CODES, len(self.areas), np.int64)
        position[self.areas] = np.arange(len(self.areas))
        return position

    def routes(self, year: int, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], unit_value: npt.NDArray[np.float64]) -> Routes:
        """Routes from the places ``one`` to ``other`` (m,), as ``position`` says them; distance NaN where one is unknown.

        ``unit_value`` (m,), USD per kg.
        """
        distance = np.pad(self.distance_km, (0, 1), constant_values=np.nan)
        contiguous, landlocked = np.pad(self.is_contiguous, (0, 1)), np.pad(self.is_landlocked, (0, 1))
        years = np.full(len(one), year, np.int64)
        return Routes(years, distance[one, other], unit_value, contiguous[one, other], landlocked[other], landlocked[one])


def _given(home: Path, snapshots: Sequence[Snapshot]) -> dict[Pair, _Given]:
    """Pairs of all files; of two files that have a pair the newer one holds."""
    found: dict[Pair, _Given] = {}
    for snapshot, table in listed(home, newest_first(snapshots), "distances"):
        for row in table.to_pylist():
            pair = (row["area_code"], row["partner_code"])
            found.setdefault(pair, _Given(row["distance_km"], row["is_contiguous"], snapshot.snapshot_id))
    return found


def _stand_in(code: str, known: frozenset[str]) -> str | None:
    """The area in the file whose distances are this one's: itself, what came after it, or what it was part of."""
    if code in known:
        return code
    fact = FACTS.get(code)
    # one that has another main city was a part of what came after it
    if fact and fact.successors and place_of(code) == place_of(fact.successors[0]):
        found = _stand_in(fact.successors[0], known)
        if found:
            return found
    return before if (before := _PREDECESSORS.get(code)) in known else None


def _rows(given: Mapping[Pair, _Given]) -> dict[str, list[Any]]:
    known = frozenset(code for pair in given for code in pair)
    codes = sorted({*placed_areas(), *known}, key=int)
    places = {code: place_of(code) for code in codes}
    stands = {code: _stand_in(code, known) for code in codes}
    touching, landlocked = borders(codes), {code: is_landlocked(code) for code in codes}
    columns: dict[str, list[Any]] = {name: [] for name in contracts.PAIR_GEOGRAPHY.columns}
    for area in codes:
        for partner in codes:
            if area == partner:
                continue
            filed = given.get((stands[area] or "", stands[partner] or ""))
            distance = filed.distance_km if filed else _between(places[area], places[partner])
            if not distance:
                continue
            # an area of the past had other borders than the one whose distances stand for it
            is_own = filed is not None and (stands[area], stands[partner]) == (area, partner) and filed.is_contiguous is not None
            row = (
                area,
                partner,
                distance,
                filed.is_contiguous if filed and is_own else (area, partner) in touching,
                landlocked[area],
                landlocked[partner],
                CEPII if filed else GREAT_CIRCLE,
                filed.snapshot_id if filed else None,
            )
            for cells, value in zip(columns.values(), row, strict=True):
                cells.append(value)
    return columns


def _between(first: tuple[float, float] | None, second: tuple[float, float] | None) -> float | None:
    """Great-circle distance to the metre; None without a place, 0 where both areas have the same."""
    return round(great_circle_km(first, second), 3) if first and second else None


def geography_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """pair_geography of a home. Shape (ordered pairs of different areas, 8 columns), by the areas' numbers.

    Areas are Comtrade's codes, of today and of the past. Two areas at one place (a country and what it was before) have no row.
    """
    return pa.table(_rows(_given(home, snapshots)), schema=table_schema(contracts.PAIR_GEOGRAPHY))


def build_geography(home: Path, snapshots: Sequence[Snapshot]) -> TaskResult:
    """Write pair_geography from the files handed over and the facts. What reading them warned of, the dimensions' result says."""
    file = lake.write_partition(home, contracts.PAIR_GEOGRAPHY, {}, [geography_table(home, snapshots)])
    return TaskResult((file,) if file is not None else ())


def read_geography(home: Path) -> Geography:
    """The committed pair_geography as arrays; empty ones where there is none."""
    table = lake.read(home, contracts.PAIR_GEOGRAPHY)
    area, partner = (np.array(table[name].to_pylist(), dtype=np.int64) for name in ("area_code", "partner_code"))
    areas = np.unique(np.concatenate([area, partner]))
    size = len(areas)
    row, column = np.searchsorted(areas, area), np.searchsorted(areas, partner)
    distance = np.full((size, size), np.nan)
    distance[row, column] = table["distance_km"].to_numpy()
    flags = {name: np.zeros((size, size), dtype=np.bool_) for name in ("is_contiguous", "is_great_circle")}
    flags["is_contiguous"][row, column] = table["is_contiguous"].to_numpy()
    flags["is_great_circle"][row, column] = np.array(table["distance_source"].to_pylist(), dtype=object) == GREAT_CIRCLE
    landlocked = np.zeros(size, dtype=np.bool_)
    landlocked[row] = table["is_landlocked_area"].to_numpy()
    return Geography(areas, distance, flags["is_contiguous"], landlocked, flags["is_great_circle"])
