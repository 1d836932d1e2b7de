"""Blocks of bytes to typed columns: exact numbers, judged codes, and the rows to quarantine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa

from transforms.contracts import codes
from transforms.contracts.model import Field, Layout
from transforms.contracts.records import Snapshot
from transforms.io.writer import decimals
from transforms.sources import judges, numbers
from transforms.sources.codelists import Encoder, Judged
from transforms.sources.reader import STATUS_REASONS, Block

ROLES = ("second_partner_code", "customs_code", "mode_of_transport_code", "mode_of_supply_code")
FLAGS = ("is_net_weight_estimated", "is_quantity_estimated", "is_reported")
MEASURES = ("reported_value_usd", "value_cif_usd", "value_fob_usd", "net_weight_kg", "gross_weight_kg", "quantity")
LEAF, BREAKDOWN, WORLD, MARGIN = 0, 1, 2, 3
KINDS = (None, "breakdown", "world", "margin")
_IMPORTS = ("M", "RM", "FM", "MIP", "MOP")
_TOO_LONG = "is longer than a code can be"


@dataclass
class Rows:
    """Typed rows of a block, all of shape (rows,): ``codes`` are numbers into the parser's Judged."""

    codes: dict[str, np.ndarray]
    values: dict[str, np.ndarray] = field(default_factory=dict)
    valid: dict[str, np.ndarray] = field(default_factory=dict)
    is_rounded: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    kind: np.ndarray = field(default_factory=lambda: np.empty(0, np.int8))
    fault: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))


