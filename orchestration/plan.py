"""What a run would rebuild, and why: snapshots and recorded states against the stages' inputs.

Reads no data and imports no Dagster, GX or dbt, so an unchanged run ends here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestration.stages import Stage, stages_of, year_of
from orchestration.view import View
from transforms.contracts.records import Snapshot
from transforms.io import state
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources import parse

NOTHING_ASKED: Mapping[tuple[str, str], str] = MappingProxyType({})


@dataclass(frozen=True)
class PlanItem:
    """One partition that would be rebuilt, and why."""

    stage: str
    partition_key: str
    year: int | None
    reason: str
    input_bytes: int = 0


@dataclass(frozen=True)
class Plan:
    """All that is stale, stage by stage; later stages as they look before the earlier ones are built."""

    items: tuple[PlanItem, ...]

    @property
    def is_empty(self) -> bool:
        return not self.items

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(sorted({i.year for i in self.items if i.year is not None}))

    @property
    def needed_bytes(self) -> int:
        """Free space to ask for: what goes in, three times over (parsed, lake, marts)."""
        return 3 * sum(i.input_bytes for i in self.items)


def look(settings: Settings) -> View:
    """What is there now: live snapshots, the years that parsing found in them, recorded states."""
    snapshots = tuple(live_snapshots(settings))
    years = {s.snapshot_id: found for s in snapshots if (found := parse.known_years(settings.home, s)) is not None}
    return View(settings, snapshots, years, state.read_states(settings.home))


def _reason(stage: Stage, old: state.PartitionState | None, fingerprint: str) -> str:
    if old is None:
        return "new"
    if old.gate != "passed":
        return "its gate failed"
    if old.input_fingerprint != fingerprint:
        return "its input changed"
    return f"code changed ({old.stage_version} -> {stage.version()})"


def stale(stage: Stage, view: View) -> dict[str, tuple[str, str]]:
    """partition_key -> (fingerprint, reason) of the partitions to rebuild; a fingerprint of '' removes."""
    found: dict[str, tuple[str, str]] = {}
    inputs = stage.inputs(view)
    version = stage.version()
    for key, value in inputs.items():
        fingerprint = state.digest(stage.name, value)
        old = view.states.get((stage.name, key))
        if old is None or not old.is_current(fingerprint, version):
            found[key] = (fingerprint, _reason(stage, old, fingerprint))
    # a file that is still to be read may hold the year: only then is it known that nothing does
    is_pending = any(s.snapshot_id not in view.years for s in view.snapshots)
    for name, key in view.states:
        if name == stage.name and key not in inputs and not is_pending:
            found[key] = ("", "no input is left")
    return found


def _why_parsed(settings: Settings, snapshot: Snapshot) -> str:
    """A file that was parsed under another layout or version isn't new."""
    before = (settings.home / "build" / "parsed").glob(f"*/{snapshot.snapshot_id}-*")
    return "is read again: its layout, its rates or the parser changed" if any(before) else "is new"


def make_plan(settings: Settings, view: View | None = None, asked: Mapping[tuple[str, str], str] = NOTHING_ASKED) -> Plan:
    """What a run would rebuild, and why. Reads snapshots and states alone; imports no Dagster, GX or dbt.

    ``asked``: (stage, partition key) -> reason of what is rebuilt though nothing that it is built from changed.
    """
    view = view or look(settings)
    items = [
        PlanItem("parse", s.snapshot_id, None, f"{s.file_name} {_why_parsed(settings, s)}", s.file_bytes)
        for s in view.snapshots
        if s.snapshot_id not in view.years
    ]
    sizes = {s.snapshot_id: s.file_bytes // max(1, len(view.years.get(s.snapshot_id, ()))) for s in view.snapshots}
    dirty: dict[int, str] = {}
    for stage in stages_of(settings.catalog, view.states).values():
        reasons = {key: reason for key, (_, reason) in stale(stage, view).items()}
        reasons |= {key: reason for (name, key), reason in asked.items() if name == stage.name}
        for key, reason in sorted(reasons.items()):
            year = year_of(key)
            size = sum(n for i, n in sizes.items() if year in view.years.get(i, ())) if stage.source is not None else 0
            items.append(PlanItem(stage.name, key, year, reason, size))
            if year is not None:
                dirty.setdefault(year, stage.name)
        if stage.source is None and stage.is_by_year:
            listed = {i.year for i in items if i.stage == stage.name}
            items += [
                PlanItem(stage.name, f"year={year}", year, f"{cause} of {year} is rebuilt")
                for year, cause in sorted(dirty.items())
                if year not in listed and stage.follows(view, year)
            ]
    return Plan(tuple(items))
