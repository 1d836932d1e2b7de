"""One sheet of a workbook as rows of text: correlation tables as the UN Statistics Division gives them out.

Its workbooks hold a conversion sheet (one code for each: a choice was made) and a correlation sheet
(all relations); the correlation sheet is the one read. Codes are text: a number whose leading zeros
may be lost is written with them where the column tells how many, and refused where it doesn't.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from transforms.io.archives import BadFileError
from transforms.io.forms.lines import RowStream

if TYPE_CHECKING:
    import openpyxl

#: Bytes of a workbook's members together, unpacked: texts of a sheet are held in memory.
MAXIMUM_BYTES = 64 << 20
_MAXIMUM_MEMBERS = 1000
_HEADER_WITHIN = 20
_HS = re.compile(r"\bHS[\s-]*(?:19|20)\d\d\b", re.IGNORECASE)
_CODES = re.compile(r"\b(?:HS|SITC|BEC|ISIC|CPC|CN|NACE|codes?)\b", re.IGNORECASE)
_ZEROS = re.compile(r"0+")

Row = tuple[int, list[tuple[Any, str]]]


def sheet_rows(source: Path | BinaryIO, name: str, *, maximum_bytes: int = MAXIMUM_BYTES) -> BinaryIO:
    """Text of the correlation sheet of a workbook, or of its only sheet: source_line (row of the sheet), columns.

    ``maximum_bytes`` bounds the workbook unpacked. Rows above the header and empty rows are left out;
    a column without a heading is called column_ and its letter. Raises BadFileError while reading.
    """
    return io.BufferedReader(RowStream(_sheet(source, name, maximum_bytes)), 1 << 16)


def workbook_rows(stream: BinaryIO, name: str) -> Iterator[list[str]]:
    """Header and rows of ``sheet_rows``, with its usual limit."""
    return _sheet(stream, name, MAXIMUM_BYTES)


def _sheet(source: Path | BinaryIO, name: str, maximum_bytes: int) -> Iterator[list[str]]:
    import openpyxl  # takes half a second: only who reads a workbook pays for it

    opened = _seekable(source, name, maximum_bytes)
    _check(opened, name, maximum_bytes)
    try:
        book = openpyxl.load_workbook(opened, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # a damaged workbook breaks openpyxl in many ways
        raise BadFileError(f"{name}: is no workbook that can be read ({type(error).__name__}: {str(error)[:200]})") from error
    try:
        rows = _cells(_chosen(book, name), name)
        header, rest = _header(rows, name)
        yield ["source_line", *header]
        for number, cells in rest:
            if any(value is not None for value, _ in cells):
                yield [str(number), *_texts(number, cells, header, name)]
    finally:
        book.close()


def _seekable(source: Path | BinaryIO, name: str, maximum_bytes: int) -> Path | BinaryIO:
    """A workbook's directory is at its end: a stream that can't seek is read into memory, within the limit."""
    if isinstance(source, Path) or source.seekable():
        return source
    data = source.read(maximum_bytes + 1)
    if len(data) > maximum_bytes:
        raise BadFileError(f"{name}: is larger than {maximum_bytes:,} bytes: no correlation table")
    return io.BytesIO(data)


def _check(opened: Path | BinaryIO, name: str, maximum_bytes: int) -> None:
    try:
        with zipfile.ZipFile(opened) as archive:
            entries = archive.infolist()
            size = sum(e.file_size for e in entries)  # zipfile never gives more than is declared
            if size > maximum_bytes or len(entries) > _MAXIMUM_MEMBERS:
                raise BadFileError(f"{name}: unpacks to {size:,} bytes in {len(entries)} members; the limit is {maximum_bytes:,}")
            if len({e.filename for e in entries}) != len(entries):
                raise BadFileError(f"{name}: holds two members of one name; the workbook is refused")
            if "xl/workbook.xml" not in {e.filename for e in entries}:
                raise BadFileError(f"{name}: is no workbook: it has no xl/workbook.xml")
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    with archive.open(entry) as member:
                        if b"<!DOCTYPE" in member.read(1 << 12):  # one further down is bounded by expat itself
                            raise BadFileError(f"{name}: {entry.filename} declares entities; the workbook is refused")
    except BadFileError:
        raise
    except Exception as error:  # a damaged zip breaks zipfile and its decompressors in many ways
        raise BadFileError(f"{name}: the workbook is damaged ({error}). Fetch it again.") from error


def _letters(column: int) -> str:
    """A column's name in the sheet: 1 is A, 27 is AA."""
    text = ""
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(ord("A") + letter) + text
    return text


