"""The rows of one stratum of bilateral_flows, as arrays over Arrow's own buffers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts.lake import BILATERAL_FLOWS, STRATUM
from transforms.core.coded import code_order
from transforms.io import lake

KEYS = ("exporter_code", "importer_code", "product_code")
COLUMNS = (*KEYS, "value_fob_usd", "net_weight_kg")
#: Rows decoded at a time.
BATCH_ROWS = 1 << 16
#: Bytes read ahead per column; without it every column chunk of four files stands in memory whole.
READ_BYTES = 1 << 18

_NO_BITS = np.empty(0, np.uint8)
#: exporter, importer, product indices; value words; weight words; validity bits and their offset
Rows = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]
Maps = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Stratum:
    """Where one stratum's rows lie: per file, its row groups in order."""

    key: tuple[str, str, str, str, int]
    groups: tuple[tuple[Path, tuple[int, ...]], ...]

    @property
    def level(self) -> int:
        """Digits of its product codes."""
        return self.key[4]

    @cached_property
    def values(self) -> dict[str, str | int]:
        """Stratum column -> value."""
        return dict(zip(STRATUM, self.key, strict=True))


def strata(paths: Iterable[Path]) -> list[Stratum]:
    """Strata of a year's files, in the tables' sort order; read from statistics alone.

    Raises LakeError where a row group straddles two strata.
    """
    found: dict[tuple[Any, ...], dict[Path, list[int]]] = {}
    for path in paths:
        for group, values in lake.row_groups(path, STRATUM):
            key = tuple(values[c] for c in STRATUM)
            found.setdefault(key, {}).setdefault(path, []).append(group)

    def order(key: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(code_order(v) if isinstance(v, str) else v for v in key)

    return [Stratum(key, tuple((p, tuple(g)) for p, g in found[key].items())) for key in sorted(found, key=order)]


@dataclass(frozen=True)
class Domain:
    """The codes of a stratum in sort order; their positions are the dense indices."""

    exporters: list[str]
    importers: list[str]
    products: list[str]

    @cached_property
    def _indices(self) -> dict[str, dict[str, int]]:
        columns = (self.exporters, self.importers, self.products)
        return {name: {c: i for i, c in enumerate(codes)} for name, codes in zip(KEYS, columns, strict=True)}

    def index(self, name: str, dictionary: pa.Array) -> np.ndarray:
        """Dense index of each entry of a batch's dictionary, int32; LakeError for a code not in the domain."""
        index = self._indices[name]
        try:
            return np.fromiter((index[c] for c in dictionary.to_pylist()), np.int32, len(dictionary))
        except KeyError as error:
            message = f"{BILATERAL_FLOWS.name}: {name} {error} isn't in its row group's first dictionary; write the partition again"
            raise lake.LakeError(message) from error


def domain(stratum: Stratum) -> Domain:
    """All codes of the stratum, from the dictionaries of its row groups: one row of each is decoded."""
    found: dict[str, set[str]] = {name: set() for name in KEYS}
    for path, groups in stratum.groups:
        with pq.ParquetFile(path, buffer_size=READ_BYTES) as file:
            for group in groups:
                batch = next(file.iter_batches(1, row_groups=[group], columns=list(KEYS), use_threads=False))
                for name in KEYS:
                    found[name].update(_dictionary(batch, name).to_pylist())
    return Domain(*(sorted(found[name], key=code_order) for name in KEYS))


def _dictionary(batch: pa.RecordBatch, name: str) -> pa.Array:
    column = batch.column(name)
    if not pa.types.is_dictionary(column.type):
        raise lake.LakeError(f"{BILATERAL_FLOWS.name}: column {name} is {column.type}, expected dictionary-encoded text")
    return column.dictionary


def _words(column: pa.Array) -> np.ndarray:
    """The decimal128 buffer as int64 words (2n,), low word first, without a copy."""
    words = np.frombuffer(column.buffers()[1], np.int64)
    return words[2 * column.offset : 2 * (column.offset + len(column))]


def _rows(batch: pa.RecordBatch) -> Rows:
    exporter, importer, product = (batch.column(name).indices.to_numpy() for name in KEYS)
    value, weight = batch.column(COLUMNS[3]), batch.column(COLUMNS[4])
    bits = weight.buffers()[0] if weight.null_count else None
    valid = _NO_BITS if bits is None else np.frombuffer(bits, np.uint8)
    return exporter, importer, product, _words(value), _words(weight), valid, weight.offset


def batches(path: Path, groups: Iterable[int], codes: Domain) -> Iterator[tuple[Rows, Maps]]:
    """The rows of some row groups, batch by batch, with the maps from their dictionaries to the domain.

    Raises LakeError for NULL in a key or value.
    """
    known: dict[str, tuple[pa.Array, np.ndarray]] = {}
    with pq.ParquetFile(path, buffer_size=READ_BYTES) as file:
        for group in groups:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(COLUMNS), use_threads=False):
                for name in COLUMNS[:4]:
                    if batch.column(name).null_count:
                        raise lake.LakeError(f"{BILATERAL_FLOWS.name}: NULL in {name} of {path.name}, row group {group}")
                for name in KEYS:
                    dictionary = _dictionary(batch, name)
                    if name not in known or not known[name][0].equals(dictionary):
                        known[name] = (dictionary, codes.index(name, dictionary))
                yield _rows(batch), (known[KEYS[0]][1], known[KEYS[1]][1], known[KEYS[2]][1])
