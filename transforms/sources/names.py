"""Names of areas and products that files give beside their codes: ``names.parquet``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import codes
from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError
from transforms.io.snapshot import open_member
from transforms.sources import judges
from transforms.sources.area_systems import area_of
from transforms.sources.reader import Block, layout_of, open_blocks
from transforms.sources.rows import RowParser, Rows

#: kind is area or product; classification is NULL for areas, iso2 and iso3 for products.
NAMES = pa.schema([(name, pa.string()) for name in ("kind", "classification", "code", "name", "iso2", "iso3")])
#: UTF-8 that was read as Latin-1 (or Windows-1252) and written again, and what no decoder could read.
GARBLED = re.compile("[\u00c2\u00c3][\u0080-\u00bf\u0152-\u0178\u2018-\u2122]|\ufffd")


class NameCollector:
    """The first name that a member gives to each code."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str | None, str], str] = {}
        self._seen: dict[str, set[int]] = {"reporter": set(), "partner": set(), "product": set()}

    def collect(self, parser: RowParser, rows: Rows, block: Block, good: np.ndarray) -> None:
        """Look at the codes of a block that are new; text is read once per code."""
        for role in ("reporter", "partner"):
            if f"{role}_name" in parser.fields:
                numbers = rows.codes[f"{role}_code"]
                for number, row in self._fresh(role, numbers, good):
                    code = str(parser.judged[f"{role}_code"].values[number])
                    self._add(("area", None, code), block.text(f"{role}_name", row, parser.encodings))
        if "product_description" in parser.fields:
            numbers = rows.codes["product"].astype(np.int64) << 8 | np.maximum(rows.codes["classification"], 0)
            for key, row in self._fresh("product", numbers, good):
                code = str(parser.products.values[key >> 8][0])  # type: ignore[index]
                edition = str(parser.judged["classification"].values[key & 255])
                self._add(("product", edition, code), block.text("product_description", row, parser.encodings))

    def _fresh(self, role: str, numbers: np.ndarray, good: np.ndarray) -> list[tuple[int, int]]:
        positions = np.flatnonzero(good)
        distinct, first = np.unique(numbers[positions], return_index=True)
        seen = self._seen[role]
        fresh = [(int(n), int(positions[i])) for n, i in zip(distinct, first, strict=True) if int(n) not in seen]
        seen.update(n for n, _ in fresh)
        return fresh

    def _add(self, key: tuple[str, str | None, str], name: str) -> None:
        if name:
            self._names.setdefault(key, name)

    @property
    def garbled(self) -> list[str]:
        """Names that were decoded twice, or not as they were written: 'CÃ´te', or a replacement character."""
        return sorted({name for name in self._names.values() if GARBLED.search(name)})

    def write(self, folder: Path) -> None:
        """``names.parquet`` in ``folder``, sorted."""
        ordered = sorted(self._names.items(), key=lambda item: tuple(str(part) for part in item[0]))
        records = [{"kind": k, "classification": c, "code": code, "name": name} for (k, c, code), name in ordered]
        pq.write_table(pa.Table.from_pylist(records, schema=NAMES), folder / "names.parquet", compression="zstd")


def parse_list(home: Path, snapshot: Snapshot, member: str, folder: Path) -> int:
    """A code list of areas or products to ``names.parquet``; the number of its rows.

    Raises BadFileError, naming line and reason, for a row that can't be read: a code list is
    small, and one that is wrong is mended, not quarantined.
    """
    records: list[dict[str, str | None]] = []
    layout = layout_of(snapshot)
    with open_member(home, snapshot, member) as stream:
        opened = open_blocks(stream, layout, member)
        for block in opened.blocks:
            for row in range(block.rows):
                values = {target: block.text(target, row, layout.encodings) for target in opened.fields}
                records.append(_list_row(snapshot, member, layout.kind, int(block.lines[row]), values))
    records.sort(key=lambda r: (str(r["kind"]), str(r["classification"]), str(r["code"])))
    pq.write_table(pa.Table.from_pylist(records, schema=NAMES), folder / "names.parquet", compression="zstd")
    return len(records)


def _list_row(snapshot: Snapshot, member: str, kind: str, line: int, values: dict[str, str]) -> dict[str, str | None]:
    where = f"{snapshot.file_name}: {member} line {line}" if member != snapshot.file_name else f"{member} line {line}"
    if kind == "areas":
        code, reason = area_of("m49", values["area_code"])
        # 'N/A' as text is a blank; 'NA' is Namibia.
        iso = {k: (None if values.get(k, "") in ("", "N/A") else values[k]) for k in ("iso2", "iso3")}
        record = {"kind": "area", "classification": None, "code": code, "name": values["area_name"], **iso}
    else:
        found, reason = judges.product(values["product_code"], 6, is_sitc=codes.is_sitc(snapshot.edition or ""))
        code = found[0] if found else None  # type: ignore[index]
        record = {"kind": "product", "classification": snapshot.edition, "code": code, "name": values["product_description"]}
    if reason:
        raise BadFileError(f"{where}: code {reason}")
    return record  # type: ignore[return-value]
