"""Goal 1: the fused aggregation against DuckDB and dask.dataframe.

Every contender is a whole process. Against DuckDB runs stand in pairs A B B A, medians of
ratios within pairs; answers and schemas are compared before any time is printed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from pathlib import Path
from typing import Any

from infra.benchmarks import compare, contenders, dask_contenders, flows
from infra.benchmarks.measure import Run, run


def part(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Keys ``rows``, ``aggregate`` and ``cases`` of bench.json."""
    sizes = [options.rows, *([flows.YEAR_ROWS] if options.rows > flows.YEAR_ROWS else [])]
    cases = [_case(flows.home_of(work, rows), rows, options) for rows in sizes]
    for case in cases:
        _print(case)
    return {"rows": cases[0]["rows"], "aggregate": _summary(cases[0]), "cases": cases}


def _case(home: Path, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    """Answers first, then times, of one home."""
    if options.dask_runs and not (home / dask_contenders.COPY).exists():
        dask_contenders.write_copy(home)
    names = ["kernel", "duckdb", *(["dask_naive", "dask_tuned"] if options.dask_runs else [])]
    outs = {name: home / "out" / name for name in names}
    first = {name: run(name, home, outs[name]) for name in names}  # warms the page cache and the compiler's
    years = contenders.years_of(home)
    problems = {n: compare.differences(outs["kernel"], outs[n], years, is_dask=n.startswith("dask")) for n in names[1:]}
    identical = _identical_workers(home, outs["kernel"])
    sizes = {n: round(sum(f.stat().st_size for f in outs[n].rglob("*.parquet")) / 1e6, 1) for n in names}
    pairs = [_pair(home, outs, number) for number in range(options.pairs)]
    runs: dict[str, list[Run]] = {"kernel": [a for a, _ in pairs], "duckdb": [b for _, b in pairs]}
    for name in names[2:]:
        runs[name] = [first[name], *(run(name, home, outs[name]) for _ in range(options.dask_runs - 1))]
    return {
        "rows": rows,
        "years": len(years),
        "differences": problems,
        "identical_workers": identical,
        "output_mb": sizes,
        "wall_ratios_duckdb": [a.wall / b.wall for a, b in pairs],
        "cpu_ratios_duckdb": [a.cpu / b.cpu for a, b in pairs],
        "runs": {n: [vars(r) for r in found] for n, found in runs.items()},
    }


def _pair(home: Path, outs: dict[str, Path], number: int) -> tuple[Run, Run]:
    """Kernel and DuckDB one after the other, turning the order about: A B B A."""
    order = ("kernel", "duckdb") if number % 2 == 0 else ("duckdb", "kernel")
    found = {name: run(name, home, outs[name]) for name in order}
    return found["kernel"], found["duckdb"]


def _identical_workers(home: Path, reference: Path) -> bool:
    """Hashes of all files with 1 and 4 workers against those with 2."""
    wanted = (reference / "hashes.json").read_text("utf-8")
    same = True
    for workers in (1, 4):
        out = home / "out" / f"kernel-{workers}"
        run(f"kernel:{workers}", home, out)
        same = same and (out / "hashes.json").read_text("utf-8") == wanted
        shutil.rmtree(out)
    return same


def _median(case: dict[str, Any], name: str, measure: str) -> float:
    return statistics.median(r[measure] for r in case["runs"][name])


def _summary(case: dict[str, Any]) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "wall_ratio_duckdb": round(statistics.median(case["wall_ratios_duckdb"]), 3),
        "cpu_ratio_duckdb": round(statistics.median(case["cpu_ratios_duckdb"]), 3),
    }
    for name in ("dask_naive", "dask_tuned"):
        for measure in ("wall", "cpu"):
            known = name in case["runs"]
            ratio = _median(case, "kernel", measure) / _median(case, name, measure) if known else None
            summary[f"{measure}_ratio_{name}"] = round(ratio, 3) if ratio is not None else None
    summary["peak_worker_mib"] = round(max(r["peak_process_mib"] for r in case["runs"]["kernel"]))
    summary["answers_agree"] = not any(case["differences"].values())
    summary["identical_workers"] = case["identical_workers"]
    return summary


def _print(case: dict[str, Any]) -> None:
    summary = _summary(case)
    print(
        f"\n{case['rows']:,} rows, {case['years']} year(s); answers agree: {summary['answers_agree']}; "
        f"same bytes with 1, 2, 4 workers: {summary['identical_workers']}"
    )
    for name, problems in case["differences"].items():
        for problem in problems:
            print(f"  {name}: {problem}")
    print(f"  {'contender':<12}{'runs':>5}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'all MiB':>9}{'out MB':>8}{'wall x':>8}{'CPU x':>8}")
    for name, runs in case["runs"].items():
        wall, cpu = (_median(case, name, m) for m in ("wall", "cpu"))
        ratios = [1.0, 1.0] if name == "kernel" else [summary[f"wall_ratio_{name}"], summary[f"cpu_ratio_{name}"]]
        peak, every = (max(r[m] for r in runs) for m in ("peak_process_mib", "peak_all_mib"))
        print(
            f"  {name:<12}{len(runs):>5}{wall:>9.2f}{cpu:>9.2f}{peak:>10.0f}{every:>9.0f}{case['output_mb'][name]:>8.1f}"
            f"{ratios[0]:>8.3f}{ratios[1]:>8.3f}"
        )
    print("  ratios are ours over theirs")
