"""Putting a file into the home: copied, hashed and kept in one pass, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError
from transforms.io.failpoints import fail_point
from transforms.io.files import copy_hashed, link_or_copy, sha256_of, write_text


def _changed(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@contextmanager
def incoming(path: Path, home: Path, known: Iterable[Snapshot], *, keep: bool) -> Iterator[tuple[str, Path]]:
    """sha256 of a file, and where its bytes are: a copy in the home, made in the same pass, unless they are there already.

    Raises BadFileError where the file changes meanwhile.
    """
    before = _changed(path)
    twins = {s.sha256 for s in known if s.file_bytes == before[0]}
    sha256 = sha256_of(path) if twins or not keep else ""
    if sha256 in twins or not keep:
        yield sha256, path
        return
    folder = home / "snapshots"
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
    record = {**dataclasses.asdict(snapshot), "taken_at": snapshot.taken_at.isoformat()}
    del record["definition"]
    write_text(folder / "snapshot.json", json.dumps(record, indent=1, sort_keys=True) + "\n")
