"""The commands, in the order of a first day. Bodies live in the modules beside this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.compare import compare
from orchestration.cli.develop import contracts, dev, synth
from orchestration.cli.explain import explain
from orchestration.cli.feeds import app as feeds
from orchestration.cli.first import demo, doctor, init
from orchestration.cli.look import quality, quarantine, sources, status
from orchestration.cli.query import query
from orchestration.cli.releases import app as releases
from orchestration.cli.releases import verify
from orchestration.cli.run import run

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


app.command("demo")(demo)
app.command("init")(init)
app.command("run")(run)
app.command("query")(query)
app.command("explain")(explain)
app.command("compare")(compare)
app.command("sources")(sources)
app.command("status")(status)
app.command("verify")(verify)
app.command("doctor")(doctor)
app.add_typer(feeds, name="feeds")
app.add_typer(releases, name="releases")
app.add_typer(quarantine, name="quarantine")
app.add_typer(quality, name="quality")
app.command("dev")(dev)
app.command("synth")(synth)
app.add_typer(contracts, name="contracts")
