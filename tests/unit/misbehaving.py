"""A loopback server whose paths misbehave as scripted: what publishers' servers do on bad days."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer. ``length`` is what Content-Length says: "right", None (no header), or a number (a lie)."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: str | int | None = "right"
    #: sent in chunks; with ``cut`` the last one never comes
    chunked: bool = False
    cut: bool = False
    #: seconds before each single byte of the body, or of the headers
    drip: float = 0
    drip_headers: float = 0


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


def refusal(status: int, text: str = "", **headers: str) -> Answer:
    """An error: refusal(429, "..", retry_after="2")."""
    return Answer(status, text.encode(), {k.replace("_", "-").title(): v for k, v in headers.items()})


def redirect(to: str, status: int = 302) -> Answer:
    """A redirect to ``to``."""
    return Answer(status, b"", {"Location": to})


class _Quiet(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Without the look-up of this machine's name that http.server makes: it may take long."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, *_: Any) -> None:
        """Nothing: clients that hang up in the middle are what tests are about."""


class Misbehaving:
    """``with Misbehaving() as server: server.script("/x", refusal(429), Answer(body=b".."))``: the last answer repeats.

    An answer may be a function of the request. A tagged answer (ETag or Last-Modified) gives 304 to who has it.
    ``asked`` lists what came; ``url("/x")`` is the address.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._scripts: dict[str, list[Answer | Callable[[Asked], Answer]]] = {}
        self._stop = threading.Event()
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def script(self, path: str, *answers: Answer | Callable[[Asked], Answer]) -> str:
        """What ``path`` answers, one after the other; returns its address."""
        self._scripts[path] = list(answers)
        return self.url(path)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def port(self) -> int:
        """The port it listens on, loopback only."""
        return int(self._server.server_address[1])

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(a.path == path for a in self.asked)

    def __enter__(self) -> Misbehaving:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    def _next(self, asked: Asked) -> Answer:
        script = self._scripts.get(asked.path)
        if not script:
            return refusal(404, "no such path")
        found = script.pop(0) if len(script) > 1 else script[0]
        return found if isinstance(found, Answer) else found(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()))
                server.asked.append(asked)
                self.close_connection = True
                try:
                    self._send(server._next(asked))
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_WR)
                except OSError:
                    return  # the client has gone, as some tests want it to

            def _send(self, answer: Answer) -> None:
                tag, day = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
                if (tag and self.headers.get("If-None-Match") == tag) or (day and self.headers.get("If-Modified-Since") == day):
                    answer = Answer(304, b"", {k: v for k, v in (("ETag", tag), ("Last-Modified", day)) if v}, length=None)
                self.wfile.write(f"HTTP/1.1 {answer.status} Scripted\r\n".encode())
                lines = [f"{k}: {v}\r\n" for k, v in answer.headers.items()] + ["Connection: close\r\n"]
                if answer.chunked:
                    lines.append("Transfer-Encoding: chunked\r\n")
                elif answer.length is not None:
                    lines.append(f"Content-Length: {len(answer.body) if answer.length == 'right' else answer.length}\r\n")
                self._write("".join(lines).encode() + b"\r\n", answer.drip_headers)
                if answer.chunked:
                    self._write(f"{len(answer.body):x}\r\n".encode() + answer.body + b"\r\n", answer.drip)
                    self._write(b"" if answer.cut else b"0\r\n\r\n", 0)
                else:
                    self._write(answer.body, answer.drip)

            def _write(self, data: bytes, pause: float) -> None:
                if not pause:
                    self.wfile.write(data)
                    return
                for position in range(len(data)):
                    if server._stop.wait(pause):
                        return
                    self.wfile.write(data[position : position + 1])
                    self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                """Nothing: tests read ``asked``."""

        return Handler
