"""Goal 8: CPU per row at 100 M rows over that at 10 M, of the fused aggregation and of ingest.

Whole processes. Starting one (interpreter, imports, two workers) costs the same at any size, so
what a run over hardly any rows takes is taken off both sides; the ratio with it is told too.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.benchmarks import flows, ingest
from infra.benchmarks.measure import Run, run
from transforms.contracts.lake import BILATERAL_FLOWS
from transforms.io import lake

#: Rows of the run that stands for starting.
FEW = 20_000
RUNS = 3


def part(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Keys ``per_row_cpu_ratio_100m_10m`` (the worse of the two) and ``flat`` of bench.json."""

    def aggregate(rows: int) -> tuple[Run, int]:
        home = flows.home_of(work, rows)
        return run("kernel", home, home / "out" / "kernel"), flows.row_count(lake.active_files(home, BILATERAL_FLOWS, version=None))

    def ingested(rows: int) -> tuple[Run, int]:
        measured, answer = ingest.run_ours(ingest.files_of(work, "zip", rows), work / "out-ingest")
        return measured, int(answer["rows"])

    found = {name: _flatness(one, options.large_rows) for name, one in (("aggregate", aggregate), ("ingest", ingested))}
    for name, entry in found.items():
        print(
            f"  {name:<10} CPU per row at {entry['large_rows']:,} over {entry['small_rows']:,} rows: {entry['ratio']:.3f} "
            f"({entry['ratio_with_start']:.3f} with the start's {entry['start_cpu']:.2f} s); peak {entry['peak_mib']} MiB"
        )
    return {"per_row_cpu_ratio_100m_10m": max(entry["ratio"] for entry in found.values()), "flat": found}


def _flatness(one: Callable[[int], tuple[Run, int]], large: int) -> dict[str, Any]:
    """Small runs about one large: what the machine does meanwhile falls on both."""
    one(FEW)  # warms the compiler's cache
    start = statistics.median(one(FEW)[0].cpu for _ in range(RUNS))
    first, small_rows = one(flows.YEAR_ROWS)
    big, large_rows = one(large)
    runs = [first, *(one(flows.YEAR_ROWS)[0] for _ in range(RUNS - 1))]
    cpu = statistics.median(r.cpu for r in runs)
    return {
        "small_rows": small_rows,
        "large_rows": large_rows,
        "ratio": round((big.cpu - start) / large_rows / ((cpu - start) / small_rows), 3),
        "ratio_with_start": round(big.cpu / large_rows / (cpu / small_rows), 3),
        "start_cpu": round(start, 2),
        "small_cpu": [round(r.cpu, 2) for r in runs],
        "large_cpu": round(big.cpu, 2),
        "peak_mib": round(max(r.peak_process_mib for r in (*runs, big))),
    }
