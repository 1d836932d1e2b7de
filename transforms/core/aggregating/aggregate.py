"""One year's aggregates: a fused pass over its bilateral flows, stratum by stratum.

Kernels are imported inside the task, so that a client that only submits it doesn't load
the compiler.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, LedgerLine, TaskResult
from transforms.io import lake
from transforms.io.lake import PartitionWriter

if TYPE_CHECKING:
    from transforms.core.aggregating.flow_batches import Stratum

AGGREGATE_VERSION = "1"
#: The ledger's source here: a basis may rest on several, which rows no longer tell.
LEDGER_SOURCE = "all"


def aggregate_year(home: Path, year: int) -> TaskResult:
    """Aggregate the committed bilateral flows of ``year`` into the six tables of contracts.lake.AGGREGATES.

    Returns the files written (not committed) and the ledger's lines: per table and period the
    bilateral value that went in, and the table's own that came out. Nothing where the year has
    no flows. Memory holds one stratum's arrays, whatever the rows. Raises AggregateError for
    rows out of order, repeated keys or sums beyond DECIMAL(18,3), LakeError for a file off its contract.
    """
    from transforms.core.aggregating import flow_batches

    paths = lake.active_files(home, contracts.BILATERAL_FLOWS, year=year)
    lines: dict[tuple[str, str, str, str], list[int]] = {}
    with ExitStack() as stack:
        writers = {t.name: stack.enter_context(PartitionWriter(home, t, {"year": year})) for t in contracts.AGGREGATES}
        for stratum in flow_batches.strata(paths):
            _aggregate_stratum(stratum, writers, lines)
        files = [writer.close() for writer in writers.values()]
    ledger = tuple(
        LedgerLine("aggregate", table, LEDGER_SOURCE, year, frequency, period, reason, rows, value)
        for (table, frequency, period, reason), (rows, value) in sorted(lines.items())
    )
    return TaskResult(tuple(f for f in files if isinstance(f, DataFile)), ledger)


def _aggregate_stratum(stratum: Stratum, writers: dict[str, PartitionWriter], lines: dict[tuple[str, str, str, str], list[int]]) -> None:
    from transforms.core.aggregating import aggregate_tables as tables
    from transforms.core.aggregating.accumulators import Sums, fill
    from transforms.core.aggregating.flow_batches import domain

    sums = Sums(stratum, domain(stratum))
    before = {name: (writer.rows, writer.value_mills) for name, writer in writers.items()}
    headings = writers[contracts.PAIR_HEADING.name]
    fill(sums, lambda filled, keys, cells: headings.write(tables.pair_heading(filled, keys, cells)))
    for build in (tables.pair_totals, tables.exporter_chapter, tables.exporter_product, tables.importer_product, tables.world_product):
        for part in build(sums):
            writers[build.__name__].write(part)
    frequency, period = stratum.key[1:3]
    for name, writer in writers.items():
        if not _feeds(name, stratum.level):
            continue
        rows, value = before[name]
        _count(lines, (name, frequency, period, "in"), sums.rows, sums.value)
        _count(lines, (name, frequency, period, "out"), writer.rows - rows, writer.value_mills - value)


def _feeds(table: str, level: int) -> bool:
    """Chapters need two digits, headings four; the other tables take every level, TOTAL too."""
    least = {contracts.EXPORTER_CHAPTER.name: 2, contracts.PAIR_HEADING.name: 4}
    return level >= least.get(table, 0)


def _count(lines: dict[tuple[str, str, str, str], list[int]], key: tuple[str, str, str, str], rows: int, value: int) -> None:
    line = lines.setdefault(key, [0, 0])
    line[0] += rows
    line[1] += value
