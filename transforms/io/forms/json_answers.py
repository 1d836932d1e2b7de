"""Answers of statistical APIs in JSON, told apart by their structure, as rows of text.

Known kinds: UN Comtrade's ``{elapsedTime, count, data: [{...}], error}`` and its code lists
``{results: [{...}]}``, the US Census' array of arrays whose first is the header, the World Bank's
``[{page, pages, ...}, [{...}]]``. An answer that holds an error, or nothing, is never taken for data.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import BinaryIO

from transforms.io.archives import BadFileError, UnknownKindError
from transforms.io.forms.json_events import Event, json_events, scalar

MAXIMUM_COLUMNS = 1000
#: Characters of a record, each field counted as 64 more: a longer one is refused.
MAXIMUM_RECORD = 8 << 20
#: Records of a code list, which are held in memory.
MAXIMUM_LIST = 100_000
_FIELD_COST = 64
_QUOTED, _REMEMBERED = 200, 1000
_ERROR_KEYS = ("message", "error", "errors", "errorObject", "detail", "title")
_OPENS, _CLOSES = ("start_map", "start_array"), ("end_map", "end_array")
_PAGE_KEYS = {"page", "pages", "total"}

Rows = Generator[list[str], None, int]


def json_rows(stream: BinaryIO, name: str) -> Iterator[list[str]]:
    """Header, then rows; each begins with the number of its record, the first one being 2.

    World Bank: nested keys are joined by a point (country.id), the page's ``lastupdated`` stands in
    each row. Census: a column given twice with the same values stands once; a row of another length
    keeps a wrong number of fields, so that the reader sets it aside. Raises BadFileError.
    """
    events = json_events(stream, name)
    kind, _ = next(events, ("null", None))
    if kind == "start_map":
        yield from _comtrade(events, name)
    elif kind == "start_array":
        yield from _array(events, name)
    else:
        raise _unknown(name)
    for _ in events:
        raise _unknown(name)


def _unknown(name: str) -> UnknownKindError:
    return UnknownKindError(f"{name}: is JSON of no known kind (known: UN Comtrade's, US Census' and World Bank's answers)")


def _empty(name: str) -> BadFileError:
    return BadFileError(f"{name}: an empty answer is not taken for data; ask again, or for what the publisher has")


def _error_answer(name: str, text: str) -> BadFileError:
    said = " ".join(text.split())[:_QUOTED]
    return BadFileError(f"{name}: is an error answer of the publisher, not data: {said!r}")


def _summary(events: Iterator[Event], name: str) -> str:
    """The texts inside a nested value whose start has been read, at most as much as is quoted."""
    text, depth = "", 1
    for kind, value in events:
        depth += (kind in _OPENS) - (kind in _CLOSES)
        if not depth:
            break
        if kind in ("string", "number") and len(text) < _QUOTED:
            text += scalar(kind, value, name) + " "
    return text


def _said(key: str, kind: str, value: object, events: Iterator[Event], said: dict[str, str], name: str) -> None:
    if key in said:
        raise BadFileError(f"{name}: the key {key!r} stands twice in the answer")
    if len(said) >= MAXIMUM_COLUMNS:
        raise _unknown(name)
    said[key] = _summary(events, name) if kind in _OPENS else scalar(kind, value, name)[:_REMEMBERED]


def _comtrade(events: Iterator[Event], name: str) -> Iterator[list[str]]:
    said: dict[str, str] = {}
    records, key, is_list = None, "", False
    for kind, value in events:
        if kind == "map_key":
            key = value
        elif kind == "end_map":
            break
        elif key in ("data", "results") and kind == "start_array":
            if records is not None or key in said:
                raise BadFileError(f"{name}: the key {key!r} stands twice in the answer, or beside another list of records")
            is_list = key == "results"
            records = yield from (_code_list if is_list else _records)(events, name)
        else:
            _said(key, kind, value, events, said, name)
    errors = [said[k] for k in _ERROR_KEYS if said.get(k, "").strip()]
    if errors:
        raise _error_answer(name, errors[0])
    if records is None:
        raise _unknown(name)
    if not records:
        raise _empty(name)
    if not is_list and said.get("count") != str(records):
        raise BadFileError(f"{name}: says count {said.get('count', '(none)')} but holds {records} records; fetch it again")


def _array(events: Iterator[Event], name: str) -> Iterator[list[str]]:
    kind, _ = next(events)
    if kind == "end_array":
        raise _empty(name)
    if kind == "start_array":
        yield from _census(events, name)
    elif kind == "start_map":
        yield from _world_bank(events, name)
    else:
        raise _unknown(name)


def _world_bank(events: Iterator[Event], name: str) -> Iterator[list[str]]:
    said: dict[str, str] = {}
    key = ""
    for kind, value in events:
        if kind == "map_key":
            key = value
        elif kind == "end_map":
            break
        else:
            _said(key, kind, value, events, said, name)
    if "message" in said:
        raise _error_answer(name, said["message"])
    if not said.keys() >= _PAGE_KEYS:
        raise _unknown(name)
    kind, _ = next(events)
    if kind == "null":
        raise _empty(name)
    if kind != "start_array":
        raise _unknown(name)
    records = yield from _records(events, name, {"lastupdated": said.get("lastupdated", "")})
    if not records:
        raise _empty(name)
    if said["pages"] == "1" and said["total"] != str(records):
        raise BadFileError(f"{name}: says total {said['total']} on one page but holds {records} records; fetch it again")
    if next(events)[0] != "end_array":
        raise _unknown(name)


def _too_large(name: str, number: int) -> BadFileError:
    return BadFileError(f"{name}: record {number} is larger than {MAXIMUM_RECORD:,} characters: this is no table")


def _record(events: Iterator[Event], name: str, number: int) -> dict[str, str]:
    """The fields of an object whose start has been read; keys of objects inside are joined by a point."""
    record: dict[str, str] = {}
    prefixes = [""]
    key, size = "", 0
    for kind, value in events:
        if kind == "map_key":
            key = prefixes[-1] + value
            size += len(value) + _FIELD_COST
        elif kind == "end_map":
            prefixes.pop()
            if not prefixes:
                break
        elif kind == "start_map":
            prefixes.append(key + ".")
        elif kind == "start_array":
            raise BadFileError(f"{name}: record {number}: the field {key!r} is a list; a table of plain fields is needed")
        elif key in record:
            raise BadFileError(f"{name}: record {number}: the field {key!r} stands twice")
        else:
            record[key] = text = scalar(kind, value, name)
            size += len(text)
            if size > MAXIMUM_RECORD:
                raise _too_large(name, number)
    return record


def _checked_header(columns: list[str], name: str) -> list[str]:
    if not columns or len(columns) > MAXIMUM_COLUMNS:
        raise BadFileError(f"{name}: has {len(columns)} columns; from 1 to {MAXIMUM_COLUMNS:,} can be read")
    for column in columns:
        if column == "source_line" or not column.strip() or not column.isprintable() or len(column) > _QUOTED:
            raise BadFileError(f"{name}: {column[:_QUOTED]!r} can't be the name of a column")
    return ["source_line", *columns]


def _records(events: Iterator[Event], name: str, repeated: dict[str, str] | None = None) -> Rows:
    """Header and rows of a list of objects whose start has been read; returns how many there were."""
    columns: list[str] = []
    constant = repeated or {}
    number = 0
    for kind, _ in events:
        if kind == "end_array":
            break
        if kind != "start_map":
            raise BadFileError(f"{name}: record {number + 1} is no object with fields")
        number += 1
        record = _record(events, name, number)
        if constant.keys() & record.keys():
            raise BadFileError(f"{name}: record {number} has the field {min(constant.keys() & record.keys())!r}, as its page has")
        if number == 1:
            columns = list(record)
            yield _checked_header([*columns, *constant], name)
        if record.keys() != set(columns):
            _refuse_unknown(record, columns, name, number)
        yield [str(number + 1), *(record.get(c, "") for c in columns), *constant.values()]
    return number


def _code_list(events: Iterator[Event], name: str) -> Rows:
    """Header and rows of a code list whose start has been read: a record has a field only where it says something.

    The list is held in memory, so it has a limit; the columns are the fields of all records.
    """
    records: list[dict[str, str]] = []
    for kind, _ in events:
        if kind == "end_array":
            break
        if kind != "start_map":
            raise BadFileError(f"{name}: record {len(records) + 1} is no object with fields")
        if len(records) == MAXIMUM_LIST:
            raise BadFileError(f"{name}: holds more than {MAXIMUM_LIST:,} records: this is no code list")
        records.append(_record(events, name, len(records) + 1))
    columns = list(dict.fromkeys(key for record in records for key in record))
    if records:
        yield _checked_header(columns, name)
    for number, record in enumerate(records, 2):
        yield [str(number), *(record.get(column, "") for column in columns)]
    return len(records)


def _refuse_unknown(record: dict[str, str], columns: list[str], name: str, number: int) -> None:
    """A null where the first record has an object is all its fields missing; any other new key is an error."""
    for key in record.keys() - set(columns):
        if record[key] or not any(c.startswith(key + ".") for c in columns):
            raise BadFileError(
                f"{name}: record {number} has the field {key[:_QUOTED]!r}, which the first record has not; "
                "the layout changes inside the file: fetch it again, or report it"
            )


def _fields(events: Iterator[Event], name: str, number: int) -> list[str]:
    """The fields of a list whose start has been read."""
    fields: list[str] = []
    size = 0
    for kind, value in events:
        if kind == "end_array":
            break
        if kind in _OPENS or len(fields) >= MAXIMUM_COLUMNS:
            raise BadFileError(f"{name}: {f'record {number}' if number else 'the header'} is no list of plain fields")
        fields.append(scalar(kind, value, name))
        size += len(fields[-1]) + _FIELD_COST
        if size > MAXIMUM_RECORD:
            raise _too_large(name, number)
    return fields


def _census(events: Iterator[Event], name: str) -> Iterator[list[str]]:
    header = _fields(events, name, 0)
    first = {column: place for place, column in reversed(list(enumerate(header)))}
    again = [(place, first[column]) for place, column in enumerate(header) if first[column] != place]
    kept = sorted(first.values())
    heading = _checked_header([header[place] for place in kept], name)
    number = 0
    for kind, _ in events:
        if kind == "end_array":
            break
        if kind != "start_array":
            raise BadFileError(f"{name}: record {number + 1} is no list of fields as the header is")
        if not number:
            yield heading
        number += 1
        fields = _fields(events, name, number)
        if len(fields) == len(header):
            for place, same in again:
                if fields[place] != fields[same]:
                    raise BadFileError(f"{name}: record {number}: column {header[place]!r} stands twice, with two values")
            fields = [fields[place] for place in kept] if again else fields
        elif len(fields) == len(kept):
            fields.append("")  # without the repeated columns it would look whole
        yield [str(number + 1), *fields]
    if not number:
        raise _empty(name)
