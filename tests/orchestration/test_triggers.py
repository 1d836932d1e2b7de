"""What starts a run by itself: landed files, the night, stale partitions; and the hold that stops all three."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import landing
from orchestration.defs import triggers
from orchestration.defs.ingest import landed_files, take_landed
from orchestration.landing import Due, Look, list_files, next_look
from orchestration.partitions import declare_years, range_tags
from orchestration.plan import Plan, PlanItem
from orchestration.resources import Run
from transforms.io.lock import holder, publishing_lock
from transforms.io.release_hold import hold, resume
from transforms.settings import Settings

WHOLE = [dg.AssetKey("quality")]


def put(path: Path, text: str = "t,i,j,k,v,q\n", *, at: int = 1_700_000_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (at, at))
    return path


def test_files_are_due_once_they_stand_still() -> None:
    growing, still, revised = {"a.csv": [10, 1]}, {"a.csv": [20, 2]}, {"a.csv": [20, 3]}
    look, key = next_look(Look({}), {})
    assert key is None, "an empty folder is no news"
    look, key = next_look(look, growing)
    assert key is None, "seen once"
    look, key = next_look(look, still)
    assert key is None, "still growing"
    look, first = next_look(Look.from_cursor(look.cursor()), still)
    assert first is not None
    look, key = next_look(look, still)
    assert key is None, "asked for already"
    look, _ = next_look(look, revised)
    _, second = next_look(look, revised)
    assert second not in (None, first)


def test_only_data_files_count(tmp_path: Path) -> None:
    for name in ("b.csv", "a.zip", "deep/c.csv.gz", ".hidden.csv", ".part/d.csv", "b.csv.entrepot.json", "notes.md"):
        put(tmp_path / name)
    found = list(landed_files(tmp_path))
    assert [str(p.relative_to(tmp_path)) for p in found] == ["a.zip", "b.csv", "deep/c.csv.gz"]
    assert list_files(tmp_path, [*found, tmp_path / "gone.csv"])["b.csv"] == [12, 1_700_000_000 * 10**9]


def test_landing_sensor_asks_for_an_intake(home: Path) -> None:
    settings = Settings(home=home)
    sensor = triggers.landing_sensor(settings)
    put(settings.landing_folder / "a.csv")
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(first, dg.SensorResult) and not first.run_requests
        second = sensor(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert isinstance(second, dg.SensorResult) and len(second.run_requests or []) == 1
        hold(home, "rolled back")
        held = sensor(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert isinstance(held, dg.SkipReason) and "rolled back" in (held.skip_message or "")
    assert sensor.job_name == "intake" and sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_the_night_is_held_until_resumed(home: Path) -> None:
    nightly = triggers.nightly_schedule(Settings(home=home))
    at = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 31, 2, tzinfo=UTC))
    assert (nightly.cron_schedule, nightly.execution_timezone, nightly.job_name) == ("0 2 * * *", "UTC", "intake")
    assert isinstance(nightly(at), dg.RunRequest)
    hold(home, "rolled back")
    assert isinstance(nightly(at), dg.SkipReason)
    resume(home)
    assert isinstance(nightly(at), dg.RunRequest)


def test_stale_years_are_refreshed_as_one_range(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = triggers.stale_sensor(Settings(home=home), WHOLE)
    monkeypatch.setattr(triggers, "due_refresh", lambda _: Due((2012, 2014), "0a1b"))
    with dg.DagsterInstance.ephemeral() as instance:
        request = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(request, dg.RunRequest)
        assert request.tags["dagster/asset_partition_range_start"] == "2012" and request.tags["dagster/asset_partition_range_end"] == "2014"
        assert request.asset_selection is None and (request.run_key or "").endswith("0a1b")
        assert list(instance.get_dynamic_partitions("year")) == ["2012", "2014"]


def test_without_stale_years_only_what_has_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = triggers.stale_sensor(Settings(home=home), WHOLE)
    monkeypatch.setattr(triggers, "due_refresh", lambda _: Due((), "0a1b"))
    with dg.DagsterInstance.ephemeral() as instance:
        request = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(request, dg.RunRequest)
        assert request.asset_selection == WHOLE and "dagster/asset_partition_range_start" not in request.tags


def test_no_refresh_beside_another_publisher_or_on_hold(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = triggers.stale_sensor(Settings(home=home), WHOLE)
    monkeypatch.setattr(triggers, "due_refresh", lambda _: Due((2012,), "0a1b"))
    with dg.DagsterInstance.ephemeral() as instance:
        with publishing_lock(home):
            assert holder(home) == os.getpid()
            skipped = sensor(dg.build_sensor_context(instance=instance))
            assert isinstance(skipped, dg.SkipReason) and str(os.getpid()) in (skipped.skip_message or "")
        assert holder(home) is None
        hold(home, "rolled back")
        assert isinstance(sensor(dg.build_sensor_context(instance=instance)), dg.SkipReason)


def test_a_fresh_home_has_nothing_due(home: Path) -> None:
    settings = Settings(home=home)
    assert landing.due_refresh(settings) is None
    with dg.DagsterInstance.ephemeral() as instance:
        skipped = triggers.stale_sensor(settings, WHOLE)(dg.build_sensor_context(instance=instance))
        assert isinstance(skipped, dg.SkipReason) and skipped.skip_message == "nothing is stale"


def test_what_is_due_is_named_by_what_is_stale(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def due(*items: PlanItem) -> Due | None:
        monkeypatch.setattr(landing, "make_plan", lambda *_: Plan(items))
        return landing.due_refresh(Settings(home=home))

    new = due(PlanItem("bilateral_flows", "year=2010", 2010, "new"))
    again = due(PlanItem("bilateral_flows", "year=2010", 2010, "its gate failed"))
    assert new is not None and again is not None
    assert new.years == (2010,) and new.key != again.key
    assert due(PlanItem("parse", "0123", None, "a.csv is new")) is None, "that is the intake's"


@pytest.mark.parametrize(("known", "years", "expected"), [
    ([], [2014, 2012], ["2012", "2014"]),
    (["2012", "2014"], [2014, 2016], ["2012", "2014", "2016"]),
    (["2012", "2014"], [2005, 2013], ["2005", "2012", "2013", "2014"]),
])  # fmt: skip
def test_years_stay_sorted(known: list[str], years: list[int], expected: list[str]) -> None:
    """A range lies between two keys in the set's own order: an older year that comes later must not stand at the end."""
    with dg.DagsterInstance.ephemeral() as instance:
        if known:
            instance.add_dynamic_partitions("year", known)
        assert declare_years(instance, "year", years) == expected
        assert list(instance.get_dynamic_partitions("year")) == expected


def test_a_range_of_no_year_has_no_tags() -> None:
    assert range_tags([]) == {}


def test_one_refused_file_stops_no_other(run: Run, lines: list[str]) -> None:
    folder = run.settings.landing_folder
    put(folder / "a_page.csv", "<!DOCTYPE html><html>503</html>\n")
    put(folder / "BACI_HS17_Y2020_V202201.csv", "t,i,j,k,v,q\n2020,4,36,081110,1.234,NA\n")
    (refused,) = take_landed(run)
    assert "a_page.csv" in refused and any(line.startswith("refused: ") for line in lines)
    assert len(list((run.settings.home / "snapshots").glob("*/snapshot.json"))) == 1
