"""Releases: whole, immutable, found through one pointer, and comparable."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import duckdb
import pytest

from orchestration.cli.query import open_release
from tests.unit.release_cases import FINGERPRINT, OTHER, cut, settings_of
from transforms.contracts.arrow import sql_type
from transforms.contracts.marts import MARTS
from transforms.io import release, state
from transforms.io.release_hold import hold_reason, pinned


def test_id_is_the_day_and_the_fingerprint() -> None:
    assert release.release_id_for(FINGERPRINT, date(2026, 1, 31)) == f"20260131-{FINGERPRINT[:8]}"


def test_first_release_is_whole_and_current(home: Path) -> None:
    release_id = cut(home)
    folder = home / "releases" / release_id
    assert release.current_release(home) == release_id
    assert (home / "releases" / "current").read_text() == release_id + "\n"
    for name in ("manifest.json", "entrepot.duckdb", "dictionary.html", "quality/index.html", "site/index.html", "marts/dim_area.parquet"):
        assert (folder / name).is_file(), name
        assert (folder / name).stat().st_mode & 0o222 == 0, f"{name} can be written"
    assert release.verify(home, release_id) == []
    assert not list((home / "releases").glob(".*.tmp"))


def test_database_holds_tables_that_need_no_path(home: Path, tmp_path: Path) -> None:
    release_id = cut(home)
    copied = tmp_path / "elsewhere.duckdb"
    copied.write_bytes((home / "releases" / release_id / "entrepot.duckdb").read_bytes())
    with duckdb.connect(str(copied), read_only=True) as con:
        value = con.execute("select value_fob_usd from marts.fct_bilateral_totals where exporter_code = '156'").fetchone()
        assert value is not None
        assert str(value[0]) == "283780322735.000"
        assert con.execute("select exporter_name from marts.bilateral_flows where exporter_code = '156'").fetchone() == ("China",)
        codes = [r[0] for r in con.execute("select area_code from marts.dim_area").fetchall()]
        assert codes == ["156", "276", "842"]
        comment = con.execute("select comment from duckdb_tables() where table_name = 'bilateral_balance'").fetchone()
        assert comment is not None
        assert comment[0].startswith("One row per frequency")


def test_manifest_says_rows_and_exact_sums(home: Path) -> None:
    manifest = json.loads((home / "releases" / cut(home) / "manifest.json").read_text())
    totals = manifest["content"]["tables"]["fct_bilateral_totals"]
    assert totals["rows"] == 3
    assert totals["sums"]["value_fob_usd"] == "449660322735.500"
    assert totals["columns"]["exporter_code"] == "VARCHAR"
    assert manifest["content"]["contract_version"] == "1.2"
    assert "marts/fct_bilateral_totals.parquet" in manifest["content"]["files"]
    assert {"entrepot.duckdb", "marts/release_info.parquet"} <= set(manifest["run"]["files"])
    assert manifest["run"]["run_id"] == "test"


def test_content_is_the_same_in_another_home(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    one, two = (json.loads((h / "releases" / cut(h) / "manifest.json").read_text())["content"] for h in (home, other))
    assert one == two


def test_large_facts_stand_beside_the_database(home: Path) -> None:
    release_id = cut(home, maximum_rows_in_duckdb=2)
    folder = home / "releases" / release_id
    assert (folder / "marts/fct_bilateral_flows/year=2010/part.parquet").is_file()
    with duckdb.connect(str(folder / "entrepot.duckdb"), read_only=True) as con:
        names = {r[0] for r in con.execute("select table_name from information_schema.tables").fetchall()}
    assert not {"fct_bilateral_flows", "bilateral_flows"} & names
    assert release.read_manifest(folder)["content"]["beside"] == ["fct_bilateral_flows", "fct_bilateral_totals"]
    assert release.verify(home, release_id) == []


def test_same_fingerprint_is_current(home: Path) -> None:
    assert not release.is_current(home, FINGERPRINT)
    cut(home)
    assert release.is_current(home, FINGERPRINT)
    assert not release.is_current(home, OTHER)


def test_diff_names_tables_and_sums(home: Path) -> None:
    one, two = cut(home), cut(home, OTHER, day="20260201", factor=2)
    changes = {(c.table, c.value_column): (c.value_before, c.value_after) for c in release.diff(home, one, two)}
    assert changes["fct_bilateral_totals", "value_fob_usd"] == ("449660322735.500", "899320645471.000")
    assert not any(t == "bilateral_balance" for t, _ in changes)
    assert release.diff(home, one, one) == []


def test_rollback_holds_until_resume(home: Path) -> None:
    one, two = cut(home), cut(home, OTHER, day="20260201", factor=2)
    assert release.current_release(home) == two
    release.rollback(home, one, reason="a wrong file")
    assert release.current_release(home) == one
    assert release.is_held(home)
    assert f"rolled back from {two} to {one}: a wrong file" in str(hold_reason(home))
    assert release.resume(home)
    assert not release.is_held(home)
    assert release.resume(home) is None


def test_rollback_refuses_a_damaged_release(home: Path) -> None:
    one, two = cut(home), cut(home, OTHER, day="20260201", factor=2)
    damaged = home / "releases" / one / "marts" / "dim_area.parquet"
    damaged.chmod(0o644)
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    with pytest.raises(release.ReleaseError, match=r"dim_area\.parquet: sha256"):
        release.rollback(home, one)
    assert release.current_release(home) == two
    assert not release.is_held(home)


def test_verify_names_what_is_wrong(home: Path) -> None:
    release_id = cut(home)
    folder = home / "releases" / release_id
    (folder / "site" / "index.html").unlink()
    (folder / "stray.txt").write_text("x")
    manifest = folder / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"rows": 3', '"rows": 4', 1))
    assert {p.path for p in release.verify(home, release_id)} == {"site/index.html", "stray.txt", "manifest.json"}


def test_pins_are_kept(home: Path) -> None:
    release_id = cut(home)
    release.pin(home, release_id)
    assert pinned(home) == {release_id}
    assert [r.is_pinned for r in release.list_releases(home)] == [True]
    release.unpin(home, release_id)
    assert pinned(home) == frozenset()
    with pytest.raises(release.ReleaseError, match="no release '20200101-00000000'"):
        release.pin(home, "20200101-00000000")


@pytest.mark.parametrize("name", ["../x", "20260131-1234567", "current"])
def test_no_path_passes_for_an_id(home: Path, name: str) -> None:
    with pytest.raises(release.ReleaseError, match="no release"):
        release.release_folder(home, name)


def test_a_removed_column_is_refused(home: Path) -> None:
    one = cut(home)
    with pytest.raises(release.ContractRefused, match=r"dim_area\.iso2 is gone") as caught:
        cut(home, OTHER, drop="dim_area.iso2")
    assert caught.value.results == ["dim_area.iso2 is gone"]
    assert release.current_release(home) == one


def test_contract_additions_pass_and_a_major_version_announces() -> None:
    old = {"contract_version": "1.0", "tables": {"t": {"columns": {"a": "VARCHAR", "b": "BIGINT"}, "key": ["a"]}}}
    more = {"contract_version": "1.2", "tables": {"t": {"columns": {"a": "VARCHAR", "b": "BIGINT", "c": "DOUBLE"}, "key": ["a"]}, "u": {}}}
    assert release.contract_changes(old, more) == []
    retyped = {"contract_version": "1.2", "tables": {"t": {"columns": {"a": "VARCHAR", "b": "DOUBLE"}, "key": ["a", "b"]}}}
    assert release.contract_changes(old, retyped) == ["t.b was BIGINT, is DOUBLE", "the key of t was ['a'], is ['a', 'b']"]
    assert release.contract_changes(old, {**retyped, "contract_version": "2.0"}) == []
    assert release.contract_changes(old, {"contract_version": "1.0", "tables": {}}) == ["table t is gone"]


def test_pages_are_marked_synthetic_and_load_nothing(home: Path) -> None:
    folder = home / "releases" / cut(home)
    start = (folder / "site/index.html").read_text()
    assert "SYNTHETIC" in start
    assert "Bilateral balance of China" in start
    assert "191.90" in start
    assert "where s.frequency = &#x27;A&#x27; and s.area_code = &#x27;156&#x27;" in start
    assert '<th scope="col" class=n>balance_billion_usd</th>' in start
    assert "3 exporters, a world needs 30" in start
    dictionary = (folder / "dictionary.html").read_text()
    assert "Herfindahl" in dictionary
    for text in (start, dictionary, (folder / "quality/index.html").read_text()):
        assert "http" not in text.replace("http-equiv", "")
        assert "<script" not in text


def test_repeated_marts_have_equal_bytes(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    one, two = (h / "releases" / cut(h, maximum_rows_in_duckdb=2) / "marts" for h in (home, other))
    names = sorted(p.relative_to(one) for p in one.rglob("*.parquet") if p.stem != "release_info")
    assert Path("fct_bilateral_flows/year=2010/part.parquet") in names
    assert [n for n in names if (one / n).read_bytes() != (two / n).read_bytes()] == []


def test_database_has_the_contracts_types_and_comments(home: Path) -> None:
    path = home / "releases" / cut(home) / "entrepot.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'marts'"
        ).fetchall()
    columns = {(table, name): (kind, comment) for table, name, kind, comment in found if not MARTS[table].is_view}
    assert {k: v[0] for k, v in columns.items()} == {(t.name, c): sql_type(c) for t in MARTS.values() if not t.is_view for c in t.columns}
    assert all(comment for _, comment in columns.values())
    assert columns["fct_bilateral_totals", "value_fob_usd"][1].endswith("[USD FOB]")


def test_large_facts_and_their_view_answer_queries(home: Path) -> None:
    folder = home / "releases" / cut(home, maximum_rows_in_duckdb=2)
    with open_release(folder) as con:
        rows = con.execute("select distinct release_id, count(*) over () from fct_bilateral_flows").fetchall()
        named = con.execute("select exporter_name, release_id from bilateral_flows where exporter_code = '156'").fetchall()
    assert rows == [(folder.name, 3)]
    assert named == [("China", folder.name)]


def test_partial_and_whole_have_two_fingerprints(home: Path) -> None:
    """A source that keeps an older version, and one that recovers with equal content: each is a release of its own."""

    def fingerprint(gate: Literal["passed", "failed"]) -> str:
        moment = datetime(2026, 1, 31, tzinfo=UTC)
        known = state.PartitionState("harmonised_flows", "year=2010", "in", "1", "content", gate, 0, 1, 1, 1, "r", moment)
        state.record(home, [known])
        return state.release_fingerprint(settings_of(home), "marts")

    whole, partial, recovered = fingerprint("passed"), fingerprint("failed"), fingerprint("passed")
    assert whole != partial
    assert recovered == whole
