"""The parts of a JSON file one after another, with bounds: nothing in a file can make memory grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]

from transforms.io.archives import BadFileError

#: A field longer than this is no value of a trade table.
MAXIMUM_FIELD = 1 << 20
MAXIMUM_DEPTH = 8
_CHUNK = 1 << 16
_BOM = b"\xef\xbb\xbf"

Event = tuple[str, Any]


def json_events(stream: BinaryIO, name: str) -> Iterator[Event]:
    """(kind, value) as ijson names them: start_map, map_key, string, number, boolean, null, ...

    Numbers are int or Decimal, never float. Raises BadFileError where the text is no JSON, ends
    early, nests deeper than MAXIMUM_DEPTH, or holds a value of more than MAXIMUM_FIELD bytes.
    """
    found: list[Event] = ijson.sendable_list()
    parser = ijson.basic_parse_coro(found, use_float=False)
    silent = depth = 0
    chunk = stream.read(_CHUNK).removeprefix(_BOM)
    while chunk:
        _feed(parser, chunk, name)
        silent = 0 if found else silent + len(chunk)
        if silent > MAXIMUM_FIELD:
            raise _too_long(name)
        for event in found:
            kind = event[0]
            if kind in ("start_map", "start_array"):
                depth += 1
                if depth > MAXIMUM_DEPTH:
                    raise BadFileError(f"{name}: nests deeper than {MAXIMUM_DEPTH} levels: JSON of no known kind")
            elif kind in ("end_map", "end_array"):
                depth -= 1
            yield event
        found.clear()
        chunk = stream.read(_CHUNK)
    try:
        parser.close()
    except ijson.JSONError as error:
        raise BadFileError(f"{name}: the JSON ends early; the download was cut off. Fetch it again.") from error
    yield from found


def _feed(parser: Any, chunk: bytes, name: str) -> None:
    try:
        parser.send(chunk)
    except ijson.JSONError as error:
        what = " ".join(str(error).split("\n", 1)[0].removeprefix("b'").split(r"\n")[0].split())[:200]
        raise BadFileError(f"{name}: is damaged JSON ({what}). Fetch it again.") from error
    except (ValueError, ArithmeticError, SystemError) as error:
        raise BadFileError(f"{name}: holds a number that is no number of a trade table ({str(error)[:80]})") from error


def _too_long(name: str) -> BadFileError:
    return BadFileError(f"{name}: holds a field of more than {MAXIMUM_FIELD:,} bytes: this is no table")


def scalar(kind: str, value: Any, name: str) -> str:
    """A value as text: null is empty, true and false are words, numbers keep their digits."""
    if kind == "string":
        if len(value) > MAXIMUM_FIELD:
            raise _too_long(name)
        if "\0" in value:
            raise BadFileError(f"{name}: a field holds NUL: this is no table of text")
        return str(value)
    if kind == "boolean":
        return "true" if value else "false"
    return "" if kind == "null" else str(value)
