"""The OECD's symmetry index (docs/methods.md 1.3): the value share of an area's flows on which both reports all but agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.core.estimates.sufficient import Floats, Integers, Kind, Sums, first_of, key, merge, rounded

_EXPORTS, _IMPORTS = (Kind.EXPORTS, Kind.EXPORTS_AGREED), (Kind.IMPORTS, Kind.IMPORTS_AGREED)


@dataclass(frozen=True)
class Rule:
    """Reports agree where |X - M| / (X + M) is at most this many thousandths."""

    permille: int = 100


RULE = Rule()


@dataclass(frozen=True)
class Index:
    """SI of one role, 0 to 1; ``area`` ascending (n,)."""

    area: Integers
    share: Floats

    def of(self, area: Integers) -> Floats:
        """SI of each ``area`` (m,); 0 of one that has no two-sided flow."""
        if not len(self.area):
            return np.zeros(len(area))
        at = np.minimum(np.searchsorted(self.area, area), len(self.area) - 1)
        return np.where(self.area[at] == area, self.share[at], 0.0)


def statistics(
    year: Integers, exporter: Integers, importer: Integers, exporter_fob: Integers, importer_fob: Integers, rule: Rule = RULE
) -> Sums:
    """Mills of two-sided flows per area and role, and of those on which the reports agree. All (n,); values in mills."""
    both = (exporter_fob > 0) & (importer_fob > 0) & (exporter != importer)
    year, exporter, importer, exports, imports = (part[both] for part in (year, exporter, importer, exporter_fob, importer_fob))
    agreed = np.abs(exports - imports) * 1000 <= rule.permille * (exports + imports)
    parts = []
    for kinds, area, values in ((_EXPORTS, exporter, exports), (_IMPORTS, importer, imports)):
        parts.append(Sums.several(kinds, key(Kind.NONE, year, area), (values, np.where(agreed, values, 0))))
    return merge(parts)


def fit(sums: Sums) -> tuple[Index, Index]:
    """The index as exporter and as importer, over all years in ``sums``."""
    found = []
    for kinds in (_EXPORTS, _IMPORTS):
        total, agreed = (sums.of_kind(kind) for kind in kinds)
        total, agreed = (part.over(key(Kind.NONE, 0, first_of(part.keys))) for part in (total, agreed))
        found.append(Index(first_of(total.keys), rounded(agreed.integers / total.integers)))
    return found[0], found[1]
