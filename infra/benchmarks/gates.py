"""Goal 5: the gates on 100 M rows in under 60 s and 2 GiB.

Each gate is a whole process, Great Expectations' import included, and asks what orchestration
asks: ``python -m infra.benchmarks.gates TABLE HOME OUT``. A check that fails makes the run fail.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from infra.benchmarks import flows
from infra.benchmarks.measure import high_water_mib, run, run_module
from transforms.contracts import lake as contracts
from transforms.contracts.model import Table
from transforms.io import lake

MODULE = "infra.benchmarks.gates"
LARGE = contracts.BILATERAL_FLOWS.name
AGGREGATES = "aggregates"
#: The mart of the flows and the view of them with names.
MARTS = "marts of flows"
#: What counts as 100 M rows: synthetic years are drawn, not counted out.
NEAR = (95_000_000, 115_000_000)


def part(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Key ``gates`` of bench.json: the large case, and other tables beside it. ``seconds_100m`` is null for another size."""
    large = flows.home_of(work, options.large_rows)
    print(f"  {'gate of':<18}{'rows':>12}{'checks':>8}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'without import s':>18}", flush=True)
    found = {LARGE: _gate(LARGE, large), AGGREGATES: _gate_aggregates(large), MARTS: _gate(MARTS, large)}
    for table in (contracts.HARMONISED_FLOWS, contracts.REPORTED_FLOWS):
        found[table.name] = _gate(table.name, _reports(work, table, options.small_rows))
    main = found[LARGE]
    is_100m = NEAR[0] <= main["rows"] <= NEAR[1]
    return {
        "gates": {"seconds_100m": main["seconds"] if is_100m else None, **main, "tables": {n: f for n, f in found.items() if n != LARGE}}
    }


def _reports(work: Path, table: Table, rows: int) -> Path:
    from infra.benchmarks import reports

    home = work / f"{table.name}-{rows}"
    if not flows.is_whole(home, table):
        print(f"generating {rows:,} synthetic rows of {table.name}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        {"harmonised_flows": reports.write_harmonised, "reported_flows": reports.write_reported}[table.name](home, rows)
        (home / "rows.json").write_text(str(rows), "utf-8")
    return home


def _gate_aggregates(home: Path) -> dict[str, Any]:
    """The six aggregates of all years, their sums held against the flows'."""
    made = home / AGGREGATES
    if not (made / "hashes.json").exists():
        run("kernel", home, made)
    return _gate(AGGREGATES, home)


def _gate(name: str, home: Path) -> dict[str, Any]:
    """One gate as a process: its answers, wall, CPU and peak. RuntimeError where a check failed."""
    out = home / "out" / "gate"
    measured = run_module(MODULE, name, home, out)
    answer: dict[str, Any] = json.loads((out / "result.json").read_text("utf-8"))
    if answer["failed"]:
        raise RuntimeError(f"the gate of {name} refused synthetic rows: {answer['failed'][:5]}")
    gate = {
        "rows": answer["rows"],
        "seconds": round(measured.wall, 2),
        "cpu_seconds": round(measured.cpu, 2),
        "peak_mib": max(answer["peak_mib"], round(measured.peak_all_mib)),
        "seconds_without_import": answer["seconds"],
        "checks": answer["checks"],
    }
    print(
        f"  {name:<18}{gate['rows']:>12,}{gate['checks']:>8}{gate['seconds']:>9.2f}{gate['cpu_seconds']:>9.2f}"
        f"{gate['peak_mib']:>10}{gate['seconds_without_import']:>18.2f}",
        flush=True,
    )
    return gate


def ask(name: str, home: Path) -> dict[str, Any]:
    """The gate itself, in this process."""
    from expectations.runner import gate_database, gate_many, preload

    preload()
    flow_files = lake.active_files(home, contracts.BILATERAL_FLOWS, version=None) if name in (AGGREGATES, MARTS) else []
    if name == MARTS:
        from infra.benchmarks import candidate

        path, rows = candidate.write(home), len(candidate.FACTS) * flows.row_count(flow_files)
        started = time.perf_counter()
        checks = gate_database(path, candidate.FACTS)
    else:
        if name == AGGREGATES:
            made = {t: sorted((home / AGGREGATES / t.name).glob("*.parquet")) for t in contracts.AGGREGATES}
            files = {t: {f"year={path.stem}": [path] for path in paths} for t, paths in made.items()}
        else:
            files = {contracts.TABLES[name]: _by_partition(home, contracts.TABLES[name])}
        rows = flows.row_count(p for partitions in files.values() for paths in partitions.values() for p in paths)
        started = time.perf_counter()
        checks = gate_many(files, context={LARGE: flow_files} if name == AGGREGATES else {})
    return {
        "rows": rows,
        "seconds": round(time.perf_counter() - started, 2),
        "checks": len(checks),
        "failed": [f"{c.table_name} {c.partition_key} {c.check_name}: {c.observed}" for c in checks if not c.is_passed],
        "peak_mib": round(high_water_mib()),
    }


def _by_partition(home: Path, table: Table) -> dict[str, list[Path]]:
    depth = len(table.partition_by)
    found: dict[str, list[Path]] = {}
    for path in lake.active_files(home, table, version=None):
        found.setdefault("/".join(path.parts[-1 - depth : -1]), []).append(path)
    return found


def main() -> None:
    """Ask the gate named on the command line."""
    name, home, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    (out / "result.json").write_text(json.dumps(ask(name, home)), "utf-8")


if __name__ == "__main__":
    main()
