"""A refresh: from the snapshots at hand to a release."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestration import engine, publishing
from orchestration.plan import Plan
from orchestration.stages import STAGES
from transforms.cluster import dask_client
from transforms.settings import Settings


@dataclass(frozen=True)
class RefreshOutcome:
    """How a refresh ended. ``published`` is False where the release would be the same as the current one."""

    release_id: str | None
    published: bool
    outcomes: tuple[engine.PartitionOutcome, ...]
    seconds: float


def refresh(settings: Settings, *, plan: Plan, run_id: str, log: Callable[[str], None]) -> RefreshOutcome:
    """Bring every stage up to date and cut a release; the caller holds the publishing lock."""
    started = time.monotonic()
    outcomes: list[engine.PartitionOutcome] = []
    with dask_client(settings) as client:
        context = engine.RunContext(settings, run_id, client, log)
        engine.parse_pending(context)
        for stage in STAGES:
            outcomes += engine.run_stage(context, stage)
    info = publishing.describe_release(settings)
    if publishing.is_published(settings):
        return RefreshOutcome(info.release_id, False, tuple(outcomes), time.monotonic() - started)
    candidate = publishing.build_marts(context)
    publishing.gate_marts(context, candidate)
    folder = publishing.cut_release(context, publishing.add_ops_marts(context, candidate))
    return RefreshOutcome(folder.name, True, tuple(outcomes), time.monotonic() - started)
