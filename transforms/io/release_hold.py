"""What is said about releases without touching them: the hold on the schedule, and pins."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from transforms.io.files import write_text


def _hold_path(home: Path) -> Path:
    return home / "releases" / "hold"


def hold(home: Path, reason: str) -> None:
    """Hold the schedule, with the reason and the time."""
    body = {"reason": reason, "since": datetime.now(UTC).isoformat(timespec="seconds")}
    write_text(_hold_path(home), json.dumps(body) + "\n")


def hold_reason(home: Path) -> str | None:
    """Why the schedule is held and since when, None where it isn't. An unreadable hold still holds."""
    try:
        text = _hold_path(home).read_text("utf-8")
    except FileNotFoundError:
        return None
    try:
        body = json.loads(text)
        return f"{body['reason']} (since {body['since']})"
    except (ValueError, KeyError, TypeError):
        return f"{_hold_path(home)} stands, without a readable reason"


def is_held(home: Path) -> bool:
    """True between a rollback and ``resume``: scheduled runs publish nothing then."""
    return _hold_path(home).exists()


def resume(home: Path) -> str | None:
    """Let the schedule publish again; returns the reason that held it, None where nothing did."""
    reason = hold_reason(home)
    _hold_path(home).unlink(missing_ok=True)
    return reason


def _pins_path(home: Path) -> Path:
    return home / "releases" / "pinned"


def pinned(home: Path) -> frozenset[str]:
    """Ids that retention never removes."""
    try:
        return frozenset(_pins_path(home).read_text("utf-8").split())
    except FileNotFoundError:
        return frozenset()


def _write_pins(home: Path, ids: frozenset[str]) -> None:
    write_text(_pins_path(home), "".join(f"{i}\n" for i in sorted(ids)))


def pin(home: Path, release_id: str) -> None:
    """Keep a release for good. ReleaseError where there is no such release."""
    from transforms.io.release import release_folder

    release_folder(home, release_id)
    _write_pins(home, pinned(home) | {release_id})


def unpin(home: Path, release_id: str) -> None:
    """Take a pin off; nothing happens where there was none."""
    _write_pins(home, pinned(home) - {release_id})
