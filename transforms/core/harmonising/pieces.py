"""Reports of one HS edition as pieces in another, and pieces summed to reports: nothing is lost to the mill (docs/editions.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.core import coded
from transforms.core.concordance.rounding import Pieces, distribute, rows_of, within
from transforms.core.harmonising.editions import Conversion
from transforms.io import lake

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: Within a period and edition.
KEY = ("exporter_code", "importer_code", "product_code", "side")
_QUANTITY = ("quantity", "quantity_unit_code", "is_quantity_estimated")
_UNMAPPED = codes.CONVERSIONS.index("unmapped")


def residual_of(code: str) -> str:
    """The residual of a code's chapter, under which it stays where nothing is known of it.

    >>> [residual_of(c) for c in ("854911", "8542XX", "XXXXXX")]
    ['85XXXX', '85XXXX', 'XXXXXX']
    """
    return f"{code[:2]}XXXX"


def _replaced(data: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        data = data.set_column(data.column_names.index(name), name, values)
    return data


def _codes_of(data: pa.Table, name: str) -> tuple[NDArray[np.str_], Ints]:
    """The distinct texts of a code column, and which of them each row has (rows,)."""
    column = data[name].unify_dictionaries()
    if column.num_chunks == 0:
        return np.empty(0, np.str_), np.empty(0, np.int64)
    texts = np.asarray(column.chunk(0).dictionary.to_pylist(), dtype=np.str_)
    return texts, np.concatenate([chunk.indices.to_numpy() for chunk in column.chunks]).astype(np.int64)


def _coded(indices: Ints, texts: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(texts, pa.string()))


def _amounts(data: pa.Table, pieces: Pieces, rows: Ints, conversion: Conversion) -> dict[str, pa.Array]:
    """The amounts of the rows distributed; NULL stays NULL. FOB and re-exports stay within the value that holds them."""
    columns = {"reported_value_usd": lake.decimals(pieces.value)}
    by_value, by_quantity = (conversion.value, conversion.value_parts), (conversion.quantity, conversion.quantity_parts)
    for name, how in (("value_fob_usd", by_value), ("re_export_usd", by_value), ("net_weight_kg", by_quantity)):
        if data[name].null_count < data.num_rows:
            valid = np.asarray(data[name].is_valid())[pieces.row]
            amounts = distribute(lake.mills(data[name]), rows, *how).value
            columns[name] = lake.decimals(amounts if how is by_quantity else within(amounts, pieces.value, pieces.row), valid)
    return columns


def split(data: pa.Table, conversion: Conversion) -> pa.Table:
    """Sides of one edition at level 6 as pieces in the target edition, in the order of the rows.

    A quantity goes on where its code has one target, else it is NULL, since units differ. A code that the weights don't
    know stays whole, under the residual of its chapter.
    """
    texts, at = _codes_of(data, "product_code")
    rows = rows_of(texts, conversion.value)[at]
    pieces = distribute(lake.mills(data["reported_value_usd"]), rows, conversion.value, conversion.value_parts)
    rest = sorted({residual_of(str(text)) for text in texts})
    of_text = np.array([rest.index(residual_of(str(text))) for text in texts], dtype=np.int64)
    is_lost, to_codes = pieces.code < 0, conversion.value.to_codes.tolist()
    code = np.where(is_lost, len(to_codes) + of_text[at[pieces.row]], pieces.code)
    origin = np.where(is_lost, _UNMAPPED, conversion.value.origin[np.maximum(rows, 0)][pieces.row])
    found = _replaced(data.take(pa.array(pieces.row)), _amounts(data, pieces, rows, conversion))
    is_one = np.bincount(pieces.row, minlength=data.num_rows)[pieces.row] == 1
    quantities = {name: found[name] for name in _QUANTITY if found[name].null_count < found.num_rows}
    whole = _replaced(
        found,
        {
            **{name: _where(pa.array(is_one), values) for name, values in quantities.items()},
            "product_code": _coded(code, [*to_codes, *rest]),
            "classification": pa.repeat(conversion.value.to_edition, len(code)).dictionary_encode(),
            "conversion": _coded(origin, codes.CONVERSIONS),
            "is_residual": pa.array(is_lost),
        },
    )
    # A piece without value and weight is a phantom, unless the row as a whole is one: then its first piece stands for it.
    holds = (pieces.value != 0) | (lake.mills(whole["net_weight_kg"]) != 0)
    is_void = ~_some(holds, coded.starts(pieces.row))[pieces.row] if len(holds) else holds
    is_first = np.diff(pieces.row, prepend=-1) != 0
    kept = is_one | holds | (is_void & is_first)
    return whole if kept.all() else whole.filter(pa.array(kept))


def _where(mask: pa.Array, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """``values`` where ``mask`` holds, else NULL."""
    if pa.types.is_dictionary(values.type):
        return pc.if_else(mask, values.cast(pa.string()), pa.scalar(None, pa.string())).dictionary_encode()
    return pc.if_else(mask, values, pa.scalar(None, values.type))


def _some(values: Flags, first: Ints) -> Flags:
    return np.asarray(np.logical_or.reduceat(values, first), dtype=bool)


def _flag(data: pa.Table, name: str, first: Ints, *, sought: bool) -> pa.Array:
    """``sought`` where one of the pieces says so, else its opposite where one says anything, else NULL."""
    valid = np.asarray(data[name].is_valid())
    said = _some(valid & (data[name].fill_null(not sought).to_numpy() == sought), first)
    return pa.array(said == sought, mask=~_some(valid, first))


def _sum(data: pa.Table, name: str, first: Ints, *, needs_all: bool) -> pa.Array:
    """Sums; NULL where no piece has an amount or, if it ``needs_all``, where one has none. No weight is 0: NULL then."""
    valid = np.asarray(data[name].is_valid())
    stated = ~_some(~valid, first) if needs_all else _some(valid, first)
    sums = np.add.reduceat(lake.mills(data[name]), first)
    return lake.decimals(np.where(stated, sums, 0), stated & ((sums != 0) | (name != "net_weight_kg")))


def summed(pieces: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Pieces of one period and edition as its rows in order; and the pieces whose source isn't the one that stands in their row.

    The largest piece gives source and snapshot. A quantity stands where there is one piece; valuations that differ are unknown.
    """
    pieces = pieces.unify_dictionaries()
    keys = coded.row_keys(pieces, KEY)
    order = np.lexsort((-lake.mills(pieces["reported_value_usd"]), keys))
    pieces, first = pieces.take(pa.array(order)), coded.starts(keys[order])
    if len(first) == pieces.num_rows:
        weight = pieces["net_weight_kg"]
        kept = pa.array(lake.mills(weight) != 0)
        return _replaced(pieces, {"net_weight_kg": pc.if_else(kept, weight, pa.scalar(None, weight.type))}), pieces.slice(0, 0)
    sizes = np.diff(np.append(first, pieces.num_rows))
    rows = pieces.take(pa.array(first))
    _, valuation = _codes_of(pieces, "valuation")
    differ = pa.array(_some(valuation != np.repeat(valuation[first], sizes), first))
    steps, step = _codes_of(pieces, "conversion")
    weakest = np.maximum.reduceat(np.array([codes.CONVERSIONS.index(str(s)) for s in steps])[step], first)
    fob = _sum(pieces, "value_fob_usd", first, needs_all=True)
    # an importer that values some of the pieces CIF: what all of them state FOB is what the sum is FOB
    is_partly_cif = pc.and_(pc.is_valid(fob), pc.equal(rows["side"].cast(pa.string()), "importer"))
    together = pc.if_else(is_partly_cif, "CIF", "unknown")
    columns = {
        "reported_value_usd": _sum(pieces, "reported_value_usd", first, needs_all=True),
        "value_fob_usd": fob,
        "net_weight_kg": _sum(pieces, "net_weight_kg", first, needs_all=True),
        "re_export_usd": _sum(pieces, "re_export_usd", first, needs_all=False),
        "is_value_rounded": _flag(pieces, "is_value_rounded", first, sought=True),
        "is_net_weight_estimated": _flag(pieces, "is_net_weight_estimated", first, sought=True),
        "is_reported": _flag(pieces, "is_reported", first, sought=False),
        "valuation": pc.if_else(differ, together, rows["valuation"].cast(pa.string())).dictionary_encode(),
        "conversion": _coded(weakest, codes.CONVERSIONS),
        **{name: _where(pa.array(sizes == 1), rows[name]) for name in _QUANTITY if rows[name].null_count < rows.num_rows},
    }
    _, source = _codes_of(pieces, "source")
    row_source = np.repeat(source[first], sizes)
    moved = pieces.append_column("row_source", pieces["source"].take(pa.array(np.repeat(first, sizes))))
    return _replaced(rows, columns), moved.filter(pa.array(source != row_source))
