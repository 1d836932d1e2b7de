"""Real correlation tables for tests, read as they are read in earnest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from transforms.core.concordance.groups import Correlation, correlation
from transforms.core.concordance.weights import FITTED, FIXED, Weights, make_weights
from transforms.io.forms.workbook import workbook_rows


@cache
def real_table(path: Path) -> Correlation:
    """The correlation sheet of one of UNSD's workbooks; the first two columns with HS in their heading."""
    with path.open("rb") as opened:
        rows = workbook_rows(opened, path.name)
        header = next(rows)
        left, right = [n for n, heading in enumerate(header) if heading.startswith("HS")][:2]
        pairs = [(row[left], row[right]) for row in rows]
    return correlation([a for a, _ in pairs], [b for _, b in pairs])


def unsd(shared_data: Path, newer: int, older: int) -> Correlation:
    return real_table(shared_data / "reference" / "concordance" / f"HS{newer}toHS{older}ConversionAndCorrelationTables.xlsx")


def turned(table: Correlation) -> Correlation:
    """The same relations the other way; weights are never turned."""
    return correlation(table.to_codes[table.to_index].tolist(), table.from_codes[table.from_index].tolist())


def of(*pairs: str) -> Correlation:
    """of("a>x", "b>x")"""
    split = [p.split(">") for p in pairs]
    return correlation([a for a, _ in split], [b for _, b in split])


def given_weights(editions: tuple[str, str], from_codes: list[str], to_codes: list[str], weight: list[float]) -> Weights:
    """Weights written out, a relation an entry, in any order; those of a code that is split have the origin FITTED."""
    left, row = np.unique(np.asarray(from_codes, dtype=np.str_), return_inverse=True)
    right, target = np.unique(np.asarray(to_codes, dtype=np.str_), return_inverse=True)
    order = np.lexsort((target, row))
    relations = row[order].astype(np.int64), target[order].astype(np.int64), np.asarray(weight, dtype=np.float64)[order]
    origin = np.where(np.bincount(row) > 1, FITTED, FIXED).astype(np.int64)
    return make_weights(editions, (left, right), relations, origin, np.zeros(len(left), dtype=np.int64))
