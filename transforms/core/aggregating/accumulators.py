"""Dense arrays of one stratum, filled exporter by exporter from its buckets' sorted rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from transforms.contracts.lake import BILATERAL_FLOWS
from transforms.core.aggregating import kernels
from transforms.core.aggregating.flow_batches import Domain, Maps, Rows, Stratum, batches
from transforms.core.coded import code_order
from transforms.io.lake import LakeError

#: Heading rows gathered before they are written; an exporter's own come on top.
HEADING_ROWS = 1 << 19

#: Takes keys (3, n: exporter, importer, heading) and sums (4, n) of pair_heading: columns, each as it is written.
HeadingSink = Callable[["Sums", np.ndarray, np.ndarray], None]


class AggregateError(RuntimeError):
    """Rows that can't be aggregated exactly; names file, stratum, what was expected and found."""


@dataclass
class Sums:
    """All accumulators of a stratum: E exporters, I importers, P products, C chapters, H headings.

    Cells are int64 words as kernels.py lays them out.
    """

    stratum: Stratum
    codes: Domain
    headings: list[str] = field(init=False)
    chapters: list[str] = field(init=False)
    by_pair: np.ndarray = field(init=False)  # (E, I, 4)
    by_chapter: np.ndarray = field(init=False)  # (E, C, 4)
    by_exporter: np.ndarray = field(init=False)  # (E, P, 4)
    by_importer: np.ndarray = field(init=False)  # (I * P, 8)
    rows: int = 0
    value: int = 0

    def __post_init__(self) -> None:
        e, i, p = len(self.codes.exporters), len(self.codes.importers), len(self.codes.products)
        self.headings = sorted({c[:4] for c in self.codes.products}, key=code_order)
        self.chapters = sorted({h[:2] for h in self.headings}, key=code_order) if self.stratum.level >= 2 else []
        self.by_pair = np.zeros((e, i, kernels.PLAIN_WORDS), np.int64)
        self.by_chapter = np.zeros((e, len(self.chapters), kernels.PLAIN_WORDS), np.int64)
        self.by_exporter = np.zeros((e, p, kernels.PLAIN_WORDS), np.int64)
        self.by_importer = np.zeros((i * p, kernels.SUPPLIER_WORDS), np.int64)

    @property
    def heading_of_product(self) -> np.ndarray:
        """Index of each product's heading, int32 (P,)."""
        index = {h: n for n, h in enumerate(self.headings)}
        return np.array([index[c[:4]] for c in self.codes.products], np.int32)

    @property
    def chapter_of_heading(self) -> np.ndarray:
        """Index of each heading's chapter, int32 (H,); empty where the level has none."""
        index = {c: n for n, c in enumerate(self.chapters)}
        return np.array([index[h[:2]] for h in self.headings] if self.chapters else [], np.int32)


class _Stream:
    """The rows of one bucket's file, consumed exporter by exporter."""

    def __init__(self, path: Path, groups: tuple[int, ...], codes: Domain) -> None:
        self.path = path
        self._batches: Iterator[tuple[Rows, Maps]] = batches(path, groups, codes)
        self.state = np.zeros(kernels.STATE_WORDS, np.int64)
        self._batch = next(self._batches, None)

    def advance(self, exporter: int, sums: Sums, of_product: np.ndarray, by_heading: np.ndarray, seen: np.ndarray) -> None:
        """Add all rows of ``exporter``; they stand next in the file."""
        state, cells = self.state, (sums.by_exporter[exporter], sums.by_importer, by_heading, seen)
        state[kernels.LAST_IMPORTER] = state[kernels.LAST_PRODUCT] = -1
        while self._batch is not None:
            rows, maps = self._batch
            kernels.scan_exporter(exporter, rows, maps, of_product, cells, state)
            if state[kernels.FAULT]:
                raise AggregateError(self._fault(sums))
            if state[kernels.POSITION] < len(rows[0]):
                return
            state[kernels.POSITION] = 0
            self._batch = next(self._batches, None)

    def _fault(self, sums: Sums) -> str:
        where = f"{BILATERAL_FLOWS.name} {self.path.parent.name}/{self.path.name}, stratum {sums.stratum.key}"
        if self.state[kernels.FAULT] == kernels.RANGE_FAULT:
            return f"{where}: value_fob_usd or net_weight_kg sums to more than DECIMAL(18,3) holds (10^15); look for a blunder in units"
        row = int(self.state[kernels.ROWS] + self.state[kernels.POSITION])
        return f"{where}: rows aren't strictly ascending by exporter, importer, product near row {row}: unsorted, or a key twice"


def fill(sums: Sums, sink: HeadingSink) -> None:
    """Add every row of the stratum; hand pair_heading's rows to ``sink``, in key order, in parts.

    Buckets advance together, exporter by exporter, so one exporter's headings are in memory
    at a time, whatever the rows. Raises AggregateError for rows out of order, a repeated key,
    or a sum beyond DECIMAL(18,3).
    """
    exporters, importers = len(sums.codes.exporters), len(sums.codes.importers)
    cells = importers * len(sums.headings)
    by_heading = np.zeros((importers, len(sums.headings), kernels.PLAIN_WORDS), np.int64)
    seen = np.zeros((importers, -(-len(sums.headings) // 8) * 8), np.uint8)
    room = min(HEADING_ROWS + cells, exporters * cells) if sums.stratum.level >= 4 else 0
    out, keys = np.empty((kernels.PLAIN_WORDS, room), np.int64), np.empty((3, room), np.int32)
    of_product, chapter_of = sums.heading_of_product, sums.chapter_of_heading
    streams = [_Stream(path, groups, sums.codes) for path, groups in sums.stratum.groups]
    filled = 0
    for exporter in range(exporters):
        for stream in streams:
            stream.advance(exporter, sums, of_product, by_heading, seen)
        filled = kernels.drain_headings(
            exporter, by_heading, seen, chapter_of, sums.by_pair[exporter], sums.by_chapter[exporter], out, keys, filled
        )
        if filled >= HEADING_ROWS:
            sink(sums, keys[:, :filled], out[:, :filled])
            filled = 0
    if filled:
        sink(sums, keys[:, :filled], out[:, :filled])
    sums.rows = sum(int(s.state[kernels.ROWS]) for s in streams)
    sums.value = sum(int(s.state[kernels.TOTAL_VALUE]) for s in streams)
    _check(sums, sum(int(s.state[kernels.ABSOLUTE_VALUE]) for s in streams), sum(int(s.state[kernels.TOTAL_WEIGHT]) for s in streams))


def _check(sums: Sums, value: int, weight: int) -> None:
    """No sum exceeds the whole stratum's, so one bound covers them all; and every row must have been taken."""
    where = f"{BILATERAL_FLOWS.name}, stratum {sums.stratum.key}"
    if value > kernels.MAXIMUM or weight > kernels.MAXIMUM:
        raise AggregateError(f"{where}: value_fob_usd sums to {value} mills, net_weight_kg to {weight} g; DECIMAL(18,3) holds 10^18 - 1")
    if (added := int(sums.by_pair[:, :, kernels.FLOWS].sum())) != sums.rows:
        raise LakeError(f"{where}: {sums.rows} rows scanned, {added} in the pair totals")
