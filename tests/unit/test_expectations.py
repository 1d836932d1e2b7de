"""Gates from the outside: what they refuse, what they say, what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from expectations import runner, suites
from expectations.duckdb_datasource import EmptySuiteError, duckdb_session
from expectations.rule import Rule, row
from tests.unit import expectation_files as files
from tests.unit import expectation_rows as rows_of
from transforms.contracts import lake, marts
from transforms.contracts.records import CheckResult

FLOWS = lake.REPORTED_FLOWS


def key(year: int) -> str:
    return f"source=comtrade/year={year}"


def partition(root: Path, year: int, rows: rows_of.Rows | None = None, name: str = "a") -> Path:
    path = root / key(year) / f"{name}.parquet"
    return files.write(path, FLOWS, rows_of.reported_flows(year) if rows is None else rows)


def faults(results: list[CheckResult]) -> list[tuple[str, str]]:
    return [(r.partition_key, r.check_name) for r in results if not r.is_passed]


def test_modules_import_without_great_expectations() -> None:
    code = (
        "import sys, expectations.runner, expectations.suites, expectations.rules, expectations.report, expectations.batches, "
        "expectations.duckdb_datasource; "
        "sys.exit(' '.join(m for m in ('great_expectations', 'sqlalchemy', 'pandas') if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(suites.__file__).parents[1])
    assert (done.returncode, done.stderr) == (0, "")


def test_a_gate_leaves_no_file_prints_nothing_and_asks_no_network(tmp_path: Path) -> None:
    path = partition(tmp_path / "lake", 2014)
    folder, here = tmp_path / "user", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    code = (
        "import socket; socket.socket.connect = None; socket.getaddrinfo = None; from pathlib import Path; "
        f"from expectations import runner; from transforms.contracts.lake import REPORTED_FLOWS; "
        f"assert all(r.is_passed for r in runner.gate(REPORTED_FLOWS, {{{key(2014)!r}: [Path({str(path)!r})]}}))"
    )
    env = {**os.environ, "HOME": str(folder), "TMPDIR": str(here), "PYTHONPATH": str(Path(suites.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=here, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.glob("[uh]*/*")) == []


def test_an_empty_batch_fails_at_the_volume_floor(tmp_path: Path) -> None:
    results = runner.gate(FLOWS, {key(2014): [partition(tmp_path, 2014, [])]})
    assert faults(results) == [(key(2014), "volume_floor")]
    assert results[0].observed == "0 rows"


def test_an_empty_suite_is_an_error() -> None:
    with duckdb_session() as session:
        session.rows("create view something as select 1 as a")
        with pytest.raises(EmptySuiteError, match="would always pass"):
            suites.build_suite(session, "nothing", [])
        with pytest.raises(EmptySuiteError, match="would always pass"):
            session.violations("something", session.suite("nothing", []))


def test_a_gate_over_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(runner.NothingToGateError):
        runner.gate(FLOWS, {})
    with pytest.raises(runner.NothingToGateError):
        runner.gate_many({})
    with pytest.raises(runner.NothingToGateError):
        runner.gate_database(tmp_path / "none.duckdb", [])


def test_a_table_that_may_be_empty_passes_without_files_but_says_no_data() -> None:
    (found,) = runner.gate(lake.CONTROL_TOTALS, {key(2014): []})
    assert (found.check_name, found.is_passed, found.observed) == ("volume_floor", True, "no data")


def test_infinities_and_nan_are_caught_where_ranges_see_nothing(tmp_path: Path) -> None:
    table = lake.BILATERAL_FLOWS
    rows = rows_of.bilateral_flows(2014)
    rows[0]["sigma_exporter"], rows[1]["sigma_exporter"] = float("nan"), float("inf")
    path = files.write(tmp_path / "a.parquet", table, rows)
    results = runner.gate(table, {"year=2014/product_bucket=0": [path]})
    (found,) = (r for r in results if not r.is_passed)
    assert (found.check_name, found.column_name, found.failed_row_count) == ("is_finite", "sigma_exporter", 2)


def test_a_torn_file_fails_its_own_partition_only(tmp_path: Path) -> None:
    good, torn = partition(tmp_path, 2014), partition(tmp_path, 2015)
    torn.write_bytes(torn.read_bytes()[:-20])
    results = runner.gate(FLOWS, {key(2015): [torn], key(2014): [good]})
    assert faults(results) == [(key(2015), "volume_floor")]
    assert "a.parquet" in (next(r for r in results if not r.is_passed).observed or "")


def test_a_damaged_page_never_passes(tmp_path: Path) -> None:
    path = partition(tmp_path, 2014)
    data = bytearray(path.read_bytes())
    data[4:400] = b"\xff" * 396
    path.write_bytes(bytes(data))
    results = runner.gate(FLOWS, {key(2014): [path]})
    assert any("could not be evaluated" in (r.observed or "") for r in results if not r.is_passed)


def test_columns_out_of_order_or_of_another_type_fail(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    swapped, retyped = partition(tmp_path, 2014), partition(tmp_path, 2015)
    data = pq.ParquetFile(swapped).read()
    names = data.column_names
    pq.write_table(data.select([names[1], names[0], *names[2:]]), swapped)
    data = pq.ParquetFile(retyped).read()
    at = data.column_names.index("source_line")
    pq.write_table(data.set_column(at, "source_line", data.column(at).cast(pa.int32())), retyped)
    results = runner.gate(FLOWS, {key(2014): [swapped], key(2015): [retyped]})
    assert faults(results) == [(key(2014), "columns_match_contract"), (key(2015), "columns_match_contract")]
    sample = json.loads(next(r.sample for r in results if r.partition_key == key(2015) and not r.is_passed) or "")
    assert (sample[0]["column_name"], sample[0]["expected_type"], sample[0]["found_type"]) == ("source_line", "BIGINT", "INTEGER")


def test_partition_values_come_from_the_key_not_from_folders(tmp_path: Path) -> None:
    root = tmp_path / "year=1900" / "source=it's"
    results = runner.gate(FLOWS, {key(2014): [partition(root, 2014), partition(root, 2014, name="b")]})
    (found,) = (r for r in results if not r.is_passed)
    assert (found.check_name, found.failed_row_count) == ("key_is_unique", 6)
    assert {r["year"] for r in json.loads(found.sample or "")} == {2014}
    with pytest.raises(ValueError, match="the contract says"):
        runner.gate(FLOWS, {"year=2014": [partition(root, 2014)]})


def test_duplicates_are_found_whatever_the_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "KEYS_AT_ONCE", 4)
    rows = rows_of.reported_flows(2014)
    results = runner.gate(
        FLOWS, {key(2014): [partition(tmp_path, 2014, [*rows, rows[2], rows[2], rows[4]])], key(2015): [partition(tmp_path, 2015)]}
    )
    (found,) = (r for r in results if not r.is_passed)
    assert (found.partition_key, found.check_name, found.failed_row_count) == (key(2014), "key_is_unique", 3)
    assert len(json.loads(found.sample or "")) == 5


def test_samples_hold_at_most_twenty_rows_and_counts_are_whole(tmp_path: Path) -> None:
    base = rows_of.reported_flows(2014)[0]
    rows = [{**base, "product_code": f"{i:06}", "net_weight_kg": rows_of.usd(0)} for i in range(250)]
    results = runner.gate(FLOWS, {key(2014): [partition(tmp_path, 2014, rows)]})
    (found,) = (r for r in results if not r.is_passed)
    assert (found.check_name, found.failed_row_count, found.observed) == ("net_weight_never_zero", 250, "250 rows fail")
    assert [r["product_code"] for r in json.loads(found.sample or "")] == [f"{i:06}" for i in range(20)]


def test_a_check_that_cannot_run_fails_and_says_so(tmp_path: Path) -> None:
    wrong = Rule("misspelt", "reported_flows", "select * from reported_flows where no_such_column", "never", severity="warning")
    literal = row("braces_and_colons", "reported_flows", "regexp_matches(snapshot_id, '^x{2,3}:y$')", "SQL text reaches DuckDB unharmed")
    rows = rows_of.reported_flows(2014)
    rows[0]["snapshot_id"] = "xx:y"
    results = {r.check_name: r for r in runner.gate(FLOWS, {key(2014): [partition(tmp_path, 2014, rows)]}, rules=[wrong, literal])}
    assert not results["misspelt"].is_passed
    assert "could not be evaluated" in (results["misspelt"].observed or "")
    assert "no_such_column" in (results["misspelt"].observed or "")
    assert (results["braces_and_colons"].failed_row_count, results["key_is_unique"].is_passed) == (1, True)


def test_context_must_be_known_and_rules_without_their_tables_are_left_out(tmp_path: Path) -> None:
    pairs = files.write(tmp_path / "a.parquet", lake.PAIR_TOTALS, rows_of.aggregates(2014)["pair_totals"])
    alone = runner.gate(lake.PAIR_TOTALS, {"year=2014": [pairs]})
    assert faults(alone) == []
    assert "pair_totals_equal_flows" not in {r.check_name for r in alone}
    with pytest.raises(KeyError, match="nowhere"):
        runner.gate(lake.PAIR_TOTALS, {"year=2014": [pairs]}, context={"nowhere": [pairs]})
    with pytest.raises(ValueError, match="product_bucket"):
        runner.gate(lake.PAIR_TOTALS, {"year=2014": [pairs]}, context={"bilateral_flows": [pairs]})


def test_results_come_in_one_order_for_every_partition(tmp_path: Path) -> None:
    results = runner.gate(FLOWS, {key(y): [partition(tmp_path, y)] for y in (2014, 2015)})
    names = {y: [(r.check_name, r.column_name) for r in results if r.partition_key == key(y)] for y in (2014, 2015)}
    assert names[2014] == names[2015]
    assert names[2014][:3] == [("volume_floor", None), ("columns_match_contract", None), ("key_is_unique", None)]
    assert len(set(names[2014])) == len(names[2014])


def test_a_gate_runs_in_a_thread_beside_another(tmp_path: Path) -> None:
    path, found = partition(tmp_path, 2014), []
    threads = [threading.Thread(target=lambda: found.append(runner.gate(FLOWS, {key(2014): [path]}))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [faults(r) for r in found] == [[], []]


def test_marts_are_read_while_a_reader_has_the_file_open_and_absent_ones_are_no_data(tmp_path: Path) -> None:
    import duckdb

    rows = {n: r for n, r in files.mart_rows().items() if n in ("release_info", "market_share")}
    path = files.database(tmp_path / "it's.duckdb", rows)
    with duckdb.connect(str(path), read_only=True):
        results = runner.gate_database(path, [marts.MARKET_SHARE, marts.IMPORT_DEPENDENCE])
    (found,) = (r for r in results if not r.is_passed)
    assert (found.table_name, found.check_name, found.observed) == ("import_dependence", "volume_floor", "no data")


def test_a_mart_of_another_type_fails(tmp_path: Path) -> None:
    import duckdb

    path = files.database(tmp_path / "m.duckdb", {n: r for n, r in files.mart_rows().items() if n in ("release_info", "market_share")})
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.market_share alter value_fob_usd type double")
    assert faults(runner.gate_database(path, [marts.MARKET_SHARE])) == [("", "columns_match_contract")]


def test_a_million_rows_are_gated_by_pushdown(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "a.parquet"
    seed = partition(tmp_path, 2014, rows_of.reported_flows(2014)[:1])
    duckdb.sql(
        f"copy (select s.* replace (lpad((i % 20000)::varchar, 6, '0') as product_code, (i // 20000 + 20)::varchar as partner_code) "
        f"from read_parquet('{seed}', hive_partitioning = false) s, range(1000000) r(i)) to '{path}' (format parquet)"
    )
    runner.preload()
    start = time.perf_counter()
    results = runner.gate(FLOWS, {key(2014): [path]})
    print(f"gate of 1,000,000 reported flows, {len(results)} checks: {time.perf_counter() - start:.2f} s")
    assert faults(results) == []


def test_views_inside_the_database_are_gated_too(tmp_path: Path) -> None:
    import duckdb

    path = files.database(tmp_path / "m.duckdb", {n: r for n, r in files.mart_rows().items() if n in ("release_info", "market_share")})
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema lake; create table lake.share as from marts.market_share; drop table marts.market_share")
        connection.execute("create view marts.market_share as select * from lake.share")
    assert faults(runner.gate_database(path, [marts.MARKET_SHARE])) == []


def test_hundreds_of_failing_partitions_are_each_named(tmp_path: Path) -> None:
    good, empty = partition(tmp_path, 1962), partition(tmp_path, 1963, [])
    narrow = files.write(tmp_path / "narrow.parquet", FLOWS, [], without="flow_code")
    years = range(2000, 2220)
    partitions = {key(1962): [good]} | {f"source=s{n}/year={y}": [path] for y in years for n, path in ((0, empty), (1, narrow))}
    results = runner.gate(FLOWS, partitions)
    assert {p for p, check in faults(results) if check == "volume_floor"} == set(partitions) - {key(1962)}
    assert {p for p, check in faults(results) if check == "columns_match_contract"} == {f"source=s1/year={y}" for y in years}
