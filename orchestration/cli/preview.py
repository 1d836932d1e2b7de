"""run --plan: what handing over files would rebuild, without keeping anything of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestration.plan import Plan, look, make_plan
from transforms.contracts.records import Snapshot
from transforms.io.snapshot import Declared, take_snapshot
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


def _files(path: Path, snapshots: Sequence[Snapshot]) -> dict[str, Path]:
    """snapshot_id -> the file handed over that holds it."""
    if path.is_file():
        return {s.snapshot_id: path for s in snapshots}
    by_name = {p.name: p for p in sorted(path.rglob("*")) if p.is_file()}
    return {s.snapshot_id: by_name[s.file_name] for s in snapshots}


def plan_with(settings: Settings, paths: Sequence[Path], declared: Declared) -> tuple[Plan, list[Snapshot]]:
    """The plan as it would be with ``paths`` handed over, and those of their snapshots that are new."""
    view = look(settings)
    known = {s.snapshot_id: s for s in view.snapshots}
    fresh: dict[str, Snapshot] = {}
    years = dict(view.years)
    for snapshot in view.snapshots:
        if snapshot.snapshot_id not in years:
            path = settings.home / "snapshots" / snapshot.snapshot_id / snapshot.file_name
            years[snapshot.snapshot_id] = _years_in(path, snapshot, settings) if snapshot.kind == "flows" else frozenset()
    for path in paths:
        taken = take_snapshot(path, settings, declared=declared, keep=False)
        files = _files(path, taken)
        for snapshot in taken:
            if known.get(snapshot.snapshot_id) != snapshot:
                fresh[snapshot.snapshot_id] = snapshot
                is_flows = snapshot.kind == "flows"
                years[snapshot.snapshot_id] = _years_in(files[snapshot.snapshot_id], snapshot, settings) if is_flows else frozenset()
    snapshots = tuple(sorted({**known, **fresh}.values(), key=lambda s: s.snapshot_id))
    return make_plan(settings, replace(view, snapshots=snapshots, years=years)), list(fresh.values())
