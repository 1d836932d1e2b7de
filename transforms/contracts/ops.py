"""Tables of operations: ledger, quarantine, state, check results."""

from __future__ import annotations

from transforms.contracts.model import Table

LEDGER = Table(
    "ledger",
    "ops",
    "One row per stage, source, period and reason: what went in, came out, or left, and why.",
    columns=("stage", "table_name", "source", "year", "frequency", "period", "reason", "row_count", "value_usd", "unparsed_count"),
    key=("stage", "table_name", "source", "frequency", "period", "reason"),
    partition_by=("stage", "source", "year"),
    required=("row_count", "unparsed_count"),
    sort_by=("table_name", "frequency", "period", "reason"),
)
QUARANTINE = Table(
    "quarantine",
    "ops",
    "One row per line of a snapshot that could not enter the lake.",
    columns=("source", "snapshot_id", "snapshot_member", "source_line", "layout", "year", "column_name", "quarantine_reason", "raw_text"),
    key=("snapshot_id", "snapshot_member", "source_line"),
    partition_by=("source", "snapshot_id"),
    required=("layout", "quarantine_reason", "raw_text"),
    sort_by=("snapshot_member", "source_line"),
    minimum_rows=0,
)
PARTITION_STATE = Table(
    "partition_state",
    "ops",
    "One row per table and partition: from what it was built, with which code, and how its gate ended.",
    columns=(
        "table_name",
        "partition_key",
        "input_fingerprint",
        "stage_version",
        "content_hash",
        "gate",
        "delta_version",
        "row_count",
        "value_usd",
        "file_bytes",
        "run_id",
        "recorded_at",
    ),
    key=("table_name", "partition_key"),
    required=("input_fingerprint", "stage_version", "content_hash", "gate"),
    sort_by=("table_name", "partition_key"),
)
CHECK_RESULT = Table(
    "check_result",
    "ops",
    "One row per run, table, partition and check, of failed runs too.",
    columns=(
        "run_id",
        "recorded_at",
        "table_name",
        "partition_key",
        "check_name",
        "column_name",
        "severity",
        "is_passed",
        "observed",
        "expected",
        "failed_row_count",
        "sample",
    ),
    # no key: column_name, which tells two checks of one name apart, is NULL where a check looks across columns
    key=(),
    required=("run_id", "recorded_at", "table_name", "partition_key", "check_name", "severity", "is_passed"),
    sort_by=("run_id", "table_name", "partition_key", "check_name"),
)
