"""``entrepot dev``: Dagster's web server and daemon for one home, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path

from transforms.settings import Settings

HOST = "127.0.0.1"
#: Seconds that a child has to end by itself before it is killed.
GRACE = 15.0
_TARGET = ("-m", "orchestration.definitions")


def prepare(settings: Settings) -> Path:
    """Make <home>/dagster: its dagster.yaml, its storage, and dbt's manifest, which must be there before definitions load. Returns it."""
    import dagster as dg

    from orchestration.marts import manifest_path

    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings.landing_folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        with as_file(files("orchestration") / "dagster.yaml") as template:
            shutil.copyfile(template, folder / "dagster.yaml")
    # Storage makes its tables when it is first opened: where both children are first at once, one finds them half made and ends.
    with dg.DagsterInstance.from_config(str(folder)):
        pass
    manifest_path(settings)
    return folder


def environment(settings: Settings, folder: Path, base: Mapping[str, str]) -> dict[str, str]:
    """The children's environment: this home, its instance, and no telemetry of anybody."""
    silent = {
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
    }
    own = {"ENTREPOT_HOME": str(settings.home), "DAGSTER_HOME": str(folder)}
    if settings.config_path:
        own["ENTREPOT_CONFIG"] = str(settings.config_path)
    return {**base, **silent, **own}


def commands(port: int) -> dict[str, list[str]]:
    """The two processes: who serves the UI, and who runs sensors, schedules and the queue."""
    python = [sys.executable, "-m"]
    return {
        "web server": [*python, "dagster_webserver", "-h", HOST, "-p", str(port), "--dagster-log-level", "warning", *_TARGET],
        "daemon": [*python, "dagster._daemon", "run", "--log-level", "warning", *_TARGET],
    }


def end(children: Sequence[subprocess.Popen[bytes]], grace: float = GRACE) -> None:
    """Ask every child to end, wait, and kill what stays.

    Each has a process group of its own, with the code server and the runs in it; these outlive a child that was killed.
    """
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    deadline = time.monotonic() + grace
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def run(settings: Settings, port: int = 3000) -> int:
    """Serve until Ctrl-C (returns 0) or until a child ends by itself (returns 1, after the other was ended)."""
    folder = prepare(settings)
    sys.stderr.write(f"Dagster's UI: http://{HOST}:{port} (Ctrl-C ends it)\nfiles put into {settings.landing_folder} are taken up\n")
    inherited = environment(settings, folder, os.environ)
    children: dict[str, subprocess.Popen[bytes]] = {}
    # both ways to end it; a shell's background job ignores the first, and children would inherit that
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for name, command in commands(port).items():
            children[name] = subprocess.Popen(command, env=inherited, cwd=folder, start_new_session=True)  # noqa: S603
        while True:
            for name, child in children.items():
                if child.poll() is not None:
                    sys.stderr.write(f"entrepot: Dagster's {name} ended with code {child.returncode}\n")
                    return 1
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    finally:
        end(list(children.values()))
        for number, handler in before.items():
            signal.signal(number, handler)
