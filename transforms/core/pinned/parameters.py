"""A year's pinned estimates as the reconciliation reads them: what was fitted is what is read, to the last of 12 digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.core.estimates.cif import PUBLISHED, Coefficients
from transforms.core.estimates.growth_lab import Reliability
from transforms.core.estimates.intervals import Variances
from transforms.core.estimates.quality import Side
from transforms.core.estimates.sufficient import CODE_LIMIT
from transforms.core.estimates.symmetry import Index
from transforms.core.estimates.unit_values import NO_UNIT_VALUES, UnitValues
from transforms.core.estimates.units import TonnesPerUnit
from transforms.core.harmonising.reporters import Reporters
from transforms.io import lake

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Comtrade's quantity unit of a weight in kilograms: nothing is to be estimated.
KILOGRAMS = 8

_NO_CODES, _NO_NUMBERS, _NO_FLAGS = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_)
_NO_SIDE = Side(_NO_CODES, _NO_CODES, _NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, _NO_CODES)
_NO_UNITS = TonnesPerUnit(_NO_CODES, _NO_CODES, _NO_NUMBERS, _NO_CODES, _NO_NUMBERS, _NO_FLAGS)
_NO_INDEX = Index(_NO_CODES, _NO_NUMBERS)
_NO_VARIANCES = Variances(_NO_CODES, _NO_NUMBERS, _NO_CODES, _NO_NUMBERS, 0.0, 0)
_NO_RELIABILITY = Reliability(_NO_CODES, _NO_NUMBERS, _NO_NUMBERS)


@dataclass(frozen=True, eq=False)
class Parameters:
    """One year's set. ``set_id`` begins the name of the committed file's content; ``fitted_on`` is None before any fit.

    Pairs of fits are (as exporter, as importer); unit values and tonnes per unit by classification. ``reporters`` (n,) ascending:
    who reported when it was fitted. Areas and products are codes as integers, in arrays of any shape.
    """

    set_id: str = ""
    fitted_on: str | None = None
    cif: Coefficients = PUBLISHED
    unit_values: Mapping[str, UnitValues] = field(default_factory=dict)
    units: Mapping[str, TonnesPerUnit] = field(default_factory=dict)
    quality: tuple[Side, Side] = (_NO_SIDE, _NO_SIDE)
    weight_quality: tuple[Side, Side] = (_NO_SIDE, _NO_SIDE)
    variances: Variances = _NO_VARIANCES
    reliability: Reliability = _NO_RELIABILITY
    symmetry: tuple[Index, Index] = (_NO_INDEX, _NO_INDEX)
    reporters: Integers = field(default_factory=lambda: _NO_CODES)

    def unit_value_of(self, classification: str, product: Integers) -> Floats:
        """The product's usual unit value, USD per kg; NaN where it isn't known."""
        return _flat(self.unit_values.get(classification, NO_UNIT_VALUES).of, product)

    def kg_of(self, classification: str, product: Integers, unit: Integers, quantity: Floats) -> tuple[Floats, Flags]:
        """Kilograms of ``quantity`` units (n,), and where they can be told; 0 where not. Kilograms are what they are."""
        is_code = (product >= 0) & (product < CODE_LIMIT) & (unit >= 0)
        codes = np.where(is_code, product, 0), np.where(is_code, unit, 0)
        tonnes, found = self.units.get(classification, _NO_UNITS).tonnes_of(*codes, np.where(is_code, quantity, 0.0))
        is_weight = (unit == KILOGRAMS) & (quantity > 0)
        return np.where(is_weight, quantity, tonnes * 1000), found | is_weight

    @property
    def has_qualities(self) -> bool:
        """Whether any mirror was there to judge reporters by."""
        return len(self.quality[0].area) > 0

    def sigma_of(self, area: Integers, *, is_exporter: bool, of_net_weight: bool = False) -> Floats:
        """sigma; the role's median for an area without mirrors, 1 for all where nothing was fitted, so that weights tie."""
        return _flat(self._side(is_exporter, of_net_weight).sigma_of, area)

    def has_sigma(self, area: Integers, *, is_exporter: bool, of_net_weight: bool = False) -> Flags:
        """Whether the area has a sigma of its own."""
        return np.isin(area, self._side(is_exporter, of_net_weight).area)

    def variance_of(self, area: Integers, *, is_exporter: bool) -> Floats:
        """s^2 of intervals; the role's median for an area without mirrors, NaN where nothing was fitted."""
        return _flat(lambda flat: self.variances.of(flat, is_exporter=is_exporter), area)

    def reliability_of(self, area: Integers, *, is_exporter: bool) -> Floats:
        """The Growth Lab's reliability; 1 for an area that was never compared."""
        return _flat(lambda flat: self.reliability.of(flat, is_exporter=is_exporter), area)

    def symmetry_of(self, area: Integers, *, is_exporter: bool) -> Floats:
        """The OECD's symmetry index, 0 to 1; 0 for an area without a two-sided flow."""
        return _flat(self.symmetry[0 if is_exporter else 1].of, area)

    def lacking(self, year: int, reporters: Reporters) -> tuple[str, ...]:
        """One line of warning where ``reporters`` of ``year`` are there that weren't when the set was fitted; else none."""
        there = {int(area) for areas in reporters.areas.values() for area in areas}
        count = len(there.difference(self.reporters.tolist()))
        if self.fitted_on is None or not count:
            return ()
        have = "1 reporter has" if count == 1 else f"{count} reporters have"
        return (f"{year}: {have} no estimate in the pinned parameters; `entrepot run --refit --year {year}` fits them",)

    def _side(self, is_exporter: bool, of_net_weight: bool) -> Side:
        return (self.weight_quality if of_net_weight else self.quality)[0 if is_exporter else 1]


#: A year's before any fit: the published CIF equation, equal weights, no intervals.
NO_PARAMETERS = Parameters()


def _flat(function: Callable[[Integers], Floats], codes: Integers) -> Floats:
    """``function`` of one-dimensional codes, in the shape of ``codes``."""
    return function(codes.ravel()).reshape(codes.shape)


def read_parameters(home: Path, year: int) -> Parameters:
    """The committed set of ``year``; NO_PARAMETERS where there is none."""
    from transforms.core.pinned.parameter_rows import from_rows

    paths = lake.active_files(home, contracts.PARAMETER_SET, year=year)
    if not paths:
        return NO_PARAMETERS
    return from_rows(lake.read(home, contracts.PARAMETER_SET, year=year), paths[0].stem[:16])
