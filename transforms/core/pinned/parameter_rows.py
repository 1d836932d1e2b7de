"""parameter_set: a year's estimates as rows, and back. One row a number; the rows' order is that of the fits' arrays.

Kinds: cif (coefficients, year effects, residual_variance, mean_log_rate, rank), cif_spread (the coefficients' covariance over the
residual variance), unit_value, unit; by role quality_exporter, weight_quality_exporter, interval_exporter, reliability_exporter,
symmetry_exporter and the same as importer; interval (the bias that all flows share); reporter (who reported when this was fitted).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema
from transforms.core import coded
from transforms.core.estimates.cif import NAMES, PUBLISHED, Coefficients
from transforms.core.estimates.growth_lab import Reliability
from transforms.core.estimates.intervals import Variances
from transforms.core.estimates.quality import Side
from transforms.core.estimates.symmetry import Index
from transforms.core.estimates.unit_values import UnitValues
from transforms.core.estimates.units import TonnesPerUnit
from transforms.core.pinned.parameters import Parameters

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
ROLES = ("exporter", "importer")
ALL, NO_UNIT = "all", "-1"
_TABLE = contracts.PARAMETER_SET
_NUMBERS = ("residual_variance", "mean_log_rate", "rank")


class _Rows:
    """Rows in the making, of one stratum."""

    def __init__(self, fitted_on: str) -> None:
        self._fitted_on = fitted_on
        self.columns: dict[str, list[object]] = {name: [] for name in _TABLE.columns if name not in _TABLE.partition_by}

    def add(
        self,
        kind: str,
        name: str,
        subjects: Iterable[str],
        values: Iterable[float],
        *,
        errors: Floats | None = None,
        counts: Integers | int | None = None,
        units: Iterable[int] | None = None,
        origin: str = "fitted",
        fitted_on: str = "",
    ) -> None:
        """One row for each subject; ``counts`` of observations each, or one for all."""
        subject = list(subjects)
        many = len(subject)
        counted = list(counts) if isinstance(counts, np.ndarray) else [counts] * many
        self._extend(
            [kind] * many, [name] * many, subject, [NO_UNIT] * many if units is None else [str(u) for u in units], list(values),
            [None] * many if errors is None else list(errors), counted, [origin] * many, [fitted_on or self._fitted_on] * many,
        )  # fmt: skip

    def _extend(self, *parts: Sequence[object]) -> None:
        for column, part in zip(self.columns.values(), parts, strict=True):
            column.extend(part)

    def table(self) -> pa.Table:
        """Sorted, in the table's file schema."""
        return _sorted(pa.table(self.columns, schema=file_schema(_TABLE)))


def _sorted(data: pa.Table) -> pa.Table:
    """In the table's order: codes by length and text."""
    order = coded.sort_order(coded.row_keys(data, _TABLE.sort_by))
    return data if order is None else data.take(pa.array(order))


def to_rows(parameters: Parameters) -> pa.Table:
    """The rows of a fitted set, without the year; none before any fit."""
    if parameters.fitted_on is None:
        return file_schema(_TABLE).empty_table()
    rows = _Rows(parameters.fitted_on)
    rows.add("reporter", "is_there", map(str, parameters.reporters), np.ones(len(parameters.reporters)))
    _cif_rows(rows, parameters.cif)
    frequency = parameters.fitted_on.split()[0]
    for classification in sorted({*parameters.unit_values, *parameters.units}):
        _product_rows(rows, classification, f"{frequency} {classification} 6", parameters)
    for role, side, weighed in zip(ROLES, parameters.quality, parameters.weight_quality, strict=True):
        _side_rows(rows, f"quality_{role}", side)
        _side_rows(rows, f"weight_quality_{role}", weighed)
    v = parameters.variances
    for role, area, number in (("exporter", v.exporter, v.exporter_variance), ("importer", v.importer, v.importer_variance)):
        rows.add(f"interval_{role}", "variance", map(str, area), number)
    if v.flows:
        rows.add("interval", "bias", [ALL], [v.bias], counts=v.flows)
    r = parameters.reliability
    for role, number, index in zip(ROLES, (r.exporter, r.importer), parameters.symmetry, strict=True):
        rows.add(f"reliability_{role}", "reliability", map(str, r.area), number)
        rows.add(f"symmetry_{role}", "symmetry", map(str, index.area), index.share)
    return rows.table()


