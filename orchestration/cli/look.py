"""What is known, what is stale, what could not enter: sources, status, quarantine, quality."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.options import AsJson
from orchestration.cli.output import say, say_json, size_text, table_text

quarantine = typer.Typer(help="Lines that could not enter the lake.", no_args_is_help=True)
quality = typer.Typer(help="What the gates found.", no_args_is_help=True)


def sources(as_json: AsJson = False) -> None:
    """The files that are known: layout, release, coverage, years, licence, when they came, and how fresh their source is."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from orchestration.freshness import freshness
    from transforms.io.snapshot_store import live_snapshots
    from transforms.settings import load_settings
    from transforms.sources.parse import known_years

    settings = load_settings()
    home = settings.home
    found = [(s, known_years(home, s)) for s in live_snapshots(settings)]
    calendars = freshness(settings, datetime.now(UTC).date())
    if as_json:
        told = [s.stored for s, _ in found]
        years_of = [{"years": sorted(y) if y is not None else None} for _, y in found]
        fresh_of = [{"freshness": [asdict(f) for f in calendars if f.source == s.source]} for s, _ in found]
        say_json([one | years | fresh for one, years, fresh in zip(told, years_of, fresh_of, strict=True)])
        return
    if not found:
        say(f"no file in {home} yet: `entrepot run PATH` takes some")
        return
    rows = []
    for snapshot, years in sorted(found, key=lambda e: (e[0].source, e[0].file_name)):
        span = "not read yet" if years is None else f"{min(years)}-{max(years)}" if years else ""
        mark = "SYNTHETIC" if snapshot.is_synthetic else ""
        taken = f"{snapshot.taken_at:%Y-%m-%d %H:%M}"
        known = (snapshot.source, snapshot.layout, snapshot.source_release, snapshot.edition, span, snapshot.coverage)
        fresh = "; ".join(f.said for f in calendars if f.source == snapshot.source)
        rows.append((*known, size_text(snapshot.file_bytes), taken, snapshot.file_name, fresh, mark))
    say(table_text(("source", "layout", "release", "edition", "years", "coverage", "size", "taken", "file", "source is", ""), rows))


def status(as_json: AsJson = False) -> None:
    """The current release, and what is stale, failed or held."""
    from orchestration.fingerprint import current_fingerprint
    from orchestration.plan import make_plan
    from orchestration.redefine import changed_settings
    from transforms.io import release, state
    from transforms.io.release_hold import hold_reason
    from transforms.settings import load_settings

    settings = load_settings()
    plan, current, held = make_plan(settings), release.current_release(settings.home), hold_reason(settings.home)
    states = state.read_states(settings.home)
    failed = [key for key, s in sorted(states.items()) if s.gate == "failed"]
    changed = changed_settings(settings)
    is_fresh = plan.is_empty and release.is_current(settings.home, current_fingerprint(settings))
    if as_json:
        stale = [vars(i) for i in plan.items]
        standing = {"home": settings.home, "release_id": current, "is_fresh": is_fresh, "stale": stale, "failed": failed, "held": held}
        say_json({**standing, "settings_changed": changed})
        return
    say(f"home     {settings.home}")
    say(f"release  {current or 'none yet'}{' (up to date)' if is_fresh else ''}")
    if held:
        say(f"held     {held}; `entrepot releases resume` lets the schedule go on")
    for table, key in failed:
        rows = states[table, key].row_count
        stands = f"its last good version ({rows:,} rows) stays" if rows else "nothing of it is in the release"
        say(f"refused  {table} {key}: its gate failed; {stands}; `entrepot quality report` shows the rows, every run tries it again")
    # `entrepot run` alone would refuse
    again = "`entrepot run --redefine`" if changed else "`entrepot run`"
    if plan.items:
        say("\n" + table_text(("stale", "partition", "why"), [(i.stage, i.partition_key or "whole", i.reason) for i in plan.items]))
        say(f"{again} rebuilds these")
    elif not is_fresh and current:
        say(f"the marts' SQL or a setting differs from the release: {again} cuts a new one")
    if changed:
        say(changed)


@quarantine.command("list")
def quarantine_list(
    limit: Annotated[int, typer.Option(help="Lines shown.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Each line with its file, number, reason and raw text; counts by reason first."""
    from collections import Counter

    from transforms.contracts import ops as contracts
    from transforms.io import lake
    from transforms.settings import load_settings

    columns = ["source", "snapshot_member", "source_line", "column_name", "quarantine_reason", "raw_text"]
    rows = lake.read(load_settings().home, contracts.QUARANTINE, columns).to_pylist()
    if as_json:
        say_json(rows[:limit])
        return
    if not rows:
        say("no line is in quarantine")
        return
    counts = Counter((r["source"], r["quarantine_reason"]) for r in rows)
    say(table_text(("source", "reason", "lines"), [(*key, n) for key, n in counts.most_common()]))
    shown = [(r["snapshot_member"], r["source_line"], r["column_name"], r["quarantine_reason"], r["raw_text"][:80]) for r in rows[:limit]]
    say("\n" + table_text(("file", "line", "column", "reason", "text"), shown))
    if len(rows) > limit:
        say(f"{len(rows) - limit} more lines; --limit shows them")


@quality.command("report")
def quality_report(as_json: AsJson = False) -> None:
    """The checks of the last run: counts per table, and each that failed."""
    from transforms.contracts import ops as contracts
    from transforms.io import lake
    from transforms.settings import load_settings

    rows = lake.read(load_settings().home, contracts.CHECK_RESULT).to_pylist()
    last = max((str(r["run_id"]) for r in rows), default=None)
    rows = [r for r in rows if r["run_id"] == last]
    if as_json:
        say_json(rows)
        return
    if last is None:
        say("no check has run yet")
        return
    tables = sorted({r["table_name"] for r in rows})
    counted = [(t, sum(r["table_name"] == t for r in rows), sum(r["table_name"] == t and not r["is_passed"] for r in rows)) for t in tables]
    say(f"run {last}\n" + table_text(("table", "checks", "failed"), counted))
    failed = [r for r in rows if not r["is_passed"]]
    header = ("severity", "table", "partition", "check", "column", "observed", "expected")
    keys = ("severity", "table_name", "partition_key", "check_name", "column_name", "observed", "expected")
    if failed:
        say("\n" + table_text(header, [tuple(r[k] for k in keys) for r in failed]))
