"""What kind of file is this: by its header, against the layouts declared; never by guessing from values."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transforms.contracts.codes import BACI_EDITIONS, CLASSIFICATIONS, is_classification
from transforms.contracts.layout import Layout
from transforms.io.archives import BadFileError

#: The header must end within this many bytes.
HEADER_BYTES = 1 << 16
#: First column of what is no delimited text and is read as such (forms): the place of the record in its file.
SOURCE_LINE = "source_line"
#: A layout is one that knows at least so many columns of the header.
_AT_LEAST = 2
#: So many characters of an unknown header are shown.
_SHOWN = 80
BOM = codecs.BOM_UTF8
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class UnknownLayoutError(BadFileError):
    """No layout has this header; the text lists the layouts known and what the nearest misses, ``brief`` leaves the list out."""

    def __init__(self, text: str, brief: str | None = None) -> None:
        super().__init__(text)
        self.brief = brief or text


@dataclass(frozen=True)
class Recognised:
    """A layout, the header as it stands in the file, and the columns that the layout doesn't know."""

    layout: Layout
    header: tuple[str, ...]
    extras: tuple[str, ...]


def refuse_foreign(head: bytes, name: str) -> None:
    """BadFileError where the first bytes are no table of text: empty, UTF-16, HTML, XML, JSON, binary."""
    if not head.strip():
        raise BadFileError(f"{name}: the file is empty")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise BadFileError(f"{name}: is UTF-16; save it as UTF-8 and hand it over again")
    if head.startswith(_OLD_WORKBOOK):
        raise BadFileError(f"{name}: is a workbook of the old form (.xls); save it as .xlsx, or the sheet that is meant as .csv")
    if b"\0" in head[:4096]:
        raise BadFileError(f"{name}: holds NUL bytes: a binary file, or UTF-16 without its mark; a text table is needed")
    start = head.removeprefix(BOM).lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        raise BadFileError(f"{name}: is an HTML page (an error or a login page?), not data; the download failed")
    if start.startswith((b"<?xml", b"<")):
        raise BadFileError(f"{name}: is XML (an error message of a server?), not a table; the download failed")
    if start.startswith((b"{", b"[")):
        raise BadFileError(f"{name}: is JSON (an error message or an API's answer), not a table of a known layout")


def first_line(head: bytes) -> str:
    """The header line as text, without its end and the byte order mark."""
    line = head.removeprefix(BOM).split(b"\n", 1)[0].rstrip(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def header_of(line: str, layout: Layout) -> tuple[str, ...]:
    """The cells of a header line, trimmed."""
    cells = next(csv.reader([line], delimiter=layout.delimiter), [])
    return tuple(c.strip() for c in cells)


def _missing(layout: Layout, header: Iterable[str]) -> list[str]:
    there = set(header)
    return [f.name for f in layout.fields if f.required and not there.intersection((f.name, *f.aliases))]


def recognise(head: bytes, name: str, layouts: Sequence[Layout]) -> Recognised:
    """The layout of a file from its first bytes, among ``layouts``.

    All required columns must be there; among several the one that knows most columns wins.
    Raises UnknownLayoutError (layouts known, what the nearest misses) or BadFileError.
    """
    refuse_foreign(head, name)
    line = first_line(head)
    if "\r" in line:
        raise BadFileError(f"{name}: its lines end in a lone carriage return; save it with line feeds and hand it over again")
    found, near = [], []
    for layout in layouts:
        header = header_of(line, layout)
        missing = _missing(layout, header)
        known = sum(layout.field_for(c) is not None for c in header)
        near.append((len(missing) - known, len(missing), layout, missing))
        if not missing and known >= _AT_LEAST:
            found.append((known, layout, header))
    if not found:
        raise _unknown(name, line, near)
    # one header may be that of several lists: then the file's name says which
    _, layout, header = max(found, key=lambda entry: (entry[0], bool(from_name(entry[1], name))))
    twice = sorted({c for c in header if header.count(c) > 1})
    if twice:
        raise BadFileError(f"{name}: column {twice[0]!r} stands twice in the header")
    extras = tuple(c for c in header if layout.field_for(c) is None and c != SOURCE_LINE)
    return Recognised(layout, header, extras)


def _unknown(name: str, line: str, near: list[tuple[int, int, Layout, list[str]]]) -> UnknownLayoutError:
    """The error for a header that no layout has: its start, the nearest layout of those that share a column, all layouts."""
    sharing = [entry for entry in near if entry[0] < entry[1]]
    nearest = "It shares no column with any of them."
    if sharing:
        _, _, layout, missing = min(sharing, key=lambda entry: entry[:2])
        lacks = ", ".join(missing) or "none, but too few of its columns are there"
        nearest = f"The nearest is {layout.name}; missing from it: {lacks}."
    said = line.removeprefix(f"{SOURCE_LINE},")
    shown = said if len(said) <= _SHOWN else said[:_SHOWN] + "..."
    brief = f"{name}: no known layout has this header: {shown!r}. {nearest}"
    known = "; ".join(f"{layout.name} ({layout.title})" for _, _, layout, _ in near)
    return UnknownLayoutError(f"{brief} Layouts known: {known}.", brief)


def edition_code(text: str) -> str:
    """'HS17', 'hs2017' or 'H5' as 'H5'; 'S1' to 'S4' and 'CN2024' as they are. BadFileError for anything else."""
    upper = text.strip().upper()
    upper = re.sub(r"^HS(?:19|20)(\d\d)$", r"HS\1", upper)
    code = BACI_EDITIONS.get(upper, upper)
    if not is_classification(code):
        raise BadFileError(f"edition {text!r} is none of {', '.join([*BACI_EDITIONS, *CLASSIFICATIONS])}, nor a national tariff (CN2024)")
    return code


def from_name(layout: Layout, name: str) -> dict[str, str]:
    """What the file's name says: edition (as H5, or the name of a list), release, year; only what is there."""
    match = re.search(layout.name_pattern, name) if layout.name_pattern else None
    if match is None:
        return {}
    said = {key: value for key, value in match.groupdict().items() if value}
    if "edition" in said:
        said["edition"] = edition_code(said["edition"])
    if "list" in said:
        said["edition"] = said.pop("list")
    return said
