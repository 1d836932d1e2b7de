"""Files that are lists, not flows: code lists, correlation tables, indicators, distances; each row read by its kind, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import codes
from transforms.contracts.layout import Layout
from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError
from transforms.io.parsed import parsed_folder
from transforms.io.snapshot_store import open_member
from transforms.sources import judges, tokenise
from transforms.sources.area_systems import area_of
from transforms.sources.correlation_rows import CorrelationReader
from transforms.sources.distance_rows import DistanceReader
from transforms.sources.indicator_rows import IndicatorReader
from transforms.sources.list_row import ListRow, RowError
from transforms.sources.reader import STATUS_REASONS, layout_of, open_blocks

#: More rows than this are no list: they are held in memory.
MAXIMUM_ROWS = 3_000_000

_TEXT, _YEAR = pa.string(), pa.int16()
#: Areas and products, whose names flow files give too. kind is area or product; classification is NULL for areas.
NAMES = pa.schema([(name, _TEXT) for name in ("kind", "classification", "code", "name", "iso2", "iso3")])
_AREAS = pa.schema([*NAMES, ("valid_from", _YEAR), ("valid_to", _YEAR)])
_CODES = pa.schema([(name, _TEXT) for name in ("code_list", "list_code", "code_description")])
_CORRELATION = pa.schema(
    [
        *((name, _TEXT) for name in ("from_classification", "from_code", "to_classification", "to_code", "relationship")),
        ("is_part", pa.bool_()),
    ]
)
_INDICATORS = pa.schema(
    [
        *((n, _TEXT) for n in ("indicator_code", "indicator_name", "publisher_area_code", "area_code", "area_name")),
        ("is_aggregate", pa.bool_()),
        ("frequency", _TEXT),
        ("period", _TEXT),
        ("indicator_value", pa.float64()),
        ("vintage", _TEXT),
    ]
)
_DISTANCES = pa.schema([("area_code", _TEXT), ("partner_code", _TEXT), ("distance_km", pa.float64()), ("is_contiguous", pa.bool_())])


@dataclass(frozen=True)
class _Kind:
    """The file that a kind of list becomes, its columns, and those of them that name a row."""

    file: str
    schema: pa.Schema
    key: tuple[str, ...]


_KINDS = {
    "areas": _Kind("names.parquet", _AREAS, ("kind", "classification", "code")),
    "products": _Kind("names.parquet", NAMES, ("kind", "classification", "code")),
    "codes": _Kind("codes.parquet", _CODES, ("code_list", "list_code")),
    "correlation": _Kind("correlation.parquet", _CORRELATION, ("from_classification", "to_classification", "from_code", "to_code")),
    "indicators": _Kind("indicators.parquet", _INDICATORS, ("indicator_code", "publisher_area_code", "period", "vintage")),
    "distances": _Kind("distances.parquet", _DISTANCES, ("area_code", "partner_code")),
}
_STARTS = re.compile(r"(?P<year>[0-9]{4})(?:\.0|-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+)?)?")
#: Comtrade's first years that stand for "always".
_ALWAYS = (1900, 1901)


def _validity(text: str) -> int | None:
    """The year in 1993, 1993.0 or 1993-01-01T00:00:00; None where it says nothing or "always"."""
    if not text:
        return None
    match = _STARTS.fullmatch(text)
    if match is None:
        raise RowError(f"{text!r} is no year (1993, or 1993-01-01)")
    return None if int(match["year"]) in _ALWAYS else int(match["year"])


def _area(row: ListRow) -> dict[str, object]:
    code, reason = area_of("m49", row["area_code"])
    if reason:
        raise RowError(f"code {reason}")
    # 'N/A' as text is a blank; 'NA' is Namibia.
    iso = {k: (None if row[k] in ("", "N/A") else row[k]) for k in ("iso2", "iso3")}
    years = {k: _validity(row[k]) for k in ("valid_from", "valid_to")}
    return {"kind": "area", "classification": None, "code": code, "name": row["area_name"], **iso, **years}


def _text(code: str, text: str) -> str:
    """The text of a code without the code that some lists begin it with: '01 - Animals; live'."""
    return " ".join(text.removeprefix(f"{code} - ").split())


def _product(row: ListRow) -> dict[str, object]:
    edition = row.edition or row.constants.get("classification", "")
    level, reason = judges.level(row["product_level"] or row.constants.get("product_level", ""))
    found = None
    if reason is None:
        found, reason = judges.product(row["product_code"], level, is_sitc=codes.is_sitc(edition))  # type: ignore[arg-type]
    if reason or found is None:
        raise RowError(f"code {reason}")
    name = _text(row["product_code"], row["product_description"])
    return {"kind": "product", "classification": edition, "code": found[0], "name": name}  # type: ignore[index]


def _code(row: ListRow) -> dict[str, object]:
    if not row["code"]:
        raise RowError("code is empty")
    name = row.constants.get("code_list") or row.edition
    return {"code_list": name, "list_code": row["code"], "code_description": _text(row["code"], row["code_description"])}


@dataclass
class _Rows:
    """Rows of one list as they come: the same row twice is one, one key with two contents is refused."""

    kind: _Kind
    known: dict[tuple[object, ...], dict[str, object]] = field(default_factory=dict)

    def add(self, record: dict[str, object]) -> None:
        key = tuple(record[name] for name in self.kind.key)
        if self.known.setdefault(key, record) != record:
            raise RowError(f"{' '.join(str(k) for k in key if k)} stands twice, with different contents")
        if len(self.known) > MAXIMUM_ROWS:
            raise RowError(f"is beyond {MAXIMUM_ROWS:,} rows: this is no list; hand it over in parts")

    def table(self) -> pa.Table:
        ordered = sorted(self.known.items(), key=lambda item: tuple(str(part) for part in item[0]))
        return pa.Table.from_pylist([record for _, record in ordered], schema=self.kind.schema)


def _readers(layout: Layout, snapshot: Snapshot, columns: Sequence[str]) -> tuple[Callable[[ListRow], dict[str, object] | None], list[str]]:
    """How a row of the layout's kind is read, and what will be left out of it, counted while reading."""
    if layout.kind == "correlation":
        correlation = CorrelationReader(layout, columns)
        return correlation.read, correlation.left_out
    if layout.kind == "indicators":
        return IndicatorReader(layout, snapshot.edition).read, []
    if layout.kind == "distances":
        distances = DistanceReader(layout)
        return distances.read, distances.left_out
    return {"areas": _area, "products": _product, "codes": _code}[layout.kind], []


