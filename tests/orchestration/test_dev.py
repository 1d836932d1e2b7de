"""``entrepot dev``: what it starts, with which environment, where it listens, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from orchestration import dev
from transforms.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_children_know_the_home_and_tell_nobody(home: Path) -> None:
    found = dev.environment(Settings(home=home), home / "dagster", {"PATH": "/bin"})
    assert found["ENTREPOT_HOME"] == str(home) and found["DAGSTER_HOME"] == str(home / "dagster") and found["PATH"] == "/bin"
    assert (found["DAGSTER_DISABLE_TELEMETRY"], found["DO_NOT_TRACK"]) == ("1", "1")
    assert (found["DBT_SEND_ANONYMOUS_USAGE_STATS"], found["GX_ANALYTICS_ENABLED"]) == ("false", "false")


def test_the_web_server_is_told_loopback() -> None:
    command = dev.commands(3000)["web server"]
    assert command[command.index("-h") + 1] == "127.0.0.1" and command[command.index("-p") + 1] == "3000"


def test_an_own_instance_text_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.marts.manifest_path", lambda _: home)
    folder = dev.prepare(Settings(home=home))
    assert (folder / "dagster.yaml").read_text("utf-8") == (ROOT / "orchestration" / "dagster.yaml").read_text("utf-8")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    dev.prepare(Settings(home=home))
    assert (folder / "dagster.yaml").read_text("utf-8") == "telemetry: {enabled: false}\n"


def test_storage_is_there_before_two_processes_open_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that both children make at once end one of them: "table runs already exists"."""
    monkeypatch.setattr("orchestration.marts.manifest_path", lambda _: home)
    folder = dev.prepare(Settings(home=home))
    stamped = {}
    for database in folder.rglob("*.db"):
        with sqlite3.connect(database) as con:
            stamped[database.name] = con.execute("select count(*) from alembic_version").fetchone()
    assert stamped == {"runs.db": (1,), "schedules.db": (1,), "index.db": (1,)}


def test_what_a_child_left_behind_is_ended() -> None:
    """A child that ended by itself leaves its code server, which would wait 20 s for a sign of life, or for its runs."""
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    left = int(child.stdout.readline())
    child.wait(20)
    dev.end([child])
    deadline = time.monotonic() + 5
    while is_alive(left) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(left)


def test_a_child_that_ignores_the_request_is_killed() -> None:
    code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None and child.stdout.readline() == b"up\n"
    started = time.monotonic()
    dev.end([child], grace=0.5)
    assert child.returncode == -signal.SIGKILL and time.monotonic() - started < 5


def test_a_child_that_ends_ends_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(seconds: int) -> list[str]:
        return [sys.executable, "-c", f"import time; time.sleep({seconds})"]

    monkeypatch.setattr(dev, "prepare", lambda _: home)
    monkeypatch.setattr(dev, "commands", lambda _: {"web server": command(60), "daemon": command(0)})
    assert dev.run(Settings(home=home), port=1) == 1


def is_alive(pid: int) -> bool:
    """A process that runs; one that ended and wasn't waited for doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def family(pid: int) -> set[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(rest[1]), []).append(int(stat.parent.name))
    found, queue = set(), [pid]
    while queue:
        current = queue.pop()
        found.add(current)
        queue += children.get(current, [])
    return found


def listening(pids: set[int]) -> set[str]:
    """Addresses (hexadecimal, as /proc/net has them) on which the processes listen."""
    inodes = set()
    for pid in pids:
        try:
            inodes |= {str(f.readlink()) for f in Path(f"/proc/{pid}/fd").iterdir()}
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text("utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(fields[1].partition(":")[0])
    return found


def ask(port: int, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


@pytest.fixture
def server(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from orchestration.cli import main; main()"
    environment = {**os.environ, "ENTREPOT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-c", code, "dev", "--port", str(port)], env=environment, start_new_session=True)
    try:
        yield child, port
    finally:
        # the web server and the daemon have groups of their own: killing the parent alone would leave both
        for pid in family(child.pid) if child.poll() is None else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.wait()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_ui_answers_on_loopback_alone_and_ends_with_its_children(server: tuple[subprocess.Popen[bytes], int]) -> None:
    child, port = server
    deadline = time.monotonic() + 60
    while True:
        try:
            nodes = ask(port, "{ assetNodes { assetKey { path } jobNames } }")["assetNodes"]
            break
        except OSError:
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.5)
    assert ["release"] in [n["assetKey"]["path"] for n in nodes]
    assert all("refresh" in n["jobNames"] for n in nodes if n["assetKey"]["path"] != ["check_result"])
    processes = family(child.pid)
    assert listening(processes) == {"0100007F"}
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=40) == 0
    time.sleep(1)
    assert not {p for p in processes if is_alive(p)}
