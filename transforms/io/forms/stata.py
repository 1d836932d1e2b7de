"""Stata's data files as rows of text: formats 117 to 119 (Stata 13 and later) and 113 to 115 (Stata 8 to 12).

Source: Stata's manual of file formats (``help dta``). Values are fixed in width; labels of values are not applied.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from transforms.io.archives import BadFileError

_START = b"<stata_dta><header><release>"
_OLD, _NEW = (113, 114, 115), (117, 118, 119)
#: What stands before the data of a file of a thousand columns is far smaller.
_LONGEST_DESCRIPTION = 64 << 20
_ROWS_AT_ONCE = 8192
#: Places in the file's map, and in bytes a name takes.
_TYPES, _NAMES, _SORT, _DATA = 2, 3, 4, 9
_NUMBERS = {65526: "f8", 65527: "f4", 65528: "i4", 65529: "i2", 65530: "i1", 255: "f8", 254: "f4", 253: "i4", 252: "i2", 251: "i1"}
_LONG_TEXT = 32768
#: From here on a number means "missing" (., .a to .z).
_MISSING_FROM: dict[str, float] = {"f8": 2.0**1023, "f4": 2.0**127, "i4": 2147483621, "i2": 32741, "i1": 101}


def is_stata(start: bytes) -> bool:
    """Whether a file that begins so is one of Stata's: by its first tag, or by the four bytes of the older formats."""
    return start.startswith(_START) or (len(start) > 4 and start[0] in _OLD and start[1] in (1, 2) and start[2:4] == b"\x01\x00")


@dataclass(frozen=True)
class _Description:
    """Columns of a file: names, numpy types in file order, rows, encoding of texts."""

    names: list[str]
    types: list[str]
    order: str
    rows: int
    encoding: str

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype([(str(n), t if t[0] == "S" else self.order + t) for n, t in enumerate(self.types)])


