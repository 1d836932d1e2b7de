"""entrepot releases, entrepot verify."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.options import AsJson
from orchestration.cli.output import say, say_json, table_text

app = typer.Typer(help="Releases: list, show, diff, rollback, resume, pin.", no_args_is_help=True)

_Id = Annotated[str, typer.Argument(help="A release id; `current` for the current one.")]


def _resolve(release_id: str) -> str:
    from transforms.io import release
    from transforms.settings import load_settings

    home = load_settings().home
    return release.current_folder(home).name if release_id == "current" else release.release_folder(home, release_id).name


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All releases, oldest first."""
    from dataclasses import asdict

    from transforms.io import release
    from transforms.io.release_hold import hold_reason
    from transforms.settings import load_settings

    home = load_settings().home
    found = release.list_releases(home)
    if as_json:
        say_json([asdict(r) for r in found])
        return
    if not found:
        say("no release yet: `entrepot demo` or `entrepot run PATH` makes the first")
        return
    marks = {"is_current": "current", "is_pinned": "pinned", "is_partial": "partial", "is_synthetic": "SYNTHETIC"}
    rows = [(r.release_id, r.published_at, r.method, r.row_count, ", ".join(t for a, t in marks.items() if getattr(r, a))) for r in found]
    say(table_text(("release", "published", "method", "rows", ""), rows))
    if reason := hold_reason(home):
        say(f"the schedule is held: {reason}; `entrepot releases resume` lets it go on")


@app.command()
def show(release_id: _Id = "current", as_json: AsJson = False) -> None:
    """What a release holds and what it was built from."""
    from transforms.contracts.marts import MARTS
    from transforms.io import release
    from transforms.settings import load_settings

    folder = release.release_folder(load_settings().home, _resolve(release_id))
    manifest = release.read_manifest(folder)
    if as_json:
        say_json(manifest)
        return
    content, run = manifest["content"], manifest["run"]
    say(f"{folder.name}, published {run['published_at']}, contract {content['contract_version']}, {content['settings']['method']}")
    say(f"{folder}")
    if content.get("is_synthetic"):
        say("SYNTHETIC: a made-up world")
    rows = [(n, t["rows"] if t["rows"] is not None else run.get("rows", {}).get(n)) for n in MARTS if (t := content["tables"].get(n))]
    say("\n" + table_text(("table", "rows"), rows))
    sources = [(s["source"], s["source_release"], s["file_name"], s["coverage"], s["licence"]) for s in content["snapshots"]]
    say("\n" + table_text(("source", "release", "file", "coverage", "licence"), sources))


@app.command()
def diff(before: _Id, after: _Id = "current", as_json: AsJson = False) -> None:
    """Tables whose rows or exact sums differ between two releases."""
    from dataclasses import asdict

    from transforms.io import release
    from transforms.settings import load_settings

    changes = release.diff(load_settings().home, _resolve(before), _resolve(after))
    if as_json:
        say_json([asdict(c) for c in changes])
    elif not changes:
        say("no table differs in rows or sums")
    else:
        header = ("table", "what", "rows before", "rows after", "column", "sum before", "sum after")
        say(table_text(header, [tuple(asdict(c).values()) for c in changes]))


@app.command()
def rollback(
    release_id: Annotated[str, typer.Argument(help="The release to make current.")],
    reason: Annotated[str, typer.Option(help="Why; stands in the hold and in status.")] = "",
) -> None:
    """Make an older release current. The schedule is held until `entrepot releases resume`."""
    from transforms.io import release
    from transforms.io.lock import publishing_lock
    from transforms.settings import load_settings

    home = load_settings().home
    with publishing_lock(home):
        folder = release.rollback(home, release_id, reason=reason)
    say(f"{folder.name} is current: {folder}")
    say("the schedule is held; `entrepot releases resume` lets it publish again")


@app.command()
def resume() -> None:
    """Let the schedule publish again after a rollback."""
    from transforms.io import release
    from transforms.settings import load_settings

    reason = release.resume(load_settings().home)
    say(f"no longer held: {reason}" if reason else "the schedule was not held")


@app.command()
def pin(release_id: _Id, remove: Annotated[bool, typer.Option("--remove", help="Take the pin off.")] = False) -> None:
    """Keep a release for good: no retention removes it."""
    from transforms.io import release
    from transforms.settings import load_settings

    found = _resolve(release_id)
    (release.unpin if remove else release.pin)(load_settings().home, found)
    say(f"{found} is {'no longer ' if remove else ''}pinned")


def verify(
    release_id: Annotated[str, typer.Argument(help="A release id; the current one where absent.")] = "current",
    every: Annotated[bool, typer.Option("--all", help="Every release.")] = False,
    as_json: AsJson = False,
) -> None:
    """sha256 of what is published against the manifest. Exit code 1 where anything differs."""
    from transforms.io import release
    from transforms.settings import load_settings

    home = load_settings().home
    ids = [r.release_id for r in release.list_releases(home)] if every else [_resolve(release_id)]
    problems = {i: [str(p) for p in release.verify(home, i)] for i in ids}
    if as_json:
        say_json(problems)
    else:
        for found, wrong in problems.items():
            say(f"{found}: {'whole' if not wrong else f'{len(wrong)} problems'}")
            for text in wrong:
                say(f"  {text}")
    if any(problems.values()):
        raise typer.Exit(1)
