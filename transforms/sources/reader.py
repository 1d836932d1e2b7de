"""The one reader of source files: blocks of rows as byte positions, with each row's line in the file.

Memory is bounded by the block, whatever the file's size. Columns the layout ignores cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from transforms.contracts.layout import Field, Layout
from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError
from transforms.io.recognise import BOM, HEADER_BYTES, SOURCE_LINE, header_of
from transforms.sources import numbers, tokenise

BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 1 << 18
MAXIMUM_ROW_BYTES = 32 << 20
#: The field beyond the header, in files whose rows may have one: it must be empty.
_TRAILING = "trailing"
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

    def text(self, target: str, row: int, encodings: Sequence[str]) -> str:
        """One field as text, trimmed, doubled quotes made single."""
        starts, ends = self.span(target)
        raw = self.data[starts[row] : ends[row]].tobytes()
        return decoded(raw, encodings).replace('""', '"').strip()

    def raw_text(self, row: int, encodings: Sequence[str]) -> str:
        """The row as it stands in the file, what can't be read replaced."""
        start, end = self.bounds[row]
        raw = self.data[start:end].tobytes().rstrip(b"\r")
        try:
            return decoded(raw, encodings)
        except BadFileError:
            return raw.decode(encodings[0], "replace")


def decoded(raw: bytes, encodings: Sequence[str]) -> str:
    """Bytes in the first of a layout's encodings that reads them; BadFileError where none does."""
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFileError(f"the text {raw[:40]!r} is not {' or '.join(encodings)}; the file is damaged or of another kind")


def wanted_fields(layout: Layout, header: Sequence[str]) -> dict[str, tuple[int, Field]]:
    """target -> (column, field) of the columns that the layout reads."""
    found = {}
    for column, text in enumerate(header):
        field = layout.field_for(text)
        if field is not None and field.to is not None:
            found[field.to] = (column, field)
    return found


@dataclass(frozen=True)
class Opened:
    """A member whose header is read: the columns that its layout wants, and the blocks of its rows."""

    fields: dict[str, tuple[int, Field]]
    blocks: Iterator[Block]


def open_blocks(stream: BinaryIO, layout: Layout, name: str) -> Opened:
    """Read the header, line 1; the blocks come as they are asked for.

    Raises BadFileError where the header isn't the layout's (a file replaced under its name).
    """
    head = stream.read(HEADER_BYTES).removeprefix(BOM)
    header = header_of(head, layout)
    fields = wanted_fields(layout, header)
    if any(f.required and f.to and f.to not in fields for f in layout.fields):
        raise BadFileError(f"{name}: its header is not that of {layout.name}: {', '.join(header)[:200]}")
    slot_of = {target: slot for slot, target in enumerate(fields)}
    slots = np.full(len(header), -1, np.int32)
    for target, (column, _) in fields.items():
        slots[column] = slot_of[target]
    if SOURCE_LINE in header:
        slots[header.index(SOURCE_LINE)] = slot_of[SOURCE_LINE] = len(slot_of)
    rest = head[head.find(b"\n") + 1 :]
    if layout.has_trailing_field:
        slot_of[_TRAILING] = len(slot_of)
        slots = np.append(slots, np.int32(slot_of[_TRAILING]))
    return Opened(fields, _blocks(stream, rest, layout, slots, slot_of))


def _blocks(stream: BinaryIO, rest: bytes, layout: Layout, slots: np.ndarray, slot_of: dict[str, int]) -> Iterator[Block]:
    delimiter, quote = ord(layout.delimiter), ord(layout.quote) if layout.quote else 256
    starts, ends = (np.empty((max(1, len(slot_of)), BLOCK_ROWS), np.int32) for _ in range(2))
    bounds, lines = np.empty((BLOCK_ROWS, 2), np.int32), np.empty(BLOCK_ROWS, np.int64)
    statuses = np.empty(BLOCK_ROWS, np.int8)
    has_spare = layout.has_trailing_field
    line, is_last, rows = 2, False, 0
    while not is_last or rest:
        fresh = b"" if is_last or (rows and len(rest) >= BLOCK_BYTES) else stream.read(BLOCK_BYTES)
        is_last = is_last or (not fresh and not (rows and len(rest) >= BLOCK_BYTES))
        if len(rest) > MAXIMUM_ROW_BYTES and not rows:
            raise BadFileError(f"line {line} is longer than {MAXIMUM_ROW_BYTES:,} bytes: this is no table of rows")
        data = np.frombuffer(rest + fresh, np.uint8)
        rows, used, line = tokenise.tokenise(
            data, len(data), is_last, delimiter, quote, slots, has_spare, starts, ends, bounds, lines, statuses, line
        )
        rest = data[used:].tobytes()
        if rows:
            block = Block(data, starts[:, :rows], ends[:, :rows], bounds[:rows], lines[:rows], statuses[:rows], slot_of)
            _own_lines(block)
            yield block
        elif is_last:
            return


def _own_lines(block: Block) -> None:
    """What the header's special columns say: the place in the file, and that the surplus field is empty."""
    if SOURCE_LINE in block.slots:
        values, statuses = np.empty(block.rows, np.int64), np.empty(block.rows, np.int8)
        no_tokens = (*numbers.packed(()), *numbers.packed(()))
        numbers.parse(block.data, *block.span(SOURCE_LINE), *no_tokens, ord("."), 0, False, 0, values, statuses)
        block.lines[:] = np.where(statuses == numbers.OK, values // 1000, block.lines)
    if _TRAILING in block.slots:
        starts, ends = block.span(_TRAILING)
        block.statuses[(block.statuses == tokenise.GOOD) & (ends > starts)] = tokenise.WRONG_COUNT


def raw_lines(stream: BinaryIO, snapshot: Snapshot, member: str, lines: set[int]) -> dict[int, str]:
    """Raw text of the rows that begin on ``lines``; the header is line 1."""
    found: dict[int, str] = {}
    layout = layout_of(snapshot)
    for block in open_blocks(stream, layout, member).blocks:
        for row in np.flatnonzero(np.isin(block.lines, list(lines))):
            found[int(block.lines[row])] = block.raw_text(int(row), layout.encodings)
    return found


def layout_of(snapshot: Snapshot) -> Layout:
    """The layout that a live snapshot carries."""
    if snapshot.definition is None:
        raise ValueError(f"snapshot {snapshot.snapshot_id} was made without its layout: take it from live_snapshots")
    return snapshot.definition
