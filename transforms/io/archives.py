"""Files inside zip, gzip and 7z, read as streams: nothing is ever extracted under a name from an archive."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from transforms.settings import Settings

_GZIP, _ZIP, _SEVENZIP = b"\x1f\x8b", b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c"
#: What a zip holds that is a workbook of a spreadsheet program: one file, not an archive of files.
_WORKBOOK = "xl/workbook.xml"
#: Below this a high ratio is no danger: a short file of equal lines packs very well.
_HARMLESS_BYTES = 64 * 2**20


class BadFileError(ValueError):
    """A file that can't be taken in; the text names the file, what is wrong, and what to do."""


class UnknownKindError(BadFileError):
    """A file that holds no table of any kind known: in a folder, most likely no data at all."""


class Counted(io.RawIOBase):
    """A stream that counts what it gives and stops at the limits: a declared size may lie."""

    def __init__(self, raw: IO[bytes] | gzip.GzipFile, name: str, packed_bytes: int, maximum_bytes: int, maximum_ratio: int) -> None:
        self._raw, self._name = raw, name
        self._limit = min(maximum_bytes, max(packed_bytes * maximum_ratio, _HARMLESS_BYTES))
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        try:
            chunk = self._raw.read(len(buffer))
        except EOFError as error:
            raise BadFileError(f"{self._name}: the gzip stream ends early; the download was cut off. Fetch it again.") from error
        except (zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, OSError) as error:
            raise BadFileError(f"{self._name}: the archive is damaged ({error}). Fetch it again.") from error
        self.count += len(chunk)
        if self.count > self._limit:
            raise BadFileError(
                f"{self._name}: unpacks to more than {self._limit:,} bytes; raise maximum_unpacked_bytes or maximum_unpack_ratio "
                "in entrepot.toml if that is right"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def packing(path: Path) -> str:
    """'zip', 'gzip', '7z', 'workbook' or 'plain', by the first bytes; a name that promises another is an error."""
    with path.open("rb") as handle:
        head = handle.read(6)
    if head[:2] == _GZIP:
        return "gzip"
    if head == _SEVENZIP:
        return "7z"
    if head[:4] == _ZIP:
        return "workbook" if _WORKBOOK in _open_zip(path).NameToInfo else "zip"
    suffix = path.suffix.lower()
    if suffix in (".gz", ".zip", ".7z", ".xlsx"):
        said = "gzip" if suffix == ".gz" else suffix[1:]
        raise BadFileError(f"{path.name}: is named {suffix} but is no {said} file (or an empty one). Rename it, or fetch it again.")
    return "plain"


def _open_zip(path: Path) -> zipfile.ZipFile:
    """The zip, open; its directory is read once for all of its members, as long as the file is the same."""
    state = path.stat()
    return _opened(path, (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=2)
def _opened(path: Path, _state: tuple[int, int, int]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise BadFileError(f"{path.name}: the zip has no directory at its end; the download was cut off. Fetch it again.") from error


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in entry.filename or "\0" in entry.filename:
        raise BadFileError(f"{path.name}: member {entry.filename!r} would leave its folder; the archive is refused")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise BadFileError(f"{path.name}: member {entry.filename!r} is a link; the archive is refused")
    if entry.flag_bits & 0x1:
        raise BadFileError(f"{path.name}: member {entry.filename!r} is encrypted; unpack it yourself and hand over the file")


def member_names(path: Path) -> tuple[str, ...]:
    """Files inside, sorted; a file that is no archive, a gzip or a workbook, is its own only member.

    Raises BadFileError for a name that leaves the folder, a link, an encrypted member, two
    members of one name, or an archive cut off.
    """
    kind = packing(path)
    if kind == "7z":
        from transforms.io.sevenzip import members_7z

        return members_7z(path)
    if kind != "zip":
        return (path.name,)
    entries = [e for e in _open_zip(path).infolist() if not e.is_dir()]
    for entry in entries:
        _check_entry(path, entry)
    names = sorted(e.filename for e in entries)
    if len(set(names)) != len(names):
        raise BadFileError(f"{path.name}: holds two members of one name; the archive is refused")
    return tuple(names)


@contextmanager
def open_stream(path: Path, member: str, settings: Settings | None = None) -> Iterator[BinaryIO]:
    """The decompressed bytes of a member, counted against the limits while they are read.

    A gzip inside a zip is opened too. Raises BadFileError where the limits or the archive break.
    """
    limits = settings or Settings(home=path.parent)
    kind = packing(path)
    size = path.stat().st_size

    def counted(raw: IO[bytes] | gzip.GzipFile, packed: int) -> Counted:
        return Counted(
            raw,
            path.name if kind != "zip" else f"{path.name}: {member}",
            packed,
            limits.maximum_unpacked_bytes,
            limits.maximum_unpack_ratio,
        )

    if kind in ("plain", "workbook"):
        with path.open("rb") as handle:
            yield handle
    elif kind == "7z":
        from transforms.io.sevenzip import open_7z

        with open_7z(path, member, maximum_bytes=limits.maximum_unpacked_bytes, maximum_ratio=limits.maximum_unpack_ratio) as unpacked:
            yield unpacked
    elif kind == "gzip":
        with gzip.open(path, "rb") as unzipped, counted(unzipped, size) as stream:
            yield io.BufferedReader(stream, 1 << 20)
    else:
        archive = _open_zip(path)
        packed = archive.getinfo(member).compress_size
        with _open_member(archive, member, path) as raw, counted(raw, packed) as stream:
            if member.lower().endswith(".gz"):
                buffered = io.BufferedReader(stream, 1 << 20)
                with counted(gzip.GzipFile(fileobj=buffered), packed) as inner:
                    yield io.BufferedReader(inner, 1 << 20)
            else:
                yield io.BufferedReader(stream, 1 << 20)


def _open_member(archive: zipfile.ZipFile, member: str, path: Path) -> IO[bytes]:
    try:
        return archive.open(member)
    except (zipfile.BadZipFile, OSError) as error:
        raise BadFileError(f"{path.name}: {member}: the archive is damaged ({error}). Fetch it again.") from error
    except (NotImplementedError, RuntimeError) as error:  # Deflate64, patches, encryption
        raise BadFileError(f"{path.name}: {member}: is packed in a way that isn't read here ({error}); unpack it yourself") from error
