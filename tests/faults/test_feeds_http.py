"""Servers that misbehave: what is kept is whole and is data, and every refusal says why."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import socket
import ssl
import struct
import subprocess
import time
import traceback
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.misbehaving import Answer, Asked, Misbehaving, redirect, refusal
from transforms.feeds import guards
from transforms.feeds.http import Fetched, Fetcher, FetchError, Gone, HostRefused, NotData, QuotaExhausted, Truncated

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)
TABLE = b"t,i,j,k,v,q\n2020,4,36,071120,0.7275,0.308\n"
KEY = "SENTINEL-KEY-123"


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


class Slept(list[float]):
    """Sleeps that are noted instead of slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def slept() -> Slept:
    return Slept()


def fetcher(slept: Slept, **changed: Any) -> Fetcher:
    said: dict[str, Any] = {
        "allow_loopback": True,
        "sleep": slept,
        "jitter": lambda: 0.0,
        "now": lambda: NOW,
        "total_seconds": 60,
        **changed,
    }
    return Fetcher(said.pop("hosts", ("127.0.0.1",)), **said)


def get(url: str, target: Path, slept: Slept | None = None, **changed: Any) -> Fetched:
    asked = {k: changed.pop(k) for k in ("secret_headers", "headers", "etag", "last_modified") if k in changed}
    with fetcher(slept if slept is not None else Slept(), **changed) as fetching:
        return fetching.get(url, target=target, **asked)


def refused(kind: type[FetchError], url: str, tmp_path: Path, slept: Slept | None = None, **changed: Any) -> FetchError:
    """The error; the target and its folder are as they were."""
    target = tmp_path / "landing" / "file.csv"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"old\n")
    with pytest.raises(kind) as error:
        get(url, target, slept, **changed)
    assert type(error.value) is kind
    assert [p.name for p in target.parent.iterdir()] == ["file.csv"]
    assert target.read_bytes() == b"old\n"
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    return error.value


def test_a_whole_file_lands_with_its_tags(server: Misbehaving, tmp_path: Path) -> None:
    url = server.script("/f.csv", Answer(body=TABLE, headers={"ETag": '"1"', "Last-Modified": "Tue, 10 Feb 2026 10:00:00 GMT"}))
    found = get(url, tmp_path / "f.csv")
    assert found == Fetched(
        "new", tmp_path / "f.csv", '"1"', "Tue, 10 Feb 2026 10:00:00 GMT", 42, hashlib.sha256(TABLE).hexdigest(), url, None
    )
    assert (tmp_path / "f.csv").read_bytes() == TABLE
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    again = get(url, tmp_path / "g.csv", etag='"1"')
    assert (again.status, again.path, again.bytes, (tmp_path / "g.csv").exists()) == ("not_modified", None, 0, False)
    assert get(url, tmp_path / "g.csv", last_modified="Tue, 10 Feb 2026 10:00:00 GMT").status == "not_modified"


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (refusal(429, retry_after="7"), 7.0),
        (refusal(429, retry_after="Tue, 10 Mar 2026 21:30:09 GMT"), 9.0),
        (refusal(429, retry_after="Tue, 10 Mar 2026 21:29:00 GMT"), 0.0),
        (refusal(429, '{"statusCode": 429, "message": "Rate limit is exceeded. Try again in 2 seconds."}'), 2.0),
        (refusal(429), 1.0),
        (refusal(503, retry_after="3"), 3.0),
        (refusal(403, "Rate limit exceeded", retry_after="4"), 4.0),
        (refusal(500), 1.0),
        (refusal(202), 1.0),
    ],
)
def test_it_waits_as_asked_and_tries_again(server: Misbehaving, tmp_path: Path, slept: Slept, answer: Answer, wait: float) -> None:
    url = server.script("/f.csv", answer, Answer(body=TABLE))
    assert get(url, tmp_path / "f.csv", slept).status == "new"
    assert slept == [wait]


def test_waits_double_and_jitter_is_added(server: Misbehaving, tmp_path: Path, slept: Slept) -> None:
    url = server.script("/f.csv", refusal(429))
    error = refused(FetchError, url, tmp_path, slept, attempts=4, jitter=lambda: 0.5)
    assert slept == [1.5, 3.0, 6.0]
    assert error.code == 429


def test_500_three_times_is_given_up(server: Misbehaving, tmp_path: Path, slept: Slept) -> None:
    error = refused(FetchError, server.script("/f.csv", refusal(500, "oops")), tmp_path, slept)
    assert (str(error), error.code) == (
        f"{server.url('/f.csv')}: status 500, 'oops'. The publisher's server is in trouble; ask again later",
        500,
    )
    assert (slept, server.count("/f.csv")) == ([1.0, 2.0], 3)


