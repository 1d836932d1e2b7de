"""The one job, and what starts it: files that landed, and the night."""

import dagster as dg

from orchestration.defs.ingest import landed_files
from orchestration.landing import Look, list_files, next_look
from transforms.io.release_hold import hold_reason
from transforms.settings import Settings

#: From files to a release. A run without a partition brings up all that is stale; one with years only those.
REFRESH = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="From the files at hand to a release, one step after another; the work is fanned out by Dask.",
)


def landing_sensor(settings: Settings, *, seconds: int = 30) -> dg.SensorDefinition:
    """Starts a run once the landing folder's files stood still between two looks."""

    @dg.sensor(name="landing", job=REFRESH, minimum_interval_seconds=seconds, default_status=dg.DefaultSensorStatus.RUNNING)
    def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if reason := hold_reason(settings.home):
            return dg.SkipReason(f"held: {reason}; `entrepot resume` lets it go on")
        folder = settings.landing_folder
        files = list_files(folder, landed_files(folder)) if folder.is_dir() else {}
        look, key = next_look(Look.from_cursor(context.cursor), files)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)] if key else [], cursor=look.cursor())

    return landing


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every night at two, UTC; held after a rollback until `entrepot resume`."""

    @dg.schedule(
        name="nightly", job=REFRESH, cron_schedule="0 2 * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
    )
    def nightly(_: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if reason := hold_reason(settings.home):
            return dg.SkipReason(f"held: {reason}; `entrepot resume` lets it go on")
        return dg.RunRequest()

    return nightly
