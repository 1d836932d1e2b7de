"""The release: the one step that readers see."""

from collections.abc import Iterable

import dagster as dg

from orchestration import publishing
from orchestration.factories import step
from orchestration.resources import Run

RELEASE = dg.AssetKey("release")


def release_asset(marts: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """Cut from a candidate whose marts, all of them, passed. Never tried twice by itself: a failure leaves the old release current."""

    @dg.asset(
        key=RELEASE,
        deps=list(marts),
        group_name="release",
        kinds={"duckdb", "parquet"},
        description="An immutable release; the pointer moves last.",
    )
    def cut(context: dg.AssetExecutionContext, run: dg.ResourceParam[Run]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with step(context, run):
            candidate = run.built()
            folder = publishing.cut_release(run.context, candidate)
        run.release_id, run.is_published = folder.name, True
        rows = sum(m.rows for m in candidate.models)
        return dg.MaterializeResult(metadata={"release_id": folder.name, "folder": dg.MetadataValue.path(folder), "rows": rows})

    return cut
