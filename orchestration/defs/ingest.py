"""From files to reported flows: snapshots, and one asset per source."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from orchestration.engine import parse_pending
from orchestration.factories import RETRY, YEAR_SET, Event, stage_assets, step
from orchestration.partitions import declare_years
from orchestration.plan import look
from orchestration.resources import Run
from orchestration.stages import ingest_name, stages_of
from transforms.contracts.layout import Catalog
from transforms.io.handed import take_files
from transforms.io.snapshot import is_data_name

SNAPSHOTS = dg.AssetKey("snapshots")


def landed_files(folder: Path) -> Iterator[Path]:
    """Data files in the landing folder, in a stable order; hidden ones and half-written ones (a dot first) are left."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if is_data_name(path) and not hidden and path.is_file():
            yield path


def take_landed(run: Run) -> list[str]:
    """Keep a copy of every file in the landing folder; returns why each refused one was refused. One bad file stops no other."""
    folder = run.settings.landing_folder
    if not folder.is_dir():
        return []
    refused = [f"{r.file}: {r.reason}" for r in take_files(list(landed_files(folder)), run.settings).refusals]
    for text in refused:
        run.context.log(f"refused: {text}")
    return refused


@dg.multi_asset(
    name="snapshots",
    specs=[
        dg.AssetSpec(
            SNAPSHOTS, description="Untouched copies of the files handed over, recognised and parsed.", group_name="ingest", kinds={"file"}
        )
    ],
    check_specs=[dg.AssetCheckSpec("readable", asset=SNAPSHOTS, description="Every file in the landing folder was accepted")],
    retry_policy=RETRY,
)
def snapshots(context: dg.AssetExecutionContext, run: dg.ResourceParam[Run]) -> Iterable[Event]:
    """Take the landing folder's files where Dagster launched the run; parse what isn't parsed."""
    with step(context, run):
        refused = take_landed(run) if run.is_launched else []
        parse_pending(run.context)
        view = look(run.settings)
    declare_years(context.instance, YEAR_SET, view.all_years)
    files, size = len(view.snapshots), sum(s.file_bytes for s in view.snapshots)
    yield dg.MaterializeResult(asset_key=SNAPSHOTS, metadata={"files": files, "bytes": size, "refused": len(refused)})
    yield dg.AssetCheckResult(
        asset_key=SNAPSHOTS,
        check_name="readable",
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"refused": "\n".join(refused)},
    )


def reported_keys(catalog: Catalog) -> dict[str, dg.AssetKey]:
    """Source -> the asset of its reported flows."""
    return {source: dg.AssetKey(["reported_flows", source]) for source in catalog.flow_sources}


def reported_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """One asset a source, those that a home declares among them."""
    stages = stages_of(catalog)
    return [
        stage_assets(stages[ingest_name(source)], {"reported_flows": key}, [SNAPSHOTS], "ingest", {"delta"})
        for source, key in reported_keys(catalog).items()
    ]