def test_a_429_for_longer_than_the_fetch_may_take_is_told(server: Misbehaving, tmp_path: Path, slept: Slept) -> None:
    error = refused(QuotaExhausted, server.script("/f.csv", refusal(429, retry_after="7200")), tmp_path, slept)
    assert error.until == datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    assert (slept, server.count("/f.csv")) == ([], 1)
    error = refused(FetchError, server.script("/g.csv", refusal(503, retry_after="7200")), tmp_path, slept)
    assert error.until == datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "until"),
    [
        (refusal(403, '{"message": "Out of call volume quota."}'), datetime(2026, 3, 11, tzinfo=UTC)),
        (
            refusal(403, '{"message": "Out of call volume quota. Quota will be replenished in 01:12:20."}'),
            datetime(2026, 3, 10, 22, 42, 20, tzinfo=UTC),
        ),
        (refusal(403, "quota exceeded", retry_after="60"), datetime(2026, 3, 10, 21, 31, tzinfo=UTC)),
        (refusal(429, "Daily limit reached"), datetime(2026, 3, 11, tzinfo=UTC)),
    ],
)
def test_a_quota_stops_at_once(server: Misbehaving, tmp_path: Path, slept: Slept, answer: Answer, until: datetime) -> None:
    error = refused(QuotaExhausted, server.script("/f.csv", answer), tmp_path, slept)
    assert error.until == until
    assert (slept, server.count("/f.csv")) == ([], 1)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (401, FetchError, "check the key"),
        (403, FetchError, "check the key"),
        (404, Gone, "not yet published"),
        (410, Gone, "any more"),
        (400, FetchError, "Check the feed's url"),
        (304, FetchError, "Check the feed's url"),
        (206, FetchError, "Check the feed's url"),
    ],
)
def test_lasting_refusals_are_not_repeated(
    server: Misbehaving, tmp_path: Path, slept: Slept, status: int, kind: type[FetchError], word: str
) -> None:
    error = refused(kind, server.script("/f.csv", refusal(status, "no")), tmp_path, slept)
    assert word in str(error)
    assert (error.code, slept, server.count("/f.csv")) == (status, [], 1)


@pytest.mark.parametrize(
    "cut",
    [
        Answer(body=TABLE[:8], length=100),
        Answer(body=b"", length=100),
        Answer(body=TABLE, chunked=True, cut=True),
        Answer(body=TABLE[:20], length=None),
        Answer(body=gzip.compress(TABLE)[:-9], length=None),
        Answer(body=b'{"data": [{"a": 1}, {"b": 2}', length=None),
        Answer(body=gzip.compress(TABLE)[:-4], headers={"Content-Encoding": "gzip"}),
    ],
)
def test_a_cut_body_is_never_kept(server: Misbehaving, tmp_path: Path, slept: Slept, cut: Answer) -> None:
    error = refused(Truncated, server.script("/f.csv", cut), tmp_path, slept)
    assert "cut off" in str(error)
    assert server.count("/f.csv") == 3
    assert get(server.script("/g.csv", cut, Answer(body=TABLE)), tmp_path / "g.csv", slept).bytes == 42


def _zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", content)
    return packed.getvalue()


def _seven(tail: bytes = b"") -> bytes:
    packed, end = b"x" * 40, b"\x01\x04\x06\x00"
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + b"\0\0\0\0" + struct.pack("<QQI", len(packed), len(end), zlib.crc32(end)) + packed + end + tail


@pytest.mark.parametrize(
    ("body", "is_whole"),
    [
        (TABLE, True),
        (TABLE[:-1], False),
        (gzip.compress(TABLE) + gzip.compress(TABLE), True),
        (gzip.compress(TABLE)[:-1], False),
        (_zip(TABLE), True),
        (_zip(TABLE)[:-1], False),
        (_seven(), True),
        (_seven()[:-1], False),
        (_seven()[:-1] + b"z", False),
        (b'[["a", "]"], [1, "\\"}"]]', True),
        (b'{"data": [{"a": 1}, {"a": "}]}"}', False),
        (b'{"data": "never closed]}', False),
        (b"\x89PNG\0\0 of unknown length\n", False),
    ],
)
def test_without_a_length_the_file_must_vouch(server: Misbehaving, tmp_path: Path, body: bytes, is_whole: bool) -> None:
    url = server.script("/f", Answer(body=body, length=None))
    if is_whole:
        assert get(url, tmp_path / "f").sha256 == hashlib.sha256(body).hexdigest()
    else:
        with pytest.raises(Truncated):
            get(url, tmp_path / "f", attempts=1)


