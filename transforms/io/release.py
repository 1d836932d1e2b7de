"""Releases: immutable folders, and one pointer that moves.

A release is built aside, renamed into place whole, and then named by ``releases/current``.
Readers resolve that line once. Nothing published is changed or deleted here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from transforms.io.failpoints import fail_point
from transforms.io.files import write_text
from transforms.io.release_build import ReleaseError, build_release
from transforms.io.release_files import describe_candidate
from transforms.io.release_hold import hold, is_held, pin, pinned, resume, unpin
from transforms.io.release_manifest import (
    MANIFEST,
    ManifestError,
    Problem,
    TableChange,
    contract_changes,
    diff_contents,
    lake_content,
    read_manifest,
    verify_folder,
)
from transforms.settings import Settings

__all__ = [
    "ContractRefused",
    "Problem",
    "ReleaseError",
    "ReleaseSummary",
    "TableChange",
    "current_folder",
    "current_release",
    "diff",
    "is_current",
    "is_held",
    "list_releases",
    "pin",
    "publish",
    "read_manifest",
    "release_folder",
    "release_id_for",
    "resume",
    "rollback",
    "unpin",
    "verify",
]

_ID = re.compile(r"^\d{8}-[0-9a-f]{8}$")


class ContractRefused(ReleaseError):
    """The marts break their public contract without a new major version. ``results`` lists the breaks."""

    def __init__(self, message: str, results: list[str]) -> None:
        super().__init__(message)
        self.results = results


@dataclass(frozen=True)
class ReleaseSummary:
    """One line of ``entrepot releases list``."""

    release_id: str
    published_at: str
    is_current: bool
    is_pinned: bool
    is_partial: bool
    is_synthetic: bool
    method: str
    row_count: int


def release_id_for(fingerprint: str, day: date) -> str:
    """``20260131-1a2b3c4d``: the day it is cut, and the first 8 of the fingerprint."""
    return f"{day:%Y%m%d}-{fingerprint[:8]}"


def _releases(home: Path) -> Path:
    return home / "releases"


def release_folder(home: Path, release_id: str) -> Path:
    """The folder of a release; ReleaseError listing what there is where it isn't."""
    folder = _releases(home) / release_id
    if not _ID.match(release_id) or not (folder / MANIFEST).is_file():
        known = ", ".join(_ids(home)) or "none yet: `entrepot demo` or `entrepot run PATH` makes one"
        raise ReleaseError(f"no release {release_id!r} in {_releases(home)}; there is {known}")
    return folder


def _ids(home: Path) -> list[str]:
    folder = _releases(home)
    return sorted(p.name for p in folder.iterdir() if _ID.match(p.name) and (p / MANIFEST).is_file()) if folder.is_dir() else []


def current_release(home: Path) -> str | None:
    """The id that ``releases/current`` names, None before the first release."""
    try:
        text = (_releases(home) / "current").read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    if not _ID.match(text):
        raise ReleaseError(
            f"{_releases(home) / 'current'} names {text!r}, which is no release id; `entrepot releases rollback ID` mends it"
        )
    return text


def current_folder(home: Path) -> Path:
    """Folder of the current release, resolved once; ReleaseError where there is none."""
    release_id = current_release(home)
    if release_id is None:
        raise ReleaseError(f"no release in {home} yet: `entrepot demo` or `entrepot run PATH` makes the first")
    return release_folder(home, release_id)


def is_current(home: Path, fingerprint: str) -> bool:
    """True where the current release has this very fingerprint, so that a new one would be the same."""
    release_id = current_release(home)
    if release_id is None or not release_id.endswith(fingerprint[:8]):
        return False
    try:
        return bool(read_manifest(_releases(home) / release_id)["content"].get("fingerprint") == fingerprint)
    except ManifestError:
        return False


def list_releases(home: Path) -> list[ReleaseSummary]:
    """All releases, oldest first by the time they were published."""
    current, pins = current_release(home), pinned(home)
    found = []
    for release_id in _ids(home):
        manifest = read_manifest(_releases(home) / release_id)
        content, run = manifest["content"], manifest["run"]
        rows = sum(t["rows"] or 0 for t in content["tables"].values())
        flags = bool(content.get("is_partial")), bool(content.get("is_synthetic"))
        mine = release_id == current, release_id in pins
        found.append(ReleaseSummary(release_id, run["published_at"], *mine, *flags, content["settings"]["method"], rows))
    return sorted(found, key=lambda r: (r.published_at, r.release_id))


