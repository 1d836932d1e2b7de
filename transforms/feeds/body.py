"""The body of an answer: read within its time, counted against what was promised, kept only when it is whole data."""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from transforms.feeds.answers import MESSAGE_BYTES, error_in_json, is_markup
from transforms.feeds.errors import FetchError, NotData, Truncated
from transforms.feeds.keys import Redactor
from transforms.feeds.whole import vouches_for_itself
from transforms.io.files import CHUNK, replacing

#: Files that are packed themselves: a server that calls that "encoding" means the file as it stands.
_PACKED = (".gz", ".zip", ".7z", ".xlsx")


class Deadline:
    """The end of one fetch, on ``clock``."""

    def __init__(self, clock: Callable[[], float], seconds: float, shown: str) -> None:
        self._clock, self._end, self._seconds, self._shown = clock, clock() + seconds, seconds, shown

    def left(self) -> float:
        """Seconds left; negative where it has passed."""
        return self._end - self._clock()

    def check(self) -> None:
        """FetchError where it has passed."""
        if self.left() <= 0:
            raise FetchError(
                f"{self._shown}: not done within {self._seconds:g} seconds; given up. "
                "If the file is that large, raise timeout_seconds of the feed"
            )


class Body:
    """The bytes of one answer, each read bounded by the deadline."""

    def __init__(self, answer: requests.Response, deadline: Deadline) -> None:
        self._answer, self._deadline = answer, deadline
        said = answer.headers.get("Content-Length", "").strip()
        self._chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
        #: bytes that the server promises; None where it doesn't say
        self.length = int(said) if said.isdecimal() and not self._chunked else None
        self.encoding = answer.headers.get("Content-Encoding", "identity").strip().lower() or "identity"

    @property
    def says_its_end(self) -> bool:
        """True where the end of the body shows that it is the end."""
        return self._chunked or self.length is not None

    def chunks(self) -> Iterator[bytes]:
        """Pieces as they come. Raises Truncated where fewer bytes come than promised, FetchError past the deadline."""
        count = 0
        while True:
            problem, piece = "", b""
            try:
                # read1 gives what is there: read would wait for a whole piece while a server drips.
                piece = self._answer.raw.read1(CHUNK, decode_content=False) or b""
            except ReadTimeoutError:
                problem = "the server stopped sending"
            except (HTTPError, OSError, ValueError):
                problem = "the connection broke"
            self._deadline.check()
            count += len(piece)
            if not piece and not problem and self.length is not None and count < self.length:
                problem = "it ended"
            if problem:
                promised = f" of {self.length:,}" if self.length is not None else ""
                raise Truncated(f"cut off: {problem} after {count:,}{promised} bytes. Nothing was kept; fetch it again")
            if not piece:
                return
            yield piece

    def beginning(self) -> str:
        """The first bytes of an error's body, as text; empty where it can't be read."""
        found = b""
        try:
            for piece in self.chunks():
                found += piece
                if len(found) >= MESSAGE_BYTES:
                    break
        except Truncated:
            return found.decode("utf-8", "replace")  # what came of a message is enough
        return found[:MESSAGE_BYTES].decode("utf-8", "replace")


def _unpacked(body: Body, target: Path) -> Iterator[bytes]:
    """The file's bytes: what is sent, or what is inside a transfer packed by gzip on the way."""
    is_file_itself = target.name.lower().endswith(_PACKED)
    if body.encoding == "identity" or (body.encoding in ("gzip", "x-gzip") and is_file_itself):
        yield from body.chunks()
        return
    if body.encoding not in ("gzip", "x-gzip"):
        raise FetchError(f"is sent as {body.encoding!r}, which wasn't asked for; nothing was kept")
    inner = zlib.decompressobj(31)
    for piece in body.chunks():
        rest, is_damaged = piece, False
        while not inner.eof:
            try:
                out = inner.decompress(rest, CHUNK)
            except zlib.error:
                out, is_damaged = b"", True
            if is_damaged:
                raise Truncated("the packed transfer is damaged. Nothing was kept; fetch it again")
            rest = inner.unconsumed_tail
            if out:
                yield out
            if not rest and len(out) < CHUNK:
                break
    if not inner.eof:
        raise Truncated("cut off: the packed transfer ends early. Nothing was kept; fetch it again")


def _check_space(body: Body, target: Path, limit: int) -> None:
    if body.length is None:
        return
    if body.length > limit:
        raise FetchError(f"has {body.length:,} bytes, more than maximum_bytes of the feed ({limit:,}); raise that if it is right")
    free = shutil.disk_usage(target.parent).free
    if body.length > free:
        raise FetchError(f"needs {body.length:,} bytes in {target.parent}, which has {free:,} left; make room")


def _check_content(head: bytes, size: int, shown: str, redactor: Redactor) -> None:
    if is_markup(head):
        raise NotData(f"{shown}: is an HTML or XML page (an error or a login page?) with status 200, not data. Look at it in a browser")
    if size <= MESSAGE_BYTES and (said := error_in_json(head)) is not None:
        raise NotData(f"{shown}: is an error message with status 200, not data: {redactor.clean(said)[:200]!r}")


def save(body: Body, target: Path, shown: str, limit: int, redactor: Redactor) -> tuple[int, str]:
    """Write the body to ``target``, which stands there whole or is left as it was.

    Returns (bytes, sha256); (0, ..) for an empty body, of which nothing is written. Raises Truncated, NotData, FetchError,
    their texts beginning with ``shown``.
    """
    try:
        return _save(body, target, shown, limit, redactor)
    except FetchError as error:
        kind, text = type(error), str(error)
    raise kind(text if text.startswith(shown) else f"{shown}: {text}")


def _save(body: Body, target: Path, shown: str, limit: int, redactor: Redactor) -> tuple[int, str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    _check_space(body, target, limit)
    pieces = _unpacked(body, target)
    first = next(pieces, b"")
    digest, size, head = hashlib.sha256(), 0, b""
    if not first:
        return 0, digest.hexdigest()
    with replacing(target) as temporary:
        with temporary.open("wb") as handle:
            piece: bytes | None = first
            while piece:
                handle.write(piece)
                digest.update(piece)
                size += len(piece)
                if size > limit:
                    raise FetchError(f"is longer than maximum_bytes of the feed ({limit:,}); raise that if it is right. Nothing was kept")
                if len(head) <= MESSAGE_BYTES:
                    head += piece[: MESSAGE_BYTES + 1 - len(head)]
                piece = next(pieces, None)
        _check_content(head, size, shown, redactor)
        if not body.says_its_end and not vouches_for_itself(temporary):
            raise Truncated(
                f"the server doesn't say how long it is, and after {size:,} bytes nothing shows that it ends there; "
                "taken for cut off. Nothing was kept"
            )
    return size, digest.hexdigest()
