"""One publisher at a time: an OS lock on the home, released by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

LOCK_NAME = ".publishing.lock"


class LockHeldError(RuntimeError):
    """Another run publishes into this home; the text names its process and since when."""


@contextmanager
def publishing_lock(home: Path) -> Iterator[None]:
    """Hold the home's publishing lock; LockHeldError at once where another process has it.

    The file stays, the lock doesn't outlive the process: a killed run blocks nobody.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK_NAME).open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            raise LockHeldError(f"{home} is being published by {holder}: wait for it to end, then run again") from None
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}))
        handle.flush()
        try:
            yield
        finally:
            handle.seek(0)
            handle.truncate()


def holder(home: Path) -> int | None:
    """The process that publishes into the home now, without touching the lock; None where nobody does."""
    try:
        pid = int(json.loads((home / LOCK_NAME).read_text("utf-8"))["pid"])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, KeyError, TypeError, ProcessLookupError):
        return None
    except PermissionError:
        return pid
    return pid