def test_a_long_json_closes_over_pieces(server: Misbehaving, tmp_path: Path) -> None:
    body = json.dumps({"data": [{"cmdCode": "0101", "desc": 'a "quoted" } text'}] * 60_000}).encode()
    assert len(body) > 2 * 2**20
    assert get(server.script("/f", Answer(body=body, length=None)), tmp_path / "f").bytes == len(body)
    with pytest.raises(Truncated):
        get(server.script("/g", Answer(body=body[:-2], length=None)), tmp_path / "g", attempts=1)


@pytest.mark.parametrize("answer", [Answer(body=TABLE, chunked=True), Answer(body=TABLE[:-1], chunked=True), Answer(body=TABLE[:-1])])
def test_a_body_that_says_its_end_needs_no_voucher(server: Misbehaving, tmp_path: Path, answer: Answer) -> None:
    assert get(server.script("/f", answer), tmp_path / "f").bytes == len(answer.body)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"<!DOCTYPE html><html><body>503</body></html>", "HTML"),
        (b"\xef\xbb\xbf\n  <HTML><form>Log in</form></HTML>", "login page"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "XML"),
        (b'{ "statusCode": 429, "message": "Rate limit is exceeded." }', "Rate limit is exceeded."),
        (b'{"count": 0, "data": [], "error": "Invalid period"}', "Invalid period"),
        (b'[{"message":[{"id":"120","key":"Invalid value","value":"The provided parameter value is not valid"}]}]', "not valid"),
    ],
)
def test_a_page_with_status_200_is_no_data(server: Misbehaving, tmp_path: Path, slept: Slept, body: bytes, word: str) -> None:
    assert word in str(refused(NotData, server.script("/f.csv", Answer(body=body)), tmp_path, slept))
    assert slept == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"elapsedTime":"0.1","count":1,"data":[{"a":1}],"error":""}',
        b'{"count":0,"data":[],"error":""}',
        b'[["A","B"],["1","2"]]',
        b'{"status":"success","message":"OK","result":[{"a":1}]}',
    ],
)
def test_an_answer_of_an_api_is_data(server: Misbehaving, tmp_path: Path, body: bytes) -> None:
    assert get(server.script("/f.json", Answer(body=body)), tmp_path / "f.json").status == "new"


@pytest.mark.parametrize("answer", [Answer(), Answer(length=None), Answer(204, length=None), Answer(chunked=True, body=b"")])
def test_nothing_is_no_file(server: Misbehaving, tmp_path: Path, answer: Answer) -> None:
    target = tmp_path / "f.csv"
    target.write_bytes(b"old\n")
    found = get(server.script("/f.csv", answer), target)
    assert (found.status, found.path, found.sha256, target.read_bytes()) == ("empty", None, None, b"old\n")


def test_redirects_are_followed_within_the_allow_list(server: Misbehaving, tmp_path: Path) -> None:
    server.script("/b", redirect("/c.csv?sig=SIGNED&x=1", 307))
    server.script("/c.csv", Answer(body=TABLE))
    found = get(server.script("/a", redirect(server.url("/b"), 301)), tmp_path / "f.csv")
    assert (found.bytes, found.url_said) == (42, server.url("/c.csv?sig=[key]&x=1"))


@pytest.mark.parametrize(
    ("to", "hosts", "word"),
    [
        ("https://elsewhere.example/f.csv", (), "isn't among the feed's hosts (127.0.0.1)"),
        ("http://169.254.169.254/latest/meta-data", (), "isn't among the feed's hosts"),
        ("https://169.254.169.254/latest", ("169.254.169.254",), "an address of a private or local network"),
        ("https://10.0.0.1/f.csv", ("10.0.0.1",), "an address of a private or local network"),
        ("https://[::ffff:192.168.1.1]/f.csv", ("::ffff:192.168.1.1",), "an address of a private or local network"),
        ("http://10.0.0.1/f.csv", ("10.0.0.1",), "http without encryption"),
        ("file:///etc/passwd", (), "no https address"),
        ("https://user:word@127.0.0.1/f", (), "carries a user or password"),
        ("https://evil.example\\@127.0.0.1/f", (), "no https address"),
    ],
)
def test_redirects_out_are_refused(server: Misbehaving, tmp_path: Path, to: str, hosts: tuple[str, ...], word: str) -> None:
    url = server.script("/a", redirect(to))
    error = refused(HostRefused, url, tmp_path, hosts=("127.0.0.1", *hosts))
    assert word in str(error)
    assert "word@" not in str(error)
    assert server.count("/a") == 1


