"""When a run is due: files in the landing folder stopped changing, or something in the home is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.fingerprint import current_fingerprint
from orchestration.plan import look, make_plan
from transforms.io.release import is_current
from transforms.io.state import digest
from transforms.settings import Settings

#: relative path -> [bytes, nanoseconds of the last change]
Listing = Mapping[str, list[int]]


@dataclass(frozen=True)
class Look:
    """What the sensor remembers between two looks: the listing, and the key of the last run it asked for."""

    files: Listing
    asked: str = ""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Look:
        """Read back; empty at the first look."""
        if not cursor:
            return cls({})
        found = json.loads(cursor)
        return cls(found["files"], found["asked"])

    def cursor(self) -> str:
        """As text, for Dagster to keep."""
        return json.dumps({"files": dict(self.files), "asked": self.asked}, sort_keys=True)


def list_files(folder: Path, paths: Iterable[Path]) -> Listing:
    """Size and time of each path; one that has just gone is left out."""
    found = {}
    for path in paths:
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found[str(path.relative_to(folder))] = [stat.st_size, stat.st_mtime_ns]
    return found


def next_look(before: Look, files: Listing) -> tuple[Look, str | None]:
    """The next memory, and a run key where a run is due: files there, as they were at the last look, and not asked for."""
    key = hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()[:16]
    is_due = bool(files) and files == before.files and key != before.asked
    return Look(files, key if is_due else before.asked), key if is_due else None


@dataclass(frozen=True)
class Due:
    """A refresh that is due: over these years, or (none) over the marts alone. ``key`` names what is stale."""

    years: tuple[int, ...]
    key: str


def due_refresh(settings: Settings) -> Due | None:
    """What is stale in the lake, or a release that isn't what the lake would give; None where all is current."""
    view = look(settings)
    plan = make_plan(settings, view)
    items = [(i.stage, i.partition_key, i.reason) for i in plan.items if i.stage != "parse"]
    fingerprint = current_fingerprint(settings)
    if not items and (not view.states or is_current(settings.home, fingerprint)):
        return None
    return Due(plan.years, digest(items, fingerprint)[:16])
