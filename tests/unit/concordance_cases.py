"""Real correlation tables for tests, read as they are read in earnest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from transforms.core.concordance.groups import Correlation, correlation
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
