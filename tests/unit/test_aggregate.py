"""The fused pass against plain SQL, and against numbers worked out by hand."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from decimal import Context, Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile, TaskResult
from transforms.core.aggregating.accumulators import AggregateError
from transforms.core.aggregating.aggregate import aggregate_year
from transforms.core.coded import code_order
from transforms.io import lake

YEAR = 2020


@dataclasses.dataclass(frozen=True)
class Flow:
    """One bilateral flow, in mills and thousandths of a kg."""

    exporter: str
    importer: str
    product: str
    value: int
    weight: int | None = None
    level: int = 6
    basis: str = "own"
    period: str = str(YEAR)

    @property
    def stratum(self) -> tuple[str, str, str, str, int]:
        return self.basis, "A" if len(self.period) == 4 else "M", self.period, "H5", self.level

    @property
    def order(self) -> tuple[object, ...]:
        keys = (*self.stratum[:4], self.exporter, self.importer, self.product)
        return (*(code_order(k) for k in keys[:4]), self.level, *(code_order(k) for k in keys[4:]))


def flow_table(flows: Sequence[Flow]) -> pa.Table:
    """Flows of one stratum as rows of bilateral_flows."""
    basis, frequency, period, classification, level = flows[0].stratum
    rows = len(flows)
    given_columns = {
        "basis": [basis] * rows,
        "frequency": [frequency] * rows,
        "period": [period] * rows,
        "classification": [classification] * rows,
        "product_level": [level] * rows,
        "exporter_code": [f.exporter for f in flows],
        "importer_code": [f.importer for f in flows],
        "product_code": [f.product for f in flows],
        "method": ["prefer_exporter"] * rows,
        "evidence": ["exporter_only"] * rows,
        "is_value_rounded": [False] * rows,
        "is_residual": ["X" in f.product for f in flows],
        "value_fob_usd": [Decimal(f.value).scaleb(-3) for f in flows],
        "net_weight_kg": [None if f.weight is None else Decimal(f.weight).scaleb(-3) for f in flows],
    }
    schema = file_schema(contracts.BILATERAL_FLOWS)
    columns = {}
    for field in schema:
        plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        columns[field.name] = pa.array(given_columns.get(field.name, [None] * rows), plain)
    return pa.table(columns)


def commit_flows(home: Path, flows: Sequence[Flow], *, rows_per_group: int = 1000, is_sorted: bool = True) -> None:
    """Write and commit flows of YEAR as the reconciler would: by bucket, row groups inside a stratum."""
    ordered = sorted(flows, key=lambda f: f.order) if is_sorted else list(flows)
    files: dict[str, list[DataFile]] = {}
    for bucket in range(codes.PRODUCT_BUCKETS):
        groups: dict[tuple[object, ...], list[Flow]] = {}
        for flow in ordered:
            if codes.product_bucket(flow.product) == bucket:
                groups.setdefault(flow.stratum, []).append(flow)
        parts = (flow_table(g[n : n + rows_per_group]) for g in groups.values() for n in range(0, len(g), rows_per_group))
        file = lake.write_partition(home, contracts.BILATERAL_FLOWS, {"year": YEAR, "product_bucket": bucket}, parts)
        files[f"year={YEAR}/product_bucket={bucket}"] = [file] if file else []
    lake.commit(home, contracts.BILATERAL_FLOWS, files)


def aggregate(home: Path) -> tuple[TaskResult, dict[str, list[dict[str, object]]]]:
    """Run the task, commit, and give every table's rows."""
    result = aggregate_year(home, YEAR)
    for table in contracts.AGGREGATES:
        lake.commit(home, table, {f"year={YEAR}": [f for f in result.files if f.table == table.name]})
    return result, {t.name: lake.read(home, t).to_pylist() for t in contracts.AGGREGATES}


_STRATUM = ", ".join(contracts.STRATUM)
_SUMS = """sum(value_fob_usd)::decimal(18,3) as value_fob_usd, sum(net_weight_kg)::decimal(18,3) as net_weight_kg,
    count(*) as flow_count, count(*) - count(net_weight_kg) as missing_weight_count"""
