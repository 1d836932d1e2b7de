"""From a stratum's filled arrays to rows of the six aggregate tables, in parts of a row group each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from transforms.contracts.lake import STRATUM
from transforms.core.aggregating import kernels
from transforms.core.aggregating.accumulators import AggregateError, Sums
from transforms.core.aggregating.flow_batches import Stratum
from transforms.io import lake

#: Rows of a row group at most; a table's rows are cut into equal parts.
GROUP_ROWS = 1 << 19
#: High word of 10^38, the end of DECIMAL(38,6): sums of squares must stay below.
_WIDE_LIMIT = 10**38 >> 64


def _codes(indices: np.ndarray, codes: Sequence[str]) -> pa.Array:
    """Codes by index, with the dictionary in text order, as files hold it, so that writing needn't sort it again."""
    order = sorted(range(len(codes)), key=codes.__getitem__)
    rank = np.empty(len(codes), np.int32)
    rank[order] = np.arange(len(codes), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(rank[indices]), pa.array([codes[n] for n in order], pa.string()))


def _constants(stratum: Stratum, rows: int) -> dict[str, pa.Array]:
    zeros = pa.array(np.zeros(rows, np.int32))
    return {
        name: pa.DictionaryArray.from_arrays(zeros, [value]) if isinstance(value, str) else pa.array(np.full(rows, value, np.int8))
        for name, value in zip(STRATUM, stratum.key, strict=True)
    }


def _table(stratum: Stratum, keys: dict[str, pa.Array], cells: np.ndarray, extra: dict[str, pa.Array] | None = None) -> pa.Table:
    """Stratum, keys and the four sums of ``cells`` (n, >= 4) as a table; weight NULL where no flow has one."""
    flows, missing = cells[:, kernels.FLOWS], cells[:, kernels.MISSING]
    sums = {
        "value_fob_usd": lake.decimals(cells[:, kernels.VALUE]),
        "net_weight_kg": lake.decimals(cells[:, kernels.WEIGHT], missing < flows),
        "flow_count": pa.array(flows),
        "missing_weight_count": pa.array(missing),
    }
    return pa.table({**_constants(stratum, len(cells)), **keys, **sums, **(extra or {})})


