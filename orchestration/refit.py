"""Fitting a year's pinned estimates anew, because somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.stages import PARAMETERS, year_of
from transforms.io import state

REASON = "refit asked for"


class NothingPinned(ValueError):
    """A year was asked for that has no estimates; the text names those that do."""


def pinned_years(home: Path) -> tuple[int, ...]:
    """Years whose estimates are pinned, ascending."""
    found = (year_of(key) for name, key in state.read_states(home) if name == PARAMETERS.name)
    return tuple(sorted(year for year in found if year is not None))


def chosen_years(home: Path, years: Sequence[int]) -> tuple[int, ...]:
    """Those of ``years`` that are pinned, all pinned ones where none are asked for. Raises NothingPinned for one that isn't."""
    pinned = pinned_years(home)
    strange = sorted(set(years).difference(pinned))
    if strange:
        have = f"years with estimates: {', '.join(map(str, pinned))}" if pinned else "no year has any yet, a run fits them"
        raise NothingPinned(f"--refit --year {strange[0]}: no estimates of that year are pinned; {have}")
    return tuple(sorted(set(years))) or pinned


def forget(home: Path, years: Sequence[int]) -> None:
    """Let the next run fit ``years`` anew; the sets that stand hold until then. The caller has the publishing lock."""
    if years:
        state.record(home, [], [(PARAMETERS.name, f"year={year}") for year in years])


def asked_for(years: Sequence[int]) -> dict[tuple[str, str], str]:
    """What a plan is told where ``years`` are fitted anew: it finds what hangs on that."""
    return {(PARAMETERS.name, f"year={year}"): REASON for year in years}
