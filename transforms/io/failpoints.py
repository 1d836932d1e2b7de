"""Fail points: a named hook per step, so that kill tests need no rewriting.

``ENTREPOT_FAILPOINT=name`` makes the process end at that step as if killed (SIGKILL);
``name:raise`` raises FailPoint instead. Unset, the hook costs a dictionary look-up.
"""

from __future__ import annotations

import os
import signal

NAMES = frozenset(
    {
        "snapshot.before_rename",
        "snapshot.before_manifest",
        "lake.before_rename",
        "lake.before_commit",
        "lake.after_commit",
        "state.before_record",
        "marts.before_build",
        "marts.after_build",
        "release.before_files",
        "release.before_pointer",
        "release.after_pointer",
    }
)


class FailPoint(RuntimeError):
    """Raised at a fail point that was asked to raise."""


def fail_point(name: str) -> None:
    """End here if ENTREPOT_FAILPOINT names this step; ValueError for a name not declared above."""
    if name not in NAMES:
        raise ValueError(f"fail point {name!r} is not declared in transforms/io/failpoints.py")
    wanted = os.environ.get("ENTREPOT_FAILPOINT")
    if not wanted:
        return
    step, _, how = wanted.partition(":")
    if step != name:
        return
    if how == "raise":
        raise FailPoint(name)
    os.kill(os.getpid(), signal.SIGKILL)
