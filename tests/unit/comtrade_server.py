"""A Comtrade API on loopback, scripted: a small world of rows, a record cap, and refusals in the order that a test wants."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from transforms.contracts.feed import Feed
from transforms.feeds.comtrade import ComtradeGet
from transforms.feeds.comtrade_bulk import ComtradeBulk
from transforms.feeds.protocols import Getter
from transforms.feeds.quota import Quota
from transforms.settings import Settings

KEY = "SENTINEL-KEY-5f0e8d31c2"
KEY_VARIABLE = "ENTREPOT_TEST_COMTRADE_KEY"
ENVIRONMENT = {KEY_VARIABLE: KEY}
#: 2026-03-02 12:00:00 UTC
NOON = 1772452800.0
RELEASE = "2024-05-01T08:30:00"
#: products, partners and flows of the scripted world
PRODUCTS = ("TOTAL", "01", "0101", "010121", "010129", "02", "0201", "020110", "84", "8401", "840110", "840120")
PARTNERS = ("0", "36", "156", "276")


class Clock:
    """Seconds since 1970 that move when somebody sleeps; remembers the waits."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Reply:
    """An answer of the script; ``cut`` sends only so many bytes of the body, and closes."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: int | None = None


def as_json(status: int = 200, headers: tuple[tuple[str, str], ...] = (), **content: Any) -> Reply:
    return Reply(status, json.dumps(content).encode(), (("Content-Type", "application/json"), *headers))


TOO_MANY = as_json(429, (("Retry-After", "7"),), statusCode=429, message="Rate limit is exceeded. Try again in 7 seconds.")
OUT_OF_QUOTA = as_json(403, statusCode=403, message="Out of call volume quota. Quota will be replenished in 03:00:00.")


def data(rows: list[dict[str, Any]], count: int | None = None, error: str = "") -> Reply:
    """An answer as Comtrade's."""
    return as_json(elapsedTime="0.21 secs", count=len(rows) if count is None else count, data=rows, error=error)


def row(reporter: str, period: str, product: str, partner: str, flow: str, value: int) -> dict[str, Any]:
    return {
        "typeCode": "C",
        "freqCode": "A",
        "period": period,
        "reporterCode": int(reporter),
        "flowCode": flow,
        "partnerCode": int(partner),
        "classificationCode": "H6",
        "cmdCode": product,
        "primaryValue": value,
    }


