"""Publication that is cut short: killed, out of space, or with an unknown outcome. Readers keep a whole release."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.release_cases import FINGERPRINT, OTHER, cut
from transforms.io import release, release_build, release_files
from transforms.io.files import write_text

ROOT = Path(__file__).resolve().parents[2]


def _killed_at(step: str, home: Path) -> None:
    code = f"from pathlib import Path; from tests.unit.release_cases import cut, OTHER; cut(Path({str(home)!r}), OTHER, "
    code += "day='20260201', factor=2)"
    environment = {**os.environ, "ENTREPOT_FAILPOINT": step, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("step", ["release.before_files", "release.before_pointer"])
def test_killed_before_the_pointer_keeps_the_old_release(home: Path, step: str) -> None:
    old = cut(home)
    _killed_at(step, home)
    assert release.current_release(home) == old
    assert release.verify(home, old) == []
    new = cut(home, OTHER, day="20260201", factor=2)
    assert release.current_release(home) == new
    assert release.verify(home, new) == []
    assert not list((home / "releases").glob(".*.tmp"))


def test_killed_after_the_pointer_has_published(home: Path) -> None:
    cut(home)
    _killed_at("release.after_pointer", home)
    new = release.current_release(home)
    assert new == f"20260201-{OTHER[:8]}"
    assert release.verify(home, new) == []


def test_half_built_folder_of_a_dead_process_is_swept(home: Path) -> None:
    orphan = home / "releases" / f".20260131-{FINGERPRINT[:8]}.999999999.tmp"
    orphan.mkdir(parents=True)
    cut(home)
    assert not orphan.exists()


def test_full_disk_leaves_the_old_release_and_no_rest(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = cut(home)

    def full(candidate: Path, folder: Path, **_: object) -> None:
        (folder / "half").write_bytes(b"x")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(release_files, "write_files", full)
    with pytest.raises(release.ReleaseError, match=r"is full: release 20260131-\w+ was not cut, the old one stays"):
        cut(home, OTHER)
    assert release.current_release(home) == old
    assert release.verify(home, old) == []
    assert [p.name for p in (home / "releases").iterdir() if p.is_dir()] == [old]


def test_lost_answer_of_the_pointer_write_is_read_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(target: Path, text: str) -> None:
        write_text(target, text)
        raise OSError(errno.EIO, "the answer was lost")

    monkeypatch.setattr(release, "write_text", lost)
    release_id = cut(home)
    assert release.current_release(home) == release_id


def test_pointer_that_was_not_written_keeps_both_releases(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = cut(home)

    def refused(target: Path, text: str) -> None:
        raise OSError(errno.EACCES, "read-only")

    monkeypatch.setattr(release, "write_text", refused)
    with pytest.raises(release.ReleaseError, match=r"stands whole in .*the old release is still current"):
        cut(home, OTHER, factor=2)
    assert release.current_release(home) == old
    assert release.verify(home, f"20260131-{OTHER[:8]}") == []


def test_damaged_rest_of_the_same_id_is_moved_aside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = home / "releases" / f"20260131-{FINGERPRINT[:8]}"
    rest.mkdir(parents=True)
    (rest / "entrepot.duckdb").write_bytes(b"torn")
    release_id = cut(home)
    assert release.verify(home, release_id) == []
    aside = list((home / "releases").glob(".*.damaged.*"))
    assert [(p / "entrepot.duckdb").read_bytes() for p in aside] == [b"torn"]


def test_open_reader_blocks_no_publication(home: Path) -> None:
    import duckdb

    old = cut(home)
    with duckdb.connect(str(home / "releases" / old / "entrepot.duckdb"), read_only=True) as reader:
        new = cut(home, OTHER, day="20260201", factor=2)
        value = reader.execute("select sum(value_fob_usd) from marts.fct_bilateral_totals").fetchone()
        assert value is not None
        assert str(value[0]) == "449660322735.500"
    assert release.current_release(home) == new


def test_disk_full_is_told_from_other_errors() -> None:
    assert release_build._is_disk_full(OSError(errno.ENOSPC, "x"))
    assert release_build._is_disk_full(RuntimeError("IO Error: No space left on device"))
    assert not release_build._is_disk_full(ValueError("x"))