class RowParser:
    """Turns blocks of one member into Rows; remembers dictionaries from block to block."""

    def __init__(self, snapshot: Snapshot, layout: Layout, fields: Mapping[str, tuple[int, Field]], encoding: str) -> None:
        self.layout, self.encoding = layout, encoding
        self.fields = {target: entry for target, (_, entry) in fields.items()}
        self.constants = dict(layout.constants)
        if snapshot.edition and "classification" not in self.fields:
            self.constants["classification"] = snapshot.edition
        #: (column, reason) per fault number; 0 is no fault
        self.faults: list[tuple[str | None, str]] = [(None, "")]
        self._fault_numbers: dict[tuple[str | None, str], int] = {}
        self._encoders: dict[str, Encoder] = {}
        self.judged: dict[str, Judged] = {}
        self.zeros_restored = 0
        #: values of rows without fault that had digits beyond mills, rounded half to even
        self.values_cut = 0
        self._set_up()

    # -- setting up -------------------------------------------------------------------------

    def _code(self, column: str, judge: Callable[[str], judges.Verdict]) -> None:
        if column in self.fields:
            encoder = self._encoders[column] = Encoder(column)
            self.judged[column] = Judged(lambda key: judge(encoder.texts[key - 1]) if key else (None, _TOO_LONG))
        elif column in self.constants:
            self.judged[column] = Judged(lambda _: judge(self.constants[column]))
        else:
            self.judged[column] = Judged(lambda _: (None, None))

    def _set_up(self) -> None:
        flows, roles = dict(self.layout.flow_map), dict(self.layout.aggregate_roles)
        self._code("type_code", judges.trade_type if "type_code" in self.fields else judges.free)
        for column in ("reporter_code", "partner_code"):
            self._code(column, judges.area)
        self._code("flow_code", lambda text: judges.flow(text, flows))
        self._code("classification", judges.classification)
        self._code("year", judges.year)
        self._code("period", judges.period)
        self._code("frequency", lambda text: (text, None) if text in codes.FREQUENCIES else (None, "is no frequency known (A, M)"))
        self._code("product_level", judges.level)
        for column in FLAGS:
            self._code(column, judges.flag)
        for column in ("quantity_unit_code", "estimation_flag"):
            self._code(column, judges.free)
        for column in ROLES:
            self._code(column, partial(judges.role, allowed=roles.get(column, ("",))))
        self._encoders["product_code"] = Encoder("product_code")
        self.products = Judged(self._product)
        self.times = Judged(self._time)

    def _product(self, key: int) -> judges.Verdict:
        text, edition, level = key >> 8, (key >> 4) & 15, key & 15
        if not text:
            return None, _TOO_LONG
        digits = self.judged["product_level"].values[level - 1] if level else None
        name = str(self.judged["classification"].values[edition])
        return judges.product(self._encoders["product_code"].texts[text - 1], name, digits)  # type: ignore[arg-type]

    def _time(self, key: int) -> judges.Verdict:
        """Period, year and frequency must agree; the legacy layout has no frequency, the cut one no period."""
        period, year, frequency = key >> 10, (key >> 2) & 255, key & 3
        stated_year = self.judged["year"].values[year - 1] if year else None
        stated_frequency = self.judged["frequency"].values[frequency - 1] if frequency else None
        if not period and not stated_year:
            return None, "is empty or can't be read"
        if not period:
            return (stated_year, stated_frequency or "A", str(stated_year)), None
        found = self.judged["period"].values[period - 1]
        if stated_year not in (None, found[0]):  # type: ignore[index]
            return None, f"does not lie in the row's year {stated_year}"
        if stated_frequency not in (None, found[1]):  # type: ignore[index]
            return None, f"is no period of frequency {stated_frequency}"
        return found, None

    # -- faults -----------------------------------------------------------------------------

    def _fault(self, column: str | None, reason: str) -> int:
        key = (column, reason)
        if key not in self._fault_numbers:
            self._fault_numbers[key] = len(self.faults)
            self.faults.append(key)
        return self._fault_numbers[key]

    def _mark(self, rows: Rows, mask: np.ndarray, column: str | None, reason: str) -> None:
        rows.fault[mask & (rows.fault == 0)] = self._fault(column, reason)

    def _refused(self, rows: Rows, column: str, numbers_: np.ndarray, judged: Judged) -> None:
        bad = numbers_ <= -10
        if bad.any():
            for number in np.unique(numbers_[bad]):
                self._mark(rows, numbers_ == number, column, judged.reasons[int(number)])

    # -- a block ----------------------------------------------------------------------------

    def parse(self, block: Block) -> Rows:
        """All rows of a block, typed; ``fault`` numbers those to quarantine."""
        rows = Rows({}, fault=np.zeros(block.rows, np.int32))
        for status in np.unique(block.statuses[block.statuses != 0]):
            self._mark(rows, block.statuses == status, None, STATUS_REASONS[int(status)])
        # A short row leaves positions of the row before in its slots: no column of it is looked at.
        torn = rows.fault != 0
        if torn.any():
            block.starts[:, torn] = block.ends[:, torn] = 0
        for column, judged in self.judged.items():
            encoder = self._encoders.get(column)
            if encoder:
                rows.codes[column] = judged.of(encoder.encode(block, self.encoding) + 1)
            else:
                rows.codes[column] = np.full(block.rows, judged.of(np.zeros(1, np.int32))[0])
            self._refused(rows, column, rows.codes[column], judged)
        self._combine(rows, block)
        self._numbers(rows, block)
        self._missing(rows)
        self._kinds(rows)
        return rows

    def _combine(self, rows: Rows, block: Block) -> None:
        c = {k: np.maximum(rows.codes[k], -1).astype(np.int64) + 1 for k in ("period", "year", "frequency", "product_level")}
        times = self.times.of((c["period"] << 10) | (c["year"] << 2) | c["frequency"])
        self._refused(rows, "period", times, self.times)
        rows.codes["time"] = times
        text = self._encoders["product_code"].encode(block, self.encoding).astype(np.int64) + 1
        edition = np.maximum(rows.codes["classification"], 0)
        good = rows.codes["classification"] >= 0
        found = np.full(block.rows, -1, np.int32)
        found[good] = self.products.of(((text << 8) | (edition << 4) | c["product_level"])[good])
        self._refused(rows, "product_code", found, self.products)
        rows.codes["product"] = found
        restored = self.products.lookup("is_restored", lambda v: int(v[2])) == 1  # type: ignore[index]
        if restored.any():
            self.zeros_restored += int(restored[np.maximum(found, -1)][rows.fault == 0].sum())

    def _numbers(self, rows: Rows, block: Block) -> None:
        cut = np.zeros(block.rows, bool)
        for column in MEASURES:
            entry = self.fields.get(column)
            if entry is None:
                continue
            values, statuses = np.empty(block.rows, np.int64), np.empty(block.rows, np.int8)
            tokens = (*numbers.packed(entry.missing), *numbers.packed(numbers.INFINITE))
            numbers.parse(block.data, *block.span(column), *tokens, ord(entry.decimal_mark), entry.exponent, entry.scale, values, statuses)
            for status in np.flatnonzero(np.bincount(statuses, minlength=8)):
                if int(status) in numbers.REASONS:
                    self._mark(rows, statuses == status, column, numbers.REASONS[int(status)])
            rows.values[column] = values
            rows.valid[column] = np.isin(statuses, numbers.VALID)
            if column == "reported_value_usd":
                rows.is_rounded = statuses == numbers.OK_EXPONENT
                cut = statuses == numbers.OK_CUT
                self._mark(rows, statuses == numbers.MISSING, column, "is empty: the row has no value")
        self.values_cut += int((cut & (rows.fault == 0)).sum())

    def _missing(self, rows: Rows) -> None:
        """Zero stands for missing where the value is above zero, or where the row has no quantity."""
        has_value = rows.values["reported_value_usd"] > 0
        for column in MEASURES[1:]:
            if column not in rows.values:
                continue
            gone = (rows.values[column] == 0) & has_value
            if column == "quantity":
                units = self.judged["quantity_unit_code"]
                without = units.lookup("is_none", lambda v: int(v in ("1", "-1"))).astype(bool)[
                    np.maximum(rows.codes["quantity_unit_code"], -1)
                ]
                gone |= (rows.values[column] == 0) & without
            rows.valid[column] &= ~gone

    def _kinds(self, rows: Rows) -> None:
        kind = np.zeros(len(rows.fault), np.int8)
        for column in ("reporter_code", "partner_code"):
            table = self.judged[column].lookup("kind", lambda v: WORLD if v == codes.WORLD else MARGIN if v in codes.MARGIN_AREAS else LEAF)
            kind = np.maximum(kind, 0) + np.where(kind == 0, table[np.maximum(rows.codes[column], -1)], 0).astype(np.int8)
        for column in ROLES:
            if column in self.fields:
                parts = self.judged[column].lookup("is_part", lambda v: int(not v[1]))  # type: ignore[index]
                kind[parts[np.maximum(rows.codes[column], -1)] == 1] = BREAKDOWN
        rows.kind = kind

    # -- to Arrow ---------------------------------------------------------------------------

    def table(self, rows: Rows, block: Block, keep: np.ndarray | slice) -> pa.Table:
        """The kept rows (positions) in the schema of parsed slices."""
        columns: dict[str, pa.Array] = {}
        taken = {name: numbers_[keep] for name, numbers_ in rows.codes.items()}
        for position, name in ((1, "frequency"), (2, "period")):
            columns[name] = _part(self.times, taken["time"], position)
        for name in ("reporter_code", "partner_code", "flow_code", "classification", "quantity_unit_code", "estimation_flag"):
            columns[name] = self.judged[name].arrow(taken[name])
        columns["product_code"] = _part(self.products, taken["product"], 0)
        columns["product_level"] = pa.array(self.products.lookup("level", lambda v: v[1])[taken["product"]].astype(np.int8))  # type: ignore[index]
        for name in ROLES:
            if name in self.fields:
                columns[name] = _part(self.judged[name], taken[name], 0)
        for name in FLAGS:
            if name in self.fields:
                truth = self.judged[name].lookup("is_true", lambda v: int(v == "true"))[taken[name]]
                columns[name] = pa.array(truth == 1, mask=taken[name] < 0)
        for name in MEASURES:
            if name in rows.values:
                columns[name] = decimals(rows.values[name][keep], rows.valid[name][keep])
        columns["is_value_rounded"] = pa.array(rows.is_rounded[keep])
        columns["valuation"] = self._valuation(rows, taken["flow_code"], keep)
        columns["kind"] = pa.array(rows.kind[keep])
        columns["source_line"] = pa.array(block.lines[keep].copy())
        return pa.table(columns)

    def _valuation(self, rows: Rows, flows: np.ndarray, keep: np.ndarray | slice) -> pa.DictionaryArray:
        """Exports FOB, imports CIF; imports FOB where the row says so: fob is the value and no CIF is given."""
        stated = self.constants.get("valuation")
        if stated:
            numbers_ = np.full(len(flows), codes.VALUATIONS.index(stated), np.int32)
        else:
            is_import = self.judged["flow_code"].lookup("is_import", lambda v: int(v in _IMPORTS))[flows] == 1
            numbers_ = np.where(is_import, 1, 0).astype(np.int32)
            if "value_fob_usd" in rows.values and "value_cif_usd" in rows.values:
                fob = rows.valid["value_fob_usd"] & (rows.values["value_fob_usd"] == rows.values["reported_value_usd"])
                numbers_[(fob & ~rows.valid["value_cif_usd"])[keep]] = 0
        return pa.DictionaryArray.from_arrays(pa.array(numbers_, pa.int32()), pa.array(codes.VALUATIONS))


