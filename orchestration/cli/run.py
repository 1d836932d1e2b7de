"""entrepot run: from files to a release."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.errors import FAILED
from orchestration.cli.options import AsJson, Quiet

if TYPE_CHECKING:
    from orchestration.plan import Plan
    from transforms.contracts.records import Snapshot
    from transforms.io.snapshot import Declared
    from transforms.settings import Settings

#: Left free whatever a run needs: logs, states, the release's pages.
RESERVE_BYTES = 64 * 2**20


class NoSpaceError(RuntimeError):
    """The disk has less free than the run needs; nothing was begun."""


def check_space(settings: Settings, needed: int) -> None:
    """NoSpaceError where the home's disk has less free than a run needs."""
    import shutil

    from orchestration.cli.output import size_text

    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE_BYTES:
        wanted = size_text(needed + RESERVE_BYTES)
        raise NoSpaceError(
            f"{folder} has {size_text(free)} free, this run needs about {wanted}: free space, or put the home elsewhere "
            "(ENTREPOT_HOME); nothing was changed"
        )


def bring_up(
    settings: Settings,
    paths: Sequence[Path],
    declared: Declared,
    *,
    log: Callable[[str], None],
    redefine: bool = False,
    refit: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The whole of ``entrepot run`` under the publishing lock; returns the summary that is printed.

    Files that can't be read are left out and stand in the summary, ``files_refused``. ``refit``: years whose estimates are to be
    fitted anew, none: all; None: those that stand hold. Nothing stale and the same fingerprint: no Dagster, dbt or GX is imported.
    """
    from orchestration.cli.handing import keep_snapshots, nothing_new, refresh_readable
    from orchestration.plan import make_plan
    from orchestration.redefine import check_redefined
    from orchestration.refit import forget
    from transforms.io.lock import publishing_lock
    from transforms.io.release_hold import hold_reason
    from transforms.io.snapshot_store import live_snapshots

    started = time.monotonic()
    check_redefined(settings, redefine=redefine)
    check_space(settings, 4 * sum(_bytes(p) for p in paths))
    with publishing_lock(settings.home):
        if reason := hold_reason(settings.home):
            log(f"the schedule is held ({reason}); this run was asked for by hand and goes on")
        anew = () if refit is None else _chosen(settings, refit)
        refused = list(keep_snapshots(settings, paths, declared, log).refusals)
        if not live_snapshots(settings):
            from orchestration.errors import UsageRefused

            raise UsageRefused(f"{settings.home} holds no file yet: hand some over, `entrepot run PATH`, or try `entrepot demo`")
        forget(settings.home, anew)
        plan = make_plan(settings)
        outcome = None
        if not nothing_new(settings, plan):
            check_space(settings, plan.needed_bytes)
            log(f"to rebuild: {_plan_line(plan)}")
            outcome, unreadable = refresh_readable(settings, plan, log)
            refused += unreadable
    found = summary(settings, outcome, round(time.monotonic() - started, 1)) if outcome else _nothing(settings, started)
    return {**found, "files_refused": [r.said for r in refused]}


def _chosen(settings: Settings, refit: Sequence[int]) -> tuple[int, ...]:
    """The years to fit anew; UsageRefused where one has no estimates."""
    from orchestration.errors import UsageRefused
    from orchestration.refit import NothingPinned, chosen_years

    try:
        return chosen_years(settings.home, refit)
    except NothingPinned as error:
        raise UsageRefused(str(error)) from error


def _nothing(settings: Settings, started: float) -> dict[str, Any]:
    from transforms.io.release import current_release

    seconds = round(time.monotonic() - started, 1)
    return {"status": "nothing new", "release_id": current_release(settings.home), "published": False, "seconds": seconds}


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return path.stat().st_size if path.exists() else 0


def _plan_line(plan: Plan) -> str:
    years = ", ".join(str(y) for y in plan.years)
    new = sum(i.stage == "parse" for i in plan.items)
    parts = [f"{new} new files" if new > 1 else "a new file" if new else "", f"years {years}" if years else ""]
    return " and ".join(p for p in parts if p) or ("dimensions and marts" if plan.items else "the marts")


def summary(settings: Settings, outcome: Any, seconds: float) -> dict[str, Any]:
    """What a run did: rows in and out per source, years built, gates, and where the release is."""
    from orchestration.cli.ledger import rows_by_source

    outcomes = list(outcome.outcomes)
    checks = [c for o in outcomes for c in o.checks]
    release_id = outcome.release_id
    folder = settings.home / "releases" / release_id if release_id else None
    return {
        "status": "published" if outcome.published else "nothing new",
        "published": bool(outcome.published),
        "release_id": release_id,
        "release_folder": str(folder) if folder else None,
        "years": sorted({o.year for o in outcomes if o.status == "built" and o.year is not None}),
        "refused": [
            {
                "partition": o.partition_key,
                "checks": sorted({c.check_name for c in o.checks if not c.is_passed and c.severity == "error"}),
                "rows_that_stay": o.rows,
            }
            for o in outcomes
            if o.status == "kept_stale"
        ],
        "sources": rows_by_source(settings.home),
        "checks_passed": sum(c.is_passed for c in checks),
        "checks_failed": sum(not c.is_passed for c in checks),
        "seconds": seconds,
    }


def print_summary(found: dict[str, Any]) -> None:
    """The summary for a reader, ending with the next command to try."""
    from orchestration.cli.output import called_as, say, table_text

    if not found["published"]:
        say(f"nothing new: release {found['release_id']} is current ({found['seconds']} s)")
        return
    header = ("source", "rows in", "flows", "control", "quarantined", "other")
    say(table_text(header, [tuple(s[k] for k in ("source", "in", "out", "control", "quarantined", "other")) for s in found["sources"]]))
    years = ", ".join(map(str, found["years"])) or "none"
    checks = f"{found['checks_passed']} passed, {found['checks_failed']} failed"
    say(f"\nyears built: {years}; checks of the gates: {checks}; {found['seconds']} s")
    for entry in found["refused"]:
        stands = (
            f"its last good version ({entry['rows_that_stay']:,} rows) stays" if entry["rows_that_stay"] else "nothing of it is published"
        )
        say(
            f"PARTIAL: {entry['partition']} was refused by {', '.join(entry['checks'])}; {stands}. `entrepot quality report` shows the rows"
        )
    folder = found["release_folder"]
    say(f"release {found['release_id']}")
    say(f"  {folder}/entrepot.duckdb\n  {folder}/marts/*.parquet\n  {folder}/site/index.html")
    if any(s["quarantined"] for s in found["sources"]):
        say("rows in quarantine: `entrepot quarantine list` says why")
    query = (
        "select period, exporter_name, sum(value_fob_usd) as usd from fct_bilateral_totals "
        "where frequency = 'A' group by all order by period desc, usd desc limit 10"
    )
    say(f'next: {called_as(Path(folder).parents[1])} query "{query}"')


def print_plan(settings: Settings, paths: Sequence[Path], declared: Declared, *, as_json: bool, refit: Sequence[int] | None = None) -> None:
    """What a run would do, changing nothing. Exit code 1 where it would refuse a file."""
    from orchestration.cli.handing import plan_readable, print_refused
    from orchestration.cli.output import say, say_json
    from orchestration.redefine import changed_settings
    from orchestration.refit import asked_for

    chosen = () if refit is None else _chosen(settings, refit)
    plan, fresh, refused = plan_readable(settings, paths, declared, asked_for(chosen))
    changed = changed_settings(settings)
    if as_json:
        items = [vars(i) for i in plan.items]
        names = [s.file_name for s in fresh]
        told = {"new_files": names, "items": items, "years": plan.years, "needed_bytes": plan.needed_bytes, "files_refused": refused}
        say_json({**told, "settings_changed": changed})
    else:
        _print_items(settings, plan, fresh)
        if changed:
            say(changed)
    if refused:
        print_refused(refused)
        raise typer.Exit(FAILED)


def _print_items(settings: Settings, plan: Plan, fresh: Sequence[Snapshot]) -> None:
    from orchestration.cli.output import say, size_text, table_text
    from orchestration.fingerprint import current_fingerprint
    from transforms.io.release import is_current

    for snapshot in fresh:
        say(f"new file: {snapshot.file_name} ({', '.join(p for p in (snapshot.layout, snapshot.edition, snapshot.source_release) if p)})")
    if plan.is_empty:
        same = is_current(settings.home, current_fingerprint(settings))
        say(
            "nothing to rebuild: a run would find nothing new"
            if same
            else "no partition to rebuild; the marts would be built and a release cut"
        )
        return
    rows = [(i.stage, i.partition_key or "whole", i.reason) for i in plan.items]
    say(table_text(("stage", "partition", "why"), rows))
    say(f"\nspace needed: about {size_text(plan.needed_bytes)}; then marts, gates and a new release where content differs")


def run(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, folders or zips; none: bring up what is known.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be rebuilt, why, and the space it needs; change nothing.")] = False,
    edition: Annotated[str | None, typer.Option(help="Edition of the files where they don't say it: HS17 or H5.")] = None,
    source_release: Annotated[str | None, typer.Option("--release", "--source-release", help="The publisher's release: V202501.")] = None,
    coverage: Annotated[str | None, typer.Option(help="complete: the files replace what they cover; partial: they add.")] = None,
    redefine: Annotated[bool, typer.Option("--redefine", help="Settings that change results were changed on purpose.")] = False,
    refit: Annotated[bool, typer.Option("--refit", help="Fit the estimates anew: of all years, or of those named by --year.")] = False,
    year: Annotated[list[int] | None, typer.Option("--year", help="With --refit: a year, may be given more than once.")] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Recognise each file by its header, keep a copy, and bring everything up to a new release.

    A file that can't be read stops no other: it is named at the end, and the exit code is 1.
    """
    from orchestration.cli.handing import print_refused
    from orchestration.cli.output import progress, say_json
    from orchestration.errors import UsageRefused
    from transforms.io.snapshot import Declared
    from transforms.settings import load_settings

    settings, handed = load_settings(), [p.expanduser().absolute() for p in paths or []]
    declared = Declared(edition=edition, source_release=source_release, coverage=coverage)
    if year and not refit:
        raise UsageRefused("--year says which years --refit fits anew: write `entrepot run --refit --year ...`")
    anew = list(year or []) if refit else None
    if plan:
        print_plan(settings, handed, declared, as_json=as_json, refit=anew)
        return
    with progress("working", quiet=quiet) as log:
        found = bring_up(settings, handed, declared, log=log, redefine=redefine, refit=anew)
    if as_json:
        say_json(found)
    else:
        print_summary(found)
    if refused := found.get("files_refused"):
        print_refused(refused)
        raise typer.Exit(FAILED)
