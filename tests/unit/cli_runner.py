"""Running the command line inside the test's process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.cli.app import app
from orchestration.cli.errors import explained


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def entrepot(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> Done:
    """Run a command on ``home`` as ``entrepot`` would; its exit code and both outputs."""
    capsys.readouterr()
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENTREPOT_HOME", str(home))
        patch.delenv("ENTREPOT_DEBUG", raising=False)
        try:
            with explained():
                app(list(arguments), prog_name="entrepot")
        except SystemExit as end:
            code = int(end.code or 0)
    found = capsys.readouterr()
    return Done(code, found.out, found.err)
