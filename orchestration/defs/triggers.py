"""The jobs, and what starts them: feeds that are due, files that landed, the night, and what is stale.

A run over years names its range when it starts, and the years of a file are known once it is
parsed: so ``intake`` takes and parses, and ``refresh`` follows over the years that are stale.
"""

from datetime import UTC, datetime

import dagster as dg

from orchestration.defs.feeds import FETCH, GROUP, feed_key
from orchestration.defs.ingest import SNAPSHOTS, landed_files
from orchestration.factories import YEAR_SET
from orchestration.landing import Look, due_refresh, list_files, next_look
from orchestration.partitions import declare_years, range_tags
from orchestration.standing import due_feeds
from transforms.io.lock import holder
from transforms.io.release_hold import hold_reason
from transforms.settings import Settings

REFRESH = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(GROUP),
    executor_def=dg.in_process_executor,
    description="From the files at hand to a release, one step after another; the work is fanned out by Dask.",
)
INTAKE = dg.define_asset_job(
    "intake",
    selection=dg.AssetSelection.assets(SNAPSHOTS),
    executor_def=dg.in_process_executor,
    description="Takes the landing folder's files and parses them; what is stale then is refreshed by itself.",
)
_UNFINISHED = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def _held(settings: Settings) -> dg.SkipReason | None:
    reason = hold_reason(settings.home)
    return dg.SkipReason(f"held: {reason}; `entrepot releases resume` lets it go on") if reason else None


def landing_sensor(settings: Settings, *, seconds: int = 15) -> dg.SensorDefinition:
    """Starts an intake once the landing folder's files stood still between two looks."""

    @dg.sensor(name="landing", job=INTAKE, minimum_interval_seconds=seconds, default_status=dg.DefaultSensorStatus.RUNNING)
    def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Files in the landing folder, by name, size and time."""
        if held := _held(settings):
            return held
        folder = settings.landing_folder
        files = list_files(folder, landed_files(folder)) if folder.is_dir() else {}
        look, key = next_look(Look.from_cursor(context.cursor), files)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)] if key else [], cursor=look.cursor())

    return landing


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """An intake every night at two, UTC; held after a rollback until ``entrepot releases resume``."""

    @dg.schedule(
        name="nightly", job=INTAKE, cron_schedule="0 2 * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
    )
    def nightly(_: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """The night's look into the landing folder."""
        return _held(settings) or dg.RunRequest()

    return nightly


def feeds_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every hour: one run that asks the feeds that are due. Not on the hour, when everybody asks publishers."""

    @dg.schedule(
        name="feeds", job=FETCH, cron_schedule="11 * * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
    )
    def feeds(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """Calendars of the feeds, and when each was last asked."""
        if held := _held(settings):
            return held
        if context.instance.get_run_records(dg.RunsFilter(job_name=FETCH.name, statuses=_UNFINISHED), limit=1):
            return dg.SkipReason("the last look isn't finished")
        due = due_feeds(settings, context.scheduled_execution_time)
        if not due:
            return dg.SkipReason("no feed is due")
        return dg.RunRequest(asset_selection=[feed_key(feed.name) for feed in due])

    return feeds


def stale_sensor(settings: Settings, whole: list[dg.AssetKey], *, seconds: int = 15) -> dg.SensorDefinition:
    """Starts a refresh over what is stale; ``whole`` are the assets without years.

    What failed is asked for again a day later, or once it changes.
    """

    @dg.sensor(name="stale", job=REFRESH, minimum_interval_seconds=seconds, default_status=dg.DefaultSensorStatus.RUNNING)
    def stale(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """States of partitions against their inputs, and the release against the lake."""
        if held := _held(settings):
            return held
        if pid := holder(settings.home):
            return dg.SkipReason(f"process {pid} is publishing")
        if context.instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED), limit=1):
            return dg.SkipReason("a run isn't finished")
        due = due_refresh(settings)
        if due is None:
            return dg.SkipReason("nothing is stale")
        declare_years(context.instance, YEAR_SET, due.years)
        key = f"{datetime.now(UTC):%Y-%m-%d} {due.key}"
        return dg.RunRequest(run_key=key, tags=range_tags(due.years), asset_selection=None if due.years else whole)

    return stale