def _parts(flows: np.ndarray) -> Iterator[np.ndarray]:
    """Positions of the cells that hold flows, ascending, in equal parts of at most GROUP_ROWS."""
    found = np.flatnonzero(flows)
    if len(found):
        yield from np.array_split(found, -(-len(found) // GROUP_ROWS))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """numerator / denominator as doubles, NaN where the denominator is 0."""
    out = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


def _doubles(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)  # NaN is NULL


def pair_totals(sums: Sums) -> Iterator[pa.Table]:
    """Rows of pair_totals."""
    cells = sums.by_pair.reshape(-1, kernels.PLAIN_WORDS)
    for at in _parts(cells[:, kernels.FLOWS]):
        exporter, importer = np.divmod(at, len(sums.codes.importers))
        keys = {"exporter_code": _codes(exporter, sums.codes.exporters), "importer_code": _codes(importer, sums.codes.importers)}
        yield _table(sums.stratum, keys, cells[at])


def exporter_chapter(sums: Sums) -> Iterator[pa.Table]:
    """Rows of exporter_chapter; none below level 2."""
    cells = sums.by_chapter.reshape(-1, kernels.PLAIN_WORDS)
    for at in _parts(cells[:, kernels.FLOWS]):
        exporter, chapter = np.divmod(at, len(sums.chapters))
        keys = {"exporter_code": _codes(exporter, sums.codes.exporters), "chapter_code": _codes(chapter, sums.chapters)}
        yield _table(sums.stratum, keys, cells[at])


def pair_heading(sums: Sums, keys: np.ndarray, cells: np.ndarray) -> pa.Table:
    """Rows of pair_heading from keys (3, n: exporter, importer, heading) and sums (4, n)."""
    columns = {
        "exporter_code": _codes(keys[0], sums.codes.exporters),
        "importer_code": _codes(keys[1], sums.codes.importers),
        "heading_code": _codes(keys[2], sums.headings),
    }
    return _table(sums.stratum, columns, cells.T)


def exporter_product(sums: Sums) -> Iterator[pa.Table]:
    """Rows of exporter_product. RCA is X_ck X / (X_c X_k), divided last; NULL where a total is 0."""
    cells = sums.by_exporter.reshape(-1, kernels.PLAIN_WORDS)
    by_exporter = sums.by_exporter[:, :, kernels.VALUE].sum(axis=1)
    by_product = sums.by_exporter[:, :, kernels.VALUE].sum(axis=0)
    for at in _parts(cells[:, kernels.FLOWS]):
        exporter, product = np.divmod(at, len(sums.codes.products))
        rca = _ratio(cells[at, kernels.VALUE] * float(sums.value), by_exporter[exporter].astype(float) * by_product[product])
        keys = {"exporter_code": _codes(exporter, sums.codes.exporters), "product_code": _codes(product, sums.codes.products)}
        extra = {"importer_count": pa.array(cells[at, kernels.FLOWS]), "rca": _doubles(rca)}
        yield _table(sums.stratum, keys, cells[at], extra)


def importer_product(sums: Sums) -> Iterator[pa.Table]:
    """Rows of importer_product. HHI is the exact sum of squares over the squared value, divided last."""
    for at in _parts(sums.by_importer[:, kernels.FLOWS]):
        cells = sums.by_importer[at]
        importer, product = np.divmod(at, len(sums.codes.products))
        keys = {"importer_code": _codes(importer, sums.codes.importers), "product_code": _codes(product, sums.codes.products)}
        low, high = cells[:, kernels.SQUARE_LOW], cells[:, kernels.SQUARE_HIGH]
        if high.max() >= _WIDE_LIMIT:
            raise AggregateError(f"importer_product, stratum {sums.stratum.key}: a sum of squares leaves DECIMAL(38,6)")
        squares = high.astype(np.float64) * 2.0**64 + low.view(np.uint64).astype(np.float64)
        # both halves of the fraction are rounded once, so a lone supplier can come out one bit above 1
        hhi = np.minimum(_ratio(squares, cells[:, kernels.VALUE].astype(np.float64) ** 2), 1.0)
        extra = {
            "supplier_count": pa.array(cells[:, kernels.FLOWS]),
            "supplier_sum_of_squares_usd2": _wide(cells[:, kernels.SQUARE_LOW : kernels.SQUARE_HIGH + 1]),
            "supplier_hhi": _doubles(hhi),
            "top_supplier_code": _codes(cells[:, kernels.TOP_SUPPLIER], sums.codes.exporters),
            "top_supplier_value_fob_usd": lake.decimals(cells[:, kernels.TOP_VALUE]),
        }
        yield _table(sums.stratum, keys, cells, extra)


def _wide(words: np.ndarray) -> pa.Array:
    """(low, high) words of squared mills as DECIMAL(38,6): a squared mill is 10^-6 USD^2, so the integer is the decimal."""
    buffer = pa.py_buffer(np.ascontiguousarray(words))
    return pa.Array.from_buffers(pa.decimal128(38, 6), len(words), [None, buffer])


def world_product(sums: Sums) -> Iterator[pa.Table]:
    """Rows of world_product, with the exporters and importers behind each product."""
    cells = sums.by_exporter.sum(axis=0)
    exporters = np.count_nonzero(sums.by_exporter[:, :, kernels.FLOWS], axis=0)
    shape = (len(sums.codes.importers), len(sums.codes.products))
    importers = np.count_nonzero(sums.by_importer[:, kernels.FLOWS].reshape(shape), axis=0)
    for at in _parts(cells[:, kernels.FLOWS]):
        extra = {"exporter_count": pa.array(exporters[at]), "importer_count": pa.array(importers[at])}
        yield _table(sums.stratum, {"product_code": _codes(at, sums.codes.products)}, cells[at], extra)
