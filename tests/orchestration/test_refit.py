"""Estimates are data: pinned by year, fitted anew where somebody asks; tasks that hang on others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from distributed import Client

from orchestration import engine, refit, stages
from orchestration.parameter_steps import FITTED_BY, parameter_steps
from orchestration.plan import make_plan
from orchestration.reconcile_stage import READ_WITH
from orchestration.steps import Step, run_here, submit
from orchestration.view import View
from tests.orchestration.test_engine import legacy
from tests.unit.cli_runner import entrepot
from transforms.cluster import dask_client
from transforms.contracts import lake as contracts
from transforms.core.harmonising.reporters import reporters_of
from transforms.core.pinned.parameters import Parameters, read_parameters
from transforms.declared.sections import Estimate
from transforms.io import lake, state
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings

Outcomes = dict[str, dict[str, engine.PartitionOutcome]]
WAY = ("reported_flows/comtrade", "harmonised_flows", "pair_geography", "parameter_set", "bilateral_flows", "aggregates")
#: (year, flow 1 import 2 export, reporter, partner, chapter, usd)
REPORTS = [
    (year, flow, reporter, partner, "87", usd)
    for year in (2019, 2020)
    for flow, reporter, partner, usd in (
        (2, "842", "156", 500), (1, "156", "842", 550), (2, "156", "842", 300), (1, "842", "156", 400), (2, "276", "842", 90),
        (1, "842", "276", 100),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with dask_client(Settings(home=tmp_path_factory.mktemp("cluster")), processes=False) as found:
        yield found


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    found = Settings(home=home)
    take_snapshot(legacy(tmp_path, "a.csv", *REPORTS), found)
    return found


def run(settings: Settings, client: Client, lines: list[str] | None = None) -> Outcomes:
    log = (lambda _: None) if lines is None else lines.append
    context = engine.RunContext(settings, state.new_run_id(), client, log)
    engine.parse_pending(context)
    return {name: {o.partition_key: o for o in engine.run_stage(context, name)} for name in WAY}


def statuses(found: Outcomes, year: int) -> dict[str, str]:
    return {name: o.status for name, of in found.items() for key, o in of.items() if key.endswith(f"year={year}")}


def revise(settings: Settings, folder: Path, *, usd: int = 700) -> None:
    take_snapshot(legacy(folder, f"b{usd}.csv", (2020, 2, "842", "156", "87", usd)), settings)


def test_a_revised_report_rebuilds_its_year_and_leaves_what_is_pinned(settings: Settings, client: Client, tmp_path: Path) -> None:
    first = run(settings, client)
    assert {o.status for o in first["parameter_set"].values()} == {"built"}
    before = read_parameters(settings.home, 2020)
    assert (before.fitted_on, before.cif.is_published, len(before.set_id)) == ("A H5 2", True, 16)
    revise(settings, tmp_path)
    again = run(settings, client)
    assert set(statuses(again, 2019).values()) == {"unchanged"}
    assert statuses(again, 2020) == {
        "reported_flows/comtrade": "built", "harmonised_flows": "built", "parameter_set": "unchanged", "bilateral_flows": "built",
        "aggregates": "built",
    }  # fmt: skip
    assert read_parameters(settings.home, 2020).set_id == before.set_id


def test_the_workers_write_what_one_process_writes(settings: Settings, client: Client) -> None:
    run(settings, client)
    (file,) = run_here(parameter_steps(settings.home, 2020, settings)).files
    (path,) = lake.active_files(settings.home, contracts.PARAMETER_SET, year=2020)
    assert path.stem == file.sha256[:32]


def test_a_refit_of_equal_reports_changes_nothing_downstream(settings: Settings, client: Client) -> None:
    run(settings, client)
    version = lake.current_version(settings.home, contracts.PARAMETER_SET)
    refit.forget(settings.home, refit.chosen_years(settings.home, [2020]))
    again = run(settings, client)
    assert statuses(again, 2019)["parameter_set"] == "unchanged"
    assert statuses(again, 2020) == {
        "reported_flows/comtrade": "unchanged", "harmonised_flows": "unchanged", "parameter_set": "built", "bilateral_flows": "unchanged",
        "aggregates": "unchanged",
    }  # fmt: skip
    assert lake.current_version(settings.home, contracts.PARAMETER_SET) == version
    assert make_plan(settings).years == ()


def test_a_refit_reads_the_revised_reports(settings: Settings, client: Client, tmp_path: Path) -> None:
    run(settings, client)
    before = read_parameters(settings.home, 2020)
    revise(settings, tmp_path)
    run(settings, client)
    refit.forget(settings.home, refit.chosen_years(settings.home, []))
    again = run(settings, client)
    assert (statuses(again, 2019)["bilateral_flows"], statuses(again, 2020)["bilateral_flows"]) == ("unchanged", "built")
    assert read_parameters(settings.home, 2020).set_id != before.set_id


def test_on_revision_the_set_follows_its_year(settings: Settings, client: Client, tmp_path: Path) -> None:
    following = replace(settings, estimate=Estimate(refit="on_revision"))
    run(following, client)
    revise(following, tmp_path)
    again = run(following, client)
    assert (statuses(again, 2019)["parameter_set"], statuses(again, 2020)["parameter_set"]) == ("unchanged", "built")


def test_a_setting_that_fits_read_fits_all_years_anew(settings: Settings, client: Client) -> None:
    run(settings, client)
    other = replace(settings, estimate=Estimate(sigma_floor=0.2))
    assert {i.partition_key for i in make_plan(other).items if i.stage == "parameter_set"} == {"year=2019", "year=2020"}
    wider = replace(settings, estimate=Estimate(interval_quantile=1.96))
    assert {i.stage for i in make_plan(wider).items if i.year} == {"bilateral_flows", "aggregates"}


def test_every_setting_of_an_estimate_is_read_by_a_fit_or_by_reconciling() -> None:
    assert {f.name for f in fields(Estimate)} == {*FITTED_BY, *READ_WITH, "refit"}
    assert FITTED_BY == (
        "cif_more_than_usd", "cif_more_than_kg", "cif_minimum_pairs", "cif_studentised", "cif_minimum_km", "sigma_floor",
        "sigma_anchor_flows", "unit_minimum_pairs", "unit_spread_below", "symmetric_within", "reliability_iterations",
    )  # fmt: skip
    assert READ_WITH == ("cif_minimum_km", "interval_quantile")


def test_a_plan_shows_what_is_asked_for_and_what_stays(settings: Settings, client: Client, tmp_path: Path) -> None:
    run(settings, client)
    assert refit.pinned_years(settings.home) == (2019, 2020)
    revise(settings, tmp_path)
    engine.parse_pending(engine.RunContext(settings, state.new_run_id(), client, lambda _: None))
    plain = make_plan(settings)
    assert {i.stage for i in plain.items if i.year == 2020} == {
        "reported_flows/comtrade",
        "harmonised_flows",
        "bilateral_flows",
        "aggregates",
    }
    plan = make_plan(settings, asked=refit.asked_for((2019,)))
    found = {(i.stage, i.partition_key): i.reason for i in plan.items}
    assert found["parameter_set", "year=2019"] == "refit asked for"
    assert found["bilateral_flows", "year=2019"] == "parameter_set of 2019 is rebuilt"
    assert found["aggregates", "year=2019"] == "parameter_set of 2019 is rebuilt"
    assert found["bilateral_flows", "year=2020"] == "reported_flows/comtrade of 2020 is rebuilt"
    assert [i.stage for i in plan.items if i.year == 2019] == ["parameter_set", "bilateral_flows", "aggregates"]
    assert [i for i in plan.items if i.year != 2019] == list(plain.items)
    assert plan.years == (2019, 2020)


def test_a_reporter_that_came_later_is_named_until_a_refit(settings: Settings, client: Client, tmp_path: Path) -> None:
    run(settings, client)
    take_snapshot(legacy(tmp_path, "c.csv", (2020, 2, "392", "156", "87", 40)), settings)
    run(settings, client)
    pinned = read_parameters(settings.home, 2020)
    text = "2020: 1 reporter has no estimate in the pinned parameters; `entrepot run --refit --year 2020` fits them"
    assert pinned.reporters.tolist() == [156, 276, 842]
    assert pinned.lacking(2020, reporters_of(settings.home, 2020)) == (text,)
    assert pinned.lacking(2019, reporters_of(settings.home, 2019)) == ()
    assert Parameters().lacking(2020, reporters_of(settings.home, 2020)) == ()
    refit.forget(settings.home, [2020])
    run(settings, client)
    assert read_parameters(settings.home, 2020).lacking(2020, reporters_of(settings.home, 2020)) == ()


def test_a_year_of_published_flows_alone_has_no_estimates(home: Path, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "BACI_HS17_Y2018_V202201.csv"
    path.write_text("t,i,j,k,v,q\r\n2018,4,36,081110,1.234,          NA\r\n", "utf-8")
    settings = Settings(home=home)
    take_snapshot(path, settings)
    assert [i for i in make_plan(settings).items if i.stage == "parameter_set"] == []
    context = engine.RunContext(settings, state.new_run_id(), client, lambda _: None)
    engine.parse_pending(context)
    for name in ("reported_flows/baci", *WAY):
        found = engine.run_stage(context, name)
        assert name != "parameter_set" or found == ()
    assert read_parameters(home, 2018).fitted_on is None


def test_the_command_refuses_a_year_without_estimates(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    done = entrepot(capsys, settings.home, "run", "--plan", "--refit", "--year", "1999")
    assert done.code != 0 and "no year has any yet" in done.err
    done = entrepot(capsys, settings.home, "run", "--plan", "--year", "1999")
    assert done.code != 0 and "--refit --year" in done.err


def test_the_command_plans_a_refit(capsys: pytest.CaptureFixture[str], settings: Settings, client: Client) -> None:
    run(settings, client)
    done = entrepot(capsys, settings.home, "run", "--plan", "--refit", "--year", "2019")
    lines = [line for line in done.out.splitlines() if "parameter_set" in line]
    assert done.code == 0 and any("year=2019" in line and "refit asked for" in line for line in lines)
    assert not any("year=2020" in line for line in lines)
    assert refit.pinned_years(settings.home) == (2019, 2020), "a plan changes nothing"
    with pytest.raises(refit.NothingPinned, match=r"--year 1999: .*years with estimates: 2019, 2020"):
        refit.chosen_years(settings.home, [1999])


# tasks that hang on others


def listed(folder: str, name: str, *parts: object) -> list[object]:
    """Leaves a mark each time it runs."""
    with (Path(folder) / name).open("a", encoding="utf-8") as handle:
        handle.write("x")
    return [name, *parts]


def broken(*_: object) -> None:
    raise MemoryError("planted")


def test_a_step_runs_once_whatever_hangs_on_it(client: Client, tmp_path: Path) -> None:
    folder = str(tmp_path)
    root = Step(listed, (folder, "root"))
    halves = tuple(Step(listed, (folder, name, root)) for name in ("left", "right"))
    both = Step(listed, (folder, "both", halves, (1, 2), root))
    last, inner = submit(client, [both, Step(listed, (folder, "alone"))])
    expected = ["both", [["left", ["root"]], ["right", ["root"]]], (1, 2), ["root"]]
    found = client.gather(last)
    assert [list(found[0][1]), *found[0][2:]] == [expected[1], *expected[2:]] and found[1] == ["alone"]
    assert [len(steps) for steps in inner] == [3, 0]
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == dict.fromkeys(("root", "left", "right", "both", "alone"), "x")
    assert run_here(both) == ["both", (["left", ["root"]], ["right", ["root"]]), (1, 2), ["root"]]


def test_an_error_of_an_inner_step_is_its_partitions(settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stages.STAGES["harmonised_flows"]

    def tasks(view: View, key: str) -> list[object]:
        ((function, arguments),) = stage.tasks(view, key)  # type: ignore[misc]
        return [Step(function, (*arguments[:-1], Step(broken) if key == "year=2020" else arguments[-1]))]

    monkeypatch.setitem(stages.STAGES, stage.name, replace(stage, tasks=tasks))  # type: ignore[arg-type]
    with pytest.raises(engine.StageError, match=r"^harmonised_flows year=2020: MemoryError: planted$"):
        run(settings, client)
    assert [p["year"] for p in lake.partitions(settings.home, contracts.HARMONISED_FLOWS)] == ["2019"]
