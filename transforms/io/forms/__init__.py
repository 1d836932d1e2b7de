"""Files that are no delimited text, read as streams of delimited text: JSON answers, SDMX-CSV, workbooks, columns of years, Stata.

What comes out is UTF-8, comma separated, RFC 4180 quotes, lines end in a line feed. The first line
is the header; its first column is ``source_line``, the place of the record in the file:

* "json": the number of the record, the first one being 2: the line it would have under a header on line 1;
* "sdmx_csv": the line of the first row of the flow;
* "xlsx": the row number of the sheet;
* "worldbank_wide": the line of the row, once for each year that has a value;
* "stata": the number of the record, the first one being 2.

A fault that shows only at the end of a file (a count that differs, a file cut off) is raised when the
reader gets there: rows read before it are not to be kept.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

from transforms.io.forms.json_answers import json_rows
from transforms.io.forms.lines import RowStream
from transforms.io.forms.sdmx import sdmx_rows
from transforms.io.forms.stata import is_stata, stata_rows
from transforms.io.forms.workbook import sheet_rows, workbook_rows
from transforms.io.forms.worldbank_wide import is_worldbank_wide, worldbank_rows

__all__ = ["FORMS", "as_text", "form_of", "sheet_rows"]

_READERS: dict[str, Callable[[BinaryIO, str], Iterator[list[str]]]] = {
    "json": json_rows,
    "sdmx_csv": sdmx_rows,
    "xlsx": workbook_rows,
    "worldbank_wide": worldbank_rows,
    "stata": stata_rows,
}
FORMS = tuple(_READERS)

_BOM = b"\xef\xbb\xbf"
_SDMX_COLUMNS = (b"DATAFLOW", b"STRUCTURE")
_WORKBOOK_MEMBERS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")


def form_of(head: bytes, name: str = "") -> str | None:  # noqa: ARG001
    """The form of a file by its first bytes (a hundred are enough); None for anything else.

    The name is not looked at: an error message saved as .csv is still JSON. Of a zip only the
    first member's name shows here, so a workbook is known where that is one of a workbook's.
    """
    if head.startswith(b"PK\x03\x04"):
        return "xlsx" if head[30:].startswith(_WORKBOOK_MEMBERS) else None
    if is_stata(head):
        return "stata"
    start = head.removeprefix(_BOM).lstrip()
    if start.startswith((b"{", b"[")):
        return "json"
    if is_worldbank_wide(start):
        return "worldbank_wide"
    first, comma, _ = start.split(b"\n", 1)[0].partition(b",")
    return "sdmx_csv" if comma and first.strip(b' "').upper() in _SDMX_COLUMNS else None


def as_text(form: str, stream: BinaryIO, name: str) -> BinaryIO:
    """The file as delimited text, made while it is read; ``name`` stands in errors.

    ``stream`` stays the caller's: closing what is returned doesn't close it. Raises BadFileError,
    while reading, for a file that can't be taken in; ValueError for a form that isn't in FORMS.
    """
    if form not in _READERS:
        raise ValueError(f"form {form!r} is none of {', '.join(FORMS)}")
    return io.BufferedReader(RowStream(_READERS[form](stream, name)), 1 << 16)