QUERIES = {
    "pair_totals": f"select {_STRATUM}, exporter_code, importer_code, {_SUMS} from flows group by all",
    "exporter_chapter": f"""select {_STRATUM}, exporter_code, product_code[:2] as chapter_code, {_SUMS}
        from flows where product_level >= 2 group by all""",
    "pair_heading": f"""select {_STRATUM}, exporter_code, importer_code, product_code[:4] as heading_code, {_SUMS}
        from flows where product_level >= 4 group by all""",
    "exporter_product": f"""with sums as (
            select {_STRATUM}, exporter_code, product_code, {_SUMS}, count(distinct importer_code) as importer_count
            from flows group by all)
        select *, (value_fob_usd::double / nullif(sum(value_fob_usd) over (partition by {_STRATUM}, exporter_code), 0))
            / nullif(sum(value_fob_usd) over (partition by {_STRATUM}, product_code)::double
                     / nullif(sum(value_fob_usd) over (partition by {_STRATUM}), 0), 0) as rca
        from sums""",
    "importer_product": f"""select {_STRATUM}, importer_code, product_code, {_SUMS}, count(distinct exporter_code) as supplier_count,
            sum(square) as supplier_sum_of_squares_usd2,
            sum(square)::double / nullif(sum(value_fob_usd)::double ^ 2, 0) as supplier_hhi,
            arg_min(exporter_code, (-value_fob_usd, length(exporter_code), exporter_code)) as top_supplier_code,
            max(value_fob_usd) as top_supplier_value_fob_usd
        from flows group by all""",
    "world_product": f"""select {_STRATUM}, product_code, {_SUMS}, count(distinct exporter_code) as exporter_count,
            count(distinct importer_code) as importer_count from flows group by all""",
}


def expected(home: Path, table: Table) -> list[dict[str, object]]:
    """The table's rows by plain SQL over the same files, in the contract's order."""
    paths = [str(p) for p in lake.active_files(home, contracts.BILATERAL_FLOWS)]
    with duckdb.connect() as connection:
        source = f"read_parquet({paths}, hive_partitioning = false)"
        connection.execute(f"create view flows as select *, value_fob_usd::decimal(19,3) * value_fob_usd as square from {source}")
        order = ", ".join(c if c == "product_level" else f"length({c}), {c}" for c in table.sort_by)
        names = [c for c in table.columns if c != "year"]
        rows = connection.execute(f"select {', '.join(names)} from ({QUERIES[table.name]}) order by {order}").fetchall()
    return [{"year": YEAR, **dict(zip(names, row, strict=True))} for row in rows]


def assert_same(found: list[dict[str, object]], wanted: list[dict[str, object]]) -> None:
    """Equal rows in equal order: exact, ratios to 1e-12."""
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        for name, value in theirs.items():
            if isinstance(value, float):
                assert ours[name] == pytest.approx(value, rel=1e-12), name
            else:
                assert ours[name] == value, (name, ours, theirs)


_areas = st.sampled_from(["4", "31", "56", "156", "842", "899"])
_products = {
    0: st.just("TOTAL"),
    2: st.sampled_from(["01", "27", "87"]),
    4: st.sampled_from(["0101", "2709", "27XX", "8703"]),
    6: st.sampled_from(["010121", "010129", "270900", "27XXXX", "XXXXXX", "520100", "720110", "870321", "870380"]),
}


@st.composite
def _flows(draw: st.DrawFn) -> Flow:
    level = draw(st.sampled_from(sorted(_products)))
    exporter, importer = draw(st.lists(_areas, min_size=2, max_size=2, unique=True))
    value = draw(st.one_of(st.integers(0, 5), st.integers(0, 10**15)))
    weight = draw(st.one_of(st.none(), st.integers(0, 10**14)))
    return Flow(
        exporter,
        importer,
        draw(_products[level]),
        value,
        weight,
        level,
        draw(st.sampled_from(codes.BASES)),
        draw(st.sampled_from([str(YEAR), f"{YEAR}-02"])),
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_flows(), min_size=1, max_size=120, unique_by=lambda f: f.order), st.sampled_from([3, 1000]))
def test_every_table_equals_plain_sql(tmp_path_factory: pytest.TempPathFactory, flows: list[Flow], rows_per_group: int) -> None:
    home = tmp_path_factory.mktemp("home")
    commit_flows(home, flows, rows_per_group=rows_per_group)
    result, found = aggregate(home)
    for table in contracts.AGGREGATES:
        assert_same(found[table.name], expected(home, table))
    by_key = {(line.table_name, line.period, line.reason): line.value_mills for line in result.ledger}
    assert all(by_key[table, period, "out"] == value for (table, period, reason), value in by_key.items() if reason == "in")


def test_hhi_of_three_suppliers(home: Path) -> None:
    commit_flows(home, [Flow("4", "842", "870380", 500), Flow("31", "842", "870380", 300), Flow("156", "842", "870380", 200)])
    [row] = aggregate(home)[1]["importer_product"]
    assert row["supplier_hhi"] == pytest.approx(0.38, abs=1e-15)
    assert row["supplier_sum_of_squares_usd2"] == Decimal("0.380000")
    assert (row["supplier_count"], row["top_supplier_code"], row["top_supplier_value_fob_usd"]) == (3, "4", Decimal("0.500"))


