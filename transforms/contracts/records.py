"""What stages hand to one another: small, frozen, picklable records. Never rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from transforms.contracts.layout import Layout, LayoutKind


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a lake or ops table, written but not necessarily committed.

    ``path`` is relative to the table's folder and ends in the sha256 of the bytes, so equal
    content has an equal name. ``value_mills`` is the exact sum of the table's value column
    in thousandths of a USD, None where the table has none.
    """

    table: str
    partition: tuple[tuple[str, str], ...]
    path: str
    rows: int
    bytes: int
    sha256: str
    value_mills: int | None = None

    @property
    def partition_key(self) -> str:
        """``source=baci/year=2020``; empty for unpartitioned tables."""
        return "/".join(f"{k}={v}" for k, v in self.partition)


@dataclass(frozen=True)
class LedgerLine:
    """What went in, came out or left at a stage, for one source and period.

    ``reason`` is ``in``, ``out`` or a declared reason (codes.VALUE_REASONS). A stage closes
    where in = out + the sum over reasons, for value, and at ingest for rows too.
    """

    stage: str
    table_name: str
    source: str
    year: int
    frequency: str
    period: str
    reason: str
    row_count: int
    value_mills: int
    unparsed_count: int = 0


@dataclass(frozen=True)
class TaskResult:
    """What a worker's task returns: the files it wrote, and the ledger lines that explain them."""

    files: tuple[DataFile, ...]
    ledger: tuple[LedgerLine, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """One check of one gate on one partition (a row of ops/check_result)."""

    table_name: str
    partition_key: str
    check_name: str
    is_passed: bool
    severity: Literal["error", "warning"] = "error"
    column_name: str | None = None
    observed: str | None = None
    expected: str | None = None
    failed_row_count: int | None = None
    sample: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """An untouched copy of a file that was handed over, and all that is declared about it.

    ``members`` are the data files inside (the file itself where it is no archive).
    ``edition`` is what the file doesn't say in a column: a classification code (H5), or a list's name.
    ``definition`` is the layout as it stands for this file, ``unpack_limits`` those of the home; neither is stored, so that
    later ones hold.
    """

    snapshot_id: str
    sha256: str
    source: str
    layout: str
    kind: LayoutKind
    file_name: str
    file_bytes: int
    coverage: Literal["complete", "partial"]
    members: tuple[str, ...]
    taken_at: datetime
    source_release: str | None = None
    edition: str | None = None
    is_synthetic: bool = False
    licence: str = "unknown"
    attribution: str = ""
    redistribution: Literal["open", "internal", "unknown"] = "unknown"
    header_extras: tuple[str, ...] = field(default=())
    definition: Layout | None = field(default=None, compare=False, repr=False)
    #: unpacked bytes, and unpacked over packed, that reading it may reach
    unpack_limits: tuple[int, int] | None = field(default=None, compare=False, repr=False)

    @property
    def stored(self) -> dict[str, object]:
        """The fields that stand in the home's record of the file."""
        return {key: value for key, value in asdict(self).items() if key not in ("definition", "unpack_limits")}
