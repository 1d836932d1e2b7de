"""Where a stage's files meet their gate: which tables are asked, and which partition an answer belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.stages import AGGREGATE, Stage, key_values
from transforms.contracts import lake as contracts
from transforms.contracts.model import Table
from transforms.contracts.ops import LEDGER
from transforms.contracts.records import CheckResult, DataFile
from transforms.io import lake

#: Not asked: control totals are evidence, not flows.
_UNGATED = {contracts.CONTROL_TOTALS.name}


def gate_files(
    home: Path, stage: Stage, files: Mapping[str, Sequence[DataFile]], ledger: Mapping[str, Sequence[DataFile]]
) -> dict[str, list[CheckResult]]:
    """Check what a stage wrote (stage partition -> files, uncommitted) with its ledger lines.

    One session for all partitions; each result is filed under the stage partition it speaks of.
    An ingested partition without rows and without ledger lines is "no data", which fails.
    """
    from expectations.runner import gate_many

    asked: dict[Table, dict[str, list[Path]]] = {}
    for table in (*(t for t in stage.tables if t.name not in _UNGATED), LEDGER):
        pool = ledger if table is LEDGER else files
        for found in pool.values():
            for file in found:
                if file.table == table.name:
                    asked.setdefault(table, {}).setdefault(file.partition_key, []).append(lake.table_folder(home, table) / file.path)
    results: dict[str, list[CheckResult]] = {key: [] for key in files}
    # downstream of a year that holds World rows only there is nothing to build, and that is right
    for key in files if stage.may_keep_stale else ():
        if not files[key] and not ledger.get(key):
            results[key].append(_no_data(stage, key))
    if asked:
        for check in gate_many(asked, context=_context(home, stage, files)):
            results[_owner(check.partition_key, results)].append(check)
    return results


def _context(home: Path, stage: Stage, keys: Mapping[str, object]) -> dict[str, list[Path]]:
    """Committed flows beside the aggregates made from them, so that their sums can be held against each other."""
    if stage.name != AGGREGATE.name:
        return {}
    table = contracts.BILATERAL_FLOWS
    return {table.name: [path for key in keys for path in lake.active_files(home, table, version=None, **key_values(key))]}


def _no_data(stage: Stage, key: str) -> CheckResult:
    return CheckResult(stage.tables[0].name, key, "has_data", False, observed="no rows and no ledger lines", expected="rows, or a reason")


def _owner(partition_key: str, stage_keys: Mapping[str, object]) -> str:
    """The stage partition that a table's partition (or the ledger's) belongs to."""
    values = key_values(partition_key)
    for key in stage_keys:
        if all(values.get(k) == v for k, v in key_values(key).items()):
            return key
    raise KeyError(f"a gate answered for {partition_key!r}, which is none of {', '.join(stage_keys)}")
