"""What kind of file is this: by its header, against the layouts declared; never by guessing from values."""

from __future__ import annotations

import codecs
import csv
import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from transforms.contracts.codes import BACI_EDITIONS, CLASSIFICATIONS, is_classification
from transforms.contracts.layout import Layout
from transforms.io.archives import BadFileError, UnknownKindError

#: The header must end within this many bytes.
HEADER_BYTES = 1 << 16
#: First column of what is no delimited text and is read as such (forms): the place of the record in its file.
SOURCE_LINE = "source_line"
#: A layout is one that knows at least so many columns of the header.
_AT_LEAST = 2
#: So many characters of an unknown header are shown.
_SHOWN = 80
#: So many columns may have been renamed for the error to say what to write.
_RENAMED = 2
BOM = codecs.BOM_UTF8
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class UnknownLayoutError(UnknownKindError):
    """No layout has this header; the text lists the layouts known and what the nearest misses, ``brief`` leaves the list out.

    Lines to write may stand at its end.
    """

    keeps_lines = True

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


def first_line(head: bytes, encodings: Sequence[str] = ()) -> str:
    """The header line as text in the first encoding that reads it, without its end and the byte order mark."""
    line = head.removeprefix(BOM).split(b"\n", 1)[0].rstrip(b"\r")
    for encoding in (*encodings, "utf-8"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def header_of(head: bytes, layout: Layout) -> tuple[str, ...]:
    """The cells of the header line as the layout writes them, trimmed."""
    line = [first_line(head, layout.encodings)]
    if layout.quote:
        cells = next(csv.reader(line, delimiter=layout.delimiter, quotechar=layout.quote), [])
    else:
        cells = line[0].split(layout.delimiter)
    return tuple(c.strip() for c in cells)


def _refuse_twins(name: str, layout: Layout, header: Sequence[str]) -> None:
    """BadFileError where two columns fill one: a publisher may give an old name and a new one side by side."""
    filled: dict[str, str] = {}
    for column in header:
        field = layout.field_for(column)
        if field is not None and field.to is not None:
            other = filled.setdefault(field.to, column)
            if other != column:
                raise BadFileError(
                    f"{name}: the columns {other!r} and {column!r} both fill {field.to}, and may differ: take one of them out of the file"
                )


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
        header = header_of(head, layout)
        missing = _missing(layout, header)
        known = sum(layout.field_for(c) is not None for c in header)
        near.append(_Near(len(missing) - known, layout, header, missing))
        if not missing and known >= _AT_LEAST:
            found.append((known, layout, header))
    if not found:
        raise _unknown(name, line, near)
    # one header may be that of several lists: then the file's name says which
    _, layout, header = max(found, key=lambda entry: (entry[0], bool(from_name(entry[1], name))))
    twice = sorted({c for c in header if header.count(c) > 1})
    if twice:
        raise BadFileError(f"{name}: column {twice[0]!r} stands twice in the header")
    _refuse_twins(name, layout, header)
    extras = tuple(c for c in header if layout.field_for(c) is None and c != SOURCE_LINE)
    return Recognised(layout, header, extras)


@dataclass(frozen=True)
class _Near:
    """A layout that a file's header isn't; ``distance``: columns it misses less those that are there."""

    distance: int
    layout: Layout
    header: tuple[str, ...]
    missing: list[str]

    @property
    def strange(self) -> list[str]:
        return [c for c in self.header if c and c != SOURCE_LINE and self.layout.field_for(c) is None]


def _unknown(name: str, line: str, near: Sequence[_Near]) -> UnknownLayoutError:
    """The error for a header that no layout has: its start, the nearest layout of those that share a column, all layouts."""
    sharing = [entry for entry in near if entry.distance < len(entry.missing)]
    nearest, advice = "It shares no column with any of them.", ""
    if sharing:
        best = min(sharing, key=lambda entry: (entry.distance, len(entry.missing)))
        lacks = ", ".join(best.missing) or "none, but too few of its columns are there"
        nearest = f"The nearest is {best.layout.name}; missing from it: {lacks}."
        advice = _advice(best)
    said = line.removeprefix(f"{SOURCE_LINE},")
    shown = said if len(said) <= _SHOWN else said[:_SHOWN] + "..."
    brief = f"{name}: no known layout has this header: {shown!r}. {nearest}"
    known = "; ".join(f"{entry.layout.name} ({entry.layout.title})" for entry in near)
    return UnknownLayoutError(f"{brief} Layouts known: {known}.{advice}", brief + advice)


def _advice(near: _Near) -> str:
    """The lines of entrepot.toml under which the file would be read, where a column or two may have been renamed; else nothing."""
    strange = near.strange
    required = sum(f.required for f in near.layout.fields)
    # a file that has few of a short layout's columns is another file, not a renamed one
    if not 1 <= len(near.missing) <= min(_RENAMED, required / 2) or len(strange) < len(near.missing):
        return ""
    today = datetime.now(UTC).date()
    pairs, lines = [], []
    for column in near.missing:
        also = max(strange, key=lambda text: (_likeness(column, text), -strange.index(text)))
        strange.remove(also)
        pairs.append(f"{also!r} is {column!r}")
        lines += [
            "",
            "[[aliases]]",
            f"layout = {json.dumps(near.layout.name)}",
            f"column = {json.dumps(column, ensure_ascii=False)}",
            f"also = {json.dumps(also, ensure_ascii=False)}",
            f"since = {today}",
        ]
    return "\n".join(
        [f"\nWas it renamed? If {' and '.join(pairs)}, write at the end of entrepot.toml, and hand the file over again:", *lines]
    )


def _likeness(column: str, text: str) -> float:
    def plain(name: str) -> str:
        return re.sub(r"[\W_]", "", name).casefold()

    return difflib.SequenceMatcher(None, plain(column), plain(text)).ratio()


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
