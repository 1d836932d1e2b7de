"""A product's usual unit value, USD per kg: all values over all weights that are reported of it, in exact integers.

Reports FOB come first; a product of which importers' CIF values alone have weights takes those, a few per cent above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Flags, Floats, Integers, Kind, Sums, first_of, key, merge, rounded

_FOB, _CIF = (Kind.FOB_VALUE, Kind.FOB_KG, Kind.FOB_REPORTS), (Kind.CIF_VALUE, Kind.CIF_KG, Kind.CIF_REPORTS)


@dataclass(frozen=True)
class UnitValues:
    """Of n products, ascending: USD per kg, and the reports behind it."""

    product: Integers
    usd_per_kg: Floats
    reports: Integers

    def of(self, product: Integers) -> Floats:
        """USD per kg of each ``product`` (m,); NaN where it isn't known."""
        if not len(self.product):
            return np.full(len(product), np.nan)
        at = np.minimum(np.searchsorted(self.product, product), len(self.product) - 1)
        return np.where(self.product[at] == product, self.usd_per_kg[at], np.nan)


#: Of no product.
NO_UNIT_VALUES = UnitValues(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))


def statistics(product: Integers, value: Integers, kg: Integers, is_fob: Flags) -> Sums:
    """Mills, thousandths of kg and reports per product, FOB and CIF apart; rows (n,) with both above 0 count."""
    usable = (value > 0) & (kg > 0)
    parts = []
    for kinds, rows in ((_FOB, usable & is_fob), (_CIF, usable & ~is_fob)):
        parts.append(Sums.several(kinds, key(Kind.NONE, 0, product[rows]), (value[rows], kg[rows], np.ones(int(rows.sum()), np.int64))))
    return merge(parts)


def fit(sums: Sums) -> UnitValues:
    """Unit values of all products in ``sums``."""
    fob, cif = ([sums.of_kind(kind) for kind in kinds] for kinds in (_FOB, _CIF))
    product = np.unique(np.concatenate([first_of(fob[0].keys), first_of(cif[0].keys)]))
    value, kg, reports = np.zeros((3, len(product)), np.int64)
    for found in (cif, fob):
        at = np.searchsorted(product, first_of(found[0].keys))
        value[at], kg[at], reports[at] = (part.integers for part in found)
    return UnitValues(product, rounded(value / kg), reports)
