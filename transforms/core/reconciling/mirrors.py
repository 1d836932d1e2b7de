"""Both reports of n flows as arrays: what harmonised_flows holds as neighbouring rows, one entry a flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.core.coded import Coded
from transforms.io import lake

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Flows handled at a time, so that temporaries stay in the processor's cache.
BLOCK = 1 << 16
#: Code columns of a flow's two ends.
AREAS = ("exporter_code", "importer_code")
COLUMNS = (
    *contracts.STRATUM, *AREAS, "product_code", "side", "source", "reported_value_usd", "valuation", "value_fob_usd", "is_value_rounded",
    "net_weight_kg", "is_net_weight_estimated", "quantity", "quantity_unit_code", "re_export_usd", "is_reported", "is_residual",
    "conversion", "snapshot_id",
)  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """The columns of one row group of harmonised_flows. Thousandths where a number is meant, 0 where it is NULL; shape (rows,)."""

    data: pa.Table

    @cached_property
    def reported(self) -> Integers:
        return lake.mills(self.data["reported_value_usd"])

    @cached_property
    def stated_fob(self) -> Integers | None:
        return self._mills("value_fob_usd")

    @cached_property
    def re_export(self) -> Integers | None:
        return self._mills("re_export_usd")

    @cached_property
    def kg(self) -> Integers | None:
        return self._mills("net_weight_kg")

    @cached_property
    def quantity(self) -> Integers | None:
        return self._mills("quantity")

    @cached_property
    def is_cif(self) -> Flags:
        return self.coded("valuation").are("CIF")

    @cached_property
    def is_exporter(self) -> Flags:
        return self.coded("side").are("exporter")

    def coded(self, name: str) -> Coded:
        """A code column, decoded once."""
        known: dict[str, Coded] = self.__dict__.setdefault("_coded", {})
        if name not in known:
            known[name] = Coded.of(self.data[name])
        return known[name]

    def flags(self, name: str, otherwise: bool) -> Flags | bool:
        """A flag column, decoded once; one bool where it is NULL throughout, ``otherwise`` for NULL."""
        known: dict[str, Flags | bool] = self.__dict__.setdefault("_flags", {})
        if name not in known:
            column = self.data[name]
            is_null = column.null_count == len(column)
            filled = pc.fill_null(column, otherwise) if column.null_count else column
            known[name] = otherwise if is_null else np.asarray(filled.to_numpy(), bool)
        return known[name]

    def stated(self, name: str) -> Flags | bool:
        """Where a column isn't NULL; one bool where it is the same for all rows."""
        column = self.data[name]
        if column.null_count in (0, len(column)):
            return bool(column.null_count == 0)
        return np.asarray(column.is_valid().to_numpy(), bool)

    def _mills(self, name: str) -> Integers | None:
        column = self.data[name]
        return None if column.null_count == len(column) else lake.mills(column)


def _same(column: pa.ChunkedArray) -> object:
    return column[0].as_py()


