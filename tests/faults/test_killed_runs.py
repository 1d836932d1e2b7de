"""A run killed at any step: the old release is served, and the next run ends where an undisturbed one would have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
HEADER = (
    "Classification,Year,Trade Flow Code,Trade Flow,Reporter Code,Reporter,Partner Code,Partner,"
    "Commodity Code,Commodity,Trade Value (US$),Flag"
)
#: Each chain is killed at one step, then the next run at another, then let through.
CHAINS = (
    ("snapshot.before_manifest", "lake.before_commit"),
    ("lake.before_rename", "lake.after_commit"),
    ("state.before_record", "marts.after_build"),
    ("release.before_files", "release.before_pointer"),
    ("release.after_pointer",),
)


def entrepot(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=home.parent,
        env={**os.environ, "ENTREPOT_HOME": str(home), "PYTHONPATH": str(ROOT), "ENTREPOT_WORKERS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def legacy(path: Path, usd: int) -> Path:
    rows = [f"H5,{y},2,Export,842,USA,156,China,87,Vehicles,{usd + y},0" for y in (2019, 2020)]
    path.write_text("\n".join([HEADER, *rows, ""]), "utf-8")
    return path


def current(home: Path) -> str:
    return (home / "releases" / "current").read_text("utf-8").strip()


def exports(home: Path) -> list[tuple[str, int]]:
    with duckdb.connect(str(home / "releases" / current(home) / "entrepot.duckdb"), read_only=True) as con:
        return con.sql("select period, cast(value_fob_usd as bigint) from marts.fct_bilateral_totals order by period").fetchall()


def fingerprint(home: Path) -> str:
    manifest = json.loads((home / "releases" / current(home) / "manifest.json").read_text("utf-8"))
    return str(manifest["content"]["fingerprint"])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("files")
    return legacy(folder / "first.csv", 100_000), legacy(folder / "second.csv", 200_000)


@pytest.fixture(scope="module")
def base(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one release, of the first file."""
    home = tmp_path_factory.mktemp("base") / "home"
    done = entrepot(home, "run", str(files[0]))
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def undisturbed(base: Path, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Fingerprint of the release that the second file gives when nothing goes wrong."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    shutil.copytree(base, home)
    assert entrepot(home, "run", str(files[1])).returncode == 0
    assert exports(home) == [("2019", 202_019), ("2020", 202_020)]
    return fingerprint(home)


@pytest.mark.parametrize("chain", CHAINS, ids="+".join)
def test_runs_killed_at(chain: tuple[str, ...], base: Path, files: tuple[Path, Path], undisturbed: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(base, home)
    old = current(home)
    for step in chain:
        killed = entrepot(home, "run", str(files[1]), ENTREPOT_FAILPOINT=step)
        assert killed.returncode != 0, f"{step} wasn't reached"
        if step != "release.after_pointer":
            assert current(home) == old
            assert exports(home) == [("2019", 102_019), ("2020", 102_020)]
        verified = entrepot(home, "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    again = entrepot(home, "run", str(files[1]))
    assert again.returncode == 0, again.stderr
    assert exports(home) == [("2019", 202_019), ("2020", 202_020)]
    assert fingerprint(home) == undisturbed
