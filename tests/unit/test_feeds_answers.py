"""What servers say besides data: waits, quotas, errors in JSON, tables without rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from transforms.feeds.answers import error_in_json, is_empty_table, next_midnight, seconds_to_wait, speaks_of_quota

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("120", "", 120.0),
        ("0", "Try again in 9 seconds", 0.0),
        ("Tue, 10 Mar 2026 21:31:00 GMT", "", 60.0),
        ("Tue, 10 Mar 2026 23:31:00 +0200", "", 60.0),
        ("Tue, 10 Mar 2026 20:00:00 GMT", "", 0.0),
        ("soon", "", None),
        ("soon", "Try again in 9 seconds", 9.0),
        ("", "Rate limit is exceeded. Try again in 4 seconds.", 4.0),
        ("", "please retry after 2 minutes", 120.0),
        ("", "Quota will be replenished in 01:12:20.", 4340.0),
        ("", "Quota will be replenished in 2.00:00:01.", 172801.0),
        ("", "no", None),
    ],
)
def test_how_long_to_wait(header: str, body: str, seconds: float | None) -> None:
    assert seconds_to_wait({"Retry-After": header} if header else {}, body, NOW) == seconds


def test_a_quota_begins_anew_at_midnight() -> None:
    assert next_midnight(NOW) == datetime(2026, 3, 11, tzinfo=UTC)
    assert next_midnight(datetime(2026, 12, 31, 0, 0, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "is_quota"),
    [
        ("Out of call volume quota.", True),
        ("You have exceeded your daily request limit", True),
        ("limit of 500 calls per day", True),
        ("Access denied due to invalid subscription key", False),
        ("Rate limit is exceeded. Try again in 2 seconds", False),
    ],
)
def test_what_speaks_of_a_quota(text: str, is_quota: bool) -> None:
    assert speaks_of_quota(text) is is_quota


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"statusCode": 429, "message": "Rate limit is exceeded."}', "Rate limit is exceeded."),
        (b'{"statusCode": 500}', "status 500"),
        (b'{"elapsedTime":"0","count":0,"data":[],"error":"Invalid period"}', "Invalid period"),
        (b'{"error": {"code": 150, "label": "No results"}}', "No results"),
        (b'\xef\xbb\xbf{"errors": [{"detail": "bad"}]}', "bad"),
        (b'[{"message":[{"id":"120","key":"Invalid value","value":"not valid"}]}]', "not valid"),
        (b'{"elapsedTime":"0","count":0,"data":[],"error":""}', None),
        (b'{"count":1,"data":[{"a":1}],"error":"a remark"}', None),
        (b'{"status":"success","message":"OK","rows":[[1]]}', None),
        (b'{"version":"2.0","label":"x","value":{"0":1.5}}', None),
        (b'[{"page":1,"total":1},[{"value":1}]]', None),
        (b'{"error": "cut', None),
        (b"a,b\n1,2\n", None),
        (b'{"error": "' + b"x" * (1 << 16) + b'"}', None),
    ],
)
def test_errors_in_json(body: bytes, error: str | None) -> None:
    assert error_in_json(body) == error


@pytest.mark.parametrize(
    ("body", "is_empty"),
    [
        (b"", True),
        (b"\xef\xbb\xbf \n", True),
        (b"a,b\n", True),
        (b"a,b\n1,2", False),
        (b"a,b\r1,2", False),
        (b"[]", True),
        (b"{}", False),
        (b'{"count":0}', True),
        (b'{"count":0,"data":[]}', True),
        (b'{"count":-1,"data":null}', True),
        (b'{"count":0,"data":[{"a":1}]}', False),
        (b'{"rows":[[1]]}', False),
        (b'[["A","B"]]', True),
        (b'[["A","B"],["1","2"]]', False),
        (b'[{"page":0,"total":0},null]', True),
        (b'[{"page":1,"total":1},[{"value":1}]]', False),
        (b'[{"a":1}]', False),
        (b"[cut", False),
    ],
)
def test_tables_without_rows(body: bytes, is_empty: bool) -> None:
    assert is_empty_table(body, is_all=True) is is_empty
    assert not is_empty_table(body, is_all=False)