@dataclass(frozen=True)
class Flows:
    """n flows of one stratum. ``first`` (n,) is the row where a flow begins; ``exporter_row`` and ``importer_row`` (n,) -1 where
    that side doesn't report. Arrays of areas and products are codes as integers, -1 for a product that isn't all digits."""

    year: int
    rows: Rows
    first: Integers
    exporter_row: Integers
    importer_row: Integers

    def __len__(self) -> int:
        return len(self.first)

    def slice(self, start: int, end: int) -> Flows:
        """Flows start..end - 1."""
        return replace(
            self, first=self.first[start:end], exporter_row=self.exporter_row[start:end], importer_row=self.importer_row[start:end]
        )

    def where(self, mask: Flags) -> Flows:
        """The flows where ``mask`` holds."""
        return replace(self, first=self.first[mask], exporter_row=self.exporter_row[mask], importer_row=self.importer_row[mask])

    def blocks(self) -> list[tuple[int, int]]:
        """Start and end of pieces of at most BLOCK flows."""
        return [(start, min(start + BLOCK, len(self))) for start in range(0, len(self), BLOCK)]

    def keys(self, at: Integers | None = None, *, of: Sequence[str] = (*AREAS, "product_code")) -> dict[str, Any]:
        """Stratum and codes of the flows ``at`` (m,), of all where it isn't given; a stratum's are constant, so theirs are a view."""
        first = self.first if at is None else self.first[at]
        found: dict[str, Any] = {name: self.rows.data[name].slice(0, len(first)) for name in contracts.STRATUM}
        for name in of:
            coded = self.rows.coded(name)
            found[name] = pa.DictionaryArray.from_arrays(pa.array(coded.indices[first]), coded.texts)
        return found

    @cached_property
    def frequency(self) -> str:
        return str(_same(self.rows.data["frequency"]))

    @cached_property
    def period(self) -> str:
        return str(_same(self.rows.data["period"]))

    @cached_property
    def classification(self) -> str:
        return str(_same(self.rows.data["classification"]))

    @cached_property
    def level(self) -> int:
        return int(str(_same(self.rows.data["product_level"])))

    def numbers(self, name: str) -> Integers:
        """A code column of the flow as integers (n,)."""
        coded = self.rows.coded(name)
        return coded.numbers[coded.indices[self.first]]

    @cached_property
    def exporter(self) -> Integers:
        return self.numbers("exporter_code")

    @cached_property
    def importer(self) -> Integers:
        return self.numbers("importer_code")

    @cached_property
    def product(self) -> Integers:
        return self.numbers("product_code")

    @cached_property
    def has_exporter(self) -> Flags:
        return self.exporter_row >= 0

    @cached_property
    def has_importer(self) -> Flags:
        return self.importer_row >= 0

    @property
    def _sides(self) -> tuple[tuple[Integers, Flags], ...]:
        return (self.exporter_row, self.has_exporter), (self.importer_row, self.has_importer)

    def coded(self, name: str, *, is_exporter: bool) -> Coded:
        """A code column of one side's report, NULL where that side gives none."""
        return self.rows.coded(name).at(*self._sides[0 if is_exporter else 1])

    def _of(self, values: Integers | None, rows: Integers, has: Flags) -> Integers:
        """Values at ``rows``, 0 where there is none."""
        if values is None:
            return np.zeros(len(rows), np.int64)
        found = values[rows]  # -1 is the last row: taken off again
        found[~has] = 0
        return found

    def _flag(self, values: Flags | bool, rows: Integers, has: Flags) -> Flags:
        if isinstance(values, bool):
            return has & values
        return has & values[rows]

    @cached_property
    def exporter_reported(self) -> Integers:
        return self._of(self.rows.reported, self.exporter_row, self.has_exporter)

    @cached_property
    def importer_reported(self) -> Integers:
        return self._of(self.rows.reported, self.importer_row, self.has_importer)

    @cached_property
    def re_exports(self) -> Integers:
        return self._of(self.rows.re_export, self.exporter_row, self.has_exporter)

    @cached_property
    def is_importer_cif(self) -> Flags:
        return self.has_importer & self.rows.is_cif[self.importer_row]

    @cached_property
    def importer_stated_fob(self) -> Integers:
        return self._of(self.rows.stated_fob, self.importer_row, self.has_importer)

    @cached_property
    def exporter_kg(self) -> Integers:
        return self._of(self.rows.kg, self.exporter_row, self.has_exporter)

    @cached_property
    def importer_kg(self) -> Integers:
        return self._of(self.rows.kg, self.importer_row, self.has_importer)

    @cached_property
    def is_exporter_kg_estimated(self) -> Flags:
        return self._flag(self.rows.flags("is_net_weight_estimated", False), self.exporter_row, self.has_exporter)

    @cached_property
    def is_importer_kg_estimated(self) -> Flags:
        return self._flag(self.rows.flags("is_net_weight_estimated", False), self.importer_row, self.has_importer)

    @cached_property
    def says_if_estimated(self) -> Flags:
        """Whether the publisher says of the weight of either side if it estimated it."""
        stated = self.rows.stated("is_net_weight_estimated")
        return self._flag(stated, self.exporter_row, self.has_exporter) | self._flag(stated, self.importer_row, self.has_importer)

    @cached_property
    def exporter_quantity(self) -> Integers:
        return self._of(self.rows.quantity, self.exporter_row, self.has_exporter)

    @cached_property
    def importer_quantity(self) -> Integers:
        return self._of(self.rows.quantity, self.importer_row, self.has_importer)

    def unit(self, rows: Integers, has: Flags) -> Integers:
        """Quantity unit codes at ``rows``, -1 where there is none."""
        coded = self.rows.coded("quantity_unit_code")
        if not len(coded.texts):
            return np.full(len(rows), -1, np.int64)
        numbers = np.append(coded.numbers, -1)
        return np.where(has, numbers[coded.indices[rows]], -1)

    @cached_property
    def exporter_unit(self) -> Integers:
        return self.unit(self.exporter_row, self.has_exporter)

    @cached_property
    def importer_unit(self) -> Integers:
        return self.unit(self.importer_row, self.has_importer)

    @cached_property
    def is_copied(self) -> Flags:
        """A report that the publisher copied or built: not a second witness."""
        original = self.rows.flags("is_reported", True)
        one, other = (self._flag(original, r, h) | ~h for r, h in self._sides)
        return ~(one & other)

    def is_rounded(self, weight: NDArray[np.float64]) -> Flags:
        """Whether a report that the value is made of lost digits; ``weight`` (n,) is that of the exporter's."""
        one, other = (self._flag(self.rows.flags("is_value_rounded", False), r, h) for r, h in self._sides)
        return (one & (weight > 0)) | (other & (weight < 1))

    @cached_property
    def is_residual(self) -> Flags:
        values = self.rows.flags("is_residual", False)
        return np.full(len(self), values) if isinstance(values, bool) else values[self.first]


def flows_of(data: pa.Table, year: int) -> Flows:
    """The flows of one row group of harmonised_flows (columns COLUMNS): its rows are sorted, mirrors are neighbours."""
    rows = Rows(data)
    keys = [rows.coded(name).indices for name in (*AREAS, "product_code")]
    is_new = np.ones(data.num_rows, bool)
    is_new[1:] = (keys[0][1:] != keys[0][:-1]) | (keys[1][1:] != keys[1][:-1]) | (keys[2][1:] != keys[2][:-1])
    first = np.flatnonzero(is_new)
    size = np.diff(np.append(first, data.num_rows))
    leads = rows.is_exporter[first]
    importer = np.where(size == 2, first + 1, np.where(leads, -1, first))
    return Flows(year, rows, first, np.where(leads, first, -1), importer)
