"""When the landing folder is worth a run: its files stopped changing, and no run has been asked for them yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
