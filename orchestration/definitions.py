"""All that Dagster is told: assets from file to release, and of feeds; the jobs fetch, intake and refresh, what starts them."""

import json
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from orchestration.defs import core, feeds, ingest, marts, release, triggers
from orchestration.resources import Run, launched_run
from transforms.settings import Settings, load_settings

#: Whom Dagster names for every asset: the project, since no setting names a team.
OWNERS = ["team:entrepot"]


def _with_owner_and_feeds(settings: Settings) -> Callable[[dg.AssetSpec], dg.AssetSpec]:
    """Every asset gets its owner; the snapshots come after the feeds, whose files they take."""
    keys = [feeds.feed_key(feed.name) for feed in settings.feeds]

    def told(spec: dg.AssetSpec) -> dg.AssetSpec:
        owned = spec.replace_attributes(owners=OWNERS)
        return owned.merge_attributes(deps=keys) if keys and spec.key == ingest.SNAPSHOTS else owned

    return told


def build_defs(*, settings: Settings | None = None, manifest: Path | None = None, run: Run | None = None) -> dg.Definitions:
    """A fresh object each time. ``run`` stands in for the resource of runs that Dagster launches.

    Reads dbt's manifest (parsing the project where there is none yet), nothing else.
    """
    known = settings or load_settings()
    if manifest is None:
        from orchestration.marts import manifest_path

        manifest = manifest_path(known)
    graph = json.loads(manifest.read_text("utf-8"))
    reported = list(ingest.reported_keys(known.catalog).values())
    built, ops = marts.marts_assets(graph, reported), marts.ops_marts_assets(graph, reported)
    assets = [
        ingest.snapshots,
        *ingest.reported_assets(known.catalog),
        *core.core_assets(reported),
        core.ledger,
        built,
        marts.quality,
        ops,
        release.release_asset([*built.keys, *ops.keys, marts.QUALITY]),
    ]
    whole = [key for a in assets if a.partitions_def is None for key in a.keys]
    # Without a feed there is nothing for the job fetch to hold.
    has_feeds = bool(known.feeds)
    return dg.Definitions(
        assets=dg.map_asset_specs(_with_owner_and_feeds(known), [*assets, *feeds.feed_assets(known), marts.CHECK_RESULT]),
        jobs=[triggers.INTAKE, triggers.REFRESH, *([feeds.FETCH] if has_feeds else [])],
        sensors=[triggers.landing_sensor(known), triggers.stale_sensor(known, whole)],
        schedules=[triggers.nightly_schedule(known), *([triggers.feeds_schedule(known)] if has_feeds else [])],
        resources={"run": run if run is not None else launched_run(known)},
        executor=dg.in_process_executor,
    )


def whole_assets(definitions: dg.Definitions) -> list[dg.AssetKey]:
    """Assets without years: all that a run over no year builds. Feeds are no part of it: a run asks no publisher."""
    graph = definitions.resolve_asset_graph()
    nodes = {k: graph.get(k) for k in graph.materializable_asset_keys}
    return sorted(k for k, node in nodes.items() if node.partitions_def is None and node.group_name != feeds.GROUP)


@dg.definitions
def defs() -> dg.Definitions:
    """What ``dagster -m orchestration.definitions`` loads, when it asks."""
    return build_defs()
