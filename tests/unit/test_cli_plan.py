"""run --plan: what would be rebuilt, known from the files' own years, with nothing kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from orchestration.cli.preview import plan_with
from tests.unit.cli_runner import entrepot
from transforms.io.handed import take_files
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings

BACI = "t,i,j,k,v,q\r\n2019,4,36,081110,1.234,          NA\r\n2020,4,36,081110,2.5,0.125\r\n"
NAME = "BACI_HS17_V202201.csv"


def _file(folder: Path, name: str = NAME, text: str = BACI) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_plan_names_years_and_keeps_nothing(home: Path, tmp_path: Path) -> None:
    plan, fresh = plan_with(Settings(home=home), take_files([_file(tmp_path / "in")], Settings(home=home), keep=False))
    assert [s.file_name for s in fresh] == [NAME]
    assert plan.years == (2019, 2020)
    assert {(i.stage, i.partition_key) for i in plan.items} >= {
        ("reported_flows/baci", "source=baci/year=2019"),
        ("bilateral_flows", "year=2020"),
        ("aggregates", "year=2019"),
    }
    assert plan.needed_bytes >= 3 * len(BACI)
    assert list(home.iterdir()) == []


def test_plan_of_a_folder_and_of_gzip(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    _file(folder)
    (folder / "BACI_HS17_Y2021_V202201.csv.gz").write_bytes(gzip.compress(BACI.replace("2019", "2021").replace("2020", "2021").encode()))
    plan, fresh = plan_with(Settings(home=home), take_files([folder], Settings(home=home), keep=False))
    assert len(fresh) == 2
    assert plan.years == (2019, 2020, 2021)


def test_a_plan_reads_rows_as_ingest_does(home: Path, tmp_path: Path) -> None:
    text = BACI + '"2018",4,36,081110,1,1\r\n2017\r\n20x6,4,36,081110,1,1\r\n1800,4,36,081110,1,1\r\n'
    plan, _ = plan_with(Settings(home=home), take_files([_file(tmp_path / "in", text=text)], Settings(home=home), keep=False))
    assert plan.years == (2018, 2019, 2020)


def test_a_known_file_is_not_new(home: Path, tmp_path: Path) -> None:
    path, settings = _file(tmp_path / "in"), Settings(home=home)
    take_snapshot(path, settings)
    _, fresh = plan_with(settings, take_files([path], settings, keep=False))
    assert fresh == []


def test_a_plan_of_a_folder_with_a_copy_of_a_known_file_and_two_of_one_name(home: Path, tmp_path: Path) -> None:
    settings = Settings(home=home)
    take_snapshot(_file(tmp_path / "in"), settings)
    _file(tmp_path / "in" / "again", name="copy of it.csv")
    _file(tmp_path / "in" / "other", text=BACI.replace("2019", "2015").replace("2020", "2015"))
    plan, fresh = plan_with(settings, take_files([tmp_path / "in"], settings, keep=False))
    assert (len(fresh), plan.years) == (1, (2015, 2019, 2020))


def test_the_command_prints_the_plan(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    path = _file(tmp_path / "in")
    done = entrepot(capsys, home, "run", "--plan", str(path))
    assert done.code == 0, done.err
    assert f"new file: {NAME} (baci, H5, V202201)" in done.out
    assert "source=baci/year=2020" in done.out
    assert "space needed: about" in done.out
    found = json.loads(entrepot(capsys, home, "run", "--plan", "--json", str(path)).out)
    assert found["years"] == [2019, 2020]
    assert list(home.iterdir()) == []


def test_an_unnamed_baci_file_asks_for_its_edition(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    path = _file(tmp_path / "in", "data.csv")
    done = entrepot(capsys, home, "run", "--plan", str(path))
    assert done.code == 1
    assert "--edition HS17 --release V202201" in done.err
    assert entrepot(capsys, home, "run", "--plan", str(path), "--edition", "HS17", "--release", "V202201").code == 0


def test_years_of_a_real_file(home: Path, shared_data: Path) -> None:
    plan, _ = plan_with(
        Settings(home=home), take_files([shared_data / "comtrade_legacy" / "comtrade2.csv"], Settings(home=home), keep=False)
    )
    assert 2012 in plan.years
    assert not {2017, 2020} & set(plan.years)
