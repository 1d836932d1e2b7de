"""Outcomes and check results as Dagster's metadata and check evaluations. Nothing is built here."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from orchestration.engine import PartitionOutcome
from transforms.contracts.arrow import sql_type
from transforms.contracts.columns import column
from transforms.contracts.model import Table
from transforms.contracts.records import CheckResult

#: Name of the one check that stands for an asset's gate.
GATE = "gate"
#: Failed checks shown with an evaluation; ops/check_result holds all.
_SHOWN = 20


def table_schema(table: Table) -> dg.TableSchema:
    """The contract as Dagster shows it: name, type, meaning with unit and valuation, NULL or not."""
    columns = []
    for name in table.columns:
        entry = column(name)
        unit = ", ".join(p for p in (entry.unit, entry.valuation) if p)
        columns.append(
            dg.TableColumn(
                name,
                type=sql_type(name),
                description=f"{entry.description} [{unit}]" if unit else entry.description,
                constraints=dg.TableColumnConstraints(nullable=not table.is_required(name), unique=table.key == (name,)),
            )
        )
    return dg.TableSchema(columns)


def usd(mills: int) -> str:
    """Thousandths of a USD as an exact decimal text, since metadata has no decimal."""
    return f"{Decimal(mills).scaleb(-3):,f}"


def partition_metadata(outcome: PartitionOutcome, table: Table, *, is_only: bool) -> dict[str, Any]:
    """Rows, bytes and value of one table in one partition; of an unchanged one where its stage has this table alone."""
    found: dict[str, Any] = {"status": outcome.status}
    if outcome.reason:
        found["why"] = outcome.reason
    files = outcome.tables.get(table.name, ())
    if outcome.status == "built":
        values = [f.value_mills for f in files if f.value_mills is not None]
        found |= {"dagster/partition_row_count": sum(f.rows for f in files), "bytes": sum(f.bytes for f in files)}
        found |= {"value (USD)": usd(sum(values))} if values else {}
    elif is_only:
        found |= {"dagster/partition_row_count": outcome.rows, "bytes": outcome.bytes}
        found |= {} if outcome.value_mills is None else {"value (USD)": usd(outcome.value_mills)}
    return found


def asset_of(check: CheckResult, keys: Mapping[str, dg.AssetKey]) -> dg.AssetKey:
    """The asset (by table name) that a check belongs to; what speaks of no single one goes to the first."""
    return keys.get(check.table_name, next(iter(keys.values())))


def evaluation(
    key: dg.AssetKey, checks: Sequence[CheckResult], *, is_kept: bool = False, name: str = GATE, partition: str | None = None
) -> dg.AssetCheckEvaluation:
    """One gate of one asset, of one year or whole. ``is_kept``: an older version stands in, so a failure only warns."""
    failed = [c for c in checks if not c.is_passed]
    is_error = not is_kept and any(c.severity == "error" for c in failed)
    metadata: dict[str, dg.MetadataValue] = {"checks": dg.MetadataValue.int(len(checks)), "failed": dg.MetadataValue.int(len(failed))}
    if not checks:
        # a step whose gate is blocking has to return a result: without this it would read as an answer
        metadata["note"] = dg.MetadataValue.text("no check was asked in this run: what was asked when it was built stands")
    if failed:
        metadata["failed checks"] = dg.MetadataValue.md("\n".join(map(_line, failed[:_SHOWN])))
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=name,
        passed=not failed,
        metadata=metadata,
        severity=dg.AssetCheckSeverity.ERROR if is_error or not failed else dg.AssetCheckSeverity.WARN,
        partition=partition,
    )


def _line(check: CheckResult) -> str:
    where = " ".join(p for p in (check.table_name, check.partition_key, check.check_name, check.column_name) if p)
    rows = f", {check.failed_row_count:,} rows" if check.failed_row_count else ""
    return f"- `{where}`: found {check.observed}, expected {check.expected}{rows}"


def as_result(found: dg.AssetCheckEvaluation) -> dg.AssetCheckResult:
    """The evaluation as what an asset's function returns."""
    return dg.AssetCheckResult(
        asset_key=found.asset_key, check_name=found.check_name, passed=found.passed, severity=found.severity, metadata=found.metadata
    )


def by_asset(checks: Iterable[CheckResult], keys: Mapping[str, dg.AssetKey]) -> dict[dg.AssetKey, list[CheckResult]]:
    """Checks grouped by the asset they belong to; every asset is there."""
    found: dict[dg.AssetKey, list[CheckResult]] = {key: [] for key in keys.values()}
    for check in checks:
        found[asset_of(check, keys)].append(check)
    return found
