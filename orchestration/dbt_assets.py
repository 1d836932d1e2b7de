"""dbt's graph as Dagster sees it: models as assets, tests as checks, events as materialisations and evaluations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration import events
from orchestration.marts import Candidate, MartsFailed, event_dictionaries
from transforms.contracts import marts as contracts

Manifest = Mapping[str, Any]
OPS_TAG = "ops"
_RESULTS = {"LogModelResult", "LogTestResult"}


class Translator(DagsterDbtTranslator):  # type: ignore[misc]
    """Keys by schema and name; sources are the tables of the lake, which the stages' assets are named after."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_metadata=False))

    def get_asset_key(self, dbt_resource_props: Manifest) -> dg.AssetKey:
        """``marts/<name>`` for a model, ``<table>`` for a source."""
        name = str(dbt_resource_props["name"])
        is_source = dbt_resource_props["resource_type"] == "source"
        return dg.AssetKey(name) if is_source else dg.AssetKey([str(dbt_resource_props["config"]["schema"]), name])

    def get_group_name(self, dbt_resource_props: Manifest) -> str | None:
        """The model's schema: staging, intermediate or marts."""
        return None if dbt_resource_props["resource_type"] == "source" else str(dbt_resource_props["config"]["schema"])

    def get_description(self, dbt_resource_props: Manifest) -> str:
        """The grain sentence, else the file: without a text of its own Dagster would show that of the step that builds all models."""
        file = dbt_resource_props.get("original_file_path")
        return str(dbt_resource_props.get("description") or f"A {dbt_resource_props['resource_type']} without a grain of its own: {file}")


TRANSLATOR = Translator()


def model_ids(manifest: Manifest, *, is_ops: bool) -> list[str]:
    """Models of the first build, or those of operations, which are built after the gates."""
    nodes = manifest["nodes"].items()
    return sorted(i for i, n in nodes if n["resource_type"] == "model" and (OPS_TAG in n["config"].get("tags", ())) == is_ops)


def asset_specs(
    manifest: Manifest, ids: Iterable[str], sources: Mapping[str, Sequence[dg.AssetKey]], extra: Sequence[dg.AssetKey] = ()
) -> list[dg.AssetSpec]:
    """A spec per model. ``sources`` names the assets behind a table of the lake where they aren't its namesake."""
    specs = []
    for unique_id in ids:
        spec = TRANSLATOR.get_asset_spec(manifest, unique_id, None)
        keys = [k for d in spec.deps for k in sources.get(d.asset_key.to_user_string(), (d.asset_key,))]
        table = contracts.MARTS.get(spec.key.path[-1])
        metadata = {**spec.metadata, **({"dagster/column_schema": events.table_schema(table)} if table else {})}
        specs.append(spec.replace_attributes(deps=[*keys, *extra], metadata=metadata))
    return specs


def check_specs(manifest: Manifest, ids: Iterable[str]) -> list[dg.AssetCheckSpec]:
    """A check per data test of the models."""
    found: dict[str, dg.AssetCheckSpec] = {}
    for unique_id in ids:
        spec = TRANSLATOR.get_asset_spec(manifest, unique_id, None)
        for child in manifest["child_map"].get(unique_id, ()):
            check = TRANSLATOR.get_asset_check_spec(spec, manifest, child, None) if child.startswith("test.") else None
            if check is not None:
                found[check.get_python_identifier()] = check
    return list(found.values())


def dbt_events(context: dg.AssetExecutionContext, candidate: Candidate, manifest: Manifest, *, after: int = 0) -> Iterator[Any]:
    """Dagster's events of the invocations that built the candidate, from its event number ``after`` on; rows with each mart."""
    rows = {m.name: m.rows for m in candidate.models}
    for raw in event_dictionaries([e for e in candidate.events[after:] if e.info.name in _RESULTS]):
        message = DbtCoreCliEventMessage(raw_event=raw, event_history_metadata={})
        for event in message.to_default_asset_events(manifest=manifest, dagster_dbt_translator=TRANSLATOR, context=context):
            name = str(raw["data"]["node_info"]["node_name"])
            if isinstance(event, dg.Output) and name in rows:
                yield event.with_metadata({**event.metadata, "dagster/row_count": rows[name]})
            else:
                yield event


def failed_tests(context: dg.AssetExecutionContext, error: MartsFailed) -> Iterator[dg.AssetCheckEvaluation]:
    """The tests that refused the marts, as failed checks of their assets."""
    keys = {k.name: k for k in context.selected_asset_check_keys}
    for name, message in error.failures:
        if name in keys:
            yield dg.AssetCheckEvaluation(asset_key=keys[name].asset_key, check_name=name, passed=False, metadata={"message": message})
