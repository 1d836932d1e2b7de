"""Which of several files that say the same is taken."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.contracts.records import Snapshot


def newest_first(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """By the publisher's release where it is known, then by when the file was taken, the newest first; then by id."""
    by_id = sorted(snapshots, key=lambda s: s.snapshot_id)
    return sorted(by_id, key=lambda s: (s.source_release or "", s.taken_at), reverse=True)
