"""run --plan: what handing over files would rebuild, without keeping anything of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestration.plan import NOTHING_ASKED, Plan, look, make_plan
from transforms.contracts.records import Snapshot
from transforms.io.handed import Handed
from transforms.io.texts import open_text
from transforms.settings import Settings
from transforms.sources.parse import years_stated
from transforms.sources.reader import layout_of


def _years_in(path: Path, snapshot: Snapshot, settings: Settings) -> frozenset[int]:
    """Years that a file's rows state; streaming, one column looked at."""
    found: set[int] = set()
    for member in snapshot.members:
        with open_text(path, member, settings) as stream:
            found |= years_stated(stream, layout_of(snapshot), member)
    layout = layout_of(snapshot)
    if layout.currency != "USD":
        # a year without a rate gives no row that stands
        found = {year for year in found if any(period.startswith(str(year)) for period, _ in layout.rates)}
    return frozenset(found)


def plan_with(settings: Settings, handed: Handed, asked: Mapping[tuple[str, str], str] = NOTHING_ASKED) -> tuple[Plan, list[Snapshot]]:
    """The plan as it would be with the files ``handed`` over, and those of their snapshots that are new; ``asked`` as make_plan has it."""
    view = look(settings)
    known = {s.snapshot_id: s for s in view.snapshots}
    fresh: dict[str, Snapshot] = {}
    years = dict(view.years)
    for snapshot in view.snapshots:
        if snapshot.snapshot_id not in years:
            path = settings.home / "snapshots" / snapshot.snapshot_id / snapshot.file_name
            years[snapshot.snapshot_id] = _years_in(path, snapshot, settings) if snapshot.kind == "flows" else frozenset()
    for path, taken in handed.taken:
        for snapshot in taken:
            if known.get(snapshot.snapshot_id) != snapshot:
                fresh[snapshot.snapshot_id] = snapshot
                years[snapshot.snapshot_id] = _years_in(path, snapshot, settings) if snapshot.kind == "flows" else frozenset()
    snapshots = tuple(sorted({**known, **fresh}.values(), key=lambda s: s.snapshot_id))
    return make_plan(settings, replace(view, snapshots=snapshots, years=years), asked), list(fresh.values())
