"""A small real pipeline through the job, from files to a release, recorded in the home's own Dagster instance."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import dev, jobs
from orchestration.plan import make_plan
from transforms.io import release
from transforms.io.snapshot import take_snapshot
from transforms.settings import Cluster, Settings

#: thousands of USD; Afghanistan (4), China (156), USA (842)
ROWS = "t,i,j,k,v,q\n{year},4,156,080212,100.000,20\n{year},4,842,080212,50.500,NA\n{year},156,842,870380,900.000,30\n"


def refresh(settings: Settings, lines: list[str], run_id: str) -> jobs.RefreshOutcome:
    return jobs.refresh(settings, plan=make_plan(settings), run_id=run_id, log=lines.append)


@pytest.mark.timeout(200)
def test_from_files_to_a_release(home: Path, tmp_path: Path, lines: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings(home=home, cluster=Cluster(workers=1))
    dev.prepare(settings)
    for year in (2020, 2022):
        path = tmp_path / f"BACI_HS17_Y{year}_V202301.csv"
        path.write_text(ROWS.format(year=year), "utf-8")
        take_snapshot(path, settings)
    done = refresh(settings, lines, "20260131T000000-000001")
    assert done.published and done.release_id == release.current_release(home)
    built = {(o.stage, o.year): o for o in done.outcomes if o.status == "built"}
    assert built["bilateral_flows", 2022].rows == 3 and built["bilateral_flows", 2022].value_mills == 1_050_500_000
    with duckdb.connect(str(home / "releases" / done.release_id / "entrepot.duckdb"), read_only=True) as con:
        assert con.execute("select sum(value_fob_usd) from marts.fct_bilateral_flows where year = 2020").fetchone() == (1_050_500,)
    err = capfd.readouterr().err
    assert "dagster" not in err.lower() and "BetaWarning" not in err, err
    _check_recorded(home)
    again = refresh(settings, lines, "20260131T000000-000002")
    assert (again.release_id, again.published) == (done.release_id, False)
    assert {o.status for o in again.outcomes} <= {"unchanged"}


def _check_recorded(home: Path) -> None:
    """The home's instance has the run, its years, and a result of every gate and dbt test."""
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS and run.tags["entrepot/run_id"] == "20260131T000000-000001"
        assert list(instance.get_dynamic_partitions("year")) == ["2020", "2022"]
        assert instance.get_materialized_partitions(dg.AssetKey(["reported_flows", "baci"])) == {"2020", "2022"}
        for path in (["release"], ["marts", "market_share"], ["marts", "quality_history"], ["quality"]):
            assert instance.get_latest_materialization_event(dg.AssetKey(path)) is not None, path
        key = dg.AssetCheckKey(dg.AssetKey(["marts", "market_share"]), "market_share_unique_key")
        assert instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].status.value == "SUCCEEDED"
