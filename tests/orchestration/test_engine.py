"""The engine on small files: what is rebuilt, what a gate keeps out, what a failing task leaves behind."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client

from orchestration import commits, engine, stages
from orchestration.plan import look, make_plan
from transforms.cluster import dask_client
from transforms.contracts import lake as contracts
from transforms.contracts import ops
from transforms.contracts.records import CheckResult, Snapshot
from transforms.core import ledger
from transforms.io import lake, state
from transforms.io.archives import BadFileError
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings
from transforms.sources import parse

HEADER = (
    "Classification,Year,Trade Flow Code,Trade Flow,Reporter Code,"
    "Reporter,Partner Code,Partner,Commodity Code,Commodity,Trade Value (US$),Flag"
)


def legacy(folder: Path, name: str, *rows: tuple[int, int, str, str, str, int]) -> Path:
    """A 12-column file of (year, flow 1 import 2 export, reporter, partner, chapter, usd)."""
    names = {1: "Import", 2: "Export"}
    lines = [f"H5,{y},{f},{names[f]},{r},Area {r},{p},Area {p},{k},Chapter {k},{v},0" for y, f, r, p, k, v in rows]
    path = folder / name
    path.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
    return path


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with dask_client(Settings(home=tmp_path_factory.mktemp("cluster")), processes=False) as found:
        yield found


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    found = Settings(home=home)
    take_snapshot(legacy(tmp_path, "a.csv", (2019, 2, "842", "156", "87", 500), (2020, 2, "842", "156", "87", 700)), found)
    return found


def run(settings: Settings, client: Client) -> dict[str, dict[str, engine.PartitionOutcome]]:
    context = engine.RunContext(settings, state.new_run_id(), client, lambda _: None)
    engine.parse_pending(context)
    return {name: {o.partition_key: o for o in engine.run_stage(context, name)} for name in stages.STAGES}


def test_a_reporter_may_come_by_chapter_for_one_partner_and_by_product_for_another(
    settings: Settings, client: Client, tmp_path: Path
) -> None:
    take_snapshot(legacy(tmp_path, "by_product.csv", (2020, 2, "842", "490", "871200", 30)), settings)
    assert run(settings, client)["reported_flows/comtrade"]["source=comtrade/year=2020"].status == "built"
    rows = lake.read(settings.home, contracts.REPORTED_FLOWS, ["partner_code", "product_code"], year=2020).to_pylist()
    assert sorted(tuple(r.values()) for r in rows) == [("156", "87"), ("490", "871200")]


def gate_that_fails(only: str, table: str) -> Callable[..., Mapping[str, list[CheckResult]]]:
    def gate(home: Path, stage: stages.Stage, files: Mapping[str, object], ledger: Mapping[str, object]) -> dict[str, list[CheckResult]]:
        return {
            key: [CheckResult(table, key, "planted", not (stage.name.startswith(only) and key.endswith("2020")), observed="planted")]
            for key in files
        }

    return gate


def flows(settings: Settings) -> dict[int, int]:
    data = lake.read(settings.home, contracts.REPORTED_FLOWS, ["year", "reported_value_usd"])
    return {r["year"]: int(r["reported_value_usd"]) for r in data.to_pylist()}


def test_a_second_run_finds_nothing_stale(settings: Settings, client: Client) -> None:
    first = run(settings, client)
    assert {o.status for o in first["bilateral_flows"].values()} == {"built"}
    assert make_plan(settings).is_empty
    versions = {t.name: lake.current_version(settings.home, t) for t in contracts.TABLES.values() if t.layer == "lake"}
    second = run(settings, client)
    assert {o.status for stage in second.values() for o in stage.values()} == {"unchanged"}
    assert versions == {t.name: lake.current_version(settings.home, t) for t in contracts.TABLES.values() if t.layer == "lake"}


def test_a_revised_year_rebuilds_that_year_alone(settings: Settings, client: Client, tmp_path: Path) -> None:
    run(settings, client)
    take_snapshot(legacy(tmp_path, "b.csv", (2020, 2, "842", "156", "87", 900)), settings)
    again = run(settings, client)
    for stage in ("harmonised_flows", "bilateral_flows", "aggregates"):
        assert {k: o.status for k, o in again[stage].items()} == {"year=2019": "unchanged", "year=2020": "built"}
    assert flows(settings) == {2019: 500, 2020: 900}


def test_equal_content_stops_the_work_downstream(settings: Settings, client: Client, tmp_path: Path) -> None:
    run(settings, client)
    version = lake.current_version(settings.home, contracts.HARMONISED_FLOWS)
    # a World row is a control total: 2020 is ingested again, its flows are what they were
    take_snapshot(legacy(tmp_path, "world.csv", (2020, 2, "842", "0", "87", 700)), settings)
    again = run(settings, client)
    assert again["reported_flows/comtrade"]["source=comtrade/year=2020"].status == "built"
    assert again["harmonised_flows"]["year=2020"].status == "built"
    assert again["bilateral_flows"]["year=2020"].status == "unchanged"
    assert lake.current_version(settings.home, contracts.HARMONISED_FLOWS) == version, "equal files make no commit"


def test_a_source_that_fails_its_gate_keeps_its_last_good_version(
    settings: Settings, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(settings, client)
    take_snapshot(legacy(tmp_path, "b.csv", (2020, 2, "842", "156", "87", 900)), settings)
    with monkeypatch.context() as patch:
        patch.setattr(commits, "gate_files", gate_that_fails("reported_flows", "reported_flows"))
        outcome = run(settings, client)["reported_flows/comtrade"]["source=comtrade/year=2020"]
    assert outcome.status == "kept_stale"
    assert flows(settings) == {2019: 500, 2020: 700}
    row = look(settings).states["reported_flows/comtrade", "source=comtrade/year=2020"]
    assert (row.gate, row.row_count) == ("failed", 1)
    assert list((settings.home / "build" / "failed").rglob("*.parquet")), "what failed stays aside"
    checks = lake.read(settings.home, ops.CHECK_RESULT).to_pylist()
    assert any(c["check_name"] == "planted" and not c["is_passed"] for c in checks)
    booked = {(line.table_name, line.reason): line.value_mills for line in ledger.committed(settings.home, "ingest", "comtrade", 2020)}
    assert booked == {
        ("reported_flows", "in"): 700_000,
        ("reported_flows", "out"): 700_000,
        ("reported_flows refused", "in"): 1_600_000,
        ("reported_flows refused", "refused"): 1_600_000,
    }
    # with the gate content again, the run goes on by itself
    assert run(settings, client)["reported_flows/comtrade"]["source=comtrade/year=2020"].status == "built"
    assert flows(settings) == {2019: 500, 2020: 900}
    assert all(line.reason != "refused" for line in ledger.committed(settings.home, "ingest", "comtrade", 2020))


def test_refuse_means_refuse(settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = replace(settings, publish=replace(settings.publish, on_failed_partition="refuse"))
    monkeypatch.setattr(commits, "gate_files", gate_that_fails("reported_flows", "reported_flows"))
    with pytest.raises(engine.GateRefused, match="source=comtrade/year=2020") as caught:
        run(strict, client)
    assert [c.check_name for c in caught.value.results] == ["planted"]
    assert flows(settings) == {2019: 500}, "the year that passed is committed"


@pytest.mark.parametrize(("only", "table"), [("reported_flows", "ledger"), ("bilateral_flows", "bilateral_flows")])
def test_the_ledger_and_cross_source_gates_always_block(
    settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch, only: str, table: str
) -> None:
    monkeypatch.setattr(commits, "gate_files", gate_that_fails(only, table))
    with pytest.raises(engine.GateRefused, match="year=2020"):
        run(settings, client)


def test_a_snapshot_taken_away_empties_what_hung_on_it(settings: Settings, client: Client, tmp_path: Path) -> None:
    (extra,) = take_snapshot(legacy(tmp_path, "d.csv", (2021, 2, "842", "156", "87", 10)), settings)
    run(settings, client)
    assert 2021 in flows(settings)
    shutil.rmtree(settings.home / "snapshots" / extra.snapshot_id)
    again = run(settings, client)
    assert again["aggregates"]["year=2021"].status == "removed"
    assert flows(settings) == {2019: 500, 2020: 700}
    for table in (contracts.BILATERAL_FLOWS, contracts.PAIR_TOTALS):
        assert lake.active_files(settings.home, table, year=2021) == []


def refuse_bad(home: Path, snapshot: Snapshot, member: str) -> object:
    if snapshot.file_name == "bad.csv":
        raise BadFileError("bad.csv: planted")
    return parse.parse_snapshot(home, snapshot, member)


def test_an_unreadable_file_is_named_and_doesnt_block_the_next_run(
    settings: Settings, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bad,) = take_snapshot(legacy(tmp_path, "bad.csv", (2021, 2, "842", "156", "87", 10)), settings)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "parse_snapshot", refuse_bad)
        with pytest.raises(engine.StageError, match=r"could not be read: bad\.csv .*planted"):
            run(settings, client)
    assert (settings.home / "build" / "refused" / bad.snapshot_id).is_dir(), "the file is kept, out of the way"
    run(settings, client)
    assert flows(settings) == {2019: 500, 2020: 700}


def poison(*_: object) -> None:
    raise MemoryError("planted")


def test_a_failing_task_is_named_and_the_others_are_committed(settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stages.STAGES["harmonised_flows"]
    poisoned = replace(stage, tasks=lambda v, k: [(poison, ())] if k == "year=2020" else stage.tasks(v, k))
    monkeypatch.setitem(stages.STAGES, stage.name, poisoned)
    with pytest.raises(engine.StageError, match=r"harmonised_flows year=2020: MemoryError: planted"):
        run(settings, client)
    assert [p["year"] for p in lake.partitions(settings.home, contracts.HARMONISED_FLOWS)] == ["2019"]
    monkeypatch.undo()
    assert {o.status for o in run(settings, client)["harmonised_flows"].values()} == {"built", "unchanged"}


def dawdle(*_: object) -> None:
    time.sleep(3)


def test_a_stalled_run_is_given_up_by_name(settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = replace(settings, cluster=replace(settings.cluster, stall_seconds=1))
    stage = stages.STAGES["harmonised_flows"]
    monkeypatch.setitem(stages.STAGES, stage.name, replace(stage, tasks=lambda _, k: [(dawdle, ())] if k == "year=2020" else []))
    with pytest.raises(engine.StageError, match=r"no task ended for 1 s .*year=2020"):
        run(impatient, client)
