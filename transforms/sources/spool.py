"""Rows waiting on disk for their period's turn: the lake's order begins with the period."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.io.lake import PartitionWriter


class Spool:
    """Passes tables to writers at once (``is_direct``), or keeps them per period until ``drain``."""

    def __init__(self, folder: Path, *, is_direct: bool) -> None:
        self._folder = folder / f"{os.getpid()}-{id(self):x}"
        self._is_direct = is_direct
        self._parts: dict[tuple[int, str, str], list[Path]] = {}
        self._writers: list[PartitionWriter] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder.exists():
            shutil.rmtree(self._folder)

    def put(self, writer: PartitionWriter, table: pa.Table) -> None:
        """Hand over sorted rows of one group of reporters."""
        if table.num_rows == 0:
            return
        if self._is_direct:
            writer.write(table)
            return
        if writer not in self._writers:
            self._writers.append(writer)
        self._folder.mkdir(parents=True, exist_ok=True)
        number = self._writers.index(writer)
        frequency, period = (table.column(c).cast(pa.string()) for c in ("frequency", "period"))
        for pair in sorted(_pairs(frequency, period)):
            part = table.filter(pc.and_(pc.equal(frequency, pair[0]), pc.equal(period, pair[1])))
            waiting = self._parts.setdefault((number, *pair), [])
            path = self._folder / f"{number}-{pair[0]}-{pair[1]}-{len(waiting)}.parquet"
            pq.write_table(part, path, compression="lz4", store_decimal_as_integer=True)
            waiting.append(path)

    def drain(self) -> None:
        """Write all that waits, period by period."""
        for (number, _, _), paths in sorted(self._parts.items()):
            for path in paths:
                self._writers[number].write(pq.read_table(path))


def _pairs(frequency: pa.ChunkedArray, period: pa.ChunkedArray) -> set[tuple[str, str]]:
    groups = pa.table({"f": frequency, "p": period}).group_by(["f", "p"]).aggregate([])
    return set(zip(groups.column("f").to_pylist(), groups.column("p").to_pylist(), strict=True))