def parse_list(home: Path, snapshot: Snapshot, member: str, folder: Path) -> tuple[int, tuple[str, ...]]:
    """A list to one Parquet file in ``folder``, by its kind; the number of its rows, and warnings for the log.

    Raises BadFileError, naming line and reason, for a row that can't be read: a list is small,
    and one that is wrong is mended, not quarantined.
    """
    layout = layout_of(snapshot)
    label = f"{snapshot.file_name}: {member}" if member != snapshot.file_name else member
    kind = _KINDS[layout.kind]
    rows, warnings = _Rows(kind), []
    with open_member(home, snapshot, member) as stream:
        opened = open_blocks(stream, layout, member)
        # columns in the order of the file: a correlation may name its sides either way round
        columns = sorted(opened.fields, key=lambda target: opened.fields[target][0])
        read, left_out = _readers(layout, snapshot, columns)
        for block in opened.blocks:
            for number in range(block.rows):
                line = int(block.lines[number])
                status = int(block.statuses[number])
                if status == tokenise.NO_NEWLINE:
                    warnings.append(f"{label}: {STATUS_REASONS[status]}; compare its last code")
                elif status != tokenise.GOOD:
                    raise BadFileError(f"{label} line {line}: {STATUS_REASONS[status]}")
                values = {target: block.text(target, number, layout.encodings) for target in columns}
                try:
                    record = read(ListRow(values, dict(layout.constants), snapshot.edition))
                    if record is not None:
                        rows.add(record)
                except RowError as error:
                    raise BadFileError(f"{label} line {line}: {error}") from error
    if not rows.known:
        raise BadFileError(f"{label}: not one of its rows says anything that can be kept")
    pq.write_table(rows.table(), folder / kind.file, compression="zstd")
    counted = [f"{label}: {left_out.count(text):,} rows left out: {text}" for text in sorted(set(left_out))]
    return len(rows.known), (*warnings, *counted)


def listed(home: Path, snapshots: Sequence[Snapshot], kind: str) -> Iterator[tuple[Snapshot, pa.Table]]:
    """Each snapshot of a kind with the rows that parsing found in it, a table a member, in the order given."""
    for snapshot in snapshots:
        if snapshot.kind == kind:
            paths = [parsed_folder(home, snapshot, member) / _KINDS[kind].file for member in snapshot.members]
            yield from ((snapshot, pq.ParquetFile(path).read()) for path in paths if path.exists())
