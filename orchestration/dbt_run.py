"""dbt in this process: one invocation, its own results and events, and nothing written beside them.

The project may lie in a read-only installation: target and log folders are always given,
partial parsing is off, and no environment variable is read or set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dbt_project
from transforms.contracts import codes
from transforms.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

#: dbt's threads: the models wait for one another or for DuckDB, which has threads of its own.
THREADS = 1
_BAD = {"error", "fail", "runtime error"}


class MartsFailed(RuntimeError):
    """A model or test of this invocation failed; ``failures`` is (node, message) of each."""

    def __init__(self, failures: Sequence[tuple[str, str]]) -> None:
        self.failures = tuple(failures)
        super().__init__("marts not built: " + "; ".join(f"{node}: {message}" for node, message in self.failures))


@dataclass(frozen=True)
class NodeResult:
    """How one model or test of an invocation ended."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    message: str
    failures: int | None


def project_folder() -> Path:
    """The folder of the dbt project, wherever it is installed."""
    return Path(next(iter(dbt_project.__path__))).absolute()


def variables(settings: Settings, candidate: Path | str, release: Mapping[str, object]) -> dict[str, object]:
    """All variables of the project: orders and limits from contracts and settings, the release as given."""
    return {
        "candidate": str(candidate),
        "threads": THREADS,
        "basis_order": list(settings.reconcile.basis_order),
        "classification_order": list(codes.CLASSIFICATION_ORDER),
        "minimum_world_exporters": settings.reconcile.minimum_world_exporters,
        **release,
    }


def _arguments(command: str, names: Mapping[str, object], folder: Path) -> list[str]:
    project = str(project_folder())
    paths = [
        "--project-dir",
        project,
        "--profiles-dir",
        project,
        "--target-path",
        str(folder / "target"),
        "--log-path",
        str(folder / "logs"),
    ]
    quiet = ["--no-send-anonymous-usage-stats", "--no-version-check", "--no-partial-parse", "--no-use-colors"]
    return [*quiet, "--log-level", "none", "--log-level-file", "warn", command, *paths, "--vars", json.dumps(names)]


def close_connections() -> None:
    """Let go of the database file: until then nothing else may open it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def parse(names: Mapping[str, object], folder: Path) -> Manifest:
    """Parse the project; manifest.json is written to ``folder/target``. Raises MartsFailed."""
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(_arguments("parse", names, folder))
    if not outcome.success:
        raise MartsFailed([("parse", str(outcome.exception))])
    return outcome.result


def build(
    manifest: Manifest, names: Mapping[str, object], folder: Path, selection: Sequence[str], *, command: str = "build"
) -> tuple[tuple[NodeResult, ...], tuple[EventMsg, ...]]:
    """Run and test what ``selection`` (dbt's arguments) names; the results and events of this invocation alone.

    ``build`` stops below a test that fails; the ``command`` ``test`` runs every test and no model.
    Raises MartsFailed naming every node that failed. The database is closed afterwards.
    """
    from dbt.cli.main import dbtRunner

    events: list[Any] = []
    try:
        outcome = dbtRunner(manifest=manifest, callbacks=[events.append]).invoke([*_arguments(command, names, folder), *selection])
    finally:
        close_connections()
    nodes = getattr(outcome.result, "results", None) or ()
    results = tuple(
        NodeResult(
            r.node.unique_id,
            r.node.name,
            str(r.node.resource_type),
            str(r.status),
            r.execution_time,
            (r.message or "").strip(),
            r.failures,
        )
        for r in nodes
    )
    failed = [(r.name, r.message) for r in results if r.status in _BAD]
    if failed or not outcome.success:
        raise MartsFailed(failed or [(f"dbt {command}", str(outcome.exception))])
    if not results:
        raise MartsFailed([(f"dbt {command}", f"nothing matched {' '.join(selection)}")])
    return results, tuple(events)


def event_dictionaries(events: Sequence[EventMsg]) -> list[dict[str, Any]]:
    """Events as dbt's JSON log would show them, the form that dagster_dbt takes (raw_event)."""
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]

    return [MessageToDict(e, preserving_proto_field_name=True) for e in events]


#: Values that stand in where only the project's graph is asked for.
_NO_RELEASE = {
    "release_id": "none",
    "published_at": "1970-01-01 00:00:00+00",
    "contract_version": "0",
    "code_version": "0",
    "fingerprint": "none",
    "method": "prefer_exporter",
    "is_partial": False,
    "is_synthetic": False,
    "citation": "none",
}


def parse_manifest(folder: Path, settings: Settings | None = None) -> Path:
    """Parse the project into ``folder`` and return its manifest.json: the graph, without a database."""
    names = variables(settings or Settings(home=folder), ":memory:", _NO_RELEASE)
    parse(names, folder)
    return folder / "target" / "manifest.json"


def _project_hash() -> str:
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
    folder = project_folder()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".sql", ".yml"} and "target" not in p.parts):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def manifest_path(settings: Settings) -> Path:
    """manifest.json of the project as it stands, parsed into the home's build folder where it isn't there yet."""
    folder = settings.home / "build" / "dbt" / _project_hash()
    path = folder / "target" / "manifest.json"
    return path if path.exists() else parse_manifest(folder, settings)
