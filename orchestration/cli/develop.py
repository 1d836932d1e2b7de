"""For developers: dev, synth, contracts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.output import say

contracts = typer.Typer(help="Files generated from transforms/contracts.", no_args_is_help=True)


class SynthLayout(StrEnum):
    """Layouts that synth can write."""

    baci = "baci"
    comtrade = "comtrade"


def dev(port: Annotated[int, typer.Option(help="Port of the UI, on loopback.")] = 3000) -> None:
    """Dagster's UI and daemon on loopback, with the lineage from file to mart."""
    from orchestration import dev as development
    from transforms.settings import load_settings

    code = development.run(load_settings(), port=port)
    if code:
        raise typer.Exit(code)


def synth(
    rows: Annotated[int, typer.Option(help="Rows, exactly.", min=1)],
    layout: Annotated[SynthLayout, typer.Option(help="The layout to write.")] = SynthLayout.baci,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("synthetic"),
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 2025,
) -> None:
    """Synthetic trade files of any size in a real layout, marked synthetic."""
    from orchestration.cli.output import size_text
    from transforms.synthetic.stream import synth as write

    written = write(rows, layout.value, out, seed)
    say(f"SYNTHETIC: {rows:,} rows, {len(written)} files, {size_text(sum(p.stat().st_size for p in written))} in {out}")
    say(f"next: entrepot run {out}")


@contracts.command("render")
def render(check: Annotated[bool, typer.Option("--check", help="Only say what differs; exit code 1 where anything does.")] = False) -> None:
    """Write dbt's sources, contracts and the data dictionary from transforms/contracts."""
    import transforms
    from transforms.contracts import render as generated

    root = Path(str(transforms.__file__)).resolve().parents[1]
    if not check:
        for path in generated.write(root):
            say(f"written: {path.relative_to(root)}")
        return
    differing = generated.check(root)
    for line in differing:
        say(line)
    if differing:
        say("run `entrepot contracts render` and commit what it writes")
        raise typer.Exit(1)