def exact_sum(values: np.ndarray) -> int:
    """Sum of int64 without overflow, as a Python int."""
    return (int((values >> 20).sum()) << 20) + int((values & ((1 << 20) - 1)).sum())


def _part(judged: Judged, numbers_: np.ndarray, position: int) -> pa.DictionaryArray:
    """One part of values that are tuples, as a dictionary array; an empty text is NULL."""
    parts = [str(v[position]) for v in judged.values]  # type: ignore[index]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(p for p in parts if p))}
    renumber = np.array([*(distinct.get(p, -1) for p in parts), -1], np.int32)
    found = renumber[numbers_]
    mask = found < 0
    return pa.DictionaryArray.from_arrays(
        pa.array(found, pa.int32(), mask=mask if mask.any() else None), pa.array(list(distinct), pa.string())
    )


def whole(table: pa.Table) -> pa.Table:
    """A stored slice with the columns that its layout hasn't, all NULL."""
    rows = table.num_rows
    for names, make in (
        (ROLES, _nulls),
        (FLAGS, lambda n: pa.nulls(n, pa.bool_())),
        (MEASURES, lambda n: pa.nulls(n, pa.decimal128(18, 3))),
    ):
        for name in names:
            if name not in table.column_names:
                table = table.append_column(name, make(rows))
    return table.select(sorted(table.column_names))


def _nulls(rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], pa.string()))
