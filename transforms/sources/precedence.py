"""Which of several files that say the same is the newer one: one rule, for flows and for lists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from transforms.contracts.records import Snapshot
from transforms.sources.reader import layout_of


def precedence(snapshot: Snapshot) -> tuple[str, str, str]:
    """Sort key of snapshots, newest last: the day of the publisher's release, then when it was taken.

    A release in its source's form is read as a day (V202501 as 2025-01, V202501b after it);
    any other is a name, not a day, and the day on which the file was taken stands for it.
    """
    taken = snapshot.taken_at.isoformat()
    release = snapshot.source_release or ""
    if not re.fullmatch(layout_of(snapshot).release_form, release):
        day = taken[:10]
    elif release.startswith("V"):
        day = f"{release[1:5]}-{release[5:]}"
    else:
        day = release
    return (day, taken, snapshot.snapshot_id)


def newest_first(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """By ``precedence``, the newest first."""
    return sorted(snapshots, key=precedence, reverse=True)