def _cif_rows(rows: _Rows, cif: Coefficients) -> None:
    names = (*NAMES, *(f"year_{year}" for year in cif.years))
    origin = "published" if cif.is_published else "fitted"
    errors = np.sqrt(cif.residual_variance * np.diag(cif.spread))
    for place, (name, value) in enumerate(zip(names, (*cif.plain, *cif.year_effects), strict=True)):
        known = None if cif.is_published else errors[place : place + 1]
        rows.add("cif", name, [ALL], [value], errors=known, counts=cif.pairs, origin=origin)
    for name in _NUMBERS:
        rows.add("cif", name, [ALL], [float(getattr(cif, name))], counts=cif.pairs, origin=origin)
    if not cif.is_published:
        for one in range(len(names)):
            for other in range(one, len(names)):
                rows.add("cif_spread", f"{names[one]}:{names[other]}", [ALL], [cif.spread[one, other]], counts=cif.pairs)


def _product_rows(rows: _Rows, classification: str, fitted_on: str, parameters: Parameters) -> None:
    def subjects(products: Integers) -> list[str]:
        return [f"{classification} {product:06d}" for product in products]

    if (u := parameters.unit_values.get(classification)) is not None:
        rows.add("unit_value", "usd_per_kg", subjects(u.product), u.usd_per_kg, counts=u.reports, fitted_on=fitted_on)
    if (t := parameters.units.get(classification)) is not None:
        for name, values in (("tonnes_per_unit", t.tonnes), ("log_spread", t.spread)):
            rows.add("unit", name, subjects(t.product), values, counts=t.pairs, units=t.unit, fitted_on=fitted_on)


def _side_rows(rows: _Rows, kind: str, side: Side) -> None:
    areas = [str(area) for area in side.area]
    rows.add(kind, "sigma", areas, side.sigma, counts=side.flows)
    rows.add(kind, "distance", areas, side.distance, errors=side.standard_error, counts=side.flows)
    apart = np.flatnonzero(side.group)
    rows.add(kind, "group", [areas[place] for place in apart], side.group[apart].astype(np.float64), counts=side.flows[apart])


@dataclass(frozen=True)
class _Column:
    """The rows of one kind and name, in their order."""

    subject: list[str]
    unit: Integers
    value: Floats
    error: Floats
    count: Integers

    @property
    def area(self) -> Integers:
        return np.array([int(subject) for subject in self.subject], np.int64)


