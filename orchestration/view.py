"""What planning looks at, and what stages are told to tell their inputs from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from transforms.contracts.records import Snapshot
from transforms.io import state
from transforms.settings import Settings


@dataclass(frozen=True)
class View:
    """What planning looks at: settings, live snapshots, their years, and the recorded states."""

    settings: Settings
    snapshots: tuple[Snapshot, ...]
    #: snapshot_id -> years in it; absent where the snapshot isn't parsed yet
    years: Mapping[str, frozenset[int]]
    states: Mapping[tuple[str, str], state.PartitionState]

    @property
    def home(self) -> Path:
        return self.settings.home

    def flows(self, source: str) -> list[Snapshot]:
        """The source's flow snapshots, oldest first, with a stable order."""
        found = [s for s in self.snapshots if s.kind == "flows" and s.source == source]
        return sorted(found, key=lambda s: (s.taken_at, s.snapshot_id))

    @cached_property
    def all_years(self) -> tuple[int, ...]:
        """Every year that a snapshot holds or a stage has built."""
        built = {int(key.rsplit("year=", 1)[1]) for _, key in self.states if "year=" in key}
        return tuple(sorted(built.union(*self.years.values()) if self.years else built))

    def content(self, stage: str, suffix: str) -> list[tuple[str, str]]:
        """(key, content hash) of a stage's partitions whose key ends in ``suffix``."""
        return sorted((k, s.content_hash) for (t, k), s in self.states.items() if t == stage and k.endswith(suffix) and s.row_count)
