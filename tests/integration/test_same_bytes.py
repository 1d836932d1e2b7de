"""Goal 2: the same inputs give the same bytes of data, whatever the number of workers, and after one is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client

from orchestration import engine
from orchestration.stages import STAGES
from transforms.cluster import dask_client
from transforms.contracts import lake as contracts
from transforms.contracts import ops
from transforms.io import lake, state
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings
from transforms.synthetic.files import write_world
from transforms.synthetic.world import make_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
#: Written with a clock inside, so their bytes differ between runs.
CLOCKED = {ops.PARTITION_STATE.name, ops.CHECK_RESULT.name, contracts.SOURCE_RELEASE.name}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(make_world(7, areas=25, products=120, years=range(2018, 2021)), folder)
    return folder


def built(settings: Settings, client: Client) -> dict[str, list[str]]:
    """Table -> names of its committed files, which are hashes of their bytes."""
    context = engine.RunContext(settings, state.new_run_id(), client, lambda _: None)
    engine.parse_pending(context)
    for stage in STAGES:
        engine.run_stage(context, stage)
    return {
        table.name: [p.name for p in lake.active_files(settings.home, table)]
        for table in contracts.TABLES.values()
        if table.name not in CLOCKED
    }


def build(files: Path, home: Path, workers: int) -> dict[str, list[str]]:
    settings = Settings(home=home)
    settings = replace(settings, cluster=replace(settings.cluster, workers=workers))
    take_snapshot(files, settings)
    with dask_client(settings) as client:
        return built(settings, client)


@pytest.fixture(scope="module")
def reference(files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return build(files, tmp_path_factory.mktemp("one") / "home", 1)


def test_every_table_holds_something(reference: dict[str, list[str]]) -> None:
    assert all(
        reference[t.name] for t in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS, contracts.BILATERAL_FLOWS, *contracts.AGGREGATES)
    )


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_dont_show_in_the_bytes(files: Path, tmp_path: Path, reference: dict[str, list[str]], workers: int) -> None:
    assert build(files, tmp_path / "home", workers) == reference


def test_a_killed_worker_doesnt_show_in_the_bytes(files: Path, tmp_path: Path, reference: dict[str, list[str]]) -> None:
    settings = Settings(home=tmp_path / "home")
    take_snapshot(files, settings)
    killed: list[int] = []

    def kill(client: Client) -> None:
        victims = client.run(os.getpid)
        while not client.processing() or not any(client.processing().values()):
            time.sleep(0.01)
        pid = next(iter(victims.values()))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    with dask_client(settings) as client:
        killer = threading.Thread(target=kill, args=(client,))
        killer.start()
        found = built(settings, client)
        killer.join(10)
    assert killed, "no worker was killed: the test tested nothing"
    assert found == reference