_NOTHING = _Column([], np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
_Columns = dict[tuple[str, str], _Column]


def from_rows(data: pa.Table, set_id: str) -> Parameters:
    """The set that ``to_rows`` made ``data`` of, in whatever order its rows come."""
    found = _columns(_sorted(data))
    is_cif = data["parameter_kind"].cast(pa.string()).index("cif").as_py()
    origin, fitted_on = (data[name][is_cif].as_py() for name in ("parameter_origin", "fitted_on"))
    variances = [found.get((f"interval_{role}", "variance"), _NOTHING) for role in ROLES]
    bias = found.get(("interval", "bias"), _NOTHING)
    exporter, importer = (found.get((f"reliability_{role}", "reliability"), _NOTHING) for role in ROLES)
    symmetry = [found.get((f"symmetry_{role}", "symmetry"), _NOTHING) for role in ROLES]
    return Parameters(
        set_id=set_id,
        fitted_on=str(fitted_on),
        cif=PUBLISHED if origin == "published" else _cif(found),
        unit_values=_unit_values(found),
        units=_units(found),
        quality=(_side(found, "quality_exporter"), _side(found, "quality_importer")),
        weight_quality=(_side(found, "weight_quality_exporter"), _side(found, "weight_quality_importer")),
        variances=Variances(
            variances[0].area, variances[0].value, variances[1].area, variances[1].value,
            float(bias.value.sum()), int(bias.count.sum()),
        ),
        reliability=Reliability(exporter.area, exporter.value, importer.value),
        reporters=found.get(("reporter", "is_there"), _NOTHING).area,
        symmetry=(Index(symmetry[0].area, symmetry[0].value), Index(symmetry[1].area, symmetry[1].value)),
    )  # fmt: skip


def _columns(data: pa.Table) -> _Columns:
    """The rows by kind and name."""
    keys = coded.row_keys(data, ("parameter_kind", "parameter_name"))
    starts = coded.starts(keys)
    found: _Columns = {}
    for start, end in zip(starts, [*starts[1:], data.num_rows], strict=True):
        part = data.slice(start, end - start)
        numbers = [np.array(part[name].fill_null(0)) for name in ("parameter_value", "standard_error", "observation_count")]
        units = np.array([int(unit) for unit in part["quantity_unit_code"].to_pylist()], np.int64)
        name = part["parameter_kind"][0].as_py(), part["parameter_name"][0].as_py()
        found[name] = _Column(part["subject_code"].to_pylist(), units, numbers[0], numbers[1], numbers[2])
    return found


def _cif(found: _Columns) -> Coefficients:
    one = {name: column for (kind, name), column in found.items() if kind == "cif"}
    years = sorted(int(name.removeprefix("year_")) for name in one if name.startswith("year_"))
    names = (*NAMES, *(f"year_{year}" for year in years))
    numbers = np.array([one[name].value[0] for name in names])
    spread = np.zeros((len(names), len(names)))
    for row, first in enumerate(names):
        for column, second in enumerate(names[row:], row):
            spread[row, column] = spread[column, row] = found["cif_spread", f"{first}:{second}"].value[0]
    residual, mean, rank = (float(one[name].value[0]) for name in _NUMBERS)
    plain = len(NAMES)
    pairs = int(one["rank"].count[0])
    return Coefficients(numbers[:plain], np.array(years, np.int64), numbers[plain:], spread, residual, pairs, int(rank), mean)


def _by_classification(column: _Column) -> list[tuple[str, slice, Integers]]:
    """Classifications with the rows of each and their products; a classification's rows are neighbours."""
    names = [subject.partition(" ")[0] for subject in column.subject]
    products = np.array([int(subject.rpartition(" ")[2]) for subject in column.subject], np.int64)
    starts = [place for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
    ends = [*starts[1:], len(names)]
    return [(names[start], slice(start, end), products[start:end]) for start, end in zip(starts, ends, strict=True)] if names else []


def _unit_values(found: _Columns) -> dict[str, UnitValues]:
    column = found.get(("unit_value", "usd_per_kg"), _NOTHING)
    return {name: UnitValues(product, column.value[at], column.count[at]) for name, at, product in _by_classification(column)}


def _units(found: _Columns) -> dict[str, TonnesPerUnit]:
    tonnes, spread = (found.get(("unit", name), _NOTHING) for name in ("tonnes_per_unit", "log_spread"))
    return {
        name: TonnesPerUnit(product, tonnes.unit[at], tonnes.value[at], tonnes.count[at], spread.value[at], np.ones(len(product), np.bool_))
        for name, at, product in _by_classification(tonnes)
    }


def _side(found: _Columns, kind: str) -> Side:
    sigma, distance, apart = (found.get((kind, name), _NOTHING) for name in ("sigma", "distance", "group"))
    group = np.zeros(len(sigma.value), np.int64)
    group[np.searchsorted(sigma.area, apart.area)] = apart.value.astype(np.int64)
    return Side(sigma.area, sigma.count, distance.value, distance.error, sigma.value, group)