def test_redirect_loops_end(server: Misbehaving, tmp_path: Path) -> None:
    server.script("/b", redirect("/a"))
    assert "in a circle" in str(refused(HostRefused, server.script("/a", redirect("/b")), tmp_path))
    for step in range(9):
        server.script(f"/s{step}", redirect(f"/s{step + 1}"))
    server.script("/s9", Answer(body=TABLE))
    assert get(server.url("/s4"), tmp_path / "f.csv").bytes == 42
    assert "more than 5 redirects" in str(refused(HostRefused, server.url("/s3"), tmp_path))


def test_loopback_is_refused_unless_allowed(tmp_path: Path) -> None:
    with Fetcher(("localhost",)) as fetching, pytest.raises(HostRefused, match=r"localhost is (127\.0\.0\.1|::1), an address of a private"):
        fetching.get("https://localhost:1/f", target=tmp_path / "f")
    with Fetcher(("127.0.0.1",)) as fetching, pytest.raises(HostRefused, match="http without encryption"):
        fetching.get("http://127.0.0.1:1/f", target=tmp_path / "f")


def test_a_public_name_with_a_private_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in ("93.184.215.14", "192.168.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with Fetcher(("data.example",)) as fetching, pytest.raises(HostRefused) as error:
        fetching.get("https://data.example/f", target=tmp_path / "f")
    assert str(error.value) == "data.example is 192.168.0.7, an address of a private or local network: nothing was sent there"


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:0a00:0001::1", False),
        ("64:ff9b::a00:1", False),
    ],
)
def test_private_ranges(address: str, is_allowed: bool) -> None:
    assert guards.is_allowed_address(address, allow_loopback=False) is is_allowed
    assert guards.is_allowed_address(address, allow_loopback=True) is (is_allowed or address in ("127.0.0.1", "::1"))


@pytest.mark.parametrize(
    "answer", [Answer(body=TABLE, drip=0.02), Answer(body=TABLE, drip=0.02, length=None), Answer(body=TABLE, drip_headers=0.02)]
)
def test_a_slow_drip_ends_in_time(server: Misbehaving, tmp_path: Path, answer: Answer) -> None:
    begun = time.monotonic()
    error = refused(FetchError, server.script("/f.csv", answer), tmp_path, total_seconds=0.3, read_timeout=0.25)
    assert "not done within 0.3 seconds" in str(error)
    assert time.monotonic() - begun < 1.5


def test_a_server_that_falls_silent_is_asked_again(server: Misbehaving, tmp_path: Path, slept: Slept) -> None:
    url = server.script("/f.csv", Answer(body=TABLE, drip=0.5), Answer(body=TABLE))
    assert get(url, tmp_path / "f.csv", slept, read_timeout=0.1).bytes == 42
    assert slept == [1.0]


@pytest.mark.parametrize("length", ["right", None])
def test_too_large_is_refused(server: Misbehaving, tmp_path: Path, length: str | None) -> None:
    url = server.script("/f.csv", Answer(body=TABLE * 100, length=length))
    assert "maximum_bytes of the feed (1,000)" in str(refused(FetchError, url, tmp_path, maximum_bytes=1000))


def test_a_packed_transfer_is_unpacked_within_the_limit(server: Misbehaving, tmp_path: Path) -> None:
    packed = {"Content-Encoding": "gzip"}
    url = server.script("/f.csv", Answer(body=gzip.compress(TABLE), headers=packed))
    assert get(url, tmp_path / "f.csv").sha256 == hashlib.sha256(TABLE).hexdigest()
    get(url, tmp_path / "f.csv.gz")
    assert gzip.decompress((tmp_path / "f.csv.gz").read_bytes()) == TABLE
    bomb = server.script("/g.csv", Answer(body=gzip.compress(bytes(30 * 2**20)), headers=packed))
    assert "longer than maximum_bytes" in str(refused(FetchError, bomb, tmp_path, maximum_bytes=2**20))
    strange = server.script("/h.csv", Answer(body=TABLE, headers={"Content-Encoding": "br"}))
    assert "sent as 'br'" in str(refused(FetchError, strange, tmp_path))


