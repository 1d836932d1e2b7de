"""The manifest of a release: what is in it, what it was built from, how it differs, whether it is whole.

``content`` is deterministic: the same inputs give the same text. ``run`` holds what isn't
(clock, host, files that carry a time inside).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transforms.contracts import lake as contracts
from transforms.contracts.marts import CONTRACT_VERSION, OPS_MARTS
from transforms.io import lake, state
from transforms.io.files import sha256_of
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings

MANIFEST = "manifest.json"
#: Tables that carry a clock or a run's name: outside what two releases are compared by.
CLOCKED = frozenset({"release_info", "dim_source_release", *(t.name for t in OPS_MARTS)})


class ManifestError(RuntimeError):
    """A manifest that can't be read; the text names its path."""


@dataclass(frozen=True)
class Problem:
    """Something published that isn't what the manifest says."""

    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: {self.found}, expected {self.expected}"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a release folder; ManifestError where it is absent or damaged."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path} can't be read ({error}): the release is damaged; roll back to another one") from error
    if not isinstance(manifest, dict) or not {"content", "run"} <= set(manifest):
        raise ManifestError(f"{path} has no content or no run: the release is damaged; roll back to another one")
    return manifest


def manifest_text(content: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Canonical JSON with a seal over both parts, so that a changed manifest is seen."""
    body = {"content": content, "run": run, "seal": state.digest(content, run)}
    return json.dumps(body, indent=1, sort_keys=True, default=str) + "\n"


def lake_content(settings: Settings) -> dict[str, Any]:
    """What the lake holds now: table versions, stage versions, snapshots, settings. Deterministic but for Delta versions."""
    home = settings.home
    versions = {t.name: lake.current_version(home, t) for t in contracts.TABLES.values() if t.layer == "lake"}
    stages = {s.table_name: s.stage_version for s in state.read_states(home).values()}
    snapshots = [
        {
            "snapshot_id": s.snapshot_id,
            "sha256": s.sha256,
            "file_name": s.file_name,
            "source": s.source,
            "layout": s.layout,
            "source_release": s.source_release,
            "edition": s.edition,
            "coverage": s.coverage,
            "is_synthetic": s.is_synthetic,
            "licence": s.licence,
            "attribution": s.attribution,
            "redistribution": s.redistribution,
        }
        for s in sorted(live_snapshots(settings), key=lambda s: s.snapshot_id)
    ]
    return {
        "contract_version": CONTRACT_VERSION,
        "lake_versions": {k: v for k, v in versions.items() if v is not None},
        "stage_versions": stages,
        "snapshots": snapshots,
        "is_synthetic": any(s["is_synthetic"] for s in snapshots),
        "is_partial": False,
        "settings": state.result_settings(settings),
    }


def verify_folder(folder: Path) -> list[Problem]:
    """sha256 of every file against the manifest, the manifest against its seal, and no file too many."""
    manifest = read_manifest(folder)
    problems = []
    if state.digest(manifest["content"], manifest["run"]) != manifest.get("seal"):
        problems.append(Problem(MANIFEST, "changed since it was sealed", "the manifest as published"))
    listed = {**manifest["content"].get("files", {}), **manifest["run"].get("files", {})}
    for name, entry in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            problems.append(Problem(name, "missing", f"{entry['bytes']} bytes"))
        elif path.stat().st_size != entry["bytes"]:
            problems.append(Problem(name, f"{path.stat().st_size} bytes", f"{entry['bytes']} bytes"))
        elif (found := sha256_of(path)) != entry["sha256"]:
            problems.append(Problem(name, f"sha256 {found[:16]}...", f"sha256 {entry['sha256'][:16]}..."))
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    problems += [Problem(name, "a file that was not published", "no such file") for name in sorted(present - set(listed) - {MANIFEST})]
    return problems


def _major(version: str) -> int:
    return int(str(version).split(".", 1)[0])


def contract_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What ``new`` (content) breaks for readers of ``old`` (content); additions break nothing.

    Empty where the major contract_version was raised: that is how a break is announced.
    """
    if _major(new["contract_version"]) > _major(old["contract_version"]):
        return []
    changes = []
    for name, table in sorted(old.get("tables", {}).items()):
        fresh = new["tables"].get(name)
        if fresh is None:
            changes.append(f"table {name} is gone")
            continue
        for column, kind in table["columns"].items():
            found = fresh["columns"].get(column)
            if found is None:
                changes.append(f"{name}.{column} is gone")
            elif found != kind:
                changes.append(f"{name}.{column} was {kind}, is {found}")
        if table["key"] != fresh["key"]:
            changes.append(f"the key of {name} was {table['key']}, is {fresh['key']}")
    return changes


@dataclass(frozen=True)
class TableChange:
    """How a table differs between two releases. Rows None: the table isn't there."""

    table: str
    what: str
    rows_before: int | None
    rows_after: int | None
    value_column: str | None = None
    value_before: str | None = None
    value_after: str | None = None


def diff_contents(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TableChange]:
    """Tables whose rows or exact sums differ, by the content manifests alone. No row is read."""
    changes = []
    old, new = before.get("tables", {}), after.get("tables", {})
    for name in sorted(set(old) | set(new)):
        if name in CLOCKED:
            continue
        if name not in old or name not in new:
            what = "added" if name in new else "removed"
            changes.append(TableChange(name, what, old.get(name, {}).get("rows"), new.get(name, {}).get("rows")))
            continue
        rows = (old[name]["rows"], new[name]["rows"])
        sums = [(c, old[name]["sums"].get(c), new[name]["sums"].get(c)) for c in sorted({*old[name]["sums"], *new[name]["sums"]})]
        differing = [s for s in sums if s[1] != s[2]]
        changes += [TableChange(name, "value", *rows, *s) for s in differing]
        if not differing and rows[0] != rows[1]:
            changes.append(TableChange(name, "rows", *rows))
        elif not differing and old[name]["row_hash"] != new[name]["row_hash"]:
            changes.append(TableChange(name, "content, same rows and sums", *rows))
    return changes