def _move_pointer(home: Path, release_id: str) -> None:
    """Name ``release_id`` current. Where the write's outcome is unknown, the pointer itself says."""
    try:
        write_text(_releases(home) / "current", release_id + "\n")
    except OSError as error:
        if current_release(home) != release_id:
            raise ReleaseError(
                f"release {release_id} stands whole in {_releases(home) / release_id}, but the pointer could not be moved ({error}); "
                f"the old release is still current. Free space or mend permissions, then run again"
            ) from error


def publish(
    home: Path,
    settings: Settings,
    *,
    candidate_db: Path,
    release_id: str,
    manifest_content: Mapping[str, Any],
    run_info: Mapping[str, Any],
    pages: Mapping[str, str] | None = None,
    lake_files: Mapping[str, Sequence[Path]] | None = None,
) -> Path:
    """Cut a release from a candidate that passed its gates, and make it current. Returns its folder.

    ``manifest_content`` must hold ``fingerprint``; what the lake knows (versions, snapshots,
    settings) is filled in where absent. ``pages`` are relative path -> HTML, beside the
    start page and the dictionary; ``lake_files`` are the lake's files behind the candidate, by lake table, for
    facts that stand beside the DuckDB file. The caller holds the publishing lock. Raises ContractRefused and
    ReleaseError; in every case readers keep the old release.
    """
    content = {**lake_content(settings), **manifest_content, "release_id": release_id}
    if not _ID.match(release_id) or not release_id.endswith(str(content.get("fingerprint", ""))[:8] or "-"):
        raise ReleaseError(f"{release_id!r} is no id of fingerprint {content.get('fingerprint')!r}")
    _contract_gate(home, candidate_db, content)
    folder = _releases(home) / release_id
    if not _stands_whole(folder, content):
        build_release(settings, candidate_db, folder, content, dict(run_info), dict(pages or {}), lake_files or {})
    fail_point("release.before_pointer")
    _move_pointer(home, release_id)
    fail_point("release.after_pointer")
    return folder


def _contract_gate(home: Path, candidate: Path, content: Mapping[str, Any]) -> None:
    current = current_release(home)
    if current is None or not (_releases(home) / current / MANIFEST).is_file():
        return
    tables = describe_candidate(candidate)
    changes = contract_changes(read_manifest(_releases(home) / current)["content"], {**content, "tables": tables})
    if changes:
        raise ContractRefused(
            f"the marts break the contract of release {current}: {'; '.join(changes)}. Raise the major number of CONTRACT_VERSION in "
            "transforms/contracts/marts.py if readers are to live with it, or keep the old name; nothing was published",
            changes,
        )


def _stands_whole(folder: Path, content: Mapping[str, Any]) -> bool:
    """True where an earlier run built this release and died before the pointer; a damaged one is moved aside."""
    if not folder.exists():
        return False
    try:
        whole = read_manifest(folder)["content"].get("fingerprint") == content["fingerprint"] and not verify_folder(folder)
    except ManifestError:
        whole = False
    if not whole:
        folder.rename(folder.with_name(f".{folder.name}.damaged.{datetime.now(UTC):%Y%m%dT%H%M%S%f}"))
    return whole


def rollback(home: Path, to: str, *, reason: str = "") -> Path:
    """Make an older release current, and hold the schedule until ``resume``; the hold comes first.

    The release must verify: ReleaseError lists what is wrong with it otherwise.
    """
    folder = release_folder(home, to)
    problems = verify_folder(folder)
    if problems:
        raise ReleaseError(f"release {to} isn't what was published: {'; '.join(str(p) for p in problems[:5])}; choose another one")
    hold(home, f"rolled back from {current_release(home)} to {to}" + (f": {reason}" if reason else ""))
    _move_pointer(home, to)
    return folder


def diff(home: Path, before: str, after: str) -> list[TableChange]:
    """Tables whose rows or exact sums differ between two releases, from their manifests."""
    old, new = (read_manifest(release_folder(home, i))["content"] for i in (before, after))
    return diff_contents(old, new)


def verify(home: Path, release_id: str) -> list[Problem]:
    """What differs between a release's files and its manifest; empty where it is whole."""
    return verify_folder(release_folder(home, release_id))
