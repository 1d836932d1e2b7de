"""Snapshots: the untouched copy of every file handed over, with what is declared about it.

``snapshots/<id>/`` holds the file under its own name and ``snapshot.json``; a folder without
that last file is an orphan of a run that died, and is never read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from transforms.contracts.layout import Layout, Source
from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError, UnknownKindError, member_names
from transforms.io.files import CHUNK
from transforms.io.listed import edition_of, is_beside, lacking_list, refuse_list
from transforms.io.recognise import HEADER_BYTES, Recognised, UnknownLayoutError, from_name, recognise
from transforms.io.snapshot_store import incoming, limits_of, live_snapshots, store
from transforms.io.texts import open_text
from transforms.settings import Settings

SIDECAR = ".entrepot.json"
#: In a folder or zip, other files (a read-me, a PDF) are no data and are passed over.
DATA_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".zip", ".7z", ".dat", ".json", ".xlsx", ".dta")
#: A file up to this size is read through before it is kept; a bigger one when it is parsed, once.
_READ_THROUGH_BYTES = 64 << 20
#: Read-me files are .txt too: one that no layout knows is passed over, in a folder or zip; so is JSON that is no answer.
MAY_BE_PROSE = (".txt", ".dat")
_SIDECAR_KEYS = ("source_release", "edition", "is_synthetic", "licence", "attribution", "redistribution", "coverage")


@dataclass(frozen=True)
class Declared:
    """What the user says about a file; it wins over the sidecar, and that over the file's name.

    ``edition`` in either spelling (HS17, H5), ``source_release`` as the publisher writes it.
    """

    edition: str | None = None
    source_release: str | None = None
    coverage: str | None = None


@dataclass(frozen=True)
class _Member:
    name: str
    recognised: Recognised


def _examine(path: Path, member: str, settings: Settings, layouts: Sequence[Layout]) -> _Member:
    """The layout of a member, and that it has rows. A small one is read to its end: whole, and within limits."""
    label = path.name if member == path.name else f"{path.name}: {member}"
    with open_text(path, member, settings) as stream:
        head = stream.read(HEADER_BYTES)
        found = recognise(head, label, layouts)
        has_rows = bool(head.partition(b"\n")[2].strip())
        if not has_rows or path.stat().st_size <= _READ_THROUGH_BYTES:
            while chunk := stream.read(CHUNK):
                has_rows = has_rows or bool(chunk.strip())
    if not has_rows:
        raise BadFileError(f"{label}: has a header and no rows; an empty answer is not taken for data")
    return _Member(member, found)


def _members(path: Path, settings: Settings) -> list[_Member]:
    names = member_names(path)
    layouts = settings.catalog.layouts_on(datetime.now(UTC).date())
    if names == (path.name,):
        return [_examine(path, path.name, settings, layouts)]
    found = []
    for name in names:
        suffix = Path(name).suffix.lower()
        if suffix not in DATA_SUFFIXES or suffix == ".zip" or name.startswith("__MACOSX/") or is_beside(name):
            continue
        try:
            found.append(_examine(path, name, settings, layouts))
        except UnknownKindError as error:
            if not is_no_data(Path(name), error):
                raise
    if not found:
        raise BadFileError(f"{path.name}: holds no data file ({', '.join(names[:5]) or 'it is empty'})")
    return found


def _sidecar(path: Path) -> dict[str, object]:
    sidecar = path.with_name(path.name + SIDECAR)
    if not sidecar.exists():
        return {}
    try:
        said = json.loads(sidecar.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadFileError(f"{sidecar.name}: isn't valid JSON ({error})") from error
    unknown = sorted(set(said) - set(_SIDECAR_KEYS))
    if unknown:
        raise BadFileError(f"{sidecar.name}: declares {unknown[0]!r}; it may declare {', '.join(_SIDECAR_KEYS)}")
    return dict(said)


def _one_of(path: Path, layout: Layout, members: Sequence[_Member], key: str) -> str | None:
    """What the names say: the file's own first, else the members', which must agree."""
    own = from_name(layout, path.name).get(key)
    said = sorted({v for m in members if (v := from_name(layout, m.name).get(key))})
    if own is None and len(said) > 1:
        option = "--edition" if key == "edition" else "--release"
        raise BadFileError(f"{path.name}: its members name several {key}s ({', '.join(said)}); say which with {option}")
    return own or (said[0] if said else None)


def _declare(
    path: Path, layout: Layout, source: Source, members: Sequence[_Member], declared: Declared, said: dict[str, object]
) -> dict[str, object]:
    """Edition, release, coverage, licence: command line over sidecar over name over layout and source."""
    for member in members:
        refuse_list(layout, member.name)
    stated = declared.edition or str(said.get("edition") or "")
    code = edition_of(layout, stated, None if stated and "list" not in layout.needs else _one_of(path, layout, members, "edition"))
    release = declared.source_release or said.get("source_release") or _one_of(path, layout, members, "release")
    if declared.source_release and not re.fullmatch(source.release_form, declared.source_release):
        raise BadFileError(
            f"{path.name}: --release {declared.source_release} is no release of a {layout.name} file; "
            f"its releases are written {source.release_example}"
        )
    if "list" in layout.needs and not code:
        raise lacking_list(layout, path.name)
    lacking = [n for n, v in (("edition", code), ("release", release)) if n in layout.needs and not v]
    if lacking:
        raise BadFileError(
            f"{path.name}: a {layout.name} file doesn't say its {' and '.join(lacking)}, nor does its name; "
            "say it on the command line: --edition HS17 --release V202201"
        )
    coverage = declared.coverage or said.get("coverage") or layout.coverage
    if coverage not in ("complete", "partial"):
        raise BadFileError(f"{path.name}: coverage {coverage!r} is neither complete nor partial")
    return {
        "edition": code if {"edition", "list"} & set(layout.needs) else None,
        "source_release": release,
        "coverage": coverage,
        "is_synthetic": bool(said.get("is_synthetic", False)),
        "licence": said.get("licence", source.licence),
        "attribution": said.get("attribution", source.attribution),
        "redistribution": said.get("redistribution", source.redistribution),
    }


def _take_file(path: Path, settings: Settings, declared: Declared, known: Mapping[str, Snapshot], *, keep: bool) -> list[Snapshot]:
    if path.stat().st_size == 0:
        raise BadFileError(f"{path.name}: the file is empty")
    members, said = _members(path, settings), _sidecar(path)
    with incoming(path, settings.home, known.values(), keep=keep) as (sha256, copy):
        return _take_members(path, copy, sha256, members, settings, declared, said, known, keep=keep)


def _layouts_of(members: Sequence[_Member]) -> list[Layout]:
    """Layouts among the members, flows first: they keep the file's own hash as id, lists beside them in one zip get a derived one."""
    found = {m.recognised.layout.name: m.recognised.layout for m in members}
    return sorted(found.values(), key=lambda layout: (layout.kind != "flows", layout.name))


