"""One side of n flows as arrays: what it reported, and the same FOB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.io import lake


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
    snapshot: pa.ChunkedArray
    source: pa.ChunkedArray


def take_side(data: pa.Table, rows: NDArray[np.int64], factor: float, *, is_importer: bool) -> Side:
    """The reports at ``rows`` (-1: none) with the CIF factor taken off.

    Imports valued CIF or unknown are divided by their own observed factor where the row also
    gives FOB, else by ``factor``; FOB and FAS reports and all exports stay as they are. A
    division is rounded half-even to the mill (IEEE, the same on every machine).
    """
    has = rows >= 0
    at = np.where(has, rows, 0)
    reported = np.where(has, lake.mills(data["reported_value_usd"])[at], 0)
    valuation = data["valuation"].combine_chunks()
    counted_cif = np.array([v not in ("FOB", "FAS") for v in valuation.dictionary.to_pylist()], bool)
    is_cif = has & counted_cif[valuation.indices.to_numpy()[at]] if is_importer else np.zeros(len(rows), bool)
    stated = lake.mills(data["value_fob_usd"])[at]
    observed = is_cif & (stated > 0) & (stated <= reported)
    rate = np.where(observed, reported / np.maximum(stated, 1), factor)
    fob = np.where(observed, stated, np.where(is_cif, np.rint(reported / factor).astype(np.int64), reported))
    known = np.asarray(data["net_weight_kg"].is_valid().combine_chunks().to_numpy(zero_copy_only=False), bool)
    has_weight = has & known[at]
    take = pa.array(at, mask=~has)
    rounded = np.asarray(data["is_value_rounded"].combine_chunks().to_numpy(zero_copy_only=False), bool)
    return Side(
        has, reported, fob, is_cif, rate, np.where(has_weight, lake.mills(data["net_weight_kg"])[at], 0), has_weight,
        has & rounded[at], pc.take(data["snapshot_id"], take), pc.take(data["source"], take),
    )  # fmt: skip
