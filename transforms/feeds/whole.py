"""Is a file whole, when nobody said how long it is: an archive's own end, a closed JSON, or a last line that ends."""

from __future__ import annotations

import gzip
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from transforms.io.files import CHUNK

_GZIP, _ZIP, _SEVEN = b"\x1f\x8b", b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c"
#: A JSON string that has ended; what a string holds closes nothing.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _gzip_is_whole(path: Path) -> bool:
    try:
        with gzip.open(path, "rb") as handle:
            while handle.read(CHUNK):
                pass
    except (EOFError, OSError, zlib.error):
        return False
    return True


def _zip_is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(archive.infolist())
    except (zipfile.BadZipFile, OSError):
        return False


def _seven_is_whole(path: Path) -> bool:
    """The first 32 bytes of a 7z say where its last part begins, how long it is, and its CRC."""
    with path.open("rb") as handle:
        head = handle.read(32)
        if len(head) < 32:
            return False
        offset, size, crc = struct.unpack("<QQI", head[12:32])
        if 32 + offset + size != path.stat().st_size:
            return False
        handle.seek(32 + offset)
        return bool(zlib.crc32(handle.read(size)) == crc)


def _json_closes(handle: BinaryIO) -> bool:
    """Every bracket that opens outside of a string closes, in pieces: the answer may be large."""
    depth, carried, last = 0, b"", b""
    while chunk := handle.read(CHUNK):
        text = _STRING.sub(b"", carried + chunk)
        bare, quote, rest = text.partition(b'"')
        carried = quote + rest
        depth += bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")
        last = bare.rstrip()[-1:] or last
    return depth == 0 and not carried and last in (b"}", b"]")


def vouches_for_itself(path: Path) -> bool:
    """True where the end of the file shows that it is the end."""
    with path.open("rb") as handle:
        head = handle.read(64)
        if head.startswith(_GZIP):
            return _gzip_is_whole(path)
        if head.startswith(_ZIP):
            return _zip_is_whole(path)
        if head.startswith(_SEVEN):
            return _seven_is_whole(path)
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        handle.seek(0)
        if start.startswith((b"{", b"[")):
            return _json_closes(handle)
        if b"\0" in head or not head:
            return False
        handle.seek(-1, 2)
        return handle.read() == b"\n"
