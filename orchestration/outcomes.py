"""What a run carries through its stages, and how it ends: context, outcomes, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from transforms.contracts.records import CheckResult, DataFile
from transforms.settings import Settings

if TYPE_CHECKING:
    from distributed import Client

Status = Literal["built", "unchanged", "failed", "kept_stale", "removed"]


class StageError(RuntimeError):
    """Partitions whose task failed; the text names each and why, ``errors`` holds them. What else was built stays committed."""

    def __init__(self, message: str, errors: Iterable[BaseException] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class GateRefused(RuntimeError):
    """A gate that blocks refused what a stage built; ``results`` holds the failed checks."""

    def __init__(self, message: str, results: Iterable[CheckResult] = ()) -> None:
        super().__init__(message)
        self.results = tuple(results)


@dataclass(frozen=True)
class RunContext:
    """What a run carries through its stages."""

    settings: Settings
    run_id: str
    client: Client
    log: Callable[[str], None] = print


@dataclass(frozen=True)
class PartitionOutcome:
    """How one partition of a stage ended in this run."""

    stage: str
    partition_key: str
    year: int | None
    status: Status
    rows: int = 0
    bytes: int = 0
    value_mills: int | None = None
    tables: Mapping[str, tuple[DataFile, ...]] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    reason: str = ""
