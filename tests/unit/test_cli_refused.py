"""Bad files among good ones: the good ones are published, each refused one is named with its reason, a script notices."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.outcomes import StageError
from tests.unit.cli_runner import entrepot
from tests.unit.ingest_cases import CUT_HEADER, cut
from tests.unit.release_cases import cut as cut_release
from transforms.io import handed, snapshot
from transforms.io.archives import BadFileError
from transforms.io.handed import take_files
from transforms.io.snapshot import Declared
from transforms.io.snapshot_store import live_snapshots, refuse
from transforms.settings import Settings

Capture = pytest.CaptureFixture[str]
HTML = "<!DOCTYPE html><html>503</html>"
NO_LAYOUT = "no known layout has this header: 'colour,weight'. It shares no column with any of them."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, two bad ones (one below), a read-me, a PDF, a hidden file and a sidecar."""
    (below := tmp_path / "files" / "below").mkdir(parents=True)
    top = below.parent
    (top / "b.csv").write_text(CUT_HEADER + cut(), "utf-8")
    (below / "b.csv").write_text(CUT_HEADER + cut(value="7", year="2018"), "utf-8")
    (top / "a.csv").write_text(HTML, "utf-8")
    (below / "c.csv").write_text("colour,weight\nred,1\n", "utf-8")
    (top / "README.txt").write_text("Trade of two years.\n\nSee below.\n", "utf-8")
    (top / "paper.pdf").write_bytes(b"%PDF")
    (top / ".hidden.csv").write_text(HTML, "utf-8")
    (top / "b.csv.entrepot.json").write_text('{"licence": "mine"}', "utf-8")
    return top


def test_one_bad_file_stops_no_other(folder: Path, home: Path) -> None:
    found = take_files([folder], Settings(home=home))
    assert [(r.file, r.reason) for r in found.refusals] == [
        ("a.csv", "is an HTML page (an error or a login page?), not data; the download failed"),
        ("below/c.csv", NO_LAYOUT),
    ]
    assert [f.relative_to(folder).as_posix() for f, _ in found.taken] == ["b.csv", "below/b.csv"]
    assert found.passed_over == ("README.txt", "paper.pdf")
    assert {s.snapshot_id for s in found.snapshots} == {s.snapshot_id for s in live_snapshots(Settings(home=home))}
    assert len(found.snapshots) == 2


def test_nothing_is_written_where_it_is_only_asked(folder: Path, home: Path) -> None:
    assert len(take_files([folder], Settings(home=home), keep=False).refusals) == 2
    assert list(home.iterdir()) == []


def test_files_that_arent_there_or_cant_be_opened(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty := tmp_path / "empty").mkdir()
    (closed := tmp_path / "closed.csv").write_text(CUT_HEADER + cut(), "utf-8")

    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(handed, "take_snapshot", denied)
        (refusal,) = take_files([closed], Settings(home=home)).refusals
    assert (refusal.file, refusal.reason) == ("closed.csv", "can't be read: permission denied")
    found = take_files([empty, tmp_path / "absent.csv", closed], Settings(home=home))
    assert [r.file for r in found.refusals] == [str(empty), str(tmp_path / "absent.csv")]
    assert [r.reason[:20] for r in found.refusals] == ["holds no data file (", "no such file or fold"]
    assert [f.name for f, _ in found.taken] == ["closed.csv"]


def test_what_is_wrong_with_the_home_is_no_refusal(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path := tmp_path / "a.csv").write_text(CUT_HEADER + cut(), "utf-8")
    for error in (PermissionError(13, "Permission denied", str(home / "snapshots")), OSError(28, "No space left on device")):

        def fail(*_: object, error: OSError = error, **__: object) -> None:
            raise error

        with monkeypatch.context() as patch, pytest.raises(OSError, match=r"Permission denied|No space"):
            patch.setattr(handed, "take_snapshot", fail)
            take_files([path], Settings(home=home))


def test_an_option_that_fits_no_file_is_said_of_each(folder: Path, home: Path) -> None:
    found = take_files([folder / "b.csv", folder / "below" / "b.csv"], Settings(home=home), declared=Declared(coverage="half"))
    assert [(r.file, r.reason) for r in found.refusals] == [("b.csv", "coverage 'half' is neither complete nor partial")] * 2


# --- the command ----------------------------------------------------------------------------------


def published(*_: object, **__: object) -> SimpleNamespace:
    outcome = SimpleNamespace(stage="bilateral_flows", partition_key="year=2017", year=2017, status="built", checks=(), reason="")
    return SimpleNamespace(release_id="20260131-11111111", published=True, outcomes=(outcome,), seconds=1.0)


def refreshed_by(monkeypatch: pytest.MonkeyPatch, refresh: Callable[..., object]) -> None:
    module = SimpleNamespace(refresh=refresh)
    monkeypatch.setitem(sys.modules, "orchestration.jobs", module)
    monkeypatch.setattr("orchestration.jobs", module, raising=False)


