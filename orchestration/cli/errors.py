"""Errors as one paragraph on stderr, and the exit code that goes with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FAILED, USAGE, REFUSED = 1, 2, 3
#: By name, so that saying "refused" imports neither the engine nor dbt.
_CODES = {
    **dict.fromkeys(("GateRefused", "ContractRefused"), REFUSED),
    **dict.fromkeys(("SettingsError", "DeclarationError", "FeedError", "UsageRefused"), USAGE),
}
#: How many of a gate's failed checks are listed.
_LISTED = 10


INTERRUPTED = "entrepot: interrupted; nothing was published by this run, what was published before stays. Run it again to go on\n"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def cause_of(error: BaseException) -> BaseException:
    """The error to speak of: the one of ours inside what a framework wrapped around it."""
    chain = list(_chain(error))
    ours = [e for e in chain if type(e).__module__.split(".", 1)[0] in ("transforms", "expectations", "orchestration")]
    return ours[0] if ours else error


def exit_code(error: BaseException) -> int:
    """3 where a gate refused, 2 for usage, settings, and a feed's key or state that can't be read, else 1."""
    return next((_CODES[type(e).__name__] for e in _chain(error) if type(e).__name__ in _CODES), FAILED)


def paragraph(error: BaseException) -> str:
    """What went wrong in one paragraph, with a gate's failed checks listed under it."""
    cause = cause_of(error)
    is_ours = cause is not error or type(cause).__module__.split(".", 1)[0] in ("transforms", "expectations", "orchestration")
    lines = str(cause).splitlines() if getattr(cause, "keeps_lines", False) else [str(cause)]
    text = "\n".join(" ".join(line.split()) for line in lines).strip() or type(cause).__name__
    if not is_ours:
        text = f"{type(cause).__name__}: {text} (ENTREPOT_DEBUG=1 shows where)"
    lines = [f"entrepot: {text}"]
    for result in getattr(cause, "results", ())[:_LISTED]:
        if hasattr(result, "check_name"):
            found = f"found {result.observed}, expected {result.expected}" if result.observed or result.expected else ""
            lines.append(f"  {result.table_name} {result.partition_key} {result.check_name} {result.column_name or ''} {found}".rstrip())
    return "\n".join(lines)


@contextmanager
def explained() -> Iterator[None]:
    """Print an error that leaves the block and exit with its code; ENTREPOT_DEBUG=1 lets it through."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(INTERRUPTED)
        sys.exit(130)
    except SystemExit as end:
        # typer turns an interrupt into exit 130 without a word
        if end.code == 130:
            sys.stderr.write(INTERRUPTED)
        raise
    except Exception as error:
        if os.environ.get("ENTREPOT_DEBUG") == "1":
            raise
        sys.stderr.write(paragraph(error) + "\n")
        sys.exit(exit_code(error))
