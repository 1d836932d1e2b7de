"""Rows of text as a readable stream of lines."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterable, Iterator, Sequence

_SPECIAL = re.compile(r'[,"\r\n]')
#: Lines are handed on in pieces of about this many characters.
_PIECE = 1 << 15


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if _SPECIAL.search(field) else field


def text_line(fields: Sequence[str]) -> str:
    """One line of RFC 4180 with its line feed."""
    line = ",".join(fields)
    if line.count(",") != len(fields) - 1 or '"' in line or "\n" in line or "\r" in line:
        line = ",".join(map(_quoted, fields))
    return line + "\n"


def _pieces(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    lines: list[str] = []
    size = 0
    for row in rows:
        lines.append(text_line(row))
        size += len(lines[-1])
        if size >= _PIECE:
            yield "".join(lines).encode("utf-8")
            lines.clear()
            size = 0
    if lines:
        yield "".join(lines).encode("utf-8")


class RowStream(io.RawIOBase):
    """Bytes of the rows that an iterator gives. An error comes again at each later read: it is never an end."""

    def __init__(self, rows: Iterator[Sequence[str]]) -> None:
        self._rows, self._pieces = rows, _pieces(rows)
        self._rest = memoryview(b"")
        self._error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        if self._error is not None:
            raise self._error
        if not self._rest:
            try:
                self._rest = memoryview(next(self._pieces, b""))
            except BaseException as error:
                self._error = error
                raise
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._rest = memoryview(b"")
            for part in (self._pieces, self._rows):
                if isinstance(part, Generator):
                    part.close()
        super().close()
