"""Which flows of a year speak for the estimates, and what they say: read bucket by bucket, one row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.core.coded import AREA_CODES
from transforms.core.estimates.blunders import suspected_blunder
from transforms.core.harmonising.reporters import reporters_of
from transforms.core.places.geography import Geography, read_geography
from transforms.core.reconciling.groups import Group, groups
from transforms.core.reconciling.mirrors import COLUMNS, Flows, flows_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Columns that no estimate reads, and those that only products' or only the last estimates do.
_UNREAD = frozenset({"source", "is_value_rounded", "conversion", "snapshot_id"})
QUANTITIES, RE_EXPORTS = frozenset({"quantity", "quantity_unit_code"}), frozenset({"re_export_usd"})


@dataclass(frozen=True)
class Stratum:
    """What a year's estimates are fitted on; of months, all those of the year together."""

    frequency: str
    classification: str
    level: int

    @classmethod
    def of(cls, group: Group) -> Stratum:
        """That of a row group."""
        frequency, classification, level = (str(group.stratum[name]) for name in ("frequency", "classification", "product_level"))
        return cls(frequency, classification, int(level))

    def __str__(self) -> str:
        """'A H5 6', as fitted_on has it."""
        return f"{self.frequency} {self.classification} {self.level}"


@dataclass(frozen=True)
class Ground:
    """What all estimates of a year stand on. ``stratum`` is None where it has no report of our own basis; ``reporters`` (n,) ascending."""

    year: int
    stratum: Stratum | None
    geography: Geography
    reporters: Integers


def ground_of(home: Path, year: int) -> Ground:
    """Read from what is committed."""
    areas = {int(area) for areas in reporters_of(home, year).areas.values() for area in areas}
    return Ground(year, stratum_of(home, year), read_geography(home), np.array(sorted(areas), np.int64))


def stratum_of(home: Path, year: int) -> Stratum | None:
    """Annual reports where there are any; HS level 6 of the edition with the most rows, else the edition and level with the most."""
    rows: dict[Stratum, int] = {}
    for group in groups(home, year):
        if group.is_own:
            stratum = Stratum.of(group)
            rows[stratum] = rows.get(stratum, 0) + group.count
    found = [s for s in rows if s.frequency == "A"] or list(rows)
    found = [s for s in found if s.level == codes.HS_LEVEL and s.classification in codes.HS_EDITIONS] or found
    return min(found, key=lambda s: (-rows[s], *_rank(s)), default=None)


def _rank(stratum: Stratum) -> tuple[int, str, int]:
    """Of strata with as many rows: newer editions first, then the usual order of levels."""
    order, levels = codes.CLASSIFICATION_ORDER, codes.LEVEL_ORDER
    place = order.index(stratum.classification) if stratum.classification in order else len(order)
    return place, stratum.classification, levels.index(stratum.level) if stratum.level in levels else len(levels)


def flows_by_group(home: Path, ground: Ground, bucket: int, without: frozenset[str], *, of_all: bool = False) -> Iterator[Flows]:
    """Flows of the stratum in a bucket, a row group at a time: no exporter's flows of a period apart.

    ``without``: columns that aren't needed; ``of_all``: with the flows of every classification at codes.HS_LEVEL.
    """
    columns = [name for name in COLUMNS if name not in _UNREAD | without]
    chosen = ground.stratum
    if chosen is None:
        return
    for group in groups(home, ground.year, bucket):
        stratum = Stratum.of(group)
        is_wanted = stratum == chosen or (of_all and stratum.frequency == chosen.frequency and stratum.level == codes.HS_LEVEL)
        if group.is_own and is_wanted:
            yield flows_of(group.read(columns), ground.year)


def is_of(flows: Flows, stratum: Stratum | None) -> bool:
    """Whether ``flows`` are of the stratum that was chosen."""
    return Stratum(flows.frequency, flows.classification, flows.level) == stratum


def products(flows: Flows) -> Integers:
    """Products by number (n,), deeper levels by their HS6 code, the total 0; -1 where the code isn't all digits."""
    if flows.level == 0:
        return np.zeros(len(flows), np.int64)
    deeper = 10 ** max(0, flows.level - codes.HS_LEVEL)
    return np.where(flows.product < 0, -1, flows.product // deeper)


def is_original(flows: Flows) -> Flags:
    """No copied report, no rest that no product was reported for (n,)."""
    return ~flows.is_copied & ~flows.is_residual & (products(flows) >= 0)


def are_countries(flows: Flows) -> Flags:
    """Both ends are areas that report (n,)."""
    return ~touch(flows, codes.NO_COUNTRIES)


def touch(flows: Flows, areas: frozenset[str]) -> Flags:
    """Either end is one of ``areas`` (n,)."""
    listed = np.zeros(AREA_CODES, np.bool_)
    listed[[int(code) for code in areas]] = True
    found: Flags = listed[flows.exporter] | listed[flows.importer]
    return found


def is_sound(exporter: Integers, importer: Integers) -> Flags:
    """No factor near 1,000 or 1,000,000 between two reports (n,)."""
    smaller = np.minimum(exporter, importer)
    far = np.flatnonzero((smaller > 0) & (np.maximum(exporter, importer) // 100 >= smaller))
    sound = np.ones(len(exporter), np.bool_)
    sound[far] = suspected_blunder(exporter[far], importer[far]) == 0
    return sound
