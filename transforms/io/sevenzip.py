"""Files inside 7z archives, read as streams: nothing is written to disk, and memory stays at a few blocks.

py7zr's own extraction hands out blocks of up to 128 MB from a loop of its own; here its decompressor
is asked for one block after another, so a reader that stops early leaves nothing running.
"""

from __future__ import annotations

import io
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from transforms.io.archives import BadFileError

if TYPE_CHECKING:
    import py7zr
    from py7zr.py7zr import ArchiveFile

SIGNATURE = b"7z\xbc\xaf\x27\x1c"
#: A dictionary is memory: 7-Zip's strongest setting asks for 256 MiB at most.
MAXIMUM_DICTIONARY = 256 << 20
#: Below this a high ratio is no danger: a short file of equal lines packs very well.
_HARMLESS_BYTES = 64 << 20
_READ, _BLOCK = 1 << 16, 1 << 22
_LZMA, _LZMA2 = b"\x03\x01\x01", b"\x21"
#: What text is packed with, and can be unpacked block by block: LZMA, LZMA2, Delta, BZip2, Deflate, Copy, the x86 filter.
#: PPMd's library was seen to crash the process on a whole file, Brotli's can't stop at a length.
_PPMD, _PACKED_DIRECTORY = b"\x03\x04\x01", b"\x17"
_METHODS = (_LZMA, _LZMA2, b"\x03", b"\x04\x02\x02", b"\x04\x01\x08", b"\x00", b"\x03\x03\x01\x03")


def _damaged(path: Path, error: Exception) -> BadFileError:
    from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError

    if isinstance(error, PasswordRequired):
        return BadFileError(f"{path.name}: is encrypted; unpack it yourself and hand over the file")
    if isinstance(error, UnsupportedCompressionMethodError):
        return BadFileError(f"{path.name}: is packed by a method that isn't read here ({error.args[-1]}); unpack it yourself")
    return BadFileError(f"{path.name}: the 7z is damaged or cut off ({type(error).__name__}: {str(error)[:200]}). Fetch it again.")


def _refuse_packed_directory(path: Path) -> None:
    """A directory may be packed too, and py7zr unpacks it unasked: PPMd there would reach its library."""
    with path.open("rb") as handle:
        head = handle.read(32)
        handle.seek(min(32 + int.from_bytes(head[12:20], "little"), path.stat().st_size))
        directory = handle.read(1 << 12)
    if directory.startswith(_PACKED_DIRECTORY) and _PPMD in directory:
        raise BadFileError(f"{path.name}: its directory is packed by a method that isn't read here (PPMd); unpack it yourself")


@contextmanager
def _opened(path: Path) -> Iterator[py7zr.SevenZipFile]:
    import py7zr  # takes a quarter of a second: only who reads a 7z pays for it

    _refuse_packed_directory(path)
    try:
        archive = py7zr.SevenZipFile(path, "r")
    except Exception as error:  # a damaged directory breaks py7zr in many ways
        raise _damaged(path, error) from error
    with archive:
        if archive.needs_password():
            raise BadFileError(f"{path.name}: is encrypted; unpack it yourself and hand over the file")
        yield archive


