"""Putting what Comtrade gave into the landing folder: first what is declared about it, then the file, whole."""

from __future__ import annotations

import errno
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Literal

from transforms.contracts.feed import Feed
from transforms.io.archives import BadFileError
from transforms.io.files import fsync_folder, replacing, sha256_of, write_text
from transforms.io.snapshot import SIDECAR


def release_day(text: object, name: str) -> str:
    """The day of a publication time ("2003-04-29T11:24:10Z"), as YYYY-MM-DD. BadFileError where it holds none."""
    try:
        return date.fromisoformat(str(text)[:10]).isoformat()
    except ValueError:
        raise BadFileError(f"{name}: UN Comtrade says no day of publication ({str(text)[:40]!r}); ask again later") from None


def declared(feed: Feed, release: str, coverage: Literal["complete", "partial"]) -> dict[str, str]:
    """What the file beside a landed file says of it; licence and the like only where the feed overrides its source."""
    said = {"licence": feed.licence, "attribution": feed.attribution, "redistribution": feed.redistribution}
    return {"source_release": release, "coverage": coverage, **{key: value for key, value in said.items() if value is not None}}


def land(staged: Path, target: Path, said: dict[str, str]) -> bool:
    """Move a checked file into the landing folder, its declaration first. False: the same bytes were there already.

    A reader of the folder never sees half of it: hidden name, fsync, rename. The landing folder may be on another disk.
    """
    write_text(target.with_name(target.name + SIDECAR), json.dumps(said, indent=1, sort_keys=True) + "\n")
    is_new = not (target.exists() and target.stat().st_size == staged.stat().st_size and sha256_of(target) == sha256_of(staged))
    if is_new:
        _move(staged, target)
    staged.unlink(missing_ok=True)
    return is_new


def _move(staged: Path, target: Path) -> None:
    try:
        staged.replace(target)
        fsync_folder(target.parent)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(target) as temporary:
            shutil.copyfile(staged, temporary)
