"""What entrepot doctor looks at. Each finding says what was found, and what to do where it is bad."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from transforms.settings import Settings

#: Less than this and no run of any size gets through.
MINIMUM_FREE_BYTES = 2 * 2**30
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^;\s]+)\s*$")


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``advice`` is what to do where it is bad."""

    what: str
    found: str
    is_good: bool
    advice: str = ""


def _versions() -> list[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    is_supported = (3, 11) <= sys.version_info[:2] < (3, 13)
    found = [Finding("python", python, is_supported, "use Python 3.11 or 3.12, then `make setup`")]
    wrong, pinned = [], 0
    for line in requires("entrepot") or ():
        match = _PIN.match(line)
        if match is None:
            continue
        pinned += 1
        name, wanted = match.groups()
        try:
            there = version(name)
        except PackageNotFoundError:
            there = "nothing"
        if there != wanted:
            wrong.append(f"{name} is {there}, pinned {wanted}")
    text = "; ".join(wrong) or f"{pinned} pins met"
    return [*found, Finding("versions", text, not wrong, "`make setup` installs the pinned versions")]


def _home(settings: Settings) -> list[Finding]:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            writable, said = True, str(settings.home)
    except OSError as error:
        writable, said = False, str(error)
    free = shutil.disk_usage(folder).free
    return [
        Finding("home can be written", said, writable, "give this user the folder, or name another home (ENTREPOT_HOME)"),
        Finding("free disk", f"{free / 2**30:.1f} GiB", free >= MINIMUM_FREE_BYTES, "free at least 2 GiB, or put the home on another disk"),
    ]


def _release(settings: Settings) -> Finding:
    from transforms.io import release

    try:
        current = release.current_release(settings.home)
        if current is None:
            return Finding("current release", "none yet", True)
        release.release_folder(settings.home, current)
    except release.ReleaseError as error:
        return Finding("current release", str(error), False, "`entrepot releases list`, then `entrepot releases rollback ID`")
    return Finding("current release", current, True)


def _loopback() -> Finding:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            server.bind(("127.0.0.1", 0))
    except OSError as error:
        return Finding("loopback", str(error), False, "workers talk over 127.0.0.1: allow it for this user")
    return Finding("loopback", "127.0.0.1 can be bound", True)


def _telemetry() -> Finding:
    """Commands switch it off; a variable set to on in the environment would win."""
    wanted = {"DBT_SEND_ANONYMOUS_USAGE_STATS": ("true", "1"), "GX_ANALYTICS_ENABLED": ("true", "1")}
    on = [name for name, values in wanted.items() if os.environ.get(name, "").lower() in values]
    return Finding("telemetry", ", ".join(on) + " is on" if on else "off", not on, f"unset {' and '.join(on)}")


def findings(settings: Settings) -> list[Finding]:
    """Everything that doctor looks at, in its order. Changes nothing, reaches nothing outside this machine."""
    return [*_versions(), *_home(settings), _loopback(), _telemetry(), _release(settings)]
