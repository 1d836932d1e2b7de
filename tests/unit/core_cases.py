"""Reports written straight into reported_flows and control_totals, for tests of the core."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.codes import TOTAL
from transforms.contracts.model import Table
from transforms.contracts.records import DataFile, TaskResult
from transforms.core.harmonising.harmonise import harmonise_year
from transforms.core.reconciling.reconcile import reconcile_bucket
from transforms.io import lake
from transforms.settings import Reconcile, Settings

YEAR = 2020
USA, CHINA, FRANCE = "842", "156", "251"


@dataclasses.dataclass(frozen=True)
class Report:
    """One reported row; value, FOB and weight in thousandths of a USD or kg. The level is the code's length unless given."""

    reporter: str
    partner: str
    flow: str
    product: str
    value: int
    level: int = -1
    classification: str = "H5"
    source: str = "comtrade"
    period: str = str(YEAR)
    valuation: str | None = None
    fob: int | None = None
    weight: int | None = None
    rounded: bool = False
    control: str | None = None

    def __post_init__(self) -> None:
        if self.level < 0:
            object.__setattr__(self, "level", 0 if self.product == TOTAL else len(self.product))

    def row(self, line: int) -> dict[str, Any]:
        """As a row of reported_flows or control_totals."""
        return {
            "year": YEAR,
            "source": self.source,
            "frequency": "A" if len(self.period) == 4 else "M",
            "period": self.period,
            "reporter_code": self.reporter,
            "partner_code": self.partner,
            "flow_code": self.flow,
            "classification": self.classification,
            "product_level": self.level,
            "product_code": self.product,
            "reported_value_usd": Decimal(self.value).scaleb(-3),
            "valuation": self.valuation or ("CIF" if self.flow == "M" else "FOB"),
            "value_fob_usd": None if self.fob is None else Decimal(self.fob).scaleb(-3),
            "net_weight_kg": None if self.weight is None else Decimal(self.weight).scaleb(-3),
            "is_value_rounded": self.rounded,
            "is_special": False,
            "is_self_trade": self.reporter == self.partner,
            "is_confidential": False,
            "control_kind": self.control,
            "snapshot_id": f"{self.source}-1",
            "snapshot_member": "file.csv",
            "source_line": line,
        }


def _order(report: Report) -> tuple[Any, ...]:
    codes = [(len(c), c) for c in (report.reporter, report.partner, report.flow, report.classification)]
    return (report.period, *codes, report.level, (len(report.product), report.product))


def commit_reports(home: Path, reports: Sequence[Report]) -> None:
    """Write and commit ``reports`` as ingest would: leaves to reported_flows, the rest to control_totals."""
    for table, is_control in ((contracts.REPORTED_FLOWS, False), (contracts.CONTROL_TOTALS, True)):
        files: dict[str, list[DataFile]] = {}
        for source in sorted({r.source for r in reports}):
            chosen = sorted((r for r in reports if r.source == source and (r.control is not None) == is_control), key=_order)
            if chosen:
                file = lake.write_partition(home, table, {"source": source, "year": YEAR}, [_table(table, chosen)])
                assert file is not None
                files[file.partition_key] = [file]
        lake.commit(home, table, files)


def _table(table: Table, reports: Sequence[Report]) -> pa.Table:
    schema = table_schema(table)
    rows = [report.row(line + 2) for line, report in enumerate(reports)]
    fields = [schema.field(n) for n in table.columns if n not in table.partition_by]
    return pa.Table.from_pylist([{f.name: r.get(f.name) for f in fields} for r in rows], schema=pa.schema(fields))


def settings_of(home: Path, **reconcile: Any) -> Settings:
    """Settings of a home: the simplest method, one CIF rate for all, unless ``reconcile`` says otherwise."""
    chosen = {"method": "prefer_exporter", "cif": "constant"} | reconcile
    return Settings(home=home, reconcile=dataclasses.replace(Reconcile(), **chosen))


def harmonise(home: Path, **reconcile: Any) -> tuple[list[dict[str, Any]], TaskResult]:
    """Harmonise, commit; rows in file order, and what the task said."""
    result = harmonise_year(home, YEAR, settings_of(home, **reconcile))
    lake.commit(home, contracts.HARMONISED_FLOWS, {f.partition_key: [f] for f in result.files})
    return lake.read(home, contracts.HARMONISED_FLOWS).to_pylist(), result


def reconcile(home: Path, **chosen: Any) -> tuple[list[dict[str, Any]], list[TaskResult]]:
    """Reconcile all four buckets, commit; rows in file order, and what the tasks said."""
    results = [reconcile_bucket(home, YEAR, bucket, settings_of(home, **chosen)) for bucket in range(4)]
    for table in (contracts.BILATERAL_FLOWS, contracts.PAIR_REPORTS, contracts.NES_MOVE):
        lake.commit(home, table, {f.partition_key: [f] for r in results for f in r.files if f.table == table.name})
    return lake.read(home, contracts.BILATERAL_FLOWS).to_pylist(), results


def mills_of(value: Decimal | None) -> int | None:
    """DECIMAL(18,3) as thousandths."""
    return None if value is None else int(value.scaleb(3))


def ledger_of(*results: TaskResult) -> dict[tuple[str, str], int]:
    """(source, reason) -> mills, over all periods."""
    sums: dict[tuple[str, str], int] = {}
    for line in (line for result in results for line in result.ledger):
        key = (line.source, line.reason)
        sums[key] = sums.get(key, 0) + line.value_mills
    return sums
