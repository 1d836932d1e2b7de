"""Writers of parsed slices and of quarantined rows, both streaming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
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
    """One Arrow stream per year, ``year=2020.arrows``, in batches of a bounded size; dictionaries may grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
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
        if year not in self._writers:
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            self._writers[year] = pa.ipc.new_stream(str(self._folder / f"year={year}.arrows"), table.schema, options=options)
        for batch in table.combine_chunks().to_batches():
            self._writers[year].write_batch(batch)

    def close(self) -> None:
        """Write what waits and finish the files."""
        for year in sorted(self._waiting):
            self._flush(year)
        for writer in self._writers.values():
            writer.close()


def read(folder: Path, year: int) -> Iterator[pa.Table]:
    """A member's rows of a year, in the file's order, each batch as a table of one chunk; memory follows the batch."""
    for ready in ready_folder(folder, year).glob("*.parquet"):
        yield from read_ready(ready)
    path = folder / f"year={year}.arrows"
    if not path.exists():
        return
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            yield pa.Table.from_batches([batch])


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
