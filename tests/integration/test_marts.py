"""Marts end to end: a small lake, the candidate that dbt builds and tests, and the files a release publishes."""

from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

import dbt_project
from orchestration import dbt_run, marts
from orchestration.cli.query import open_release
from tests.integration.small_lake import AREAS, commit_check, commit_small_lake
from transforms.contracts import marts as contracts
from transforms.contracts.arrow import sql_type
from transforms.io import release, release_files
from transforms.settings import Publish, Reconcile, Settings

RELEASE = marts.ReleaseInfo(
    release_id="20260131-abcdef01",
    published_at=datetime(2026, 1, 31, 2, 0, tzinfo=UTC),
    fingerprint="f" * 64,
    method="prefer_exporter",
    is_partial=False,
    is_synthetic=True,
    citation="Entrepôt's synthetic world",
)


def settings_of(home: Path) -> Settings:
    return Settings(home=home, reconcile=Reconcile(minimum_world_exporters=2))


def quiet(_: str) -> None:
    """Tests look at results, not at lines."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> marts.Candidate:
    """The candidate with unit tests, and its ops marts."""
    home = tmp_path_factory.mktemp("marts") / "warehouse"
    home.mkdir()
    commit_small_lake(home)
    commit_check(home)
    where = Path.cwd()
    candidate = marts.build_candidate(settings_of(home), run_id="r1", release=RELEASE, log=quiet, unit_tests=True)
    commit_check(home, is_passed=False)
    candidate = marts.build_ops_marts(settings_of(home), candidate, quiet, unit_tests=True)
    assert Path.cwd() == where
    return candidate


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_mart_is_built_with_its_contract(built: marts.Candidate) -> None:
    found = {m.name: m.columns for m in built.models}
    assert set(found) == set(contracts.MARTS)
    for name, table in contracts.MARTS.items():
        assert found[name] == tuple((c, sql_type(c)) for c in table.columns), name


def test_every_mart_has_a_unit_test_that_ran(built: marts.Candidate) -> None:
    ran = {n.unique_id.split(".")[2] for n in built.nodes if n.resource_type == "unit_test"}
    assert set(contracts.MARTS) <= ran
    assert all(n.status in {"success", "pass"} for n in built.nodes), [n for n in built.nodes if n.status not in {"success", "pass"}]


def test_worked_numbers(built: marts.Candidate) -> None:
    query = "select exporter_code, product_code, rca from marts.comparative_advantage order by 1, 2"
    assert rows(built.path, query) == [("156", "010121", 1.5), ("156", "870380", 0.25), ("842", "010121", 0.5), ("842", "870380", 1.75)]
    query = "select exporter_code, share_of_world_exports from marts.market_share where product_code = 'TOTAL' order by 1"
    assert rows(built.path, query) == [("156", 0.5), ("842", 0.5)]
    assert rows(built.path, "select count(*), sum(value_fob_usd)::bigint from marts.fct_bilateral_totals") == [(2, 200)]
    assert rows(built.path, "select is_passed from marts.quality_history") == [(False,)]
    query = "select citation, release_id, is_synthetic, published_at = '2026-01-31 02:00:00+00' from marts.release_info"
    assert rows(built.path, query) == [("Entrepôt's synthetic world", "20260131-abcdef01", True, True)]


def test_events_become_node_results_of_this_run(built: marts.Candidate) -> None:
    raw = built.raw_events()
    finished = {e["data"]["node_info"]["unique_id"] for e in raw if e["info"]["name"] == "NodeFinished"}
    assert {f"model.entrepot.{name}" for name in contracts.MARTS} <= finished


def test_nothing_is_written_into_the_project(built: marts.Candidate) -> None:
    folder = Path(next(iter(dbt_project.__path__)))
    assert {p.name for p in folder.iterdir()} <= {
        "__init__.py",
        "__pycache__",
        "dbt_project.yml",
        "profiles.yml",
        "macros",
        "models",
        "tests",
        "seeds",
    }
    assert (built.folder / "target" / "manifest.json").exists()


def test_release_files(built: marts.Candidate, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    written = release_files.write_files(built.path, folder, maximum_rows=5, lake_files=built.files)
    assert set(written.tables) == set(contracts.MARTS)
    assert written.beside == ()
    moved = tmp_path / "elsewhere" / "entrepot.duckdb"
    moved.parent.mkdir()
    shutil.move(folder / "entrepot.duckdb", moved)
    assert rows(moved, "select sum(value_fob_usd)::bigint, min(exporter_name) from marts.bilateral_flows") == [(200, "China")]
    query = "select comment from duckdb_columns() where table_name = 'fct_bilateral_totals' and column_name = 'value_fob_usd'"
    assert "[USD FOB]" in str(rows(moved, query)[0][0])
    assert rows(moved, "select count(*) from duckdb_tables() where comment is null") == [(0,)]
    assert rows(moved, "select schema_name from duckdb_schemas() where not internal and schema_name <> 'main'") == [("marts",)]
    parquet = folder / "marts" / "fct_reported_flows.parquet"
    assert rows(moved, f"select count(*), min(release_id) from '{parquet}'") == [(4, RELEASE.release_id)]
    again = tmp_path / "b"
    again.mkdir()
    release_files.write_files(built.path, again, maximum_rows=5)
    for path in (again / "marts").iterdir():
        assert path.read_bytes() == (folder / "marts" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("across", [False, True])
def test_large_facts_are_links_to_the_lake(built: marts.Candidate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, across: bool) -> None:
    def other_file_system(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if across:
        monkeypatch.setattr("transforms.io.files.os.link", other_file_system)
    written = release_files.write_files(built.path, tmp_path, maximum_rows=3, lake_files=built.files)
    assert written.beside == ("fct_reported_flows", "fct_bilateral_flows")
    found = sorted((tmp_path / "marts" / "fct_bilateral_flows").rglob("*.parquet"))
    assert [p.relative_to(tmp_path / "marts").parts[1] for p in found] == ["year=2020", "year=2020"]
    is_linked = sorted(p.stat().st_ino for p in found) == sorted(p.stat().st_ino for p in built.files["bilateral_flows"])
    assert is_linked is not across
    inside = rows(tmp_path / "entrepot.duckdb", "select table_name from duckdb_tables() where table_name like 'fct_%' order by 1")
    assert inside == [("fct_bilateral_totals",), ("fct_indicators",), ("fct_parameters",)]


def test_a_release_with_its_facts_beside_answers_queries(built: marts.Candidate) -> None:
    inside = rows(built.path, "select * from marts.fct_bilateral_flows order by all")
    reported = rows(built.path, "select * from marts.fct_reported_flows order by all")
    named = rows(built.path, "select * from marts.bilateral_flows order by all")
    folder = release.publish(
        built.home,
        Settings(home=built.home, publish=Publish(maximum_rows_in_duckdb=3)),
        candidate_db=built.path,
        release_id="20260131-ffffffff",
        manifest_content={"fingerprint": RELEASE.fingerprint, "is_synthetic": True},
        run_info={"run_id": "r1"},
        lake_files=built.files,
    )
    assert release.verify(built.home, folder.name) == []
    ours = "* replace ('20260131-abcdef01' as release_id)"
    with open_release(folder) as connection:
        assert connection.execute("select distinct release_id from fct_bilateral_flows").fetchall() == [(folder.name,)]
        assert connection.execute(f"select {ours} from fct_bilateral_flows order by all").fetchall() == inside
        assert connection.execute(f"select {ours} from fct_reported_flows order by all").fetchall() == reported
        assert connection.execute(f"select {ours} from bilateral_flows order by all").fetchall() == named
        types = {r[0]: r[1] for r in connection.execute("describe fct_reported_flows").fetchall()}
    assert types == {c: sql_type(c) for c in contracts.MARTS["fct_reported_flows"].columns}
    assert (len(inside), len(reported), len(named)) == (4, 4, 4)


def test_a_code_without_a_name_refuses_the_candidate_and_keeps_the_row(home: Path) -> None:
    commit_small_lake(home, areas=AREAS[:1])
    with pytest.raises(marts.MartsFailed) as caught:
        marts.build_candidate(settings_of(home), run_id="r2", release=RELEASE, log=quiet)
    failed = dict(caught.value.failures)
    assert "fct_bilateral_flows_known_areas" in failed
    assert "fct_bilateral_flows_conserves_rows" not in failed
    with duckdb.connect(str(home / "build" / "r2" / "candidate.duckdb")) as connection:
        assert connection.execute("select count(*) from marts.fct_bilateral_flows").fetchall() == [(4,)]


def test_an_empty_lake_gives_typed_empty_views(home: Path) -> None:
    candidate = marts.prepare_candidate(Settings(home=home), "r3")
    described = rows(candidate.path, "describe lake.pair_totals")
    assert [(d[0], d[1]) for d in described][:2] == [("year", "SMALLINT"), ("basis", "VARCHAR")]
    assert rows(candidate.path, "select count(*) from lake.pair_totals") == [(0,)]


def test_ops_marts_need_a_built_candidate(home: Path) -> None:
    candidate = marts.prepare_candidate(Settings(home=home), "r4")
    with pytest.raises(marts.MartsFailed, match="build_candidate first"):
        marts.build_ops_marts(Settings(home=home), replace(candidate), quiet)


def test_a_read_only_installation_is_enough(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(dbt_run.project_folder(), installed)
    monkeypatch.setattr(dbt_run, "project_folder", lambda: installed)
    before = {p: p.stat().st_mtime_ns for p in installed.rglob("*")}
    path = marts.manifest_path(Settings(home=home))
    assert path.exists()
    assert marts.manifest_path(Settings(home=home)) == path
    assert {p: p.stat().st_mtime_ns for p in installed.rglob("*")} == before