class _Reader:
    """Bytes of a stream in order; an end that comes too early is an error, never a shorter file."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.stream, self.name = stream, name

    def take(self, size: int) -> bytes:
        parts, left = [], size
        while left:
            part = self.stream.read(left)
            if not part:
                raise BadFileError(f"{self.name}: ends too early; the download was cut off. Fetch it again.")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def expect(self, tag: bytes) -> None:
        if self.take(len(tag)) != tag:
            raise self.broken(f"{tag.decode()} stands not where it must")

    def broken(self, what: str) -> BadFileError:
        return BadFileError(f"{self.name}: is a damaged Stata file: {what}")


def _texts(reader: _Reader, data: bytes, width: int, encoding: str) -> list[str]:
    """Texts of fixed width; what stands behind the first NUL is left from before."""
    try:
        return [data[at : at + width].split(b"\0", 1)[0].decode(encoding) for at in range(0, len(data), width)]
    except UnicodeDecodeError as error:
        raise reader.broken(f"the name of a column is not {encoding.upper()}") from error


def _type(code: int, longest: int, name: str, column: str) -> str:
    if code == _LONG_TEXT:
        raise BadFileError(f"{name}: column {column!r} holds long texts (strL), which are not read; save it as str# (compress) or as CSV")
    if 1 <= code <= longest:
        return f"S{code}"
    if code not in _NUMBERS:
        raise BadFileError(f"{name}: is a damaged Stata file: column {column!r} has the unknown type {code}")
    return _NUMBERS[code]


def _tagged(reader: _Reader, first: bytes) -> _Description:
    """The description of formats 117 to 119: up to the tag of the data, which is read too."""
    head = first + reader.take(len(_START) + 2)
    release = int(head[-3:]) if head[-3:].isdigit() else 0
    if release not in _NEW:
        raise BadFileError(f"{reader.name}: is a Stata file of format {head[-3:].decode('latin-1')}; read are 113 to 115 and 117 to 119")
    reader.expect(b"</release><byteorder>")
    order = {b"LSF": "<", b"MSF": ">"}.get(reader.take(3))
    if order is None:
        raise reader.broken("its order of bytes is not said")
    wide = release >= 118
    reader.expect(b"</byteorder><K>")
    columns = int.from_bytes(reader.take(4 if release == 119 else 2), "little" if order == "<" else "big")
    reader.expect(b"</K><N>")
    rows = int.from_bytes(reader.take(8 if wide else 4), "little" if order == "<" else "big")
    reader.expect(b"</N><label>")
    at = int.from_bytes(reader.take(2 if wide else 1), "little" if order == "<" else "big")
    reader.take(at)
    reader.expect(b"</label><timestamp>")
    reader.take(reader.take(1)[0])
    reader.expect(b"</timestamp></header><map>")
    places = struct.unpack(f"{order}14Q", reader.take(14 * 8))
    reader.expect(b"</map>")
    start = places[_TYPES]
    if not start < places[_NAMES] < places[_SORT] < places[_DATA] < start + _LONGEST_DESCRIPTION:
        raise reader.broken("its map is out of order")
    body = reader.take(places[_DATA] - start)
    kinds = re.match(rb"<variable_types>(.{%d})</variable_types>" % (2 * columns), body, re.DOTALL)
    width = 129 if wide else 33
    names = re.match(rb"<varnames>(.{%d})</varnames>" % (width * columns), body[places[_NAMES] - start :], re.DOTALL)
    if kinds is None or names is None:
        raise reader.broken("its columns are not where its map says")
    encoding = "utf-8" if wide else "latin-1"
    found = _texts(reader, names[1], width, encoding)
    codes = struct.unpack(f"{order}{columns}H", kinds[1])
    reader.expect(b"<data>")
    types = [_type(code, 2045, reader.name, column) for code, column in zip(codes, found, strict=True)]
    return _Description(found, types, order, rows, encoding)


def _old(reader: _Reader, first: bytes) -> _Description:
    """The description of formats 113 to 115: up to the first byte of the data."""
    head = first + reader.take(108)
    release, order = head[0], "<" if head[1] == 2 else ">"
    columns, rows = struct.unpack(f"{order}Hi", head[4:10])
    codes, names = reader.take(columns), _texts(reader, reader.take(33 * columns), 33, "latin-1")
    reader.take(2 * (columns + 1) + (12 if release == 113 else 49) * columns + 33 * columns + 81 * columns)
    while any(field := reader.take(5)):
        size = struct.unpack(f"{order}xi", field)[0]
        if not 0 <= size <= _LONGEST_DESCRIPTION:
            raise reader.broken("a field before the data has no length")
        reader.take(size)
    types = [_type(code, 244, reader.name, column) for code, column in zip(codes, names, strict=True)]
    return _Description(names, types, order, rows, "latin-1")


def _cells(values: Any, kind: str, encoding: str) -> list[str]:
    """A column's values as text, empty where missing; numbers in their shortest form."""
    if kind[0] == "S":
        return [value.split(b"\0", 1)[0].decode(encoding) for value in values.tolist()]
    texts: list[str] = values.astype(values.dtype.newbyteorder("=")).astype(str).tolist()
    for place in np.flatnonzero(values >= _MISSING_FROM[kind]).tolist():
        texts[place] = ""
    return texts


def stata_rows(stream: BinaryIO, name: str) -> Iterator[list[str]]:
    """Header, then one row for each record: source_line (the number of the record, the first one being 2), and its values.

    Missing values are empty. Raises BadFileError for a file that is cut off or damaged, or has long texts (strL).
    """
    reader = _Reader(stream, name)
    first = reader.take(1)
    is_old = first != _START[:1]
    about = _old(reader, first) if is_old else _tagged(reader, first)
    yield ["source_line", *about.names]
    dtype = about.dtype
    for start in range(0, about.rows, _ROWS_AT_ONCE):
        size = min(_ROWS_AT_ONCE, about.rows - start)
        block = np.frombuffer(reader.take(size * dtype.itemsize), dtype=dtype)
        try:
            cells = [_cells(block[str(n)], kind, about.encoding) for n, kind in enumerate(about.types)]
        except UnicodeDecodeError as error:
            raise BadFileError(f"{name}: a text in its records {start + 2} to {start + 1 + size} is not UTF-8") from error
        for number, row in enumerate(zip(*cells, strict=True), start + 2):
            yield [str(number), *row]
    if not is_old:
        reader.expect(b"</data>")