def _chosen(book: openpyxl.Workbook, name: str) -> Any:
    sheets = book.worksheets
    found = [s for s in sheets if "correlation" in s.title.lower()] or (sheets if len(sheets) == 1 else [])
    if len(found) != 1:
        listed = ", ".join(repr(s.title) for s in sheets)
        raise BadFileError(f"{name}: which sheet is meant? One with 'Correlation' in its name, or a single sheet, is read; it has {listed}")
    return found[0]


def _cells(sheet: Any, name: str) -> Iterator[Row]:
    """Rows of the sheet with their numbers: (value, number format) of each cell."""
    sheet.reset_dimensions()  # the range that a sheet declares may be smaller than what it holds
    try:
        for number, row in enumerate(sheet.iter_rows(), 1):
            yield number, [(cell.value, cell.number_format if cell.value is not None else "") for cell in row]
    except Exception as error:
        raise BadFileError(f"{name}: sheet {sheet.title!r} is damaged ({type(error).__name__}: {str(error)[:200]})") from error


def _header(rows: Iterator[Row], name: str) -> tuple[list[str], Iterator[Row]]:
    """Trimmed headings and the rows below: of the first rows the one with Relationship, else the first of two cells and more."""
    first = [row for _, row in zip(range(_HEADER_WITHIN), rows, strict=False)]
    texts = [[str(value).strip() if value is not None else "" for value, _ in cells] for _, cells in first]
    named = [place for place, row in enumerate(texts) if "Relationship" in row]
    wide = [place for place, row in enumerate(texts) if sum(map(bool, row)) > 1]
    if not named and not wide:
        raise BadFileError(f"{name}: the first {_HEADER_WITHIN} rows of the sheet hold no header (a row of two cells or more)")
    place = (named or wide)[0]
    while texts[place] and not texts[place][-1]:
        texts[place].pop()
    header = [text or f"column_{_letters(column)}" for column, text in enumerate(texts[place], 1)]
    if len(set(header)) != len(header):
        raise BadFileError(f"{name}: a column stands twice in the sheet's header: {', '.join(header)}")

    def rest() -> Iterator[Row]:
        yield from first[place + 1 :]
        yield from rows

    return header, rest()


def _texts(number: int, cells: Sequence[tuple[Any, str]], header: list[str], name: str) -> list[str]:
    """Fields of a row; cells outside the header make it longer than the header, so that the reader sets it aside."""
    texts = [
        _text(value, form, header[place] if place < len(header) else "", f"{name}: cell {_letters(place + 1)}{number}")
        for place, (value, form) in enumerate(cells)
    ]
    while len(texts) > len(header) and not texts[-1]:
        texts.pop()
    return texts + [""] * (len(header) - len(texts))


def _text(value: Any, form: str, heading: str, where: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int | float):
        return _number(value, form, heading, where)
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _number(value: int | float, form: str, heading: str, where: str) -> str:
    """A number as text; as a code where the column holds codes."""
    text = str(value)
    if not _CODES.search(heading.replace("_", " ")):
        return text
    if isinstance(value, int) and value >= 0:
        if _ZEROS.fullmatch(form) and len(text) <= len(form):
            return text.zfill(len(form))
        if _HS.search(heading) and len(text) in (5, 6):
            return text.zfill(6)  # six digits, or six whose leading zero is lost
    raise BadFileError(f"{where}: {text} is a number in the column of codes {heading!r}: leading zeros may be lost; a text is needed")
