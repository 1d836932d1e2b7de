"""The aggregation's own files through their gate: the sums across tables, the flows behind them, the ledger."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from expectations.runner import gate_many
from tests.unit import expectation_rows as rows_of
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema, table_schema
from transforms.core.aggregating.aggregate import aggregate_year
from transforms.io import lake

TABLES = {t.name: t for t in contracts.AGGREGATES}


def flows(home: Path, year: int) -> list[Path]:
    """Committed bilateral flows of one year: 3 areas, 4 products in two buckets, one weight missing."""
    table = contracts.BILATERAL_FLOWS
    files = []
    for bucket, product in ((0, "010121"), (0, "010129"), (3, "870380"), (3, "87XXXX")):
        rows = []
        for n, (exporter, importer) in enumerate((("156", "276"), ("156", "842"), ("276", "842"))):
            value = rows_of.usd(1000 + 37 * n + len(files))
            rows.append({
                **rows_of.bilateral_flows(year)[3], "product_code": product, "exporter_code": exporter, "importer_code": importer,
                "value_fob_usd": value, "value_exporter_fob_usd": value, "is_residual": product.endswith("X"),
                "net_weight_kg": None if n == 1 else rows_of.usd(n + 1),
            })  # fmt: skip
        schema = pa.schema([table_schema(table).field(c) for c in table.file_columns])
        files.append((bucket, pa.Table.from_pylist(rows, schema=schema)))
    written = {}
    for bucket in (0, 3):
        data = pa.concat_tables([t for b, t in files if b == bucket])
        data = data.sort_by([("exporter_code", "ascending"), ("importer_code", "ascending"), ("product_code", "ascending")])
        file = lake.write_partition(home, table, {"year": year, "product_bucket": bucket}, [data.cast(file_schema(table))])
        assert file is not None
        written[file.partition_key] = [file]
    lake.commit(home, table, written)
    return lake.active_files(home, table)


def test_what_the_aggregation_writes_passes_its_gate(home: Path) -> None:
    behind = flows(home, 2014)
    result = aggregate_year(home, 2014)
    partitions = {t: {f.partition_key: [lake.table_folder(home, t) / f.path] for f in result.files if f.table == t.name}
                  for t in contracts.AGGREGATES}  # fmt: skip
    results = gate_many(partitions, context={"bilateral_flows": behind})
    assert [(r.table_name, r.check_name, r.sample) for r in results if not r.is_passed] == []
    assert {r.table_name for r in results} == set(TABLES)
    asked = {r.check_name for r in results}
    assert {"pair_totals_equal_flows", "world_exports_equal_world_imports", "hhi_is_sum_of_squared_shares"} <= asked


def test_flows_and_aggregates_that_differ_by_a_mill_are_refused(home: Path) -> None:
    flows(home, 2014)
    pairs = next(f for f in aggregate_year(home, 2014).files if f.table == "pair_totals")
    flows_of_another_run = home / "other"
    behind = flows(flows_of_another_run, 2014)[:1]
    results = gate_many(
        {contracts.PAIR_TOTALS: {pairs.partition_key: [lake.table_folder(home, contracts.PAIR_TOTALS) / pairs.path]}},
        context={"bilateral_flows": behind},
    )
    assert [r.check_name for r in results if not r.is_passed] == ["pair_totals_equal_flows"]
