"""Files handed over, one after another: the good ones are kept, each refused one is named with its reason, none stops another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transforms.contracts.records import Snapshot
from transforms.io.archives import BadFileError, UnknownKindError
from transforms.io.recognise import UnknownLayoutError
from transforms.io.snapshot import DATA_SUFFIXES, SIDECAR, Declared, by_id, is_data_name, is_no_data, take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings


@dataclass(frozen=True)
class Refusal:
    """A file that can't be taken in: its name as the user knows it (inside the folder handed over), and why."""

    file: str
    reason: str
    error: BaseException

    @property
    def said(self) -> dict[str, str]:
        """File and reason, for a summary."""
        return {"file": self.file, "reason": self.reason}


@dataclass(frozen=True)
class Handed:
    """What became of the files handed over. ``passed_over`` are a folder's files that aren't data: a read-me, a PDF."""

    taken: tuple[tuple[Path, tuple[Snapshot, ...]], ...]
    refusals: tuple[Refusal, ...]
    passed_over: tuple[str, ...]

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """All that was taken, in the order of the files."""
        return tuple(s for _, snapshots in self.taken for s in snapshots)


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The files of a folder, or the file itself, each with its name for the reader; no hidden ones, no sidecars."""
    if not path.is_dir():
        yield path, path.name if path.exists() else str(path)
        return
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        if not file.name.startswith(".") and not file.name.endswith(SIDECAR):
            yield file, file.relative_to(path).as_posix()


def _take(file: Path, settings: Settings, declared: Declared | None, known: dict[str, Snapshot], *, keep: bool) -> tuple[Snapshot, ...]:
    try:
        return take_snapshot(file, settings, declared=declared, known=known, keep=keep)
    except PermissionError as error:
        if error.filename is None or Path(error.filename) != file:
            raise  # the home's, not the file's
        raise BadFileError(f"{file.name}: can't be read: permission denied") from error


def refusal_of(file: str, error: BadFileError) -> Refusal:
    """A refusal whose reason doesn't say the file's name again; of an unknown header without the list of layouts."""
    text = error.brief if isinstance(error, UnknownLayoutError) else str(error)
    for name in (file, Path(file).name):
        text = text.removeprefix(f"{name}: ")
    return Refusal(file, text, error)


def take_files(paths: Sequence[Path], settings: Settings, *, declared: Declared | None = None, keep: bool = True) -> Handed:
    """Recognise and keep every file of ``paths`` (files and folders). With ``keep`` False nothing is written.

    In a folder a file that isn't named as data, or a text that no layout knows, is passed over.
    Nothing is kept of a file that is refused. Never raises BadFileError.
    """
    taken: list[tuple[Path, tuple[Snapshot, ...]]] = []
    refusals: list[Refusal] = []
    passed_over: list[str] = []
    known = by_id(live_snapshots(settings))
    for path in paths:
        before = len(taken) + len(refusals)
        for file, label in _files(path):
            if path.is_dir() and not is_data_name(file):
                passed_over.append(label)
                continue
            try:
                taken.append((file, _take(file, settings, declared, known, keep=keep)))
            except BadFileError as error:
                if path.is_dir() and isinstance(error, UnknownKindError) and is_no_data(file, error):
                    passed_over.append(label)
                else:
                    refusals.append(refusal_of(label, error))
        if path.is_dir() and len(taken) + len(refusals) == before:
            refusals.append(Refusal(str(path), none := f"holds no data file ({', '.join(DATA_SUFFIXES)})", BadFileError(f"{path}: {none}")))
    return Handed(tuple(taken), tuple(refusals), tuple(passed_over))
