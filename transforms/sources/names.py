"""Names of areas and products that files give beside their codes: ``names.parquet``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.sources.lists import NAMES
from transforms.sources.reader import Block
from transforms.sources.rows import RowParser, Rows

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
