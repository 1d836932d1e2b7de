"""The files behind a release: names, publishers' releases, and when they came."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.evidence.tables import Tables
from transforms.contracts import lake as contracts


@dataclass(frozen=True)
class File:
    """A snapshot as a reader knows it."""

    snapshot_id: str
    file_name: str
    source: str
    source_release: str | None
    edition: str | None
    taken_at: str | None
    coverage: str


def known_files(tables: Tables) -> dict[str, File]:
    """snapshot_id -> file, of the release's manifest and its table of files."""
    found: dict[str, File] = {}
    for row in tables.select(contracts.SOURCE_RELEASE, "select * from t"):
        taken = row["taken_at"].strftime("%Y-%m-%d") if row["taken_at"] else None
        found[row["snapshot_id"]] = File(
            row["snapshot_id"], row["file_name"], row["source"], row["source_release"], None, taken, row["coverage"]
        )
    for said in tables.content.get("snapshots", ()):
        key = said["snapshot_id"]
        taken = found[key].taken_at if key in found else None
        found[key] = File(key, said["file_name"], said["source"], said["source_release"], said["edition"], taken, said["coverage"])
    return found
