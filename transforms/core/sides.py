"""One side of n flows as arrays: what it reported, and the same FOB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.io import lake

#: Columns of harmonised_flows that a side is made of.
COLUMNS = ("reported_value_usd", "valuation", "value_fob_usd", "is_value_rounded", "net_weight_kg", "snapshot_id", "source")


@dataclass(frozen=True)
class Coded:
    """A code column as indices (-1: NULL) into its texts. Shape (n,)."""

    indices: NDArray[np.int32]
    texts: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Coded:
        """From a dictionary column without NULL."""
        merged = column.unify_dictionaries().combine_chunks()
        array = merged.chunk(0) if isinstance(merged, pa.ChunkedArray) else merged
        return cls(array.indices.to_numpy(), array.dictionary)

    def at(self, rows: NDArray[np.int64], has: NDArray[np.bool_]) -> Coded:
        """The codes at ``rows``, NULL where ``has`` is False."""
        return Coded(np.where(has, self.indices[rows], -1).astype(np.int32), self.texts)

    def array(self) -> pa.DictionaryArray:
        """As Arrow, NULL where the index is -1."""
        return pa.DictionaryArray.from_arrays(pa.array(self.indices, mask=self.indices < 0), self.texts)


@dataclass(frozen=True)
class Reported:
    """A row group of harmonised_flows as arrays, decoded once for both sides. Thousandths, shape (n,)."""

    reported: NDArray[np.int64]
    stated_fob: NDArray[np.int64]
    counted_cif: NDArray[np.bool_]
    weight: NDArray[np.int64]
    has_weight: NDArray[np.bool_]
    is_rounded: NDArray[np.bool_]
    snapshot: Coded
    source: Coded


@dataclass(frozen=True)
class Side:
    """Arrays of shape (n,); values and weights in thousandths, 0 where ``has`` or ``has_weight`` is False."""

    has: NDArray[np.bool_]
    reported: NDArray[np.int64]
    fob: NDArray[np.int64]
    is_cif: NDArray[np.bool_]
    factor: NDArray[np.float64]
    weight: NDArray[np.int64]
    has_weight: NDArray[np.bool_]
    is_rounded: NDArray[np.bool_]
    snapshot: Coded
    source: Coded


def _flags(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(column.to_numpy(), bool)


def reported_of(data: pa.Table) -> Reported:
    """The columns of a row group that both sides are taken from."""
    valuation = Coded.of(data["valuation"])
    is_cif = np.array([text == "CIF" for text in valuation.texts.to_pylist()], bool)
    return Reported(
        lake.mills(data["reported_value_usd"]), lake.mills(data["value_fob_usd"]), is_cif[valuation.indices],
        lake.mills(data["net_weight_kg"]), _flags(data["net_weight_kg"].is_valid()), _flags(data["is_value_rounded"]),
        Coded.of(data["snapshot_id"]), Coded.of(data["source"]),
    )  # fmt: skip


def take_side(data: Reported, rows: NDArray[np.int64], factor: float, *, is_importer: bool) -> Side:
    """The reports at ``rows`` (-1: none) with the CIF factor taken off.

    Imports valued CIF become the FOB value that the same row states, where it states one, else
    are divided by ``factor``; FOB and FAS reports and all exports stay as they are. The factor
    is floored at 1: a row whose FOB exceeds its CIF value counts as its CIF value. A division
    is rounded half-even to the mill (IEEE, the same on every machine).
    """
    has = rows >= 0
    at = np.where(has, rows, 0)
    reported = np.where(has, data.reported[at], 0)
    is_cif = has & data.counted_cif[at] if is_importer else np.zeros(len(rows), bool)
    fob, rate = reported, np.full(len(rows), factor)
    if is_importer:
        fob = np.where(is_cif, np.rint(reported / factor).astype(np.int64), reported)
        observed = is_cif & (data.stated_fob[at] > 0)
        if observed.any():
            fob = np.where(observed, np.minimum(data.stated_fob[at], reported), fob)
            rate = np.where(observed, np.maximum(1.0, reported / np.maximum(fob, 1)), rate)
    has_weight = has & data.has_weight[at]
    return Side(
        has, reported, fob, is_cif, rate, np.where(has_weight, data.weight[at], 0), has_weight,
        has & data.is_rounded[at], data.snapshot.at(at, has), data.source.at(at, has),
    )  # fmt: skip
