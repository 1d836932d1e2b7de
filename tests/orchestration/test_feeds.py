"""Feeds in Dagster: one asset each, a schedule that asks those that are due, trouble that stays a feed's own; and the whole way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import dev
from orchestration.definitions import build_defs, whole_assets
from orchestration.defs import feeds, triggers
from tests.unit import comtrade_server as un
from tests.unit.cli_runner import entrepot
from tests.unit.misbehaving import Answer, Asked, Misbehaving, refusal
from transforms.contracts.feed import Feed
from transforms.feeds.state import read_state
from transforms.io.release_hold import hold, resume
from transforms.settings import Settings, load_settings

Capture = pytest.CaptureFixture[str]
KEY = "SENTINEL-KEY-7c1e55aa90"
#: thousands of USD; Afghanistan (4), China (156), USA (842)
ROWS = "t,i,j,k,v,q\n{year},4,156,080212,100.000,20\n{year},4,842,080212,{value},NA\n{year},156,842,870380,900.000,30\n"
NAMES = {year: f"BACI_HS17_Y{year}_V202401.csv" for year in ("2020", "2021")}


def rows(year: str, value: str = "50.500") -> bytes:
    return ROWS.format(year=year, value=value).encode()


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        for year, name in NAMES.items():
            running.script(f"/{name}", Answer(body=rows(year), headers={"ETag": f'"{year}"'}))
        yield running


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """With storage on disk: a schedule's context takes no other."""
    folder = tmp_path / "instance"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as found:
        yield found


def feed_of(server: Misbehaving, name: str = "baci", path: str = "/BACI_HS17_Y{year}_V202401.csv", **changed: object) -> Feed:
    said: dict[str, object] = {"periods": ("2020", "2021"), "cadence": "weekly", "hosts": ("127.0.0.1",), "allow_loopback": True, **changed}
    return Feed(name, "baci", server.url(path), **said)  # type: ignore[arg-type]


def fetch(settings: Settings, manifest: Path, instance: dg.DagsterInstance, *names: str) -> dg.ExecuteInProcessResult:
    definitions = build_defs(settings=settings, manifest=manifest)
    return definitions.resolve_job_def("fetch").execute_in_process(
        instance=instance, asset_selection=[feeds.feed_key(n) for n in names] or None
    )


def said_of(result: dg.ExecuteInProcessResult, name: str) -> dict[str, object]:
    (found,) = result.asset_materializations_for_node(f"feed__{name}")
    return {key: value.value for key, value in found.metadata.items()}


def checks_of(result: dg.ExecuteInProcessResult, name: str) -> dict[str, tuple[bool, str]]:
    key = feeds.feed_key(name)
    return {c.check_name: (c.passed, c.severity.value) for c in result.get_asset_check_evaluations() if c.asset_key == key}


def errors_of(result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance) -> list[str]:
    return [e.user_message for e in instance.all_logs(result.run_id) if e.level == 40]


def test_each_feed_is_an_asset_that_no_refresh_asks(server: Misbehaving, home: Path, manifest: Path) -> None:
    settings = Settings(home, feeds=(feed_of(server), feed_of(server, "late", cadence="manual")))
    definitions = build_defs(settings=settings, manifest=manifest)
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    keys = {dg.AssetKey(["feeds", "baci"]), dg.AssetKey(["feeds", "late"])}
    assert {k for k in graph.materializable_asset_keys if graph.get(k).group_name == "feeds"} == keys
    assert set(definitions.resolve_job_def("fetch").asset_layer.selected_asset_keys) == keys
    refreshed = set(definitions.resolve_job_def("refresh").asset_layer.selected_asset_keys)
    assert refreshed == set(graph.materializable_asset_keys) - keys
    assert keys.isdisjoint(whole_assets(definitions))
    assert graph.get(dg.AssetKey("snapshots")).parent_keys == keys
    assert {k.name for k in graph.asset_check_keys if k.asset_key in keys} == {"answers", "on_time"}
    assert all(graph.get(k).owners == ["team:entrepot"] for k in keys)
    assert definitions.resolve_job_def("fetch").required_resource_keys <= {"io_manager"}, "no lock, no Dask"


def test_without_feeds_there_is_no_schedule_for_them(home: Path, manifest: Path) -> None:
    definitions = build_defs(settings=Settings(home), manifest=manifest)
    assert {s.name for s in definitions.schedules or ()} == {"nightly"}
    with_feed = Settings(home, feeds=(Feed("x", "baci", "https://x.example/a.csv"),))
    assert {s.name for s in build_defs(settings=with_feed, manifest=manifest).schedules or ()} == {"nightly", "feeds"}


