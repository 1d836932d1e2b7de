"""Writers of parsed slices and of quarantined rows, both streaming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.sources.lake_form import read_ready, ready_folder
from transforms.sources.reader import Block
from transforms.sources.rows import RowParser, Rows

#: Rows of a year that are gathered before a row group is written.
GROUP_ROWS = 1 << 18
QUARANTINED = pa.schema(
    [
        ("source_line", pa.int64()),
        ("year", pa.int16()),
        ("frequency", pa.string()),
        ("period", pa.string()),
        ("column_name", pa.string()),
        ("quarantine_reason", pa.string()),
        ("raw_text", pa.string()),
        ("value_mills", pa.int64()),
    ]
)


class SliceWriters:
    """A folder per year, ``rows/2020``, of Arrow files that hold a batch each, of a bounded size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[int, int] = {}
        self._waiting: dict[int, list[pa.Table]] = {}

    def write(self, year: int, table: pa.Table) -> None:
        """Add rows of a year."""
        waiting = self._waiting.setdefault(year, [])
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= GROUP_ROWS:
            self._flush(year)

    def _flush(self, year: int) -> None:
        waiting = self._waiting.pop(year, [])
        if not waiting:
            return
        table = pa.concat_tables(waiting).unify_dictionaries() if len(waiting) > 1 else waiting[0]
        number = self._written[year] = self._written.get(year, -1) + 1
        path = _rows_folder(self._folder, year) / f"{number:06d}.arrow"
        path.parent.mkdir(parents=True, exist_ok=True)
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        with pa.ipc.new_file(str(path), table.schema, options=options) as writer:
            writer.write_table(table.combine_chunks())

    def close(self) -> None:
        """Write what waits."""
        for year in sorted(self._waiting):
            self._flush(year)


def _rows_folder(folder: Path, year: int) -> Path:
    return folder / "rows" / str(year)


class SliceReader:
    """A member's rows of a year, batch by batch; of the reporters asked for, only the batches that hold one are read."""

    def __init__(self, folder: Path, year: int) -> None:
        self._ready = sorted(ready_folder(folder, year).glob("*.parquet"))
        self._batches = sorted(_rows_folder(folder, year).glob("*.arrow"))
        self._reporters: dict[Path, frozenset[str]] = {}

    def tables(self, reporters: set[str] | None = None) -> Iterator[pa.Table]:
        """Rows in the file's order, each batch as a table of one chunk; all reporters where none are named."""
        for path in self._ready:
            for table in read_ready(path):
                yield from _of(table, reporters)
        for path in self._batches:
            if reporters is None or not reporters.isdisjoint(self._held(path)):
                yield from _of(_batch(path), reporters)

    def _held(self, path: Path) -> frozenset[str]:
        """Reporters in a batch; one column is read, once."""
        if path not in self._reporters:
            codes = _batch(path, only="reporter_code").column("reporter_code")
            self._reporters[path] = frozenset(codes.unique().to_pylist())
        return self._reporters[path]


def _batch(path: Path, only: str | None = None) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        fields = None
        if only is not None:
            with pa.ipc.open_file(source) as found:
                fields = [found.schema.get_field_index(only)]
        with pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(use_threads=False, included_fields=fields)) as found:
            return found.read_all()


def _of(table: pa.Table, reporters: set[str] | None) -> Iterator[pa.Table]:
    if reporters is not None:
        codes = table.column("reporter_code").combine_chunks()
        chunk = codes.chunk(0) if isinstance(codes, pa.ChunkedArray) else codes
        wanted = pa.array([code in reporters for code in chunk.dictionary.to_pylist()], pa.bool_())
        if not pc.all(wanted).as_py():
            table = table.filter(wanted.take(chunk.indices))
    if table.num_rows:
        yield table


class QuarantineWriter:
    """``quarantine.parquet``: line, column, reason and raw text of the rows that can't enter."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "quarantine.parquet"
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0
        self.first = ""

    def add(self, parser: RowParser, rows: Rows, block: Block, bad: np.ndarray) -> None:
        """Keep rows (positions) of a block, each with its first fault."""
        records = []
        for row in bad.tolist():
            column, reason = parser.faults[rows.fault[row]]
            entry = parser.fields.get(column) if column else None
            shown = f"{entry.name} = {block.text(column, row, parser.encodings)!r} " if entry and column else ""
            time = rows.codes["time"][row]
            known = parser.times.values[time] if time >= 0 else (None, None, None)
            valid = rows.valid["reported_value_usd"][row]
            records.append(
                {
                    "source_line": int(block.lines[row]),
                    "year": known[0],  # type: ignore[index]
                    "frequency": known[1],  # type: ignore[index]
                    "period": known[2],  # type: ignore[index]
                    "column_name": entry.name if entry else column,
                    "quarantine_reason": f"{shown}{reason}",
                    "raw_text": block.raw_text(row, parser.encodings),
                    "value_mills": int(rows.values["reported_value_usd"][row]) if valid else None,
                }
            )
        self.first = self.first or f"line {records[0]['source_line']}: {records[0]['quarantine_reason']}"
        self.rows += len(records)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, QUARANTINED, compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(records, schema=QUARANTINED))

    def close(self) -> None:
        """Finish the file; none where no row was bad."""
        if self._writer is not None:
            self._writer.close()
