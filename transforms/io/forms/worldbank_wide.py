"""The World Bank's CSV download, a column a year, as one row a value."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from transforms.io.archives import BadFileError

_COLUMNS = ("Country Name", "Country Code", "Indicator Name", "Indicator Code")
#: First cells of the download, and of its table where the lines above were taken off.
_STARTS = (b"Data Source,", ",".join(_COLUMNS).encode() + b",")
_UPDATED = "Last Updated Date"
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
#: Lines above the header: source, empty, day of update, empty.
_PREAMBLE = 8
_LONGEST_LINE = 1 << 20


def is_worldbank_wide(start: bytes) -> bool:
    """Whether a file that begins so is the download: ``Data Source,`` or the table's header with a year."""
    line = start.replace(b'"', b"").split(b"\n", 1)[0]
    if line.startswith(_STARTS[0]):
        return b"Country Name" in start[:4096]
    return line.startswith(_STARTS[1]) and _YEAR.match(line[len(_STARTS[1]) :].decode("latin-1")) is not None


def worldbank_rows(stream: BinaryIO, name: str) -> Iterator[list[str]]:
    """Header, then one row for each value: source_line (line in the file), the four columns, Year, Value, Last Updated Date.

    Cells without a value give no row; each line ends in a comma that has no column. Raises BadFileError.
    """
    reader = csv.reader(_lines(stream, name), strict=True)
    try:
        updated, header, width = _preamble(reader, name)
        yield ["source_line", *_COLUMNS, "Year", "Value", _UPDATED]
        for row in reader:
            if not any(row):
                continue
            # with the empty last cell: a row that lacks one field would else end in its comma, its values a year off
            if len(row) != width or any(row[len(header) :]):
                raise BadFileError(f"{name}: line {reader.line_num}: has another number of fields than the header")
            for year, value in zip(header[4:], row[4 : len(header)], strict=True):
                if value.strip():
                    yield [str(reader.line_num), *row[:4], year, value, updated]
    except csv.Error as error:
        raise BadFileError(f"{name}: line {reader.line_num}: {error}") from error


def _lines(stream: BinaryIO, name: str) -> Iterator[str]:
    number = 0
    while raw := stream.readline(_LONGEST_LINE):
        number += 1
        if not raw.endswith(b"\n"):
            what = "has no end; the download was cut off. Fetch it again." if len(raw) < _LONGEST_LINE else "is no line of a table"
            raise BadFileError(f"{name}: line {number} {what}")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadFileError(f"{name}: line {number} is not UTF-8") from error


def _preamble(reader: Iterator[list[str]], name: str) -> tuple[str, list[str], int]:
    """(day of update or "", header without its empty last cell, fields of a row)."""
    updated = ""
    for _, row in zip(range(_PREAMBLE), reader, strict=False):
        if row[:1] == [_UPDATED]:
            updated = row[1].strip() if len(row) > 1 else ""
        elif tuple(row[:4]) == _COLUMNS:
            header = row[:-1] if row[-1] == "" else row
            strange = [cell for cell in header[4:] if not _YEAR.fullmatch(cell)]
            if strange or len(header) < 5 or len(set(header)) != len(header):
                raise BadFileError(f"{name}: after {_COLUMNS[3]} its header must hold years, each once; it has {strange[:1] or header[4:]}")
            return updated, header, len(row)
    raise BadFileError(f"{name}: no header ({', '.join(_COLUMNS)}, years) in its first {_PREAMBLE} lines")