def tick(settings: Settings, at: datetime, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    found = triggers.feeds_schedule(settings)(dg.build_schedule_context(instance=instance, scheduled_execution_time=at))
    assert isinstance(found, dg.RunRequest | dg.SkipReason)
    return found


def test_every_hour_those_that_are_due_are_asked(server: Misbehaving, home: Path, manifest: Path, instance: dg.DagsterInstance) -> None:
    settings = Settings(home, feeds=(feed_of(server), feed_of(server, "by_hand", cadence="manual"), feed_of(server, "other")))
    schedule = triggers.feeds_schedule(settings)
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == ("11 * * * *", "UTC", "fetch")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    now = datetime.now(UTC)
    request = tick(settings, now, instance)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [dg.AssetKey(["feeds", "baci"]), dg.AssetKey(["feeds", "other"])]
    assert fetch(settings, manifest, instance, "baci").success
    request = tick(settings, now, instance)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [dg.AssetKey(["feeds", "other"])]
    assert fetch(settings, manifest, instance, "other").success
    skipped = tick(settings, now + timedelta(days=6), instance)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "no feed is due"
    assert isinstance(tick(settings, now + timedelta(days=7), instance), dg.RunRequest)
    instance.create_run_for_job(
        build_defs(settings=settings, manifest=manifest).resolve_job_def("fetch"), status=dg.DagsterRunStatus.STARTED
    )
    skipped = tick(settings, now + timedelta(days=7), instance)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "the last look isn't finished"
    assert (server.count(f"/{NAMES['2020']}"), read_state(home, "by_hand").last_checked) == (2, None)


def test_nothing_is_asked_while_the_home_is_held(server: Misbehaving, home: Path, manifest: Path, instance: dg.DagsterInstance) -> None:
    settings = Settings(home, feeds=(feed_of(server),))
    hold(home, "rolled back")
    skipped = tick(settings, datetime.now(UTC), instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "rolled back" in (skipped.skip_message or "")
    # a run that was queued before the hold
    result = fetch(settings, manifest, instance)
    assert result.success
    assert (server.asked, result.asset_materializations_for_node("feed__baci")) == ([], [])
    resume(home)
    assert said_of(fetch(settings, manifest, instance), "baci")["status"] == "new"


def test_what_a_look_found_stands_with_the_asset(server: Misbehaving, home: Path, manifest: Path, instance: dg.DagsterInstance) -> None:
    settings = Settings(home, feeds=(feed_of(server, lag_days=80),))
    result = fetch(settings, manifest, instance)
    said = said_of(result, "baci")
    state = read_state(home, "baci")
    assert state.last_checked is not None
    due = state.last_checked + timedelta(days=7) - timedelta(hours=1)
    assert said | {"days_late": None} == {
        "status": "new",
        "message": "2 new",
        "files": 2,
        "file_names": f"{NAMES['2020']}\n{NAMES['2021']}",
        "newest_period": "2021",
        "newest_expected": "2021",
        "last_asked": f"{state.last_checked:%Y-%m-%d %H:%M} UTC",
        "next_due": f"{due:%Y-%m-%d %H:%M} UTC",
        "newest_in_lake": "none",
        "days_late": None,
    }
    assert said["days_late"] == (state.last_checked.date() - datetime(2022, 3, 21, tzinfo=UTC).date()).days
    assert checks_of(result, "baci") == {"answers": (True, "WARN"), "on_time": (True, "WARN")}
    again = fetch(settings, manifest, instance)
    assert (said_of(again, "baci")["status"], said_of(again, "baci")["files"]) == ("current", 0)


def test_a_broken_feed_is_told_once_and_harms_no_other(
    server: Misbehaving, home: Path, manifest: Path, instance: dg.DagsterInstance
) -> None:
    server.script("/gone.csv", refusal(410), refusal(410), Answer(body=rows("2020")))
    settings = Settings(home, feeds=(feed_of(server, "aa", "/gone.csv", periods=()), feed_of(server)))
    first = fetch(settings, manifest, instance)
    assert first.success
    assert (said_of(first, "aa")["status"], said_of(first, "baci")["status"]) == ("broken", "new")
    assert checks_of(first, "aa") == {"answers": (False, "WARN"), "on_time": (False, "WARN")}
    assert checks_of(first, "baci") == {"answers": (True, "WARN"), "on_time": (True, "WARN")}
    (told,) = errors_of(first, instance)
    assert told.startswith("aa: broken; ")
    assert "/gone.csv: status 410" in told
    second = fetch(settings, manifest, instance, "aa")
    assert (second.success, errors_of(second, instance)) == (True, [])
    assert checks_of(second, "aa")["answers"] == (False, "WARN")
    third = fetch(settings, manifest, instance, "aa")
    assert checks_of(third, "aa") == {"answers": (True, "WARN"), "on_time": (True, "WARN")}


def echo(asked: Asked) -> Answer:
    """A server that says back what it was sent, as some do in their error pages."""
    return refusal(401, json.dumps({"message": f"Access denied for key {asked.headers.get('X-Key')}"}))


def test_a_key_stands_nowhere(
    server: Misbehaving,
    home: Path,
    tmp_path: Path,
    manifest: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Event storage, logs, states, sidecars, definitions: with a key that works, and with one that a server says back."""
    monkeypatch.setenv("ENTREPOT_TEST_KEY", KEY)
    server.script("/denied.csv", echo)
    with un.serving(un.Comtrade()) as world:
        world.add_unit("842", "2020")
        comtrade = un.feed_of(world, name="un", key_env="ENTREPOT_TEST_KEY", cadence="weekly")
        keyed = {"key_env": "ENTREPOT_TEST_KEY", "key_header": "X-Key"}
        settings = Settings(home, feeds=(comtrade, feed_of(server, **keyed), feed_of(server, "denied", "/denied.csv", periods=(), **keyed)))
        result = fetch(settings, manifest, instance)
        assert result.success
        assert [said_of(result, n)["status"] for n in ("un", "baci", "denied")] == ["new", "new", "broken"]
        assert said_of(result, "un")["quota_left"] == 498
        logged = "\n".join(str(e) for e in instance.all_logs(result.run_id))
        assert "Access denied for key [key]" in logged
        assert KEY in world.keys
    assert {a.headers.get("X-Key") for a in server.asked} == {KEY}
    output = capfd.readouterr()
    assert KEY not in logged + output.out + output.err
    files = [p for folder in (home, tmp_path) for p in folder.rglob("*") if p.is_file()]
    assert any(p.suffix == ".db" for p in files)
    assert any(p.name.endswith(".entrepot.json") for p in files)
    assert [p for p in files if KEY.encode() in p.read_bytes()] == []


def exports_of(home: Path, release_id: str) -> dict[int, int]:
    with duckdb.connect(str(home / "releases" / release_id / "entrepot.duckdb"), read_only=True) as con:
        found = con.execute("select year, sum(value_fob_usd)::bigint from marts.fct_bilateral_flows group by 1").fetchall()
    return dict(found)


def run_landing(capsys: Capture, home: Path) -> dict[str, object]:
    done = entrepot(capsys, home, "run", str(home / "landing"), "--json", "-q")
    assert done.code == 0, done.err
    return json.loads(done.out)  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_a_server_to_a_release_and_only_what_was_revised_again(server: Misbehaving, home: Path, capsys: Capture) -> None:
    url = server.url("/BACI_HS17_Y{year}_V202401.csv")
    (home / "entrepot.toml").write_text(f"""
[cluster]
workers = 1
[feeds.baci]
source = "baci"
url = "{url}"
periods = ["2020", "2021"]
lag_days = 80
cadence = "daily"
redistribution = "internal"
allow_loopback = true
""")
    dev.prepare(load_settings(home, {}))
    assert entrepot(capsys, home, "feeds", "ask", "-q").out.startswith("baci: new; 2 new\n")
    first = run_landing(capsys, home)
    assert (first["status"], first["years"]) == ("published", [2020, 2021])
    assert exports_of(home, str(first["release_id"])) == {2020: 1_050_500, 2021: 1_050_500}
    assert entrepot(capsys, home, "feeds", "ask", "baci", "-q").out == "baci: current; 0 new\n"
    assert server.asked[-1].headers["If-None-Match"] == '"2021"'
    assert run_landing(capsys, home)["status"] == "nothing new"
    shown = json.loads(entrepot(capsys, home, "sources", "--json").out)
    fresh = {"source": "baci", "frequency": "A", "newest": "2021", "expected": "2021", "days_late": 0, "is_fresh": True, "lacking": []}
    assert [(s["file_name"], s["redistribution"], s["freshness"]) for s in sorted(shown, key=lambda s: str(s["file_name"]))] == [
        (name, "internal", [fresh]) for name in NAMES.values()
    ]
    assert len(re.findall(r"  fresh$", entrepot(capsys, home, "sources").out, re.MULTILINE)) == 2

    server.script(f"/{NAMES['2021']}", Answer(body=rows("2021", "60.250"), headers={"ETag": '"2021b"'}))
    assert entrepot(capsys, home, "feeds", "ask", "baci", "-q").out.startswith(f"baci: new; 1 new\n  baci/{NAMES['2021']}\n")
    revised = run_landing(capsys, home)
    assert (revised["status"], revised["years"]) == ("published", [2021])
    assert exports_of(home, str(revised["release_id"])) == {2020: 1_050_500, 2021: 1_060_250}
