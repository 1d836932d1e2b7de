"""The candidate: marts built and tested by dbt in a private DuckDB file that no reader ever opens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration import dbt_run
from orchestration.dbt_run import MartsFailed, NodeResult, close_connections, event_dictionaries, manifest_path, parse_manifest
from transforms.contracts import lake as contracts
from transforms.contracts import marts
from transforms.contracts.arrow import hive_types, sql_type
from transforms.contracts.model import Table
from transforms.contracts.ops import CHECK_RESULT
from transforms.io import lake
from transforms.io.failpoints import fail_point
from transforms.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

__all__ = [
    "Candidate",
    "MartResult",
    "MartsFailed",
    "NodeResult",
    "ReleaseInfo",
    "build_candidate",
    "build_ops_marts",
    "close_connections",
    "event_dictionaries",
    "manifest_path",
    "parse_manifest",
    "prepare_candidate",
]


@dataclass(frozen=True)
class ReleaseInfo:
    """What release_info says of the release that the candidate may become."""

    release_id: str
    published_at: datetime
    fingerprint: str
    method: str
    is_partial: bool
    is_synthetic: bool
    citation: str


@dataclass(frozen=True)
class MartResult:
    """One mart of the candidate: rows, seconds of its model, and columns as (name, type)."""

    name: str
    rows: int
    seconds: float
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Candidate:
    """A private DuckDB file with schemas ``lake`` (views over pinned files) and ``marts``.

    ``versions`` are the Delta versions pinned, by table; ``nodes`` and ``events`` belong to
    the invocations that built it, in their order.
    """

    path: Path
    run_id: str
    home: Path
    versions: Mapping[str, int | None]
    files: Mapping[str, tuple[Path, ...]]
    release: ReleaseInfo | None = None
    models: tuple[MartResult, ...] = ()
    nodes: tuple[NodeResult, ...] = ()
    events: tuple[EventMsg, ...] = ()
    manifest: Manifest | None = None
    seconds: float = 0.0

    @property
    def folder(self) -> Path:
        """The run's folder of dbt's targets and logs."""
        return self.path.parent / "dbt"

    def raw_events(self) -> list[dict[str, Any]]:
        """The events as dictionaries, for ``DbtCoreCliEventMessage(raw_event=..., event_history_metadata={})``."""
        return event_dictionaries(self.events)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def lake_view_sql(table: Table, files: Mapping[str, tuple[Path, ...]]) -> str:
    """The view ``lake.<table>`` over exactly the files given; typed and empty where there is none."""
    paths = files[table.name]
    if not paths:
        columns = ", ".join(f"cast(null as {sql_type(c)}) as {c}" for c in table.columns)
        return f"create or replace view lake.{table.name} as select {columns} where false"
    listed = ", ".join(_quoted(str(p)) for p in paths)
    types = ", ".join(f"{_quoted(c)}: {t}" for c, t in hive_types(table).items())
    hive = f"hive_partitioning = true, hive_types = {{{types}}}" if types else "hive_partitioning = false"
    columns = ", ".join(table.columns)
    return f"create or replace view lake.{table.name} as select {columns} from read_parquet([{listed}], {hive}, union_by_name = false)"


def prepare_candidate(settings: Settings, run_id: str) -> Candidate:
    """A fresh file ``build/<run_id>/candidate.duckdb`` whose schema ``lake`` shows the lake as committed now."""
    path = settings.home / "build" / run_id / "candidate.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in (path, path.with_name(path.name + ".wal")):
        old.unlink(missing_ok=True)
    tables = contracts.TABLES.values()
    versions = {t.name: lake.current_version(settings.home, t) for t in tables}
    files = {t.name: tuple(lake.active_files(settings.home, t, version=versions[t.name])) for t in tables}
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema lake")
        for table in tables:
            connection.execute(lake_view_sql(table, files))
    return Candidate(path, run_id, settings.home, versions, files)


def _names(settings: Settings, candidate: Candidate, release: ReleaseInfo) -> dict[str, object]:
    described = {**vars(release), "published_at": release.published_at.isoformat(sep=" ")}
    described |= {"contract_version": marts.CONTRACT_VERSION, "code_version": version("entrepot")}
    return dbt_run.variables(settings, candidate.path, described)


def _measure(path: Path, nodes: tuple[NodeResult, ...]) -> tuple[MartResult, ...]:
    """Rows and columns of the marts that ``nodes`` built, from the file itself."""
    found = []
    with duckdb.connect(str(path), read_only=True) as connection:
        for node in nodes:
            if node.resource_type != "model" or node.name not in marts.MARTS:
                continue
            described = connection.execute(f"describe marts.{node.name}").fetchall()
            # the view with names has the rows of its fact: counting it would join them all again
            counted = "fct_bilateral_flows" if node.name == "bilateral_flows" else node.name
            (rows,) = connection.execute(f"select count(*) from marts.{counted}").fetchone() or (0,)
            found.append(MartResult(node.name, rows, node.seconds, tuple((str(d[0]), str(d[1])) for d in described)))
    return tuple(found)


def build_candidate(
    settings: Settings,
    *,
    run_id: str,
    release: ReleaseInfo,
    log: Callable[[str], None] = print,
    unit_tests: bool = False,
) -> Candidate:
    """Build and test every mart but those of operations, in a private file.

    ``unit_tests`` runs dbt's unit tests too: they test the SQL, not the data, and belong to
    the test suite. Raises MartsFailed naming the node and what it said.
    """
    start = time.monotonic()
    fail_point("marts.before_build")
    candidate = prepare_candidate(settings, run_id)
    names = _names(settings, candidate, release)
    manifest = dbt_run.parse(names, candidate.folder)
    selection = ["--exclude", "tag:ops", *(() if unit_tests else ("--exclude-resource-type", "unit_test"))]
    nodes, events = dbt_run.build(manifest, names, candidate.folder, selection)
    models = _measure(candidate.path, nodes)
    seconds = time.monotonic() - start
    for model in models:
        log(f"marts.{model.name}: {model.rows:,} rows, {model.seconds:.2f} s")
    log(f"marts: {len(models)} models and {len(nodes) - len(models)} other nodes passed in {seconds:.1f} s")
    fail_point("marts.after_build")
    return replace(candidate, release=release, models=models, nodes=nodes, events=events, manifest=manifest, seconds=seconds)


def build_ops_marts(settings: Settings, candidate: Candidate, log: Callable[[str], None] = print, *, unit_tests: bool = False) -> Candidate:
    """Build the marts of operations, after the gates of the others: check results as they stand now."""
    if candidate.release is None or candidate.manifest is None:
        raise MartsFailed([("ops marts", "the candidate's other marts aren't built: call build_candidate first")])
    start = time.monotonic()
    table = CHECK_RESULT
    pinned = lake.current_version(settings.home, table)
    files = {**candidate.files, table.name: tuple(lake.active_files(settings.home, table, version=pinned))}
    with duckdb.connect(str(candidate.path)) as connection:
        connection.execute(lake_view_sql(table, files))
    selection = ["--select", "tag:ops", *(() if unit_tests else ("--exclude-resource-type", "unit_test"))]
    nodes, events = dbt_run.build(candidate.manifest, _names(settings, candidate, candidate.release), candidate.folder, selection)
    models = _measure(candidate.path, nodes)
    for model in models:
        log(f"marts.{model.name}: {model.rows:,} rows, {model.seconds:.2f} s")
    return replace(
        candidate,
        versions={**candidate.versions, table.name: pinned},
        files=files,
        models=(*candidate.models, *models),
        nodes=(*candidate.nodes, *nodes),
        events=(*candidate.events, *events),
        seconds=candidate.seconds + time.monotonic() - start,
    )
