"""Weights and reports around a change of edition, for tests of conversion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tests.unit.core_cases import Report
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.core.harmonising.conversion import build_conversion
from transforms.io import lake
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings


def commit_weights(home: Path, *rows: str) -> None:
    """commit_weights(home, "H5 854231 > H4 854231 0.75 0.5 fitted"): the weights of values, then those of quantities."""
    read = [row.replace("> ", "").split() for row in rows]
    names = ("from_classification", "from_code", "to_classification", "to_code", "value_weight", "quantity_weight", "weight_origin")
    records = [{**dict(zip(names, r, strict=True)), "value_weight": float(r[4]), "quantity_weight": float(r[5])} for r in read]
    data = pa.Table.from_pylist([{**r, "observation_count": 0} for r in records], schema=table_schema(contracts.CONVERSION_WEIGHT))
    file = lake.write_partition(home, contracts.CONVERSION_WEIGHT, {}, [data])
    assert file is not None
    lake.commit(home, contracts.CONVERSION_WEIGHT, {file.partition_key: [file]})


def commit_year(home: Path, year: int, reports: Sequence[Report], source: str = "comtrade") -> None:
    """Reports of any year, as ingest would write them."""
    schema = table_schema(contracts.REPORTED_FLOWS)
    fields = [schema.field(n) for n in contracts.REPORTED_FLOWS.file_columns]
    rows = [report.row(line) | {"period": str(year)} for line, report in enumerate(reports)]
    data = pa.Table.from_pylist([{f.name: r.get(f.name) for f in fields} for r in rows], schema=pa.schema(fields))
    file = lake.write_partition(home, contracts.REPORTED_FLOWS, {"source": source, "year": year}, [data])
    assert file is not None
    lake.commit(home, contracts.REPORTED_FLOWS, {file.partition_key: [file]})


def build(home: Path) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Build and commit weights; "H5 854231 > H4" -> ["854231 0.75 0.5 fitted 3", ...], and the warnings."""
    settings = Settings(home=home)
    result = build_conversion(home, live_snapshots(settings), settings)
    lake.commit(home, contracts.CONVERSION_WEIGHT, {f.partition_key: [f] for f in result.files})
    found: dict[str, list[str]] = {}
    for r in lake.read(home, contracts.CONVERSION_WEIGHT).to_pylist():
        key = f"{r['from_classification']} {r['from_code']} > {r['to_classification']}"
        text = f"{r['to_code']} {r['value_weight']:.12g} {r['quantity_weight']:.12g} {r['weight_origin']} {r['observation_count']}"
        found.setdefault(key, []).append(text)
    return found, result.warnings
