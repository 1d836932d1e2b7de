"""Feeds: one asset each, so that the UI shows when a publisher was last asked and what came; the job that asks those that are due.

What lands is taken by the landing sensor, as every file is. A feed's trouble is its own: it fails its check, no run and no other feed.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg

from orchestration.factories import Event
from orchestration.feeds import ask_feed
from orchestration.freshness import freshness
from orchestration.standing import Standing, quota_left, standing
from transforms.contracts.feed import Feed
from transforms.feeds.check import FeedAnswer
from transforms.feeds.errors import FeedError
from transforms.io.release_hold import hold_reason
from transforms.settings import Settings

GROUP = "feeds"
ANSWERS, ON_TIME = "answers", "on_time"
FETCH = dg.define_asset_job(
    "fetch",
    selection=dg.AssetSelection.groups(GROUP),
    executor_def=dg.in_process_executor,
    description="Asks publishers for what is new and puts it into the landing folder.",
)


def feed_key(name: str) -> dg.AssetKey:
    """The asset of a feed."""
    return dg.AssetKey([GROUP, name])


def _spec(feed: Feed) -> dg.AssetSpec:
    said = {"source": feed.source, "kind": feed.kind, "cadence": feed.cadence, "url": feed.url, "lag_days": feed.lag_days}
    text = f"Files of {feed.source}, asked for {feed.cadence if feed.cadence != 'manual' else 'by hand'}; they land in {feed.name}/."
    return dg.AssetSpec(feed_key(feed.name), description=text, group_name=GROUP, kinds={"file"}, metadata=said, skippable=True)


def _checks(feed: Feed) -> list[dg.AssetCheckSpec]:
    key = feed_key(feed.name)
    return [
        dg.AssetCheckSpec(ANSWERS, asset=key, description="The publisher gave what the feed asks for, or said that nothing is new."),
        dg.AssetCheckSpec(ON_TIME, asset=key, description="All that is out by the feed's calendar was fetched."),
    ]


def _metadata(settings: Settings, answer: FeedAnswer, found: Standing, now: datetime) -> dict[str, str | int]:
    due = found.next_due
    said: dict[str, str | int] = {
        "status": answer.status,
        "message": answer.message,
        "files": len(answer.files),
        "file_names": "\n".join(path.name for path in answer.files[:100]),
        "newest_period": found.newest or "none",
        "newest_expected": found.expected or "none",
        "last_asked": f"{now:%Y-%m-%d %H:%M} UTC",
        "next_due": f"{due:%Y-%m-%d %H:%M} UTC" if due else "by hand",
    }
    try:
        if (left := quota_left(settings, found.feed, now)) is not None:
            said["quota_left"] = left
    except FeedError as error:
        said["quota_left"] = f"unknown: {error}"
    for fresh in freshness(settings, now.date()):
        if (fresh.source, fresh.frequency) == (found.feed.source, found.feed.frequency):
            said |= {"newest_in_lake": fresh.newest or "none", "days_late": fresh.days_late}
    return said


def _tell(context: dg.AssetExecutionContext, answer: FeedAnswer) -> None:
    """An error the first time that a feed is broken; after that a line like any other, until it recovers."""
    text = f"{answer.feed}: {answer.status}; {answer.message}"
    if answer.alert:
        context.log.error(text)
    else:
        context.log.info(text)


def feed_asset(settings: Settings, feed: Feed) -> dg.AssetsDefinition:
    """The asset of one feed. Nothing is asked, and nothing recorded, while the home is held."""

    @dg.multi_asset(name=f"feed__{feed.name}", specs=[_spec(feed)], check_specs=_checks(feed), can_subset=True)
    def ask(context: dg.AssetExecutionContext) -> Iterable[Event]:
        if reason := hold_reason(settings.home):
            context.log.warning(f"{feed.name}: not asked, the home is held ({reason}); `entrepot releases resume` lets it go on")
            return
        now, key = datetime.now(UTC), feed_key(feed.name)
        answer = ask_feed(settings, feed, now)
        _tell(context, answer)
        try:
            found = standing(settings, feed, now)
            metadata, is_lacking = _metadata(settings, answer, found, now), found.is_lacking
        except ValueError as error:
            metadata, is_lacking = {"status": answer.status, "message": str(error)}, True
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        told = {"message": answer.message}
        warn = dg.AssetCheckSeverity.WARN
        passed = answer.status != "broken"
        yield dg.AssetCheckResult(asset_key=key, check_name=ANSWERS, passed=passed, severity=warn, metadata=told)
        yield dg.AssetCheckResult(asset_key=key, check_name=ON_TIME, passed=not is_lacking, severity=warn, metadata=told)

    return ask


def feed_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """One asset a declared feed."""
    return [feed_asset(settings, feed) for feed in settings.feeds]
