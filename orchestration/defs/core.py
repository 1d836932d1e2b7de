"""The lake after the reports: harmonised and bilateral flows, aggregates, dimensions, and the ledger over all."""

from collections import defaultdict
from collections.abc import Sequence

import dagster as dg

from orchestration import stages
from orchestration.events import table_schema, usd
from orchestration.factories import stage_assets
from orchestration.resources import Run
from transforms.contracts import lake as contracts
from transforms.contracts import ops
from transforms.io import lake

HARMONISED, BILATERAL, LEDGER = dg.AssetKey("harmonised_flows"), dg.AssetKey("bilateral_flows"), dg.AssetKey("ledger")
WEIGHTS = dg.AssetKey("conversion_weight")
GEOGRAPHY, PARAMETERS = dg.AssetKey("pair_geography"), dg.AssetKey("parameter_set")
RECONCILED = {t.name: dg.AssetKey(t.name) for t in stages.RECONCILE.tables}
AGGREGATES = {t.name: dg.AssetKey(t.name) for t in contracts.AGGREGATES}
DIMENSIONS = {t.name: dg.AssetKey(t.name) for t in stages.DIMENSIONS.tables}


def core_assets(reported: Sequence[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The stages after the reports; ``reported`` are the assets of all sources."""
    return [
        stage_assets(stages.CONVERSION, {"conversion_weight": WEIGHTS}, list(reported), "core", {"delta"}),
        stage_assets(stages.HARMONISE, {"harmonised_flows": HARMONISED}, [*reported, WEIGHTS], "core", {"delta"}),
        stage_assets(stages.GEOGRAPHY, {"pair_geography": GEOGRAPHY}, list(reported), "core", {"delta"}),
        stage_assets(stages.PARAMETERS, {"parameter_set": PARAMETERS}, [HARMONISED, GEOGRAPHY], "core", {"delta"}),
        stage_assets(stages.RECONCILE, RECONCILED, [HARMONISED, GEOGRAPHY, PARAMETERS], "core", {"delta"}),
        stage_assets(stages.AGGREGATE, AGGREGATES, [BILATERAL], "core", {"delta"}),
        stage_assets(stages.DIMENSIONS, DIMENSIONS, [*reported, BILATERAL], "core", {"delta"}),
    ]


@dg.asset(
    key=LEDGER,
    deps=[*AGGREGATES.values(), *DIMENSIONS.values()],
    group_name="core",
    kinds={"delta"},
    description=ops.LEDGER.grain,
    metadata={"dagster/column_schema": table_schema(ops.LEDGER)},
)
def ledger(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What the stages wrote into the ledger, summed by stage and reason. Their gates have asked whether it closes."""
    sums: dict[str, int] = defaultdict(int)
    table = lake.read(run.settings.home, ops.LEDGER).select(["stage", "table_name", "reason", "value_usd"])
    for line in table.to_pylist():
        sums[f"{line['stage']} {line['table_name']} {line['reason']} (USD)"] += int(line["value_usd"].scaleb(3))
    return dg.MaterializeResult(metadata={"dagster/row_count": table.num_rows, **{k: usd(v) for k, v in sorted(sums.items())}})