def test_rca_of_two_areas_and_products(home: Path) -> None:
    values = {("4", "010121"): 90, ("4", "870380"): 10, ("31", "010121"): 30, ("31", "870380"): 70}
    commit_flows(home, [Flow(exporter, "842", product, value * 1000) for (exporter, product), value in values.items()])
    rows = aggregate(home)[1]["exporter_product"]
    assert [[r["rca"] for r in rows[:2]], [r["rca"] for r in rows[2:]]] == [[1.5, 0.25], [0.5, 1.75]]


def test_a_sum_over_no_weights_is_null_with_a_count(home: Path) -> None:
    commit_flows(home, [Flow("4", "842", "010121", 1), Flow("4", "842", "010129", 2), Flow("31", "842", "010129", 3, 5000)])
    rows = aggregate(home)[1]["pair_totals"]
    assert [(r["net_weight_kg"], r["missing_weight_count"], r["flow_count"]) for r in rows] == [(None, 2, 2), (Decimal("5.000"), 0, 1)]


def test_the_smaller_area_number_wins_a_tie(home: Path) -> None:
    commit_flows(home, [Flow("156", "842", "870380", 7), Flow("31", "842", "870380", 7), Flow("4", "842", "870380", 6)])
    [row] = aggregate(home)[1]["importer_product"]
    assert row["top_supplier_code"] == "31"


def test_zero_values_have_no_ratio(home: Path) -> None:
    commit_flows(home, [Flow("4", "842", "870380", 0)])
    tables = aggregate(home)[1]
    assert tables["importer_product"][0]["supplier_hhi"] is None
    assert tables["exporter_product"][0]["rca"] is None


def test_squares_beyond_64_bits_are_exact(home: Path) -> None:
    value = 123_456_789_012_345_678
    commit_flows(home, [Flow("4", "842", "870380", value), Flow("31", "842", "870380", value - 1)])
    [row] = aggregate(home)[1]["importer_product"]
    assert row["supplier_sum_of_squares_usd2"].scaleb(6, Context(prec=40)) == value**2 + (value - 1) ** 2


def test_total_rows_feed_no_chapter_and_no_heading(home: Path) -> None:
    commit_flows(home, [Flow("4", "842", "TOTAL", 9, level=0)])
    result, tables = aggregate(home)
    assert {t for t, rows in tables.items() if rows} == {"pair_totals", "exporter_product", "importer_product", "world_product"}
    assert tables["world_product"][0]["product_code"] == "TOTAL"
    assert {line.table_name for line in result.ledger} == {t for t, rows in tables.items() if rows}


def test_ledger_names_what_went_in_and_out(home: Path) -> None:
    commit_flows(home, [Flow("4", "842", "010121", 5), Flow("4", "842", "870380", 6), Flow("4", "842", "TOTAL", 11, level=0)])
    lines = {(x.table_name, x.reason): (x.stage, x.source, x.row_count, x.value_mills) for x in aggregate(home)[0].ledger}
    assert lines["pair_totals", "in"] == ("aggregate", "all", 3, 22)
    assert lines["pair_totals", "out"] == ("aggregate", "all", 2, 22)
    assert lines["exporter_chapter", "in"] == ("aggregate", "all", 2, 11)


def test_repeating_gives_the_same_files_however_rows_are_grouped(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    keys = itertools.product(("4", "31", "156"), ("56", "842"), ("010121", "270900", "870380"))
    flows = [Flow(*key, int(rng.integers(1, 10**9))) for key in keys]
    names = []
    for number, size in enumerate((1000, 2)):
        home = tmp_path / str(number)
        commit_flows(home, flows, rows_per_group=size)
        names.append([f.path for f in aggregate_year(home, YEAR).files])
        assert names[-1] == [f.path for f in aggregate_year(home, YEAR).files]
    assert names[0] == names[1]
    assert len(names[0]) == len(contracts.AGGREGATES)


def test_a_year_without_flows_gives_nothing(home: Path) -> None:
    assert aggregate_year(home, YEAR) == TaskResult((), ())


@pytest.mark.parametrize(
    ("flows", "message"),
    [
        ([Flow("31", "842", "010121", 1), Flow("4", "842", "010121", 1)], "strictly ascending"),
        ([Flow("4", "842", "010129", 1), Flow("4", "842", "010121", 1)], "strictly ascending"),
        ([Flow("4", "842", "010121", 1), Flow("4", "842", "010121", 2)], "strictly ascending"),
        ([Flow("4", "842", "010121", 10**18 - 1), Flow("4", "842", "870380", 1)], r"DECIMAL\(18,3\)"),
        ([Flow("4", "842", "010121", 10**18 - 1), Flow("4", "842", "010129", 1)], r"DECIMAL\(18,3\)"),
    ],
)
def test_what_cannot_be_summed_exactly_is_refused(home: Path, flows: list[Flow], message: str) -> None:
    commit_flows(home, flows, is_sorted=False)
    with pytest.raises(AggregateError, match=message):
        aggregate_year(home, YEAR)
    assert not list((home / "lake" / "pair_totals").rglob("*.parquet"))
