"""Ways to make good rows bad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.expectation_rows import Rows

Worsen = Callable[[Rows], None]


def change(position: int, **values: Any) -> Worsen:
    """Overwrite columns of one row."""
    return lambda rows: rows[position].update(values)


def again(position: int, **values: Any) -> Worsen:
    """Append a copy of one row, with columns overwritten."""
    return lambda rows: rows.append({**rows[position], **values})


def drop(position: int) -> Worsen:
    """Take one row away."""
    return lambda rows: rows.__delitem__(position)
