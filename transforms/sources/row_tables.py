"""Typed rows as Arrow tables: the schema of parsed slices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.contracts import codes
from transforms.contracts.rates import RATE_DECIMALS, rate_units
from transforms.contracts.targets import FLAGS, MEASURES, ROLES
from transforms.io.writer import decimals
from transforms.sources.codelists import Judged
from transforms.sources.reader import Block
from transforms.sources.rows import RowParser, Rows

_IMPORTS = ("M", "RM", "FM", "MIP", "MOP")
_CODES = ("reporter_code", "partner_code", "flow_code", "classification", "quantity_unit_code", "estimation_flag")
Keep = np.ndarray | slice


def table_of(parser: RowParser, rows: Rows, block: Block, keep: Keep) -> pa.Table:
    """The kept rows (positions) in the schema of parsed slices."""
    columns: dict[str, pa.Array] = {}
    taken = {name: numbers[keep] for name, numbers in rows.codes.items()}
    for position, name in ((1, "frequency"), (2, "period")):
        columns[name] = _part(parser.times, taken["time"], position)
    for name in _CODES:
        columns[name] = parser.judged[name].arrow(taken[name])
    columns["product_code"] = _part(parser.products, taken["product"], 0)
    columns["product_level"] = pa.array(parser.products.lookup("level", lambda v: v[1])[taken["product"]].astype(np.int8))  # type: ignore[index]
    for name in ROLES:
        if name in parser.fields:
            columns[name] = _part(parser.judged[name], taken[name], 0)
    for name in FLAGS:
        if name in parser.fields:
            truth = parser.judged[name].lookup("is_true", lambda v: int(v == "true"))[taken[name]]
            columns[name] = pa.array(truth == 1, mask=taken[name] < 0)
    for name in MEASURES:
        if name in rows.values:
            columns[name] = decimals(rows.values[name][keep], rows.valid[name][keep])
    columns["is_value_rounded"] = pa.array(rows.is_rounded[keep])
    columns["valuation"] = _valuation(parser, rows, taken["flow_code"], keep)
    columns |= _currency(parser, taken["time"])
    columns["kind"] = pa.array(rows.kind[keep])
    columns["source_line"] = pa.array(block.lines[keep].copy())
    return pa.table(columns)


def _currency(parser: RowParser, times: np.ndarray) -> dict[str, pa.Array]:
    """Currency and rate where the file isn't in USD."""
    layout = parser.layout
    if layout.currency == "USD":
        return {}
    rate = parser.times.lookup("rate", lambda v: rate_units(layout.rates, v[2]) or 0)[times]  # type: ignore[index]
    return {"currency_code": constant(layout.currency, len(times)), "usd_per_currency": pa.array(rate / 10**RATE_DECIMALS)}


def _valuation(parser: RowParser, rows: Rows, flows: np.ndarray, keep: Keep) -> pa.DictionaryArray:
    """Exports FOB, imports CIF; imports FOB where the row says so: fob is the value and no CIF is given."""
    stated = parser.constants.get("valuation")
    if stated:
        return constant(stated, len(flows))
    is_import = parser.judged["flow_code"].lookup("is_import", lambda v: int(v in _IMPORTS))[flows] == 1
    numbers = np.where(is_import, 1, 0).astype(np.int32)
    if "value_fob_usd" in rows.values and "value_cif_usd" in rows.values:
        fob = rows.valid["value_fob_usd"] & (rows.values["value_fob_usd"] == rows.values["reported_value_usd"])
        numbers[(fob & ~rows.valid["value_cif_usd"])[keep]] = 0
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(codes.VALUATIONS))


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """One text in every row."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


def _part(judged: Judged, numbers: np.ndarray, position: int) -> pa.DictionaryArray:
    """One part of values that are tuples, as a dictionary array; an empty text is NULL."""
    texts, renumber = judged.parts(position)
    found = renumber[numbers]
    mask = found < 0
    return pa.DictionaryArray.from_arrays(pa.array(found, pa.int32(), mask=mask if mask.any() else None), texts)


def whole(table: pa.Table) -> pa.Table:
    """A stored slice with the columns that its layout hasn't, all NULL."""
    rows = table.num_rows
    for names, make in (
        ((*ROLES, "currency_code"), _nulls),
        (FLAGS, lambda n: pa.nulls(n, pa.bool_())),
        (MEASURES, lambda n: pa.nulls(n, pa.decimal128(18, 3))),
        (("usd_per_currency",), lambda n: pa.nulls(n, pa.float64())),
    ):
        for name in names:
            if name not in table.column_names:
                table = table.append_column(name, make(rows))
    return table.select(sorted(table.column_names))


def _nulls(rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], pa.string()))
