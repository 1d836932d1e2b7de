"""All that Dagster is told: assets from file to release, one job, a sensor and a schedule."""

import json
from pathlib import Path

import dagster as dg

from orchestration.defs import core, ingest, marts, release, triggers
from orchestration.resources import Run, launched_run
from transforms.settings import Settings, load_settings


def build_defs(*, settings: Settings | None = None, manifest: Path | None = None, run: Run | None = None) -> dg.Definitions:
    """A fresh object each time. ``run`` stands in for the resource of runs that Dagster launches.

    Reads dbt's manifest (parsing the project where there is none yet), nothing else.
    """
    known = settings or load_settings()
    if manifest is None:
        from orchestration.marts import manifest_path

        manifest = manifest_path(known)
    graph = json.loads(manifest.read_text("utf-8"))
    built, ops = marts.marts_assets(graph), marts.ops_marts_assets(graph)
    return dg.Definitions(
        assets=[
            ingest.snapshots,
            *ingest.REPORTED_ASSETS,
            *core.STAGE_ASSETS,
            core.ledger,
            built,
            marts.CHECK_RESULT,
            marts.quality,
            ops,
            release.release_asset([*built.keys, *ops.keys, marts.QUALITY]),
        ],
        jobs=[triggers.REFRESH],
        sensors=[triggers.landing_sensor(known)],
        schedules=[triggers.nightly_schedule(known)],
        resources={"run": run if run is not None else launched_run(known)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dagster -m orchestration.definitions`` loads, when it asks."""
    return build_defs()
