"""The commands, in the order of a first day. Bodies live in the modules beside this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import develop, first, look, query, releases, run

app = typer.Typer(
    name="entrepot",
    help="A warehouse for trade statistics: from published trade files to reconciled bilateral flows and curated marts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from orchestration.cli.output import say

        say(f"entrepot {version('entrepot')}")
        raise typer.Exit


@app.callback()
def common(
    home: Annotated[
        Path | None, typer.Option("--home", help="The warehouse's folder (ENTREPOT_HOME, else ./warehouse).", show_default=False)
    ] = None,
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before the command."""
    if home is not None:
        os.environ["ENTREPOT_HOME"] = str(home.expanduser().absolute())


app.command("demo")(first.demo)
app.command("init")(first.init)
app.command("run")(run.run)
app.command("query")(query.query)
app.command("sources")(look.sources)
app.command("status")(look.status)
app.command("verify")(releases.verify)
app.command("doctor")(first.doctor)
app.add_typer(releases.app, name="releases")
app.add_typer(look.quarantine, name="quarantine")
app.add_typer(look.quality, name="quality")
app.command("dev")(develop.dev)
app.command("synth")(develop.synth)
app.add_typer(develop.contracts, name="contracts")
