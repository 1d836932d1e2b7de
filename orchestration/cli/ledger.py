"""What the ledger says of each source, summed over its years."""

from __future__ import annotations

from pathlib import Path

from transforms.contracts import ops as contracts
from transforms.io import lake

_NAMED = ("in", "out", "control", "quarantined")


def rows_by_source(home: Path) -> list[dict[str, int | str]]:
    """source, in, out, control, quarantined and other (breakdowns, duplicates, superseded): rows at ingest."""
    data = lake.read(home, contracts.LEDGER, ["stage", "source", "reason", "row_count"])
    found: dict[str, dict[str, int]] = {}
    for row in data.to_pylist():
        if row["stage"] == "ingest":
            counts = found.setdefault(row["source"], dict.fromkeys((*_NAMED, "other"), 0))
            counts[row["reason"] if row["reason"] in _NAMED else "other"] += row["row_count"]
    return [{"source": source, **counts} for source, counts in sorted(found.items())]
