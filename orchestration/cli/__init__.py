"""The command line. Importing it imports nothing heavy; each command imports what it needs."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; ends the process with its exit code (0 done, 1 failed, 2 usage, 3 refused by a gate)."""
    from orchestration.cli.app import app
    from orchestration.cli.errors import explained

    with explained():
        app(prog_name="entrepot")
