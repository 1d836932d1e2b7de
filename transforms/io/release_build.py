"""Building a release folder: files, pages and manifest, aside and then renamed whole."""

from __future__ import annotations

import errno
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from transforms.io import release_files, release_pages
from transforms.io.failpoints import fail_point
from transforms.io.files import fsync_folder, sha256_of
from transforms.io.release_manifest import CLOCKED, MANIFEST, manifest_text
from transforms.settings import Settings


class ReleaseError(RuntimeError):
    """A release that can't be read or cut; the text says which, why, and what to do. The current one stays."""


def build_release(
    settings: Settings,
    candidate: Path,
    target: Path,
    content: dict[str, Any],
    run_info: dict[str, Any],
    pages: dict[str, str],
    lake_files: Mapping[str, Sequence[Path]],
) -> None:
    """Write a release beside ``target`` and rename it there whole; on any error nothing of it is left.

    ``content`` gains tables, views and files. A full disk is a ReleaseError that says so.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    _sweep(target.parent)
    try:
        fail_point("release.before_files")
        temporary.mkdir(parents=True)
        maximum = settings.publish.maximum_rows_in_duckdb
        written = release_files.write_files(candidate, temporary, maximum_rows=maximum, lake_files=lake_files)
        _fill(temporary, settings, written, content, run_info, pages)
        temporary.rename(target)
        fsync_folder(target.parent)
    except Exception as error:
        if temporary.exists():
            shutil.rmtree(temporary)
        if _is_disk_full(error):
            raise ReleaseError(
                f"the disk of {target.parent} is full: release {target.name} was not cut, the old one stays. "
                "Free space (entrepot doctor says how much there is), then run again"
            ) from error
        raise


def _sweep(releases: Path) -> None:
    """Remove half-built folders of processes that are gone; they were never named by anything."""
    for path in releases.glob(".*.tmp") if releases.is_dir() else ():
        number = path.name.rsplit(".", 2)[-2]
        if path.is_dir() and number.isdigit() and int(number) != os.getpid() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(path)


def _is_disk_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error)


def _fill(
    folder: Path,
    settings: Settings,
    written: release_files.Written,
    content: dict[str, Any],
    run_info: dict[str, Any],
    pages: dict[str, str],
) -> None:
    content |= {"tables": written.tables, "views": written.views, "beside": list(written.beside)}
    run = {"published_at": datetime.now(UTC).isoformat(timespec="seconds"), "host": platform.node(), **_environment(), **run_info}
    for name, html in {**release_pages.render(folder, content, run, settings.home_area), **pages}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, "utf-8")
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        files[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    run["rows"] = {n: written.tables[n]["rows"] for n in sorted(CLOCKED & set(written.tables))}
    content["tables"] = {n: {**t, "rows": None, "row_hash": None, "sums": {}} if n in CLOCKED else t for n, t in written.tables.items()}
    content["files"] = {k: v for k, v in files.items() if not release_files.is_clocked(k)}
    run["files"] = {k: v for k, v in files.items() if release_files.is_clocked(k)}
    (folder / MANIFEST).write_text(manifest_text(content, run), "utf-8")
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
        path.chmod(0o444)


def _environment() -> dict[str, str]:
    """The interpreter and a hash over the installed versions: what bytes may depend on."""
    from importlib.metadata import distributions

    from transforms.io.state import digest

    installed = sorted({f"{d.name}=={d.version}" for d in distributions()})
    return {"python": platform.python_version(), "machine": platform.machine(), "lock_hash": digest(installed)}
