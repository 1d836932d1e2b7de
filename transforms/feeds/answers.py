"""What a server says besides data: when to come again, that a quota is used up, that a page is no data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: An error message is short; a body longer than this is data, whatever it holds.
MESSAGE_BYTES = 1 << 16
_BOM = b"\xef\xbb\xbf"
_AGAIN = re.compile(r"(?:try again|retry|wait)\D{0,20}(\d{1,6})\s*(second|minute|hour)", re.IGNORECASE)
_REPLENISHED = re.compile(r"replenished in\D{0,5}(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})", re.IGNORECASE)
_QUOTA = re.compile(r"quota|call volume|(daily|monthly|hourly)[ \w]{0,20} limit|limit[ \w]{0,30}(per|for the) (day|month)", re.IGNORECASE)
#: What an error message may carry besides its text.
_NO_ROWS = ("error", "errors", "message", "links", "_links")
_UNITS = {"second": 1, "minute": 60, "hour": 3600}


def speaks_of_quota(text: str) -> bool:
    """True where a refusal is about how much was asked, not about who asks."""
    return bool(_QUOTA.search(text))


def seconds_to_wait(headers: Mapping[str, str], body: str, now: datetime) -> float | None:
    """Seconds that the server asks to wait: Retry-After (seconds or a date), else what its message says; None where it says nothing."""
    said = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", said):
        return float(said)
    if said:
        try:
            when = parsedate_to_datetime(said)
        except ValueError:
            when = None
        if when is not None:
            return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds())
    if match := _REPLENISHED.search(body):
        days, hours, minutes, seconds = (int(g or 0) for g in match.groups())
        return float(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())
    if match := _AGAIN.search(body):
        return float(int(match[1]) * _UNITS[match[2].lower()])
    return None


def next_midnight(now: datetime) -> datetime:
    """The next midnight, UTC: when a daily quota begins anew."""
    return (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def is_markup(head: bytes) -> bool:
    """True where the first bytes are those of HTML or XML: an error or a login page, never a table."""
    return head.removeprefix(_BOM).lstrip().startswith(b"<")


def _message(value: object) -> str:
    """An error's text inside JSON, wherever servers put it; empty where there is none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and value:
        return _message(value[0])
    if isinstance(value, Mapping):
        for key in ("message", "detail", "value", "title", "text", "label"):
            if found := _message(value.get(key)):
                return found
    return ""


def _holds_rows(said: Mapping[str, object]) -> bool:
    """True where an object carries something beside numbers, texts and errors: whatever it is, it is no mere message."""
    return any(isinstance(value, list | dict) and value for key, value in said.items() if key not in _NO_ROWS)


def error_in_json(body: bytes) -> str | None:
    """The error that a JSON answer with status 200 is, or None where it is data (or no JSON, or too long for a message).

    Comtrade: {"statusCode": 429, "message": ..}, {"count": 0, "data": [], "error": ".."}; World Bank: [{"message": [..]}].
    """
    start = body[:64].removeprefix(_BOM).lstrip()
    if len(body) > MESSAGE_BYTES or not start.startswith((b"{", b"[")):
        return None
    try:
        said = json.loads(body.removeprefix(_BOM))
    except ValueError:
        return None
    if isinstance(said, list):
        said = said[0] if len(said) == 1 else None
        return _message(said["message"]) or "an error" if isinstance(said, Mapping) and set(said) == {"message"} else None
    if _holds_rows(said):
        return None
    code = said.get("statusCode", said.get("status"))
    if isinstance(code, int) and code >= 400:
        return _message(said) or f"status {code}"
    return next((text for key in ("error", "errors", "message") if (text := _message(said.get(key)))), None)


def is_empty_table(head: bytes, *, is_all: bool) -> bool:
    """True where a file (its first bytes, ``is_all`` of it) has no rows: a header alone, count 0, an empty list."""
    text = head.removeprefix(_BOM).strip()
    if not text or not is_all:
        return is_all
    if text.startswith((b"{", b"[")):
        try:
            said = json.loads(text)
        except ValueError:
            return False
        if isinstance(said, list):
            # Census: the first list is the header. World Bank: [{.. "total": 0}, null].
            is_header_alone = len(said) == 1 and isinstance(said[0], list)
            return not said or is_header_alone or (len(said) == 2 and isinstance(said[0], dict) and said[1] in (None, []))
        return not _holds_rows(said) and (said.get("count") == 0 or bool({"data", "value", "results"} & set(said)))
    return b"\n" not in text and b"\r" not in text
