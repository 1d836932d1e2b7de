"""Rows of correlation tables: two codes that share products, each with its leading zeros, and their relationship."""

from __future__ import annotations

import re
from collections.abc import Sequence

from transforms.contracts import codes
from transforms.contracts.layout import Layout
from transforms.contracts.layouts.unsd import MARKS, TO, YEARS
from transforms.io.archives import BadFileError
from transforms.sources.list_row import ListRow, RowError

_RELATION = re.compile(r"([1n])\s*(?::|to)\s*([1n])", re.IGNORECASE)
_EX = re.compile(r"ex\.?\s*", re.IGNORECASE)
_YEARS = re.compile(r"([0-9]{4}) to ([0-9]{4})")
#: What codes of a classification look like; those of the HS have six digits.
_FORMS = {"H": "[0-9]{6}", "S": "[0-9]{1,5}", "BEC4": "[0-9]{1,3}", "BEC5": "[0-9]{1,6}", "ISIC3": "[0-9]{2,4}"}
_NO_COUNTERPART = "a code without a counterpart (n/a)"
_ZEROS_LOST = "relations with SITC, whose codes lost their zeros in this table and have no one length to restore them by"


def _code(classification: str, text: str) -> tuple[str, bool]:
    """The code without points, zeros restored, and whether it is marked as a part ('ex 0101.10')."""
    bare = _EX.sub("", text, count=1) if _EX.match(text) else text
    code = bare.replace(".", "").replace(" ", "")
    is_hs = classification.startswith("H")
    if is_hs and len(code) == 5:
        code = code.zfill(6)  # an even length is the HS's own: an odd one lost a zero
    if not re.fullmatch(_FORMS[classification] if classification in _FORMS else _FORMS[classification[0]], code):
        raise RowError(f"{text!r} is no code of {'the HS (six digits)' if is_hs else classification}")
    return code, bare != text


def _relationship(text: str, *, is_turned: bool) -> str | None:
    if not text:
        return None
    match = _RELATION.fullmatch(text)
    if match is None:
        raise RowError(f"{text!r} is no relationship ({', '.join(codes.RELATIONSHIPS)})")
    left, right = (side.lower() for side in match.groups())
    return f"{right}:{left}" if is_turned else f"{left}:{right}"


class CorrelationReader:
    """Reads the rows of one table. ``left_out``: why rows were passed over, an entry a row."""

    def __init__(self, layout: Layout, columns: Sequence[str]) -> None:
        named = [c for c in columns if c.startswith(TO)]
        if len(named) != 1:
            found = ", ".join(named) or "none"
            raise BadFileError(f"a table of {layout.name} relates one classification to one other; it has columns for {found}")
        self._to_column = named[0]
        self._marks = [target for _, target in MARKS if target in columns]
        #: the relationship is written in the order of the columns
        self._is_turned = columns.index(self._to_column) < columns.index("from_code")
        self.left_out: list[str] = []

    def _pair(self, row: ListRow) -> tuple[str, str]:
        if "years" in row.values:
            match = _YEARS.fullmatch(row["years"])
            if match is None or not set(match.groups()) <= set(YEARS):
                raise RowError(f"{row['years']!r} names no two editions (2022 to 2017)")
            return YEARS[match[1]], YEARS[match[2]]
        to = row.constants.get("to_classification") or self._to_column.removeprefix(TO)
        return row.constants["from_classification"], to

    def read(self, row: ListRow) -> dict[str, object] | None:
        """The relation of a row; None for a row without content or without a counterpart."""
        left, right = row["from_code"], row[self._to_column]
        if not any(row.values.values()):
            return None
        source, target = self._pair(row)
        if "years" in row.values and not {source, target} <= set(codes.HS_EDITIONS):
            self.left_out.append(_ZEROS_LOST)
            return None
        if right.lower() in ("n/a", "na", "-"):
            self.left_out.append(_NO_COUNTERPART)
            return None
        from_code, is_from_part = _code(source, left)
        to_code, is_to_part = _code(target, right)
        return {
            "from_classification": source,
            "from_code": from_code,
            "to_classification": target,
            "to_code": to_code,
            "relationship": _relationship(row["relationship"], is_turned=self._is_turned),
            "is_part": self._is_part(row, is_from_part or is_to_part),
        }

    def _is_part(self, row: ListRow, is_marked: bool) -> bool | None:
        """True where a code is marked "ex"; False where others of the table are; None where the table has no marks."""
        for mark in self._marks:
            if row[mark] and not _EX.fullmatch(row[mark]):
                raise RowError(f"{row[mark]!r} stands beside the code; known is ex")
        if any(row[mark] for mark in self._marks) or is_marked:
            return True
        return False if self._marks else None
