"""Blocks of bytes to typed rows: judged codes, exact numbers, and the rows to quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from transforms.contracts import codes
from transforms.contracts.layout import Field, Layout
from transforms.contracts.rates import rate_units
from transforms.contracts.records import Snapshot
from transforms.contracts.targets import MEASURES, MONEY, ROLES
from transforms.sources import measures, numbers
from transforms.sources.codelists import Judged
from transforms.sources.coding import Coding
from transforms.sources.reader import STATUS_REASONS, Block

LEAF, BREAKDOWN, WORLD, MARGIN = 0, 1, 2, 3
KINDS = (None, "breakdown", "world", "margin")
#: Ten trillion USD: the largest total of one reporter is a third of it, and sums must fit DECIMAL(18,3).
_IMPLAUSIBLE_MILLS = 10**16
_IMPLAUSIBLE = "is above ten trillion USD, more than a country trades in a year: check the unit"
_NO_UNIT = ("1", "-1", "NO_SU", "-")


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

    def __init__(self, snapshot: Snapshot, layout: Layout, fields: Mapping[str, tuple[int, Field]]) -> None:
        self.layout, self.encodings = layout, layout.encodings
        self.fields = {target: entry for target, (_, entry) in fields.items()}
        self.constants = dict(layout.constants)
        if snapshot.edition and "classification" not in self.fields:
            self.constants["classification"] = snapshot.edition
        self.coding = Coding(layout, self.fields, self.constants, layout.encodings)
        #: (column, reason) per fault number; 0 is no fault
        self.faults: list[tuple[str | None, str]] = [(None, "")]
        self._fault_numbers: dict[tuple[str | None, str], int] = {}
        self.zeros_restored = 0
        #: values of rows without fault that had digits beyond mills, rounded half to even
        self.values_cut = 0

    @property
    def judged(self) -> dict[str, Judged]:
        """Every code column's accepted values."""
        return self.coding.judged

    @property
    def times(self) -> Judged:
        """(year, frequency, period) of rows."""
        return self.coding.times

    @property
    def products(self) -> Judged:
        """(code, level, whether a zero was put back) of rows."""
        return self.coding.products

    # -- faults -----------------------------------------------------------------------------

    def _fault(self, column: str | None, reason: str) -> int:
        key = (column, reason)
        if key not in self._fault_numbers:
            self._fault_numbers[key] = len(self.faults)
            self.faults.append(key)
        return self._fault_numbers[key]

    def _mark(self, rows: Rows, mask: np.ndarray, column: str | None, reason: str) -> None:
        rows.fault[mask & (rows.fault == 0)] = self._fault(column, reason)

    def _refused(self, rows: Rows, column: str, found: np.ndarray, judged: Judged) -> None:
        if not judged.reasons:
            return
        bad = found <= -10
        if bad.any():
            for number in np.unique(found[bad]):
                self._mark(rows, found == number, column, judged.reasons[int(number)])

    # -- a block ----------------------------------------------------------------------------

    def parse(self, block: Block) -> Rows:
        """All rows of a block, typed; ``fault`` numbers those to quarantine."""
        torn = block.statuses != 0
        is_torn = bool(torn.any())
        if is_torn:
            # A short row leaves positions of the row before in its slots: no column of it is looked at.
            block.starts[:, torn] = block.ends[:, torn] = 0
        rows = Rows(self.coding.encode(block), fault=np.zeros(block.rows, np.int32))
        if is_torn:
            for status in np.unique(block.statuses[torn]):
                self._mark(rows, block.statuses == status, None, STATUS_REASONS[int(status)])
        for column, judged in self.judged.items():
            self._refused(rows, column, rows.codes[column], judged)
        self._refused(rows, "period", rows.codes["time"], self.times)
        self._refused(rows, "product_code", rows.codes["product"], self.products)
        self._numbers(rows, block)
        self._convert(rows)
        units = self.judged["quantity_unit_code"].lookup("is_none", lambda v: int(v in _NO_UNIT)).astype(bool)
        too_much = rows.values["reported_value_usd"] >= _IMPLAUSIBLE_MILLS
        if too_much.any():
            self._mark(rows, too_much, "reported_value_usd", _IMPLAUSIBLE)
        measures.without_zeros(rows.values, rows.valid, units[np.maximum(rows.codes["quantity_unit_code"], -1)])
        self._kinds(rows)
        restored = self.products.lookup("is_restored", lambda v: int(v[2]))  # type: ignore[index]
        if restored.any():
            self.zeros_restored += int(restored[np.maximum(rows.codes["product"], -1)][rows.fault == 0].sum())
        return rows

    def _numbers(self, rows: Rows, block: Block) -> None:
        cut = np.zeros(block.rows, bool)
        for column in MEASURES:
            entry = self.fields.get(column)
            if entry is None:
                continue
            values, statuses = measures.parse_column(block, column, entry)
            counts = np.bincount(statuses, minlength=8)
            for status in np.flatnonzero(counts):
                if int(status) in numbers.REASONS:
                    self._mark(rows, statuses == status, column, numbers.REASONS[int(status)])
            rows.values[column] = values
            rows.valid[column] = np.ones(block.rows, bool) if counts[numbers.OK] == block.rows else np.isin(statuses, numbers.VALID)
            if column == "reported_value_usd":
                rows.is_rounded = statuses == numbers.OK_EXPONENT
                cut = statuses == numbers.OK_CUT
                if counts[numbers.MISSING]:
                    self._mark(rows, statuses == numbers.MISSING, column, "is empty: the row has no value")
        self.values_cut += int((cut & (rows.fault == 0)).sum())

    def _convert(self, rows: Rows) -> None:
        """Money in another currency to USD, at the dated rate; a row of a period without one is quarantined."""
        if self.layout.currency == "USD":
            return
        rates = self.layout.rates
        table = self.times.lookup("rate", lambda v: rate_units(rates, v[2]) or 0)  # type: ignore[index]
        rate = table[np.maximum(rows.codes["time"], -1)]
        self._mark(
            rows,
            (rate == 0) & (rows.fault == 0),
            "period",
            f"has no {self.layout.currency} rate: add one to [rates.{self.layout.currency}]",
        )
        for column in MONEY:
            if column in rows.values:
                too_big = measures.is_too_big(rows.values[column], rate)
                self._mark(rows, too_big, column, numbers.REASONS[numbers.TOO_BIG])
                rows.values[column] = measures.converted(rows.values[column], rate)
                rows.valid[column] &= (rate > 0) & ~too_big

    def _kinds(self, rows: Rows) -> None:
        kind = np.zeros(len(rows.fault), np.int8)
        for column in ("reporter_code", "partner_code"):
            table = self.judged[column].lookup("kind", lambda v: WORLD if v == codes.WORLD else MARGIN if v in codes.MARGIN_AREAS else LEAF)
            if table.any():
                kind += np.where(kind == 0, table[np.maximum(rows.codes[column], -1)], 0).astype(np.int8)
        for column in ROLES:
            if column in self.fields:
                parts = self.judged[column].lookup("is_part", lambda v: int(not v[1]))  # type: ignore[index]
                if parts.any():
                    kind[parts[np.maximum(rows.codes[column], -1)] == 1] = BREAKDOWN
        rows.kind = kind
