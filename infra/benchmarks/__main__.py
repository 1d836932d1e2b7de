"""``make bench ROWS=...``: the fused aggregation against DuckDB and dask.dataframe, on synthetic rows.

Every contender is a whole process. Against DuckDB runs stand in pairs A B B A, medians of
ratios within pairs; answers and schemas are compared before any time is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from infra.benchmarks import compare, contenders, dask_contenders, flows
from infra.benchmarks.measure import ROOT, Run, effective_cores, run


def main() -> None:
    """Generate, compare, measure, write bench.json."""
    options = _options()
    work = Path(options.work or tempfile.mkdtemp(prefix="entrepot-bench-")).absolute()
    try:
        report = _bench(options, work)
    finally:
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)
    Path(options.out).write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(f"written: {options.out}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=43_000_000, help="bilateral flows, 10.7 M a year")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs against DuckDB")
    parser.add_argument("--dask-runs", type=int, default=1, help="runs of each Dask baseline; 0 leaves them out")
    parser.add_argument("--work", help="folder for data and outputs, kept; a temporary one by default")
    parser.add_argument("--out", default=str(ROOT / "bench.json"), help="where bench.json goes")
    return parser.parse_args()


def _bench(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    cores = effective_cores()
    homes = [work / f"rows-{options.rows}"]
    if options.rows > flows.YEAR_ROWS:
        homes.append(work / "one-year")
    cases = [_case(home, min(options.rows, flows.YEAR_ROWS) if home.name == "one-year" else options.rows, options) for home in homes]
    print(f"\nSynthetic rows (they describe no real trade). {os.cpu_count()} cores, {cores:.2f} effective.")
    for case in cases:
        _print(case)
    main_case = cases[0]
    return {"rows": main_case["rows"], "effective_cores": round(cores, 2), "aggregate": _summary(main_case), "cases": cases}


def _case(home: Path, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    """Answers first, then times, of one home."""
    if not (home / "rows.json").exists():
        print(f"generating {rows:,} synthetic rows in {home.name}", flush=True)
        flows.write_years(home, rows)
        dask_contenders.write_copy(home)
        (home / "rows.json").write_text(str(rows), "utf-8")
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


if __name__ == "__main__":
    main()