def test_a_full_disk_is_seen_before(server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    assert "which has 10 left" in str(refused(FetchError, server.script("/f.csv", Answer(body=TABLE)), tmp_path))


def test_nobody_answers(tmp_path: Path, slept: Slept) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/f"
    assert "no connection" in str(refused(FetchError, url, tmp_path, slept))
    assert len(slept) == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that no authority knows, and its key; made here, for two days."""
    folder = tmp_path_factory.mktemp("tls")
    key, found = folder / "k.pem", folder / "c.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    try:
        subprocess.run([*made, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", found], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here")
    return found, key


@pytest.fixture
def encrypted(certificate: tuple[Path, Path]) -> Iterator[Misbehaving]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Misbehaving() as running:
        running._server.socket = context.wrap_socket(running._server.socket, server_side=True, do_handshake_on_connect=False)
        running.script("/f.csv", Answer(body=TABLE))
        yield running


def test_a_certificate_of_nobody_is_refused(encrypted: Misbehaving, tmp_path: Path, slept: Slept) -> None:
    url = f"https://localhost:{encrypted.port}/f.csv"
    error = refused(FetchError, url, tmp_path, slept, secret_headers={"X-Key": KEY}, hosts=("localhost",))
    assert "its certificate isn't valid" in str(error)
    assert (encrypted.asked, slept) == ([], [])


def test_a_certificate_is_checked_against_the_name_not_the_address(
    encrypted: Misbehaving, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    with fetcher(Slept(), hosts=("localhost", "127.0.0.1")) as fetching:
        fetching._session.verify = str(certificate[0])
        assert fetching.get(f"https://localhost:{encrypted.port}/f.csv", target=tmp_path / "f").bytes == len(TABLE)
        with pytest.raises(FetchError, match="its certificate isn't valid"):
            fetching.get(f"https://127.0.0.1:{encrypted.port}/f.csv", target=tmp_path / "g")
        encrypted.script("/a", redirect("http://localhost/f.csv"))
        with pytest.raises(HostRefused, match="from https to http"):
            fetching.get(f"https://localhost:{encrypted.port}/a", target=tmp_path / "g")


def test_environment_proxies_netrc_and_cookies_are_not_used(server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {KEY}\n")
    for name, value in (("NETRC", str(netrc)), ("http_proxy", "http://127.0.0.1:1"), ("HTTP_PROXY", "http://127.0.0.1:1")):
        monkeypatch.setenv(name, value)
    url = server.script("/f.csv", Answer(503, headers={"Set-Cookie": "session=1"}), Answer(body=TABLE))
    assert get(url, tmp_path / "f.csv").bytes == 42
    assert not {"Authorization", "Cookie"} & {name for asked in server.asked for name in asked.headers}


def _leaky(asked: Asked) -> Answer:
    return refusal(403, f"key {asked.headers.get('X-Key')} is not valid, says {asked.path}")


@pytest.mark.parametrize(
    "answer",
    [
        _leaky,
        Answer(500, KEY.encode()),
        refusal(429, f"quota of {KEY} is used up"),
        Answer(body=json.dumps({"error": f"bad key {KEY}"}).encode()),
        Answer(body=TABLE[:9], length=90),
        Answer(body=TABLE, drip=0.5),
        redirect(f"/b?subscription-key={KEY}"),
        redirect(f"https://elsewhere.example/?token={KEY}"),
        Answer(500, ("x" * 190 + KEY).encode()),
    ],
)
def test_a_key_is_nowhere(
    server: Misbehaving, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], answer: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    url = server.script("/a", answer)
    with pytest.raises(FetchError) as error:
        get(url, tmp_path / "f.csv", secret_headers={"X-Key": f"Bearer {KEY}"}, total_seconds=0.3, read_timeout=0.1)
    assert server.asked[0].headers["X-Key"] == f"Bearer {KEY}"
    told = "".join(traceback.format_exception(error.value)) + repr(error.value) + caplog.text + "".join(capfd.readouterr())
    chain: BaseException | None = error.value
    while chain is not None:
        told += repr(chain) + repr(vars(chain))
        chain = chain.__cause__ or chain.__context__
    assert "127.0.0.1" in told
    assert KEY not in told
    assert KEY[:12] not in told
    assert [p.name for p in tmp_path.iterdir()] == []


def test_a_key_stays_with_the_origin_it_was_meant_for(server: Misbehaving, tmp_path: Path) -> None:
    with Misbehaving() as other:
        other.script("/f.csv", Answer(body=TABLE))
        server.script("/b", redirect(other.url("/f.csv")))
        get(server.script("/a", redirect("/b")), tmp_path / "f.csv", secret_headers={"X-Key": KEY})
        assert [a.headers.get("X-Key") for a in server.asked] == [KEY, KEY]
        assert [a.headers.get("X-Key") for a in other.asked] == [None]
