"""The command line: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

# imported before a test puts anything in the place of what they import: it would stay in them
import transforms.io.handed
import transforms.io.snapshot  # noqa: F401
from orchestration.cli import run as run_command
from orchestration.cli.configuration import configuration_text
from orchestration.cli.errors import exit_code, paragraph
from orchestration.cli.output import size_text, table_text
from tests.unit.cli_runner import entrepot
from tests.unit.release_cases import FINGERPRINT, OTHER, cut
from transforms.contracts.records import CheckResult
from transforms.io import release
from transforms.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


def _python(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ENTREPOT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, cwd=home)


def test_help_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys\nsys.argv = ['entrepot', '--help']\nfrom orchestration.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'distributed', 'dask', 'duckdb', 'pyarrow', 'numpy', 'pandas', 'deltalake'}\n"
        "sys.stderr.write(','.join(sorted(heavy & set(sys.modules))))"
    )
    done = _python(code, home)
    assert "Usage: entrepot" in done.stdout
    assert done.stderr == ""


def test_module_runs(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "orchestration.cli", "--version"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, cwd=home)
    assert done.stdout.startswith("entrepot ")
    assert done.returncode == 0


def test_usage_ends_with_2(capsys: Capture, home: Path) -> None:
    assert entrepot(capsys, home, "nonsense").code == 2
    assert entrepot(capsys, home, "releases", "show", "--nonsense").code == 2
    done = entrepot(capsys, home, "query", "select 1")
    assert (done.code, done.out) == (1, "")
    assert "`entrepot demo` or `entrepot run PATH` makes the first" in done.err
    assert "Traceback" not in done.err


def test_init_writes_every_setting_with_its_default(capsys: Capture, home: Path) -> None:
    assert entrepot(capsys, home, "init").code == 0
    loaded = load_settings(home, {})
    assert replace(loaded, config_path=None) == Settings(home=home)
    text = (home / "entrepot.toml").read_text()
    for name in ("cif_factor", "on_failed_partition", "scheduler", "landing", "maximum_unpack_ratio", "home_area"):
        assert f"{name} = " in text
    (home / "entrepot.toml").write_text("home_area = '842'\n")
    assert "left as it is" in entrepot(capsys, home, "init").out
    assert load_settings(home, {}).home_area == "842"
    assert (home / "landing").is_dir()
    assert configuration_text().count("\n# ") > 12


def test_a_wrong_setting_ends_with_2(capsys: Capture, home: Path) -> None:
    (home / "entrepot.toml").write_text("[reconcile]\ncif_faktor = 1.03\n")
    done = entrepot(capsys, home, "releases", "list")
    assert done.code == 2
    assert "has no setting 'cif_faktor'" in done.err


def test_query_prints_tables_csv_and_json(capsys: Capture, home: Path) -> None:
    cut(home)
    sql = "select exporter_code, value_fob_usd, net_weight_kg from fct_bilateral_totals order by 1"
    done = entrepot(capsys, home, "query", sql)
    assert "283780322735.000" in done.out
    assert "SYNTHETIC" in done.err
    rows = list(csv.reader(io.StringIO(entrepot(capsys, home, "query", sql, "--format", "csv").out)))
    assert rows[:2] == [["exporter_code", "value_fob_usd", "net_weight_kg"], ["156", "283780322735.000", ""]]
    objects = json.loads(entrepot(capsys, home, "query", sql, "--format", "json").out)
    assert objects[0] == {"exporter_code": "156", "value_fob_usd": "283780322735.000", "net_weight_kg": None}


def test_query_reads_an_older_release(capsys: Capture, home: Path) -> None:
    one, _ = cut(home), cut(home, OTHER, day="20260201", factor=2)
    sql = "select sum(value_fob_usd) as usd from marts.fct_bilateral_totals"
    assert "449660322735.500" in entrepot(capsys, home, "query", sql, "--release", one).out
    assert "899320645471.000" in entrepot(capsys, home, "query", sql).out


def test_query_sees_what_stands_beside(capsys: Capture, home: Path) -> None:
    cut(home, maximum_rows_in_duckdb=2)
    done = entrepot(capsys, home, "query", "select exporter_name, value_fob_usd from bilateral_flows where exporter_code = '156'")
    assert "China" in done.out
    assert "283780322735.000" in done.out


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "select * from read_csv('{home}/secret.csv')",
        "copy (select 1) to '{home}/out.csv'",
        "insert into fct_bilateral_totals select * from fct_bilateral_totals",
        "create table x as select 1",
        "drop view marts.dim_area",
        "attach '{home}/x.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
        "select 1; select 2",
        "explain analyze copy (select 1) to '{home}/out.csv'",
        "select nonsense",
        "",
    ],
)
def test_query_reads_the_release_and_nothing_else(capsys: Capture, home: Path, sql: str) -> None:
    cut(home)
    (home / "secret.csv").write_text("a\n1\n")
    done = entrepot(capsys, home, "query", sql.replace("{home}", str(home)))
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("entrepot: ")
    assert not (home / "out.csv").exists()
    assert release.verify(home, release.current_folder(home).name) == []


def test_releases_commands(capsys: Capture, home: Path) -> None:
    assert "no release yet" in entrepot(capsys, home, "releases", "list").out
    one, two = cut(home), cut(home, OTHER, day="20260201", factor=2)
    assert [r["release_id"] for r in json.loads(entrepot(capsys, home, "releases", "list", "--json").out)] == [one, two]
    assert "fct_bilateral_totals" in entrepot(capsys, home, "releases", "show").out
    differing = entrepot(capsys, home, "releases", "diff", one)
    assert "449660322735.500" in differing.out and "899320645471.000" in differing.out
    rolled = entrepot(capsys, home, "releases", "rollback", one, "--reason", "wrong file")
    assert rolled.code == 0 and "the schedule is held" in rolled.out
    listed = entrepot(capsys, home, "releases", "list").out
    assert "wrong file" in listed
    assert "no longer held" in entrepot(capsys, home, "releases", "resume").out
    assert "was not held" in entrepot(capsys, home, "releases", "resume").out
    assert f"{two} is pinned" in entrepot(capsys, home, "releases", "pin", two).out
    assert f"{two} is no longer pinned" in entrepot(capsys, home, "releases", "pin", two, "--remove").out
    missing = entrepot(capsys, home, "releases", "rollback", "20200101-00000000")
    assert missing.code == 1 and one in missing.err


def test_verify_ends_with_1_where_something_differs(capsys: Capture, home: Path) -> None:
    release_id = cut(home)
    assert entrepot(capsys, home, "verify").out == f"{release_id}: whole\n"
    (home / "releases" / release_id / "dictionary.html").unlink()
    done = entrepot(capsys, home, "verify", "--all")
    assert done.code == 1
    assert "dictionary.html: missing" in done.out


def test_rollback_waits_for_no_lock(capsys: Capture, home: Path) -> None:
    from transforms.io.lock import publishing_lock

    one = cut(home)
    with publishing_lock(home):
        done = entrepot(capsys, home, "releases", "rollback", one)
    assert done.code == 1
    assert f'"pid": {os.getpid()}' in done.err


def test_doctor_finds_what_is_bad(capsys: Capture, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = entrepot(capsys, home, "doctor", "--json")
    assert good.code == 0, good.out
    assert {f["what"] for f in json.loads(good.out)} >= {"versions", "free disk", "home can be written", "telemetry", "loopback"}
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "true")
    (home / "releases").mkdir()
    (home / "releases" / "current").write_text("20260131-00000000\n")
    bad = entrepot(capsys, home, "doctor")
    assert bad.code == 1
    assert "telemetry: unset GX_ANALYTICS_ENABLED" in bad.err
    assert "entrepot releases rollback ID" in bad.err


def test_changed_settings_ask_for_redefine(capsys: Capture, home: Path) -> None:
    cut(home)
    (home / "entrepot.toml").write_text("[reconcile]\nmethod = 'prefer_importer'\n")
    done = entrepot(capsys, home, "run")
    assert done.code == 2
    assert "method was baci, is prefer_importer" in done.err
    assert "--redefine" in done.err


def test_status_and_plan_say_which_setting_was_what(capsys: Capture, home: Path) -> None:
    """What `entrepot run` would refuse is said by both that change nothing, once, with the option that it takes."""
    release_id = cut(home)
    for command in (("status",), ("run", "--plan")):
        assert "--redefine" not in entrepot(capsys, home, *command).out
        assert json.loads(entrepot(capsys, home, *command, "--json").out)["settings_changed"] is None
    (home / "entrepot.toml").write_text("[reconcile]\nmethod = 'mean'\n")
    said = f"settings that change results differ from release {release_id}: method was baci, is mean; say --redefine if that is meant"
    for command in (("status",), ("run", "--plan")):
        done = entrepot(capsys, home, *command)
        assert (done.code, done.out.splitlines()[-1], done.out.count("method was")) == (0, said, 1)
        assert json.loads(entrepot(capsys, home, *command, "--json").out)["settings_changed"] == said
    assert "`entrepot run --redefine` cuts a new one" in entrepot(capsys, home, "status").out
    (home / "releases" / release_id / "manifest.json").write_text("{")
    assert json.loads(entrepot(capsys, home, "status", "--json").out)["settings_changed"] is None


def test_a_full_disk_stops_before_anything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100 * 2**20))
    run_command.check_space(Settings(home=home / "later"), 0)
    with pytest.raises(run_command.NoSpaceError, match=r"has 100\.0 MiB free, this run needs about 164\.0 MiB"):
        run_command.check_space(Settings(home=home / "later"), 100 * 2**20)


class GateRefused(RuntimeError):
    def __init__(self, message: str, results: tuple[CheckResult, ...] = ()) -> None:
        super().__init__(message)
        self.results = results


GateRefused.__module__ = "orchestration.engine"


def test_a_gate_ends_with_3_however_it_is_wrapped() -> None:
    check = CheckResult("bilateral_flows", "year=2020", "minimum_rows", False, observed="0", expected="at least 1")
    refused = GateRefused("the gate of bilateral_flows refused year=2020", (check,))
    wrapped = RuntimeError("step failed")
    wrapped.__cause__ = refused
    assert exit_code(wrapped) == 3
    text = paragraph(wrapped)
    assert text.startswith("entrepot: the gate of bilateral_flows refused year=2020")
    assert "bilateral_flows year=2020 minimum_rows  found 0, expected at least 1" in text


def test_an_unforeseen_error_names_its_kind() -> None:
    assert exit_code(KeyError("x")) == 1
    assert paragraph(KeyError("x")) == "entrepot: KeyError: 'x' (ENTREPOT_DEBUG=1 shows where)"
    assert exit_code(release.ContractRefused("x", [])) == 3


def test_tables_align_and_numbers_stand_right() -> None:
    text = table_text(("area", "usd"), [("156", "1,200.50"), ("x", None), ("842", "-3")])
    assert text.splitlines() == ["area       usd", "----  --------", "156   1,200.50", "x", "842         -3"]


def test_sizes_for_readers() -> None:
    assert [size_text(n) for n in (12, 2048, 3 * 2**30, 5 * 2**40)] == ["12 B", "2.0 KiB", "3.0 GiB", "5.0 TiB"]


@dataclass(frozen=True)
class _Plan:
    items: tuple[object, ...] = ()
    years: tuple[int, ...] = ()
    needed_bytes: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.items


def test_nothing_new_starts_nothing(capsys: Capture, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration import fingerprint, plan
    from transforms.io import snapshot_store

    release_id = cut(home)
    monkeypatch.setattr(plan, "make_plan", lambda settings: _Plan())
    monkeypatch.setattr(fingerprint, "current_fingerprint", lambda settings: FINGERPRINT)
    monkeypatch.setattr(snapshot_store, "live_snapshots", lambda home: [object()])
    monkeypatch.setitem(sys.modules, "orchestration.jobs", None)
    done = entrepot(capsys, home, "run", "--quiet")
    assert done.code == 0, done.err
    assert done.out.startswith(f"nothing new: release {release_id} is current")
    assert json.loads(entrepot(capsys, home, "run", "--json").out)["status"] == "nothing new"


def test_a_run_hands_its_plan_to_the_job_and_sums_up(capsys: Capture, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration import plan
    from transforms.io import snapshot_store

    asked: dict[str, object] = {}

    def refresh(settings: Settings, *, plan: _Plan, run_id: str, log: object) -> object:
        asked["plan"] = plan
        outcome = SimpleNamespace(stage="bilateral_flows", partition_key="year=2020", year=2020, status="built", checks=(), reason="")
        return SimpleNamespace(release_id="20260131-11111111", published=True, outcomes=(outcome,), seconds=1.0)

    cut(home)
    monkeypatch.setattr(plan, "make_plan", lambda settings: _Plan((SimpleNamespace(stage="bilateral_flows"),), (2020,)))
    monkeypatch.setattr(snapshot_store, "live_snapshots", lambda home: [object()])
    monkeypatch.setitem(sys.modules, "orchestration.jobs", SimpleNamespace(refresh=refresh))
    monkeypatch.setattr("orchestration.jobs", sys.modules["orchestration.jobs"], raising=False)
    done = entrepot(capsys, home, "run")
    assert done.code == 0, done.err
    assert "to rebuild: years 2020" in done.err
    assert "years built: 2020" in done.out
    assert "releases/20260131-11111111/entrepot.duckdb" in done.out
    assert asked["plan"] == _Plan((SimpleNamespace(stage="bilateral_flows"),), (2020,))


def test_an_empty_home_says_what_to_do(capsys: Capture, home: Path) -> None:
    done = entrepot(capsys, home, "run")
    assert done.code == 2
    assert "entrepot demo" in done.err


def test_a_missing_file_is_named(capsys: Capture, home: Path) -> None:
    done = entrepot(capsys, home, "run", str(home / "absent.csv"))
    assert done.code == 1
    assert "absent.csv: no such file or folder" in done.err


def test_a_made_up_world_and_real_files_dont_share_a_home(capsys: Capture, home: Path, tmp_path: Path) -> None:
    from transforms.io.snapshot import take_snapshot
    from transforms.io.snapshot_store import live_snapshots
    from transforms.settings import load_settings

    def write(name: str, usd: int, *, synthetic: bool) -> Path:
        path = tmp_path / name
        header = "Classification,Year,Trade Flow Code,Trade Flow,Reporter Code,Reporter,Partner Code,Partner,Commodity Code,Commodity"
        path.write_text(f"{header},Trade Value (US$),Flag\nH5,2020,2,Export,842,USA,156,China,87,Vehicles,{usd},0\n", "utf-8")
        path.with_name(f"{name}.entrepot.json").write_text(json.dumps({"is_synthetic": synthetic}), "utf-8")
        return path

    (first,) = take_snapshot(write("made_up.csv", 1, synthetic=True), load_settings(home))
    done = entrepot(capsys, home, "run", str(write("real.csv", 2, synthetic=False)))
    assert done.code == 2
    assert "must not mix" in done.err
    assert [s.snapshot_id for s in live_snapshots(Settings(home=home))] == [first.snapshot_id], "the real file isn't kept"


def test_columns_of_one_name_are_refused(capsys: Capture, home: Path) -> None:
    cut(home)
    done = entrepot(capsys, home, "query", "select 1 as v, 2 as v", "--format", "json")
    assert done.code == 2
    assert "two columns are called 'v'" in done.err
