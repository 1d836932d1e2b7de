"""The one reader of source files: blocks of rows as byte positions, with each row's line in the file.

Memory is bounded by the block, whatever the file's size. Columns the layout ignores cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from transforms.contracts.model import Field, Layout
from transforms.io.archives import BadFileError
from transforms.io.recognise import BOM, HEADER_BYTES, recognise
from transforms.sources import tokenise

BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 1 << 18
MAXIMUM_ROW_BYTES = 32 << 20
STATUS_REASONS = {
    tokenise.WRONG_COUNT: "the row has another number of fields than the header",
    tokenise.OPEN_QUOTE: "a quote is opened and never closed",
    tokenise.AFTER_QUOTE: "text follows a closing quote",
    tokenise.NO_NEWLINE: "the last line has no end: the file may be cut off",
}


@dataclass(frozen=True)
class Block:
    """Rows of a block: ``starts``/``ends`` (slots x rows) point into ``data``; ``bounds`` is (rows, 2)."""

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    bounds: np.ndarray
    lines: np.ndarray
    statuses: np.ndarray
    slots: dict[str, int]

    @property
    def rows(self) -> int:
        """Rows of the block, good or not."""
        return len(self.lines)

    def span(self, target: str) -> tuple[np.ndarray, np.ndarray]:
        """Start and end positions of the field that fills ``target``."""
        slot = self.slots[target]
        return self.starts[slot], self.ends[slot]

    def text(self, target: str, row: int, encoding: str) -> str:
        """One field as text, trimmed, doubled quotes made single."""
        starts, ends = self.span(target)
        raw = self.data[starts[row] : ends[row]].tobytes()
        return raw.decode(encoding, "replace").replace('""', '"').strip()

    def raw_text(self, row: int, encoding: str) -> str:
        """The row as it stands in the file."""
        start, end = self.bounds[row]
        return self.data[start:end].tobytes().decode(encoding, "replace").rstrip("\r")


def wanted_fields(layout: Layout, header: Sequence[str]) -> dict[str, tuple[int, Field]]:
    """target -> (column, field) of the columns that the layout reads."""
    found = {}
    for column, text in enumerate(header):
        field = layout.field_for(text)
        if field is not None and field.to is not None:
            found[field.to] = (column, field)
    return found


def blocks(stream: BinaryIO, name: str) -> Iterator[tuple[Layout, dict[str, tuple[int, Field]], Block]]:
    """The blocks of a member, the header taken off; layout and wanted fields come with each.

    Line 1 is the header. Raises UnknownLayoutError or BadFileError for a header no layout has.
    """
    head = stream.read(HEADER_BYTES)
    found = recognise(head, name)
    head = head.removeprefix(BOM)
    header_end = head.find(b"\n") + 1
    fields = wanted_fields(found.layout, found.header)
    slot_of = {target: slot for slot, target in enumerate(fields)}
    slots = np.full(len(found.header), -1, np.int32)
    for target, (column, _) in fields.items():
        slots[column] = slot_of[target]
    quote = ord(found.layout.quote) if found.layout.quote else 256
    for block in _blocks(stream, head[header_end:], ord(found.layout.delimiter), quote, slots, slot_of):
        yield found.layout, fields, block


def _blocks(stream: BinaryIO, rest: bytes, delimiter: int, quote: int, slots: np.ndarray, slot_of: dict[str, int]) -> Iterator[Block]:
    starts, ends = (np.empty((max(1, len(slot_of)), BLOCK_ROWS), np.int32) for _ in range(2))
    bounds, lines = np.empty((BLOCK_ROWS, 2), np.int32), np.empty(BLOCK_ROWS, np.int64)
    statuses = np.empty(BLOCK_ROWS, np.int8)
    line, is_last, rows = 2, False, 0
    while not is_last or rest:
        fresh = b"" if is_last or (rows and len(rest) >= BLOCK_BYTES) else stream.read(BLOCK_BYTES)
        is_last = is_last or (not fresh and not (rows and len(rest) >= BLOCK_BYTES))
        if len(rest) > MAXIMUM_ROW_BYTES and not rows:
            raise BadFileError(f"line {line} is longer than {MAXIMUM_ROW_BYTES:,} bytes: this is no table of rows")
        data = np.frombuffer(rest + fresh, np.uint8)
        rows, used, line = tokenise.tokenise(data, len(data), is_last, delimiter, quote, slots, starts, ends, bounds, lines, statuses, line)
        rest = data[used:].tobytes()
        if rows:
            for slot in range(len(slot_of)):
                tokenise.trim(data, starts[slot, :rows], ends[slot, :rows])
            yield Block(data, starts[:, :rows], ends[:, :rows], bounds[:rows], lines[:rows], statuses[:rows], slot_of)
        elif is_last:
            return


def raw_lines(stream: BinaryIO, name: str, encoding: str, lines: set[int]) -> dict[int, str]:
    """Raw text of the rows that begin on ``lines``; the header is line 1."""
    found: dict[int, str] = {}
    for _, _, block in blocks(stream, name):
        for row in np.flatnonzero(np.isin(block.lines, list(lines))):
            found[int(block.lines[row])] = block.raw_text(int(row), encoding)
    return found
