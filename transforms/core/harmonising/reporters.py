"""Who reports a flow in a period, from the sides that harmonising kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.io import lake

Period = tuple[str, str]
_PERIOD = ("basis", "frequency", "period")


@dataclass(frozen=True)
class Reporters:
    """Who reports an import or export in a period: (frequency, period) -> area codes."""

    areas: dict[Period, frozenset[str]]

    def silent(self, period: Period, areas: Sequence[str]) -> NDArray[np.bool_]:
        """True for areas that report no import or export in ``period``, (frequency, period). Shape (n,)."""
        known = self.areas.get(period, frozenset())
        return np.array([code not in known for code in areas], bool)


def reporters_of(home: Path, year: int) -> Reporters:
    """Areas that report an import or export in each period of ``year``, BACI's published rows aside.

    Read from all buckets of harmonised_flows, the only input that reconciling declares: flows that
    harmonising drops (self-trade, re-exports) make nobody a reporter.
    """
    found: dict[Period, set[str]] = {}
    for path in lake.active_files(home, contracts.HARMONISED_FLOWS, year=year):
        reader = pq.ParquetFile(path)
        for group, constant in lake.row_groups(path, _PERIOD):
            if constant["basis"] == "own":
                areas = found.setdefault((str(constant["frequency"]), str(constant["period"])), set())
                for side in ("exporter", "importer"):
                    areas.update(_on_side(reader.read_row_group(group, columns=["side", f"{side}_code"]), side))
    return Reporters({period: frozenset(areas) for period, areas in found.items()})


def _on_side(data: pa.Table, side: str) -> Iterator[str]:
    """Areas of the rows whose report is of ``side``: counted by dictionary index, no text per row."""
    sides, areas = (data[name].unify_dictionaries() for name in ("side", f"{side}_code"))
    for own_side, own_area in zip(sides.chunks, areas.chunks, strict=True):
        texts = own_side.dictionary.to_pylist()
        if side in texts:
            reported = own_area.indices.to_numpy()[own_side.indices.to_numpy() == texts.index(side)]
            codes = own_area.dictionary.to_pylist()
            yield from (codes[i] for i in np.flatnonzero(np.bincount(reported, minlength=len(codes))))
