"""The snapshots of a home: putting a file there in one pass, whole or not at all; finding and reading what is there."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError
from transforms.io.failpoints import fail_point
from transforms.io.files import copy_hashed, link_or_copy, sha256_of, write_text
from transforms.io.texts import open_text
from transforms.settings import Settings, SettingsError


def _changed(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@contextmanager
def incoming(path: Path, home: Path, known: Iterable[Snapshot], *, keep: bool) -> Iterator[tuple[str, Path]]:
    """sha256 of a file, and where its bytes are: a copy in the home, made in the same pass, unless they are there already.

    Raises BadFileError where the file changes meanwhile.
    """
    before = _changed(path)
    folder = home / "snapshots"
    # never the file handed over: what is stored is linked to what this yields, and its owner may write to it
    twins = {s.sha256: folder / s.snapshot_id / s.file_name for s in known if s.file_bytes == before[0]}
    sha256 = sha256_of(path) if twins or not keep else ""
    if sha256 in twins or not keep:
        yield sha256, twins.get(sha256, path)
        return
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}-{time.monotonic_ns()}.tmp"
    try:
        sha256 = copy_hashed(path, temporary)
        if _changed(path) != before:
            raise BadFileError(f"{path}: changed while it was copied; hand it over again when it is whole")
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        yield sha256, temporary
    finally:
        temporary.unlink(missing_ok=True)


def store(copy: Path, snapshot: Snapshot, home: Path) -> None:
    """Put a copy and its snapshot.json into the home; the folder counts once the latter is there."""
    folder = home / "snapshots" / snapshot.snapshot_id
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / snapshot.file_name
    if not target.exists():
        fail_point("snapshot.before_rename")
        link_or_copy(copy, target)
    fail_point("snapshot.before_manifest")
    record = {**snapshot.stored, "taken_at": snapshot.taken_at.isoformat()}
    write_text(folder / "snapshot.json", json.dumps(record, indent=1, sort_keys=True) + "\n")


def live_snapshots(settings: Settings) -> list[Snapshot]:
    """All snapshots of the home, by id, each with its layout as it stands now. A folder without its snapshot.json doesn't count.

    Raises SettingsError for a snapshot of a layout that is declared no more.
    """
    return [_load(record, settings) for record in sorted((settings.home / "snapshots").glob("*/snapshot.json"))]


def refuse(home: Path, snapshot_id: str) -> None:
    """Move a snapshot that can't be read to ``build/refused``, so that the next run doesn't meet it again."""
    folder, target = home / "snapshots" / snapshot_id, home / "build" / "refused" / snapshot_id
    if folder.exists():
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.replace(target)


def _load(record: Path, settings: Settings) -> Snapshot:
    values = json.loads(record.read_text("utf-8"))
    values["taken_at"] = datetime.fromisoformat(values["taken_at"])
    for key in ("members", "header_extras"):
        values[key] = tuple(values[key])
    for key in ("encoding", "limits"):  # older records have them
        values.pop(key, None)
    definition = settings.catalog.layout(values["layout"], values["taken_at"].date())
    if definition is None:
        raise SettingsError(
            f"the file {values['file_name']} (snapshot {values['snapshot_id']}) has the layout {values['layout']}, which is declared "
            f"no more: declare it again in entrepot.toml, [sources.{values['source']}]"
        )
    return Snapshot(**values, definition=definition, unpack_limits=limits_of(settings))


def limits_of(settings: Settings) -> tuple[int, int]:
    """Unpacked bytes, and unpacked over packed, that reading a file may reach."""
    return settings.maximum_unpacked_bytes, settings.maximum_unpack_ratio


def open_member(home: Path, snapshot: Snapshot, member: str) -> AbstractContextManager[BinaryIO]:
    """Context manager: a member as delimited text, within the limits that the snapshot carries."""
    limits = Settings(home=home)
    if snapshot.unpack_limits is not None:
        size, ratio = snapshot.unpack_limits
        limits = dataclasses.replace(limits, maximum_unpacked_bytes=size, maximum_unpack_ratio=ratio)
    return open_text(home / "snapshots" / snapshot.snapshot_id / snapshot.file_name, member, limits)
