"""run --plan: what handing over files would rebuild, without keeping anything of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestration.plan import Plan, look, make_plan
from transforms.contracts.layouts import LAYOUTS
from transforms.contracts.records import Snapshot
from transforms.io.archives import open_stream
from transforms.io.snapshot import Declared, take_snapshot
from transforms.settings import Settings


def _years_in(path: Path, snapshot: Snapshot, settings: Settings) -> frozenset[int]:
    """Years that stand in the year or period column of a file; streaming, one column looked at."""
    layout, found = LAYOUTS[snapshot.layout], set()
    for member in snapshot.members:
        with open_stream(path, member, settings) as stream:
            text = io.TextIOWrapper(stream, encoding=snapshot.encoding, errors="replace", newline="")
            rows = csv.reader(text, delimiter=layout.delimiter)
            header = [c.strip().removeprefix("\ufeff") for c in next(rows)]
            targets = [getattr(layout.field_for(c), "to", None) for c in header]
            place = next((targets.index(t) for t in ("year", "period") if t in targets), None)
            if place is not None:
                found |= {row[place].strip()[:4] for row in rows if len(row) > place}
            text.detach()
    return frozenset(int(y) for y in found if y.isascii() and y.isdigit() and len(y) == 4)


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
