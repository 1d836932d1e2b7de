"""The conservation ledger: what went in, came out or left, summed, written, and held against itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal
from pathlib import Path

import pyarrow as pa

from transforms.contracts.arrow import table_schema
from transforms.contracts.ops import LEDGER
from transforms.contracts.records import DataFile, LedgerLine
from transforms.io import lake

#: Wide enough for DECIMAL(38,3): the default context rounds to 28 digits.
_WIDE = Context(prec=38)

Balance = tuple[str, str, str, str, str]


@dataclass
class Account:
    """What a task books to one stage, table and year: rows and mills by source, frequency, period and reason."""

    stage: str
    table_name: str
    year: int
    _sums: dict[tuple[str, str, str, str], list[int]] = field(default_factory=dict)

    def add(self, source: str, period: tuple[str, str], reason: str, rows: int, mills: int) -> None:
        """Book ``rows`` and ``mills`` under ``reason``; ``period`` is (frequency, period). No rows: no line."""
        if rows:
            entry = self._sums.setdefault((source, *period, reason), [0, 0])
            entry[0] += rows
            entry[1] += mills

    def lines(self) -> tuple[LedgerLine, ...]:
        """One ledger line per source, period and reason, in that order."""
        return tuple(
            LedgerLine(self.stage, self.table_name, source, self.year, frequency, period, reason, rows, mills)
            for (source, frequency, period, reason), (rows, mills) in sorted(self._sums.items())
        )


def merge(lines: Iterable[LedgerLine]) -> list[LedgerLine]:
    """One line per stage, table, source, period and reason: rows, value and unparsed counts summed exactly."""
    sums: dict[tuple[str, str, str, int, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in lines:
        entry = sums[line.stage, line.table_name, line.source, line.year, line.frequency, line.period, line.reason]
        entry[0] += line.row_count
        entry[1] += line.value_mills
        entry[2] += line.unparsed_count
    return [LedgerLine(*key, *counts) for key, counts in sorted(sums.items())]


def open_balances(lines: Iterable[LedgerLine], *, rows: bool = False) -> dict[Balance, int]:
    """(stage, table, source, frequency, period) -> in less out less reasons, where that isn't 0.

    In mills, or in rows where ``rows`` (rows close at ingest only). Empty: the ledger closes.
    """
    balance: dict[Balance, int] = defaultdict(int)
    for line in lines:
        sign = 1 if line.reason == "in" else -1
        key = (line.stage, line.table_name, line.source, line.frequency, line.period)
        balance[key] += sign * (line.row_count if rows else line.value_mills)
    return {key: gap for key, gap in balance.items() if gap}


def is_closed(lines: Iterable[LedgerLine]) -> bool:
    """True where in = out + reasons, to the mill, for every stage, source and period."""
    return not open_balances(lines)


def committed(home: Path, stage: str, source: str, year: int) -> list[LedgerLine]:
    """The lines of one partition as they are committed."""
    rows = lake.read(home, LEDGER, stage=stage, source=source, year=year).to_pylist()
    return [LedgerLine(**{k: v for k, v in r.items() if k != "value_usd"}, value_mills=int(r["value_usd"].scaleb(3, _WIDE))) for r in rows]


def write(home: Path, lines: Iterable[LedgerLine], *, beside: str | None = None) -> list[DataFile]:
    """Write lines as files of ops/ledger, one per partition (stage, source, year), not committed.

    ``beside`` names the table that the lines speak of, where they join the partition's other
    committed lines instead of replacing them.
    """
    parts: dict[tuple[str, str, int], list[LedgerLine]] = defaultdict(list)
    for line in merge(lines):
        parts[line.stage, line.source, line.year].append(line)
    for key, found in parts.items() if beside else ():
        found += [line for line in committed(home, *key) if line.table_name != beside]
    schema = table_schema(LEDGER)
    names = [c for c in LEDGER.columns if c not in LEDGER.partition_by]
    files = []
    for (stage, source, year), found in sorted(parts.items()):
        rows = [
            {
                "table_name": line.table_name,
                "frequency": line.frequency,
                "period": line.period,
                "reason": line.reason,
                "row_count": line.row_count,
                "value_usd": Decimal(line.value_mills).scaleb(-3, _WIDE),
                "unparsed_count": line.unparsed_count,
            }
            for line in merge(found)
        ]
        data = pa.Table.from_pylist(rows, schema=pa.schema([schema.field(n) for n in names]))
        file = lake.write_partition(home, LEDGER, {"stage": stage, "source": source, "year": year}, [data])
        if file is not None:
            files.append(file)
    return files
