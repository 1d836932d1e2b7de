"""Files handed over on the command line: good ones are kept and built on, refused ones are named at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.outcomes import StageError
    from orchestration.plan import Plan
    from transforms.contracts.records import Snapshot
    from transforms.io.handed import Handed, Refusal
    from transforms.io.snapshot import Declared
    from transforms.settings import Settings

Log = Callable[[str], None]
#: More files of one kind than this are counted, not named.
_NAMED = 4


def keep_snapshots(settings: Settings, paths: Sequence[Path], declared: Declared, log: Log) -> Handed:
    """Recognise and keep every file, one line per kind. Nothing is kept of a file that is refused.

    Raises BadFileError where files were handed over and none could be taken in.
    """
    from transforms.io.handed import take_files

    found = take_files(paths, settings, declared=declared)
    _refuse_mixed(settings, found.snapshots)
    refuse_nothing_taken(found)
    kinds: dict[str, list[str]] = {}
    for snapshot in found.snapshots:
        what = ", ".join(p for p in (snapshot.layout, snapshot.edition, snapshot.source_release, snapshot.coverage) if p)
        kinds.setdefault(what, []).append(snapshot.file_name)
        if snapshot.header_extras:
            log(f"{snapshot.file_name}: columns that {snapshot.layout} doesn't know, left unread: {', '.join(snapshot.header_extras)}")
    for what, names in kinds.items():
        log(f"{what}: {', '.join(names) if len(names) <= _NAMED else f'{len(names)} files, {names[0]} to {names[-1]}'}")
    if found.passed_over:
        more = len(found.passed_over) - _NAMED
        log(f"passed over, no data: {', '.join(found.passed_over[:_NAMED])}{f' and {more} more' if more > 0 else ''}")
    if found.refusals:
        log(f"refused: {len(found.refusals)} of {len(found.refusals) + len(found.taken)} files, named at the end")
    return found


def refuse_nothing_taken(found: Handed) -> None:
    """BadFileError where every file handed over was refused; more than one is named on stderr first."""
    from transforms.io.archives import BadFileError

    if found.snapshots or not found.refusals:
        return
    if len(found.refusals) == 1:
        raise found.refusals[0].error
    print_refused([r.said for r in found.refusals])
    raise BadFileError(f"none of the {len(found.refusals)} files handed over could be taken in; nothing was changed")


def _refuse_mixed(settings: Settings, taken: Sequence[Snapshot]) -> None:
    """A made-up world and real files don't share a home: what was just taken is moved aside, UsageRefused says so."""
    from orchestration.errors import UsageRefused
    from transforms.io.snapshot_store import live_snapshots, refuse

    if not taken:
        return
    fresh = {s.snapshot_id for s in taken}
    kinds = {s.is_synthetic for s in live_snapshots(settings)}
    if len(kinds) < 2:
        return
    standing = {s.is_synthetic for s in live_snapshots(settings) if s.snapshot_id not in fresh}
    for snapshot in taken:
        if standing != {snapshot.is_synthetic}:
            refuse(settings.home, snapshot.snapshot_id)
    held = "synthetic" if standing == {True} else "real" if standing == {False} else "both kinds of"
    raise UsageRefused(
        f"{settings.home} holds {held} files: real trade and a made-up world must not mix. Say another home, "
        "`entrepot --home ./other run PATH`; nothing was changed"
    )


def _unreadable(error: StageError, gone: Sequence[Snapshot]) -> list[Refusal]:
    """Why each snapshot that a run moved aside could not be read, from the error of that run."""
    from transforms.io.handed import Refusal

    text, found = str(error), []
    for snapshot in gone:
        said = [c for c in error.errors if any(f"{snapshot.file_name} ({m}): {c}" in text for m in snapshot.members)]
        cause = said[0] if said else error
        found.append(Refusal(snapshot.file_name, str(cause).removeprefix(f"{snapshot.file_name}: "), cause))
    return found


def refresh_readable(settings: Settings, plan: Plan, log: Log) -> tuple[Any, list[Refusal]]:
    """A refresh over the files that can be read to their end, and the refusals of those that can't.

    What is wrong deep inside a file shows only when it is parsed; it is moved aside then, and the
    refresh goes on with the others. The outcome is None where those leave nothing new to build.
    Raises what the refresh raises for any other reason, or where no file is left.
    """
    from orchestration import jobs
    from orchestration.outcomes import StageError
    from orchestration.plan import make_plan
    from transforms.io import state
    from transforms.io.archives import BadFileError
    from transforms.io.snapshot_store import live_snapshots

    refusals: list[Refusal] = []
    while True:
        before = list(live_snapshots(settings))
        try:
            return jobs.refresh(settings, plan=plan, run_id=state.new_run_id(), log=log), refusals
        except StageError as error:
            left = {s.snapshot_id for s in live_snapshots(settings)}
            gone = [s for s in before if s.snapshot_id not in left]
            if not gone or not left or not all(isinstance(e, BadFileError) for e in error.errors):
                raise
            refusals += _unreadable(error, gone)
            log(f"set aside, can't be read: {', '.join(s.file_name for s in gone)}; the run goes on without")
        plan = make_plan(settings)
        if nothing_new(settings, plan):
            return None, refusals


def nothing_new(settings: Settings, plan: Plan) -> bool:
    """Whether no partition is stale and the current release is what a run would cut."""
    from orchestration.fingerprint import current_fingerprint
    from transforms.io import release

    return (
        plan.is_empty
        and release.current_release(settings.home) is not None
        and release.is_current(settings.home, current_fingerprint(settings))
    )


def plan_readable(
    settings: Settings, paths: Sequence[Path], declared: Declared, asked: Mapping[tuple[str, str], str]
) -> tuple[Plan, list[Snapshot], list[dict[str, str]]]:
    """The plan over the files that a run would keep, those that are new, and what it would refuse; ``asked`` as make_plan has it."""
    from orchestration.cli.preview import plan_with
    from transforms.io.handed import take_files

    found = take_files(paths, settings, declared=declared, keep=False)
    refuse_nothing_taken(found)
    return *plan_with(settings, found, asked), [r.said for r in found.refusals]


def print_refused(refused: Sequence[Mapping[str, str]]) -> None:
    """Each refused file with its reason, on stderr; red on a terminal."""
    from orchestration.cli.output import note

    several = f"{len(refused)} files were" if len(refused) > 1 else "1 file was"
    lines = [f"{several} not taken in:", *(f"  {r['file']}: {r['reason']}" for r in refused)]
    if sys.stderr.isatty():
        from rich.console import Console

        Console(stderr=True, highlight=False).print("\n".join(lines), style="red", markup=False, soft_wrap=True)
    else:
        note("\n".join(lines))
