"""The stages of the lake, as data: what each builds, from what, with which code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from orchestration.conversion_stage import conversion_inputs, conversion_tasks
from orchestration.parameter_steps import is_fitted_anew, parameter_inputs, parameter_tasks
from orchestration.reconcile_stage import reconcile_inputs, reconcile_tasks
from orchestration.steps import Task
from orchestration.view import View
from transforms.contracts import lake as contracts
from transforms.contracts import lists
from transforms.contracts.layout import Catalog
from transforms.contracts.layouts import BUILT_IN
from transforms.contracts.model import Table
from transforms.contracts.records import Snapshot
from transforms.settings import Settings


@dataclass(frozen=True)
class Stage:
    """One step of the lake. A partition is rebuilt where its fingerprint or the version differ."""

    name: str
    tables: tuple[Table, ...]
    version: Callable[[], str]
    #: partition_key -> what it is built from (canonical JSON of it is the fingerprint)
    inputs: Callable[[View], Mapping[str, object]]
    tasks: Callable[[View, str], Sequence[Task]]
    #: the stage's name in the ledger
    ledger_stage: str
    #: the source that the stage takes in; None: it stands after all of them
    source: str | None = None
    #: whether a year of it is built anew where an earlier stage's is
    follows: Callable[[View, int], bool] = lambda _, __: True

    @property
    def may_keep_stale(self) -> bool:
        """Whether an older version may stand in for a partition that fails its gate: one source holds no other up."""
        return self.source is not None

    @property
    def is_by_year(self) -> bool:
        """Whether its partitions are years (a source's, or all)."""
        return "year" in self.tables[0].partition_by


def version_in(module: str, name: str) -> Callable[[], str]:
    """A stage's version, from where its code is once it is asked for: naming the stages imports none of their code."""

    def version() -> str:
        return str(getattr(import_module(module), name))

    return version


def key_values(partition_key: str) -> dict[str, str]:
    """``source=baci/year=2020`` as a dictionary; empty for unpartitioned stages."""
    return dict(part.split("=", 1) for part in partition_key.split("/") if part)


def year_of(partition_key: str) -> int | None:
    """The year in a partition key, None for unpartitioned stages."""
    _, found, year = partition_key.rpartition("year=")
    return int(year) if found else None


def ingest_name(source: str) -> str:
    """Name of the stage that builds a source's reported flows."""
    return f"reported_flows/{source}"


def _declared(snapshot: Snapshot, year: int) -> tuple[str | None, ...]:
    """What of a snapshot its rows of a year depend on. A layout that the home changed has its hash in it, with that year's rates alone."""
    layout = snapshot.definition
    own = None
    if layout and layout != BUILT_IN.layouts.get(snapshot.layout):
        own = replace(layout, rates=tuple((period, rate) for period, rate in layout.rates if period.startswith(str(year)))).digest
    return (snapshot.snapshot_id, snapshot.source_release, snapshot.edition, snapshot.coverage, own)


_INGEST_VERSION = version_in("transforms.sources.ingest", "INGEST_VERSION")


def _ingest_stage(source: str) -> Stage:
    def of_year(view: View, year: int) -> list[Snapshot]:
        return [s for s in view.flows(source) if year in view.years.get(s.snapshot_id, ())]

    def inputs(view: View) -> dict[str, object]:
        years = {y for s in view.flows(source) for y in view.years.get(s.snapshot_id, ())}
        return {f"source={source}/year={year}": [_declared(s, year) for s in of_year(view, year)] for year in sorted(years)}

    def tasks(view: View, key: str) -> list[Task]:
        from transforms.sources.ingest import ingest_partition

        year = int(key.rsplit("=", 1)[1])
        snapshots = of_year(view, year)
        if not snapshots:
            return []
        return [(ingest_partition, (view.home, view.settings.catalog.sources[source], year, tuple(snapshots)))]

    return Stage(
        ingest_name(source), (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS), _INGEST_VERSION, inputs, tasks, "ingest", source
    )


def _by_year(upstream: Callable[[View], Sequence[str]], settings: Callable[[Settings], object]) -> Callable[[View], dict[str, object]]:
    def inputs(view: View) -> dict[str, object]:
        found: dict[str, object] = {}
        for year in view.all_years:
            contents = [(stage, view.content(stage, f"year={year}")) for stage in upstream(view)]
            if any(content for _, content in contents):
                found[f"year={year}"] = [contents, settings(view.settings)]
        return found

    return inputs


def _harmonise_tasks(view: View, key: str) -> list[Task]:
    from transforms.core.harmonising.harmonise import harmonise_year

    return [(harmonise_year, (view.home, int(key.removeprefix("year=")), view.settings))]


def _harmonise_inputs(view: View) -> dict[str, object]:
    """Reports of the year and, where there are weights of editions, these and what the year is converted to."""
    found = _by_year(_ingest_names, lambda s: list(s.reconcile.source_order))(view)
    weights = view.content(CONVERSION.name, "")
    if not weights:
        return found
    return {key: [inputs, weights, list(view.settings.harmonise.targets(year_of(key) or 0))] for key, inputs in found.items()}


def _geography_inputs(view: View) -> dict[str, object]:
    files = sorted(([s.snapshot_id, s.taken_at.isoformat()] for s in view.snapshots if s.kind == "distances"), key=str)
    return {"": files} if view.snapshots else {}


def _geography_tasks(view: View, _: str) -> list[Task]:
    from transforms.core.places.geography import build_geography

    return [(build_geography, (view.home, view.snapshots))]


def _aggregate_tasks(view: View, key: str) -> list[Task]:
    from transforms.core.aggregating.aggregate import aggregate_year

    return [(aggregate_year, (view.home, int(key.removeprefix("year="))))]


def _dimension_inputs(view: View) -> dict[str, object]:
    declared = ("snapshot_id", "source_release", "edition", "coverage", "is_synthetic", "licence", "attribution", "redistribution")
    snapshots = sorted(([getattr(s, name) for name in declared] for s in view.snapshots), key=str)
    contents = [(name, view.content(name, "")) for name in (*_ingest_names(view), RECONCILE.name)]
    return {"": [snapshots, contents]} if snapshots else {}


def _dimension_tasks(view: View, _: str) -> list[Task]:
    from transforms.core.listing.dimensions import build_dimensions

    return [(build_dimensions, (view.home, view.snapshots))]


def _no_settings(_: Settings) -> object:
    return None


def _ingest_names(view: View) -> list[str]:
    return [stage.name for stage in stages_of(view.settings.catalog, view.states).values() if stage.source is not None]


CONVERSION = Stage(
    "conversion_weight",
    (contracts.CONVERSION_WEIGHT,),
    version_in("transforms.core.harmonising.conversion", "CONVERSION_VERSION"),
    conversion_inputs,
    conversion_tasks,
    "conversion",
)
HARMONISE = Stage(
    "harmonised_flows",
    (contracts.HARMONISED_FLOWS,),
    version_in("transforms.core.harmonising.harmonise", "HARMONISE_VERSION"),
    _harmonise_inputs,
    _harmonise_tasks,
    "harmonise",
)
GEOGRAPHY = Stage(
    "pair_geography",
    (contracts.PAIR_GEOGRAPHY,),
    version_in("transforms.core.places.geography", "GEOGRAPHY_VERSION"),
    _geography_inputs,
    _geography_tasks,
    "geography",
)
PARAMETERS = Stage(
    "parameter_set",
    (contracts.PARAMETER_SET,),
    version_in("transforms.core.estimating.estimation", "ESTIMATION_VERSION"),
    parameter_inputs,
    parameter_tasks,
    "parameters",
    follows=is_fitted_anew,
)
RECONCILE = Stage(
    "bilateral_flows",
    (contracts.BILATERAL_FLOWS, contracts.PAIR_REPORTS, contracts.NES_MOVE),
    version_in("transforms.core.reconciling.reconcile", "RECONCILE_VERSION"),
    reconcile_inputs,
    reconcile_tasks,
    "reconcile",
)
AGGREGATE = Stage(
    "aggregates",
    contracts.AGGREGATES,
    version_in("transforms.core.aggregating.aggregate", "AGGREGATE_VERSION"),
    _by_year(lambda _: [RECONCILE.name], _no_settings),
    _aggregate_tasks,
    "aggregate",
)

DIMENSIONS = Stage(
    "dimensions",
    (contracts.DIM_AREA, contracts.DIM_AREA_GROUP, contracts.DIM_PRODUCT, contracts.SOURCE_RELEASE, *lists.TABLES),
    version_in("transforms.core.listing.dimensions", "DIMENSIONS_VERSION"),
    _dimension_inputs,
    _dimension_tasks,
    "dimensions",
)

#: In the order of the way, over the package's own sources.
STAGES: dict[str, Stage] = {
    s.name: s
    for s in (
        *(_ingest_stage(source) for source in BUILT_IN.flow_sources),
        *(CONVERSION, HARMONISE, GEOGRAPHY, PARAMETERS, RECONCILE, AGGREGATE, DIMENSIONS),
    )
}


def stages_of(catalog: Catalog, states: Iterable[tuple[str, str]] = ()) -> dict[str, Stage]:
    """The stages of a home: a declared source has one of its own, before those that read all sources.

    A source that is declared no more has one as long as ``states`` (keys of View.states) hold partitions of it: to remove them.
    """
    held = {name.partition("/")[2] for name, _ in states if name.startswith(ingest_name(""))}
    sources = [*catalog.flow_sources, *sorted(held - set(catalog.flow_sources))]
    added = [_ingest_stage(source) for source in sources if ingest_name(source) not in STAGES]
    return {**{s.name: s for s in added}, **STAGES}
