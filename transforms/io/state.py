"""ops/partition_state and ops/check_result: what each partition was built from, and how its gates ended."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pyarrow as pa

from transforms.contracts.arrow import table_schema
from transforms.contracts.lake import TABLES
from transforms.contracts.marts import CONTRACT_VERSION
from transforms.contracts.model import Table
from transforms.contracts.ops import CHECK_RESULT, PARTITION_STATE
from transforms.contracts.records import CheckResult, DataFile
from transforms.io import lake
from transforms.io.failpoints import fail_point
from transforms.settings import Settings

#: Check results are kept in one file; this many of the newest runs stay.
KEPT_RUNS = 200


@dataclass(frozen=True)
class PartitionState:
    """A row of ops/partition_state. ``content_hash`` is that of the last good content."""

    table_name: str
    partition_key: str
    input_fingerprint: str
    stage_version: str
    content_hash: str
    gate: Literal["passed", "failed", "none"]
    delta_version: int | None
    row_count: int
    value_mills: int | None
    file_bytes: int
    run_id: str
    recorded_at: datetime

    def is_current(self, fingerprint: str, version: str) -> bool:
        """False (stale) where the input or the code differs, or the gate didn't pass."""
        return self.gate == "passed" and self.input_fingerprint == fingerprint and self.stage_version == version


def digest(*parts: object) -> str:
    """sha256 over parts in canonical JSON, hexadecimal."""
    text = json.dumps(parts, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(files: Iterable[DataFile], fingerprint: str = "") -> str:
    """Hash of a partition's content: of its file names, which are hashes of bytes.

    A table with a clock inside never has the same bytes twice; what it was built from
    (``fingerprint``) stands for it, so that equal inputs give equal releases.
    """
    return digest(sorted((f.table, fingerprint if TABLES[f.table].has_clock else f.path) for f in files))


def new_run_id() -> str:
    """``20260131T020000-1a2b3c``: sorts by time, unique by chance."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def read_states(home: Path) -> dict[tuple[str, str], PartitionState]:
    """All states by (stage, partition_key); empty before the first run."""
    states = {}
    for row in lake.read(home, PARTITION_STATE).to_pylist():
        value = row.pop("value_usd")
        row["value_mills"] = None if value is None else int(Decimal(value).scaleb(3))
        states[row["table_name"], row["partition_key"]] = PartitionState(**row)
    return states


def record(home: Path, states: Iterable[PartitionState], forget: Iterable[tuple[str, str]] = ()) -> None:
    """Put ``states`` over those that stand, drop ``forget``, in one commit."""
    fail_point("state.before_record")
    known = read_states(home)
    for key in forget:
        known.pop(key, None)
    known.update({(s.table_name, s.partition_key): s for s in states})
    rows = []
    for key in sorted(known):
        row = dict(vars(known[key]))
        value = row.pop("value_mills")
        row["value_usd"] = None if value is None else Decimal(value).scaleb(-3)
        rows.append(row)
    _rewrite(home, PARTITION_STATE, rows)


def _rewrite(home: Path, table: Table, rows: list[dict[str, object]]) -> None:
    data = pa.Table.from_pylist(rows, schema=table_schema(table))
    file = lake.write_partition(home, table, {}, [data])
    lake.commit(home, table, {"": [file] if file else []})


def record_checks(home: Path, run_id: str, checks: Iterable[CheckResult]) -> None:
    """Add check results of a run (failed ones too) to ops/check_result: one file, rewritten whole, that keeps the newest KEPT_RUNS runs."""
    now = datetime.now(UTC)
    fresh = [{**vars(c), "run_id": run_id, "recorded_at": now} for c in checks]
    if not fresh:
        return
    rows = lake.read(home, CHECK_RESULT).to_pylist() + fresh
    kept = set(sorted({str(r["run_id"]) for r in rows})[-KEPT_RUNS:])
    rows = [r for r in rows if r["run_id"] in kept]
    rows.sort(key=lambda r: tuple(str(r[c]) for c in (*CHECK_RESULT.sort_by, "column_name")))
    _rewrite(home, CHECK_RESULT, rows)


def result_settings(settings: Settings) -> dict[str, object]:
    """The settings that change results: recorded in fingerprints; changing one asks for --redefine."""
    found: dict[str, object] = {}
    for section in (settings.harmonise, settings.reconcile, settings.estimate):
        found |= {name: _as_json(value) for name, value in vars(section).items()}
    return found | {"maximum_rows_in_duckdb": settings.publish.maximum_rows_in_duckdb}


def _as_json(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value.normalize())
    return list(value) if isinstance(value, tuple) else value


def release_fingerprint(settings: Settings, marts_version: str) -> str:
    """sha256 of all that a release depends on: contents, stage versions, settings, contract.

    Clocks, run ids and check results stay outside: the same inputs give the same fingerprint.
    The partitions whose gate refused newer input are inside: a release says of itself that it is
    partial, and must say otherwise once they recover, with equal content too.
    """
    states: Mapping[tuple[str, str], PartitionState] = read_states(settings.home)
    lines = [(s.table_name, s.partition_key, s.content_hash, s.stage_version) for _, s in sorted(states.items()) if s.row_count]
    stale = sorted(key for key, s in states.items() if s.gate == "failed")
    return digest(lines, stale, result_settings(settings), CONTRACT_VERSION, marts_version)
