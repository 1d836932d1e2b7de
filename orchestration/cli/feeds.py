"""entrepot feeds: how each stands, asking now, what is lacking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import AsJson, Quiet
from orchestration.cli.output import progress, say, say_json, table_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestration.standing import Standing
    from transforms.contracts.feed import Feed
    from transforms.feeds.check import FeedAnswer
    from transforms.settings import Settings

app = typer.Typer(help="Feeds: files that are fetched from publishers by their calendar.", no_args_is_help=True)
NONE_DECLARED = "no feed is declared: docs/feeds.md shows how, entrepot.toml holds them as [feeds.NAME]"


def _chosen(settings: Settings, names: Sequence[str]) -> tuple[Feed, ...]:
    from orchestration.errors import UsageRefused

    by_name = {feed.name: feed for feed in settings.feeds}
    unknown = sorted(set(names) - set(by_name))
    if unknown:
        known = f"it has {', '.join(by_name)}" if by_name else NONE_DECLARED
        raise UsageRefused(f"{settings.config_path or 'entrepot.toml'} has no feed {unknown[0]!r}; {known}")
    return tuple(by_name[name] for name in dict.fromkeys(names)) if names else settings.feeds


def _minute(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else ""


def _due(found: Standing, now: datetime) -> str:
    if found.next_due is None:
        return "by hand"
    return "now" if found.next_due <= now else _minute(found.next_due)


def _standing(settings: Settings, feed: Feed, now: datetime) -> Standing:
    """One whose state can't be read hides no other."""
    from orchestration.standing import standing, unreadable

    try:
        return standing(settings, feed, now)
    except ValueError as error:
        return unreadable(feed, error)


def _status(found: Standing) -> str:
    is_known = found.state.last_checked is not None or found.state.status != "ok"
    return found.state.status if is_known else "never asked"


def _told(found: Standing) -> dict[str, object]:
    return {
        "feed": found.feed.name,
        "source": found.feed.source,
        "kind": found.feed.kind,
        "cadence": found.feed.cadence,
        "last_asked": found.state.last_checked,
        "newest": found.newest,
        "expected": found.expected,
        "is_lacking": found.is_lacking,
        "status": _status(found),
        "message": found.state.message,
        "broken_since": found.state.broken_since,
        "next_due": found.next_due,
    }


@app.command("list")
def list_feeds(as_json: AsJson = False) -> None:
    """Each feed: cadence, when it was last asked, newest period fetched and newest expected, status, when it is due. Times are UTC."""
    from datetime import UTC, datetime

    from transforms.settings import load_settings

    settings, now = load_settings(), datetime.now(UTC)
    found = [_standing(settings, feed, now) for feed in settings.feeds]
    if as_json:
        say_json([_told(s) for s in found])
        return
    if not found:
        say(NONE_DECLARED)
        return
    header = ("feed", "source", "cadence", "last asked", "newest", "expected", "status", "next due")
    rows = [
        (s.feed.name, s.feed.source, s.feed.cadence, _minute(s.state.last_checked), s.newest, s.expected, _status(s), _due(s, now))
        for s in found
    ]
    say(table_text(header, rows))
    for s in found:
        if s.state.status != "ok":
            say(f"{s.feed.name}: {s.state.message}")


def _answer_lines(settings: Settings, answer: FeedAnswer) -> list[str]:
    lines = [f"{answer.feed}: {answer.status}; {answer.message}"]
    return lines + [f"  {path.relative_to(settings.landing_folder)}" for path in answer.files]


@app.command("ask")
def ask(
    names: Annotated[list[str] | None, typer.Argument(help="Feeds to ask now; none: those that are due.", metavar="[NAME ...]")] = None,
    force: Annotated[bool, typer.Option("--force", help="All feeds, due or not, and before the time a publisher named.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Ask publishers for what is new; files go into the landing folder. Exit code 1 where a feed is broken."""
    from datetime import UTC, datetime

    from orchestration.feeds import ask_feed
    from orchestration.standing import due_feeds
    from transforms.io.release_hold import hold_reason
    from transforms.settings import load_settings

    settings = load_settings()
    chosen = _chosen(settings, names or [])
    if not names and not force:
        chosen = due_feeds(settings, datetime.now(UTC))
    answers = []
    with progress("asking", quiet=quiet) as log:
        if chosen and (reason := hold_reason(settings.home)):
            log(f"the schedule is held ({reason}); this was asked for by hand and goes on")
        for feed in chosen:
            log(f"asking {feed.name}")
            answers.append(ask_feed(settings, feed, datetime.now(UTC), is_forced=force))
    if as_json:
        say_json([vars(answer) for answer in answers])
    else:
        _say_answers(settings, answers)
    if any(answer.status == "broken" for answer in answers):
        raise typer.Exit(1)


def _say_answers(settings: Settings, answers: Sequence[FeedAnswer]) -> None:
    from orchestration.cli.output import called_as

    if not settings.feeds:
        say(NONE_DECLARED)
    elif not answers:
        say("no feed is due: `entrepot feeds list` says when, --force asks all now")
    for answer in answers:
        say("\n".join(_answer_lines(settings, answer)))
    if any(answer.files for answer in answers):
        say(f"next: {called_as()} run {settings.landing_folder}")


@app.command("missing")
def missing(name: Annotated[str, typer.Argument(help="The feed.")], as_json: AsJson = False) -> None:
    """Reporters and periods that a feed wants and doesn't have, each with the reason; asks nobody."""
    from datetime import UTC, datetime

    from orchestration.standing import lacks
    from transforms.feeds.state import read_state
    from transforms.settings import load_settings

    settings = load_settings()
    (feed,) = _chosen(settings, [name])
    found = lacks(settings, feed, read_state(settings.home, feed.name), datetime.now(UTC).date())
    if as_json:
        say_json([vars(lack) for lack in found])
    elif not found:
        say(f"{name}: nothing is missing")
    elif feed.kind == "file":
        say(table_text(("file", "period", "state", "reason"), [(k.unit, k.period, k.state, k.reason) for k in found]))
    else:
        say(table_text(("reporter", "period", "state", "reason"), [(k.reporter, k.period, k.state, k.reason) for k in found]))