def _take_members(
    path: Path,
    copy: Path,
    sha256: str,
    members: Sequence[_Member],
    settings: Settings,
    declared: Declared,
    said: dict[str, object],
    known: Mapping[str, Snapshot],
    *,
    keep: bool,
) -> list[Snapshot]:
    """One snapshot per layout among the members."""
    taken = []
    for position, layout in enumerate(_layouts_of(members)):
        mine = [m for m in members if m.recognised.layout.name == layout.name]
        identity = sha256 if position == 0 else hashlib.sha256(f"{sha256}:{layout.name}".encode()).hexdigest()
        snapshot = Snapshot(
            snapshot_id=identity[:16],
            sha256=sha256,
            source=layout.source,
            layout=layout.name,
            kind=layout.kind,
            file_name=path.name,
            file_bytes=path.stat().st_size,
            members=tuple(m.name for m in mine),
            taken_at=datetime.now(UTC),
            header_extras=tuple(sorted({e for m in mine for e in m.recognised.extras})),
            definition=layout,
            unpack_limits=limits_of(settings),
            **_declare(path, layout, settings.catalog.sources[layout.source], mine, declared, said),  # type: ignore[arg-type]
        )
        old = known.get(snapshot.snapshot_id)
        snapshot = _as_before(snapshot, old)
        if keep and snapshot != old:
            store(copy, snapshot, settings.home)
        taken.append(snapshot)
    return taken


def _as_before(snapshot: Snapshot, old: Snapshot | None) -> Snapshot:
    """What was handed over again keeps its time and its names, and its layout as it stood then."""
    if old is None:
        return snapshot
    definition = old.definition if snapshot.layout == old.layout else snapshot.definition
    return dataclasses.replace(snapshot, taken_at=old.taken_at, file_name=old.file_name, members=old.members, definition=definition)


def is_no_data(path: Path, error: UnknownKindError) -> bool:
    """Whether a file in a folder or zip is passed over: prose, or JSON that is nobody's answer."""
    return path.suffix.lower() in (MAY_BE_PROSE if isinstance(error, UnknownLayoutError) else (".json",))


def is_data_name(path: Path) -> bool:
    """A file that a folder may hold as data: not hidden, not a sidecar, and named as data are."""
    is_named = path.suffix.lower() in DATA_SUFFIXES and not path.name.startswith(".") and not path.name.endswith(SIDECAR)
    return is_named and not is_beside(path.name)


def by_id(snapshots: Iterable[Snapshot]) -> dict[str, Snapshot]:
    """Snapshots under their ids."""
    return {s.snapshot_id: s for s in snapshots}


def take_snapshot(
    path: Path, settings: Settings, *, declared: Declared | None = None, known: dict[str, Snapshot] | None = None, keep: bool = True
) -> tuple[Snapshot, ...]:
    """Recognise a file, or every data file in a folder, and keep untouched copies in the home.

    A zip of several layouts (years and code lists) gives one snapshot per layout. The same
    bytes again give the same snapshot. ``known`` are the home's snapshots, where the caller has
    read them for many files; what is taken is added. With ``keep`` False nothing is written: what
    it would be. Raises BadFileError (UnknownLayoutError for a header that no layout has) before
    anything is kept of the file.
    """
    declared = declared or Declared()
    known = by_id(live_snapshots(settings)) if known is None else known
    if not path.exists():
        raise BadFileError(f"{path}: no such file or folder")
    if path.is_file():
        found = tuple(_take_file(path, settings, declared, known, keep=keep))
        known |= by_id(found)
        return found
    taken: list[Snapshot] = []
    for file in sorted(p for p in path.rglob("*") if p.is_file() and is_data_name(p)):
        try:
            taken += _take_file(file, settings, declared, known, keep=keep)
            known |= by_id(taken)
        except UnknownKindError as error:
            if not is_no_data(file, error):
                raise
    if not taken:
        raise BadFileError(f"{path}: holds no data file ({', '.join(DATA_SUFFIXES)})")
    return tuple(taken)
