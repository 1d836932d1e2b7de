"""The first day: the synthetic world's files, the demo's refusals, the answers at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.cli import first
from orchestration.cli import run as run_command
from tests.unit.cli_runner import entrepot
from tests.unit.release_cases import FINGERPRINT, OTHER, cut
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings

Capture = pytest.CaptureFixture[str]


def _small_world(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from transforms.synthetic import world

    make, calls = world.make_world, []

    def small(seed: int) -> world.World:
        calls.append(seed)
        return make(seed, areas=20, products=40, years=[2022])

    monkeypatch.setattr(world, "make_world", small)
    return calls


def test_the_world_is_written_once_and_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _small_world(monkeypatch)
    folder = first.demo_files(Settings(home=home), 7)
    assert list((folder / "comtrade").glob("*.gz")) and list((folder / "baci").glob("*.csv"))
    assert first.demo_files(Settings(home=home), 7) == folder
    assert calls == [7]
    assert [p.name for p in folder.parent.iterdir()] == ["seed-7"]


def test_the_demo_hands_its_files_to_the_run_and_answers(capsys: Capture, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _small_world(monkeypatch)
    handed: list[Path] = []

    def bring_up(settings: Settings, paths: list[Path], declared: object, **_: object) -> dict[str, object]:
        handed.extend(paths)
        return {"published": False, "release_id": cut(home), "seconds": 1.0}

    monkeypatch.setattr(run_command, "bring_up", bring_up)
    done = entrepot(capsys, home, "demo", "--quiet")
    assert done.code == 0, done.err
    assert [p.name for p in handed] == ["comtrade", "baci"]
    assert all(p.is_dir() for p in handed)
    assert "Bilateral balance of China  [SYNTHETIC]" in done.out
    assert "2010  CHN China  USA USA               283.78                91.88               191.90" in done.out
    assert "3 exporters, a world needs 30" in done.out
    assert "SYNTHETIC: a made-up world" in done.out
    assert f"releases/20260131-{FINGERPRINT[:8]}/site/index.html" in done.out


def test_the_demo_mixes_with_no_real_file(capsys: Capture, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "BACI_HS17_Y2020_V202201.csv"
    path.write_bytes(b"t,i,j,k,v,q\r\n2020,4,36,081110,1.234,          NA\r\n")
    take_snapshot(path, Settings(home=home))
    done = entrepot(capsys, home, "demo")
    assert done.code == 2
    assert "holds real files (BACI_HS17_Y2020_V202201.csv" in done.err
    assert not (home / "build" / "demo").exists()


def test_synth_writes_exactly_so_many_rows(capsys: Capture, home: Path) -> None:
    out = home / "made"
    done = entrepot(capsys, home, "synth", "--rows", "500", "--layout", "baci", "--out", str(out), "--seed", "3")
    assert done.code == 0, done.err
    assert "SYNTHETIC: 500 rows" in done.out
    lines = sum(len(p.read_bytes().splitlines()) - 1 for p in out.glob("BACI_*.csv"))
    assert lines == 500


def test_contracts_check_says_nothing_differs(capsys: Capture, home: Path) -> None:
    done = entrepot(capsys, home, "contracts", "render", "--check")
    assert (done.code, done.out) == (0, ""), done.out


def test_sources_status_and_lists_of_an_empty_home(capsys: Capture, home: Path) -> None:
    assert "`entrepot run PATH` takes some" in entrepot(capsys, home, "sources").out
    assert "release  none yet" in entrepot(capsys, home, "status").out
    assert "no line is in quarantine" in entrepot(capsys, home, "quarantine", "list").out
    assert "no check has run yet" in entrepot(capsys, home, "quality", "report").out


def test_status_says_what_holds_and_what_is_older(capsys: Capture, home: Path) -> None:
    one, _ = cut(home), cut(home, OTHER, day="20260201")
    entrepot(capsys, home, "releases", "rollback", one, "--reason", "a wrong file")
    done = entrepot(capsys, home, "status")
    assert f"release  {one}" in done.out
    assert "a wrong file" in done.out
    assert "`entrepot run` cuts a new one" in done.out


def test_sources_lists_what_was_handed_over(capsys: Capture, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "BACI_HS17_Y2020_V202201.csv"
    path.write_bytes(b"t,i,j,k,v,q\r\n2020,4,36,081110,1.234,          NA\r\n")
    take_snapshot(path, Settings(home=home))
    done = entrepot(capsys, home, "sources")
    assert "V202201" in done.out and "not read yet" in done.out and path.name in done.out
