"""Eurostat's SDMX-CSV of Comext: one row for each value, made into one row for each flow."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from transforms.io.archives import BadFileError

#: More flows than this aren't held in memory (about 250 bytes each).
MAXIMUM_FLOWS = 3_000_000
VALUES = ("VALUE_IN_EUROS", "QUANTITY_IN_KG", "QUANTITY_IN_100KG", "SUPPLEMENTARY_QUANTITY")
_SLOTS = {value: place for place, value in enumerate(VALUES)} | {"SUP_QUANTITY": 3}
#: Columns that describe a value, not the flow.
_FLAGS = ("OBS_FLAG", "CONF_STATUS")
_UPDATE = "LAST UPDATE"
_LONGEST_LINE = 1 << 20
_MARK = "\x1f"  # between parts held in memory; refused inside fields


@dataclass(frozen=True)
class _Plan:
    """Where the columns stand: ``shared`` are those equal in nearly all rows, held once."""

    header: list[str]
    shared: list[int]
    dimensions: list[int]
    indicator: int
    value: int
    flags: list[int]
    update: int | None


def _lines(stream: BinaryIO, name: str) -> Iterator[str]:
    """Lines with their ends; a last line without one may be cut off, so it is refused."""
    number = 0
    while raw := stream.readline(_LONGEST_LINE):
        number += 1
        if not raw.endswith(b"\n"):
            what = "has no end; the download was cut off. Fetch it again." if len(raw) < _LONGEST_LINE else "is no line of a table"
            raise BadFileError(f"{name}: line {number} {what}")
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadFileError(f"{name}: line {number} is not UTF-8") from error
        if "\0" in line or _MARK in line:
            raise BadFileError(f"{name}: line {number} holds control characters: this is no table of text")
        yield line


def _plan(header: list[str], name: str) -> _Plan:
    header = [c.strip() for c in header]
    upper = [c.upper() for c in header]
    twice = [c for c in header if upper.count(c.upper()) > 1]
    if twice:
        raise BadFileError(f"{name}: column {twice[0]!r} stands twice in the header")
    missing = [c for c in ("INDICATORS", "OBS_VALUE", "TIME_PERIOD") if c not in upper]
    taken = [c for c in upper if c in VALUES or c == "SOURCE_LINE"]
    if missing or taken:
        what = f"has no column {missing[0]}" if missing else f"has a column {taken[0]}"
        raise BadFileError(f"{name}: is SDMX-CSV but {what}: no table of Comext's; ask for format=SDMX-CSV with codes, not labels")
    flags = [upper.index(c) for c in _FLAGS if c in upper]
    update = upper.index(_UPDATE) if _UPDATE in upper else None
    special = {upper.index("INDICATORS"), upper.index("OBS_VALUE"), *flags, update}
    dimensions = [place for place in range(len(header)) if place not in special]
    shared = [p for p in dimensions if upper[p] in ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "FREQ")]
    rest = [p for p in dimensions if p not in shared]
    return _Plan(header, shared, rest, upper.index("INDICATORS"), upper.index("OBS_VALUE"), flags, update)


class _Flows:
    """Flows in the order of their first row, packed as bytes: Python objects would take four times as much."""

    def __init__(self, plan: _Plan, name: str) -> None:
        self.plan, self.name = plan, name
        self._shared: dict[tuple[str, ...], int] = {}
        self._held: dict[bytes, bytes] = {}

    def add(self, row: list[str], line: int) -> None:
        plan = self.plan
        shared = self._shared.setdefault(tuple(row[p] for p in plan.shared), len(self._shared))
        key = _MARK.join([str(shared), *(row[p] for p in plan.dimensions)]).encode()
        slot = _SLOTS.get(row[plan.indicator].strip().upper())
        if slot is None:
            raise BadFileError(f"{self.name}: line {line}: indicator {row[plan.indicator][:80]!r} is none of {', '.join(_SLOTS)}")
        update = row[plan.update] if plan.update is not None else ""
        packed = self._held.get(key)
        parts = packed.decode().split(_MARK) if packed else [str(line), *[""] * (len(VALUES) + len(plan.flags)), update]
        value = "=" + row[plan.value]
        if parts[1 + slot] and parts[1 + slot] != value:
            raise BadFileError(f"{self.name}: line {line} gives {VALUES[slot]} of a flow a second time, with another value")
        if parts[-1] != update:
            raise BadFileError(f"{self.name}: line {line} has another LAST UPDATE than the flow's first row: two downloads in one file")
        parts[1 + slot] = value
        for place, column in enumerate(plan.flags, 1 + len(VALUES)):
            flag = row[column].strip()
            if flag and flag not in parts[place].split(" "):
                parts[place] = f"{parts[place]} {flag}".strip()
        self._held[key] = _MARK.join(parts).encode()
        if len(self._held) > MAXIMUM_FLOWS:
            raise BadFileError(f"{self.name}: holds more than {MAXIMUM_FLOWS:,} flows; take Comext's bulk file of the period instead")

    def __len__(self) -> int:
        return len(self._held)

    def rows(self) -> Iterator[list[str]]:
        """Header and rows, in the order of the flows' first rows."""
        plan = self.plan
        places = [*plan.shared, *plan.dimensions]
        order = sorted(range(len(places)), key=places.__getitem__)
        tail = [plan.header[p] for p in plan.flags] + ([plan.header[plan.update]] if plan.update is not None else [])
        yield ["source_line", *(plan.header[places[p]] for p in order), *VALUES, *tail]
        shared = list(self._shared)
        for key, packed in self._held.items():
            number, *own = key.decode().split(_MARK)
            cells = [*shared[int(number)], *own]
            line, *rest = packed.decode().split(_MARK)
            values = [v[1:] for v in rest[: len(VALUES)]]
            yield [line, *(cells[p] for p in order), *values, *rest[len(VALUES) : len(VALUES) + len(tail)]]


def sdmx_rows(stream: BinaryIO, name: str) -> Iterator[list[str]]:
    """Header, then one row for each flow: its first line, dimensions, four values, flags, last update.

    An absent value is an empty field; text in OBS_VALUE stays as it is; the flags of a flow's rows
    are joined by a blank, each once. Raises BadFileError where rows can't be brought together.
    """
    reader = csv.reader(_lines(stream, name), strict=True)
    try:
        header = next(reader, [])
        plan = _plan(header, name)
        flows = _Flows(plan, name)
        for row in reader:
            if len(row) != len(header):
                raise BadFileError(f"{name}: line {reader.line_num} has {len(row)} fields, the header has {len(header)}")
            flows.add(row, reader.line_num)
    except csv.Error as error:
        raise BadFileError(f"{name}: line {reader.line_num}: {error}") from error
    if not len(flows):
        raise BadFileError(f"{name}: an empty answer is not taken for data; ask again, or for what the publisher has")
    yield from flows.rows()