def test_the_good_ones_are_published_and_a_script_notices(
    capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed_by(monkeypatch, published)
    done = entrepot(capsys, home, "run", str(folder))
    assert done.code == 1
    assert "release 20260131-11111111" in done.out
    assert "passed over, no data: README.txt, paper.pdf\n" in done.err
    assert "refused: 2 of 4 files, named at the end\n" in done.err
    assert done.err.endswith(
        "2 files were not taken in:\n"
        "  a.csv: is an HTML page (an error or a login page?), not data; the download failed\n"
        f"  below/c.csv: {NO_LAYOUT}\n"
    )
    assert len(live_snapshots(Settings(home=home))) == 2


def test_quiet_and_json_say_it_too(capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed_by(monkeypatch, published)
    done = entrepot(capsys, home, "run", "--quiet", "--json", str(folder))
    assert done.code == 1
    assert [r["file"] for r in json.loads(done.out)["files_refused"]] == ["a.csv", "below/c.csv"]
    assert done.err.startswith("2 files were not taken in:\n")


def test_without_a_refusal_all_is_well(capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed_by(monkeypatch, published)
    done = entrepot(capsys, home, "run", "--json", str(folder / "b.csv"))
    assert (done.code, json.loads(done.out)["files_refused"]) == (0, [])


def never(*_: object, **__: object) -> None:
    raise AssertionError("nothing is to be built")


def test_where_none_is_good_nothing_is_begun(capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed_by(monkeypatch, never)
    cut_release(home)
    done = entrepot(capsys, home, "run", str(folder / "a.csv"), str(folder / "below" / "c.csv"))
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("entrepot: none of the 2 files handed over could be taken in; nothing was changed\n")
    assert f"  c.csv: {NO_LAYOUT}\n" in done.err
    assert not (home / "snapshots").exists()


def test_a_single_bad_file_is_explained_at_length(capsys: Capture, folder: Path, home: Path) -> None:
    done = entrepot(capsys, home, "run", str(folder / "below" / "c.csv"))
    assert done.code == 1
    assert done.err.startswith(f"entrepot: c.csv: {NO_LAYOUT} Layouts known: comtrade_legacy (")


def unreadable(settings: Settings, name: str, text: str) -> StageError:
    """What a run does with a file that breaks while it is parsed: moved aside, and an error that names it."""
    (bad,) = (s for s in live_snapshots(settings) if s.file_name == name)
    refuse(settings.home, bad.snapshot_id)
    return StageError(f"these files could not be read: {name} ({name}): {text}", [BadFileError(text)])


def test_a_file_that_breaks_while_it_is_parsed_stops_no_other(
    capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "services.csv").write_text(CUT_HEADER + cut(value="9"), "utf-8")
    runs: list[str] = []

    def refresh(settings: Settings, *, run_id: str, **_: object) -> object:
        runs.append(run_id)
        if len(runs) == 1:
            raise unreadable(settings, "services.csv", "typeCode S is trade in services; Entrepôt takes goods only")
        return published()

    refreshed_by(monkeypatch, refresh)
    done = entrepot(capsys, home, "run", str(folder / "b.csv"), str(folder / "services.csv"))
    assert (done.code, len(set(runs))) == (1, 2)
    assert "release 20260131-11111111" in done.out
    assert "set aside, can't be read: services.csv; the run goes on without\n" in done.err
    assert done.err.endswith("1 file was not taken in:\n  services.csv: typeCode S is trade in services; Entrepôt takes goods only\n")
    assert [s.file_name for s in live_snapshots(Settings(home=home))] == ["b.csv"]


def test_where_the_only_file_breaks_the_run_failed(capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refresh(settings: Settings, **_: object) -> object:
        raise unreadable(settings, "b.csv", "line 2: the quote is never closed")

    refreshed_by(monkeypatch, refresh)
    done = entrepot(capsys, home, "run", str(folder / "b.csv"))
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("entrepot: these files could not be read: b.csv (b.csv): line 2: the quote is never closed\n")


def test_a_run_that_fails_for_another_reason_is_not_tried_again(
    capsys: Capture, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []

    def refresh(*_: object, **__: object) -> object:
        runs.append(1)
        raise StageError("bilateral_flows year=2017: MemoryError: planted", [MemoryError("planted")])

    refreshed_by(monkeypatch, refresh)
    done = entrepot(capsys, home, "run", str(folder / "b.csv"))
    assert (done.code, len(runs)) == (1, 1)
    assert "MemoryError: planted" in done.err


def test_a_plan_names_what_would_be_refused(capsys: Capture, folder: Path, home: Path) -> None:
    done = entrepot(capsys, home, "run", "--plan", str(folder))
    assert done.code == 1
    assert done.out.startswith("new file: b.csv (comtrade_legacy_cut)\nnew file: b.csv (comtrade_legacy_cut)\n")
    assert "year=2017" in done.out and "year=2018" in done.out
    assert done.err.startswith("2 files were not taken in:\n  a.csv: is an HTML page")
    assert list(home.iterdir()) == []
    asked = entrepot(capsys, home, "run", "--plan", "--json", str(folder))
    assert [r["file"] for r in json.loads(asked.out)["files_refused"]] == ["a.csv", "below/c.csv"]


def test_a_strict_reader_still_stops_at_the_first(folder: Path, home: Path) -> None:
    with pytest.raises(BadFileError, match=r"a\.csv: is an HTML page"):
        snapshot.take_snapshot(folder, Settings(home=home))
