"""The stage of conversion weights: what they are built from, and when they are built anew (docs/editions.md)."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.steps import Task
from orchestration.view import View
from transforms.contracts.codes import BASES


def conversion_inputs(view: View) -> dict[str, object]:
    """Pinned: what the years of a change hold is not asked, only whether they are there. Revised reports fit nothing anew."""
    from transforms.core.harmonising.conversion import target_editions
    from transforms.core.harmonising.conversion_data import CHANGE_YEARS

    tables = sorted([s.snapshot_id, s.taken_at.isoformat()] for s in view.snapshots if s.kind == "correlation")
    own = {s.snapshot_id for s in view.snapshots if s.kind == "flows" and view.settings.catalog.basis_of(s.source) == BASES[0]}
    held = frozenset[int]().union(*(years for snapshot, years in view.years.items() if snapshot in own))
    around = [[year, year - 1 in held, year in held] for year in CHANGE_YEARS]
    settings = [list(target_editions(view.settings)), view.settings.harmonise.minimum_observations]
    return {"": [tables, settings, around]} if tables else {}


def conversion_tasks(view: View, _: str) -> Sequence[Task]:
    """The one task of the stage."""
    from transforms.core.harmonising.conversion import build_conversion

    return [(build_conversion, (view.home, view.snapshots, view.settings))]
