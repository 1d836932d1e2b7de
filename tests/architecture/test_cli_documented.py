"""Every command stands in the README, and has a help text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from orchestration.cli.app import app

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")


def _commands() -> list[tuple[str, ...]]:
    found = []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found.append((name,))
        found += [(name, inner) for inner in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_command_is_documented(command: tuple[str, ...]) -> None:
    row = next((line for line in README.splitlines() if re.match(rf"\| `entrepot {command[0]}\b", line)), None)
    assert row is not None, f"README's table of commands lacks `entrepot {command[0]}`"
    if len(command) == 2:
        assert f"`{command[1]}`" in row or f"{command[1]} " in row, f"README's row of `entrepot {command[0]}` lacks `{command[1]}`"


def test_every_command_says_what_it_does() -> None:
    root = typer.main.get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        assert (command.help or "").strip(), f"{name} has no help"
        for inner, below in getattr(command, "commands", {}).items():
            assert (below.help or "").strip(), f"{name} {inner} has no help"