def _files(path: Path, archive: py7zr.SevenZipFile) -> list[ArchiveFile]:
    """Files of the archive, in its order; names and kinds are checked as those of a zip are."""
    files = [f for f in archive.files if not f.is_directory]
    for file in files:
        name = PurePosixPath(file.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in file.filename or "\0" in file.filename:
            raise BadFileError(f"{path.name}: member {file.filename!r} would leave its folder; the archive is refused")
        if file.is_symlink or file.is_junction or file.st_fmt not in (None, 0, stat.S_IFREG):
            raise BadFileError(f"{path.name}: member {file.filename!r} is a link or no plain file; the archive is refused")
    if len({f.filename for f in files}) != len(files):
        raise BadFileError(f"{path.name}: holds two members of one name; the archive is refused")
    return files


def members_7z(path: Path) -> tuple[str, ...]:
    """Files inside, sorted. Raises BadFileError as ``archives.member_names`` does."""
    with _opened(path) as archive:
        return tuple(sorted(f.filename for f in _files(path, archive)))


def _dictionary(method: bytes, properties: bytes | None) -> int:
    """Bytes of memory that a coder asks for, by its properties."""
    if not properties:
        return 0
    if method == _LZMA:
        return int.from_bytes(properties[1:5], "little")
    if method == _LZMA2:
        return (2 | properties[0] & 1) << (properties[0] // 2 + 11)
    return 0


class _Member(io.RawIOBase):
    """Bytes of one member, unpacked as they are read; the checksum is compared before the last of them is given."""

    def __init__(self, path: Path, archive: py7zr.SevenZipFile, file: ArchiveFile) -> None:
        self._path, self._file, self._archive = path, file, archive
        self._left = file.uncompressed
        self._crc = self._skip = self.packed = self.before = 0
        self._error: BadFileError | None = None
        self._rest = memoryview(b"")
        if not file.emptystream:
            self._start()

    def _start(self) -> None:
        streams = self._archive.header.main_streams
        folders, pack = streams.unpackinfo.folders, streams.packinfo
        place = next(i for i, folder in enumerate(folders) if folder is self._file.folder)
        coders = self._file.folder.coders
        foreign = [c["method"].hex() for c in coders if c["method"] not in _METHODS or c["numinstreams"] != 1]
        if foreign or len(folders) != len(pack.packsizes):
            raise BadFileError(
                f"{self._path.name}: is packed by a method that isn't read here ({', '.join(foreign) or 'BCJ2'}); "
                "unpack it yourself, or pack it with LZMA2"
            )
        asked = max(_dictionary(c["method"], c["properties"]) for c in coders)
        if asked > MAXIMUM_DICTIONARY:
            raise BadFileError(f"{self._path.name}: asks for a dictionary of {asked:,} bytes; the limit is {MAXIMUM_DICTIONARY:,}")
        self.packed = pack.packsizes[place]
        try:
            self._decompressor = self._file.folder.get_decompressor(self.packed, reset=True)
        except Exception as error:
            raise _damaged(self._path, error) from error
        self._decompressor.block_size = _READ
        others: Iterable[ArchiveFile] = self._file.folder.files or ()
        for other in others:
            if other.filename == self._file.filename:
                break
            self.before += other.uncompressed
        self._skip = self.before
        self._archive.fp.seek(self._archive.afterheader + pack.packpos + pack.packpositions[place])

    def _block(self, size: int) -> bytes:
        """Up to ``size`` bytes, at least one."""
        fp = self._archive.fp
        try:
            while True:
                position = fp.tell()
                block = bytes(self._decompressor.decompress(fp, size))
                if block:
                    return block
                if fp.tell() == position:
                    raise EOFError("the packed data ends before the size declared")
        except Exception as error:
            raise _damaged(self._path, error) from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        if self._error is not None:
            raise self._error
        if not self._rest:
            try:
                self._rest = memoryview(self._next())
            except BadFileError as error:
                self._error = error  # a later read must not look like the end
                raise
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self) -> bytes:
        """The next block of the member, empty at its end. Blocks are large: each takes in _READ packed bytes, however short it is."""
        while self._skip:
            self._skip -= len(self._block(min(self._skip, _BLOCK)))
        if not self._left:
            return b""
        block = self._block(min(self._left, _BLOCK))
        self._left -= len(block)
        self._crc = zlib.crc32(block, self._crc)
        if not self._left and self._file.crc32 is not None and self._crc != self._file.crc32:
            raise BadFileError(f"{self._path.name}: {self._file.filename}: the checksum differs; the file is damaged. Fetch it again.")
        return block


@contextmanager
def open_7z(path: Path, member: str, *, maximum_bytes: int, maximum_ratio: int) -> Iterator[BinaryIO]:
    """The unpacked bytes of a member, counted against the limits; the checksum is compared at its end.

    In a solid archive the members before it are unpacked and left out: they count for the ratio.
    Raises BadFileError where the limits or the archive break, KeyError for a member that isn't there.
    """
    with _opened(path) as archive:
        file = next((f for f in _files(path, archive) if f.filename == member), None)
        if file is None:
            raise KeyError(member)
        with _Member(path, archive, file) as raw:
            fair = max(raw.packed * maximum_ratio, _HARMLESS_BYTES)
            # The size declared binds what is read, so a bomb is refused before anything is unpacked.
            if file.uncompressed > maximum_bytes or raw.before + file.uncompressed > fair:
                raise BadFileError(
                    f"{path.name}: {member}: unpacks to {raw.before + file.uncompressed:,} bytes, more than {min(maximum_bytes, fair):,}; "
                    "raise maximum_unpacked_bytes or maximum_unpack_ratio in entrepot.toml if that is right"
                )
            yield io.BufferedReader(raw, 1 << 16)
