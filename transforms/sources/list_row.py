"""One row of a list as texts, and the error that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class RowError(ValueError):
    """A row of a list that can't be read; the reader adds file and line."""


@dataclass(frozen=True)
class ListRow:
    """Texts by target, trimmed ("" where the file has no such column), the layout's constants, the edition or list named."""

    values: Mapping[str, str]
    constants: Mapping[str, str]
    edition: str | None

    def __getitem__(self, target: str) -> str:
        return self.values.get(target, "")
