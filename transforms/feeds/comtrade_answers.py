"""Reading Comtrade's JSON answers: {elapsedTime, count, data, error}, streamed, and believed only where all of it agrees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson  # type: ignore[import-untyped]

from transforms.feeds.comtrade_queries import Query
from transforms.io.archives import BadFileError

#: A list of files or of what is available is read whole; it is never so large.
_LARGEST_LIST = 256 * 2**20


@dataclass(frozen=True)
class Answer:
    """Rows in ``data``, and what the answer's ``count`` says of them (the same, unless it was cut at the cap)."""

    rows: int
    count: int


def _top(path: Path, name: str) -> Any:
    """A value at the top of the answer; None where there is none."""
    with path.open("rb") as stream:
        return next(iter(ijson.items(stream, name, use_float=True)), None)


def _error_and_count(path: Path) -> tuple[str, Any]:
    """What the answer itself says went wrong ("" where it says nothing), and its count as it stands there."""
    error, count = _top(path, "error"), _top(path, "count")
    # Each look is a pass over the file: an answer with a count is no message of the gateway's.
    status, message = (_top(path, "statusCode"), _top(path, "message")) if count is None else (None, None)
    return " ".join(str(part) for part in (status, message, error) if part not in (None, "", 200)), count


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as stream:
        for row in ijson.items(stream, "data.item", use_float=True):
            if not isinstance(row, dict):
                raise BadFileError(f"{path.name}: an entry of data is no record but {str(row)[:40]!r}; the answer is refused")
            yield row


def _refuse_other(path: Path, row: dict[str, Any], query: Query, number: int) -> None:
    """A server that passes over a filter would give rows twice when the pieces are put together."""
    for column, wanted in query.exact:
        found = str(row.get(column, ""))
        if found not in wanted:
            raise BadFileError(
                f"{path.name}: record {number} has {column} {found!r}, which was not asked for ({query}); the answer is refused"
            )


def check_answer(path: Path, query: Query, *, cap: int, clean: Callable[[str], str] = str) -> Answer:
    """Rows and count of an answer to ``query``; memory doesn't grow with it.

    Raises BadFileError where it is cut off or no JSON, tells an error, lacks count or data, holds rows that were not
    asked for, or where count isn't the number of rows (below ``cap``, at which the API cuts). ``clean`` takes the key
    out of what the server says.
    """
    rows = 0
    try:
        told, count = _error_and_count(path)
        if told:
            raise BadFileError(f"{path.name}: UN Comtrade answered with an error: {clean(told)}")
        for row in _rows(path):
            rows += 1
            _refuse_other(path, row, query, rows)
        has_data = rows > 0 or _top(path, "data") == []
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise BadFileError(f"{path.name}: the answer ends early or is no JSON ({clean(str(error))}); ask again") from None
    if isinstance(count, bool) or not isinstance(count, int) or not has_data:
        lacking = "data" if isinstance(count, int) else "count"
        raise BadFileError(f"{path.name}: the answer has no {lacking}; it is not taken for an empty one")
    if count != rows and rows < cap:
        raise BadFileError(f"{path.name}: the answer says count {count:,} and holds {rows:,} records; it is refused, ask again")
    return Answer(rows, count)


def read_list(path: Path, *, key: str = "data", clean: Callable[[str], str] = str) -> tuple[dict[str, Any], ...]:
    """The records of a short answer (availability, bulk files: ``data``; code lists: ``results``).

    Raises BadFileError where it is no such list, tells an error, or its count isn't the number of records.
    """
    if path.stat().st_size > _LARGEST_LIST:
        raise BadFileError(f"{path.name}: a list of {path.stat().st_size:,} bytes; larger than any that UN Comtrade has")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise BadFileError(f"{path.name}: the list ends early or is no JSON ({clean(str(error))}); ask again") from None
    if not isinstance(content, dict):
        raise BadFileError(f"{path.name}: is no list of UN Comtrade's but a JSON {type(content).__name__}")
    told = " ".join(str(content[k]) for k in ("statusCode", "message", "error") if content.get(k) not in (None, "", 200))
    if told:
        raise BadFileError(f"{path.name}: UN Comtrade answered with an error: {clean(told)}")
    records = content.get(key)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise BadFileError(f"{path.name}: the answer has no {key}; it is not taken for an empty list")
    if key == "data" and content.get("count") != len(records):
        raise BadFileError(f"{path.name}: the list says count {content.get('count')} and holds {len(records):,} records; ask again")
    return tuple(records)


def read_count(path: Path, *, clean: Callable[[str], str] = str) -> int:
    """The number that an answer to a query with countOnly gives. Raises BadFileError where it gives none."""
    try:
        told, count = _error_and_count(path)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise BadFileError(f"{path.name}: the answer ends early or is no JSON ({clean(str(error))}); ask again") from None
    if told or isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise BadFileError(f"{path.name}: UN Comtrade gave no count: {clean(told) or 'the answer has none'}")
    return int(count)