@dataclass
class Comtrade:
    """What the server knows, what it was asked, and what it is to say first. ``cap`` cuts answers as the API does."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[tuple[str, str], str] = field(default_factory=dict)
    cap: int = 250_000
    files: list[dict[str, Any]] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    #: replies that come before the server's own, one a request, by the beginning of the path
    script: list[tuple[str, Reply]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""

    def add_unit(self, reporter: str, period: str, release: str = RELEASE, flows: tuple[str, ...] = ("M", "X")) -> None:
        """Every product with every partner; values count up, so that each row is another."""
        for product in PRODUCTS:
            for partner in PARTNERS:
                for flow in flows:
                    self.rows.append(row(reporter, period, product, partner, flow, len(self.rows) + 1))
        self.releases[reporter, period] = release

    def add_file(
        self, reporter: str, period: str, content: bytes, *, size: str | None = None, published: str = RELEASE, etag: str = "W/1"
    ) -> None:
        identity = f"f{reporter}{period}"
        packed = gzip.compress(content)
        self.bodies[f"/bulk/v1/file/{reporter}/{identity}"] = packed
        self.files.append(
            {
                "fileUrl": identity,
                "fileSize": size or f"{len(packed)} B",
                "reporterCode": int(reporter),
                "freqCode": "A",
                "typeCode": "C",
                "classificationCode": "H6",
                "period": int(period),
                "publicationDate": published,
                "partitionKey": reporter,
                "rowKey": identity,
                "eTag": etag,
            }
        )

    def paths(self, beginning: str = "/data/v1/get/") -> list[str]:
        return [asked for asked in self.asked if asked.startswith(beginning)]

    def reply(self, target: str) -> Reply:
        for position, (beginning, reply) in enumerate(self.script):
            if target.startswith(beginning):
                del self.script[position]
                return reply
        parts = urlsplit(target)
        query = {name: set(values[0].split(",")) for name, values in parse_qs(parts.query).items()}
        kinds: dict[str, Callable[[dict[str, set[str]]], Reply]] = {
            "/data/v1/getDa/C/A/HS": self._availability,
            "/data/v1/get/C/A/HS": self._get,
            "/bulk/v1/get/C/A/HS": lambda q: data([f for f in self.files if str(f["period"]) in q["period"]]),
            "/files/v1/app/reference/HS.json": lambda _: as_json(more=False, results=[{"id": p, "text": p} for p in PRODUCTS]),
            "/files/v1/app/reference/partnerAreas.json": lambda _: as_json(
                results=[{"id": int(p), "PartnerCode": int(p)} for p in PARTNERS]
            ),
        }
        if parts.path in self.bodies:
            return Reply(200, self.bodies[parts.path], (("Content-Type", "application/TSV"),))
        return kinds[parts.path](query) if parts.path in kinds else as_json(404, statusCode=404, message="Resource not found")

    def _availability(self, query: dict[str, set[str]]) -> Reply:
        reporters = query.get("reporterCode")
        return data(
            [
                {"reporterCode": int(r), "period": int(p), "classificationCode": "H6", "totalRecords": 96, "lastReleased": released}
                for (r, p), released in self.releases.items()
                if p in query["period"] and (reporters is None or r in reporters)
            ]
        )

    def _get(self, query: dict[str, set[str]]) -> Reply:
        columns = {"reporterCode", "period", "cmdCode", "partnerCode", "flowCode"} & set(query)
        found = [r for r in self.rows if all(str(r[c]) in query[c] for c in columns)]
        if "countOnly" in query:
            return data([], count=len(found))
        return data(found[: self.cap])


@contextlib.contextmanager
def serving(world: Comtrade) -> Iterator[Comtrade]:
    """``world`` behind http://127.0.0.1, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            world.asked.append(self.path)
            world.keys.append(self.headers.get("Ocp-Apim-Subscription-Key"))
            reply = world.reply(self.path)
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """A test's output is no place for a server's log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    world.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def feed_of(world: Comtrade, **changes: Any) -> Feed:
    """The declaration of a Comtrade feed of that server."""
    feed = Feed("un", "comtrade", world.url, kind="comtrade", key_env=KEY_VARIABLE, allow_loopback=True, timeout_seconds=60)
    return replace(feed, **{"reporters": ("842",), "periods": ("2020",), **changes})


def get_client(
    world: Comtrade, home: Path, clock: Clock, *, cap: int = 250_000, fetcher: Getter | None = None, per_day: int = 500, **changes: Any
) -> ComtradeGet:
    """A client of that server, on ``clock``: no test waits."""
    quota = Quota(home, KEY, per_day=per_day, clock=clock, sleep=clock.sleep)
    return ComtradeGet(
        feed_of(world, **changes), Settings(home=home), fetcher=fetcher, environment=ENVIRONMENT, quota=quota, cap=cap, clock=clock
    )


def bulk_client(world: Comtrade, home: Path, clock: Clock, **changes: Any) -> ComtradeBulk:
    """A client of that server's bulk files, on ``clock``."""
    quota = Quota(home, KEY, clock=clock, sleep=clock.sleep)
    feed = feed_of(world, kind="comtrade_bulk", **changes)
    return ComtradeBulk(feed, Settings(home=home), environment=ENVIRONMENT, quota=quota, clock=clock)


def texts_below(folder: Path) -> bytes:
    """Every byte of every file and every name below a folder, gzip unpacked: where a key might have got to."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        found += [str(path).encode(), content, gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""]
    return b"\n".join(found)
