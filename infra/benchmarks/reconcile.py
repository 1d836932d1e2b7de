"""Goal 3: reconciling both reports of every flow, against the bare full outer join of the same two tables.

Every contender is a whole process: ours from committed harmonised_flows to bilateral_flows, with
CIF, weights and evidence; DuckDB's join of the sides as two Parquet tables, once with their whole key and
the columns that reconciling reads, once as lean as it can be; on fewer rows the merge of
dask.dataframe. Rows and exact sums are compared before any time is printed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from pathlib import Path
from typing import Any

from infra.benchmarks import flows, reconcile_contenders, reconcile_data
from infra.benchmarks.measure import Run, run_module
from transforms.contracts.lake import HARMONISED_FLOWS
from transforms.io import lake

MODULE = "infra.benchmarks.reconcile_contenders"
OURS, JOIN, LEAN, MERGE = "ours", "duckdb", "duckdb_lean", "dask"


def part(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Key ``reconcile`` of bench.json: the join's case, and ``few`` beside it: same bytes whoever works, and dask's merge."""
    few = _few(reconcile_data.home_of(work, options.merge_rows), options.merge_rows, options.dask_runs)
    case = _case(reconcile_data.home_of(work, options.rows), options.pairs)
    _print(case, few)
    return {"reconcile": {**case, "identical_workers": few["identical_workers"], "few": few}}


def _rows(home: Path) -> int:
    return flows.row_count(lake.active_files(home, HARMONISED_FLOWS, version=None))


def _run(name: str, home: Path) -> tuple[Run, dict[str, int], float]:
    """A contender's run, its answers and the megabytes it wrote, which are removed."""
    out = home / "out" / name.replace(":", "-")
    measured = run_module(MODULE, name, home, out)
    size = sum(f.stat().st_size for f in out.rglob("*.parquet")) / 1e6
    found = reconcile_contenders.answers(name, out)
    shutil.rmtree(out)
    return measured, found, round(size, 1)


def _case(home: Path, pairs: int) -> dict[str, Any]:
    """Answers first (which warms the caches too), then ours and the join in pairs A B B A; the lean join once a pair."""
    names = (OURS, JOIN, LEAN)
    first = {name: _run(name, home) for name in names}
    found: dict[str, list[Run]] = {name: [] for name in names}
    for number in range(pairs):
        for name in names if number % 2 == 0 else names[::-1]:
            found[name].append(_run(name, home)[0])
    ratios = {
        f"{measure}_ratio_{key}": round(
            statistics.median(getattr(a, measure) / getattr(b, measure) for a, b in zip(found[OURS], found[name], strict=True)), 3
        )
        for name, key in ((JOIN, "duckdb_join"), (LEAN, "duckdb_lean_join"))
        for measure in ("wall", "cpu")
    }
    return {
        "rows": _rows(home),
        "flows": first[OURS][1]["rows"],
        **ratios,
        "peak_worker_mib": round(max(r.peak_process_mib for r in found[OURS])),
        "answers_agree": _agree({name: answer for name, (_, answer, _) in first.items()}),
        "output_mb": {name: size for name, (_, _, size) in first.items()},
        "runs": {name: [vars(r) for r in runs] for name, runs in found.items()},
    }


def _few(home: Path, rows: int, runs: int) -> dict[str, Any]:
    """1, 2 and 4 workers leave the same files; with ``runs`` dask's merge of the same reports beside ours."""
    hashes, found = set(), []
    for workers in (1, 4, 2):
        out = home / "out" / f"{OURS}-{workers}"
        measured = run_module(MODULE, f"{OURS}:{workers}", home, out)
        hashes.add((out / "hashes.json").read_text("utf-8"))
        found += [measured] if workers == 2 else []
        shutil.rmtree(out)
    case: dict[str, Any] = {"rows": _rows(home), "asked_rows": rows, "identical_workers": len(hashes) == 1}
    if not runs:
        return case
    merges = [_run(MERGE, home) for _ in range(runs)]
    ours, answer, _ = _run(OURS, home)
    found.append(ours)
    for measure in ("wall", "cpu"):
        mine, theirs = ([getattr(r, measure) for r in all_runs] for all_runs in (found, [m for m, _, _ in merges]))
        case[f"{measure}_ratio_dask_merge"] = round(statistics.median(mine) / statistics.median(theirs), 4)
    case["answers_agree"] = _agree({OURS: answer, MERGE: merges[0][1]})
    case["runs"] = {OURS: [vars(r) for r in found], MERGE: [vars(r) for r, _, _ in merges]}
    return case


def _agree(answers: dict[str, dict[str, int]]) -> bool:
    agree = len({tuple(answer.items()) for answer in answers.values()}) == 1
    if not agree:
        print(f"  answers differ: {answers}", flush=True)
    return agree


def _print(case: dict[str, Any], few: dict[str, Any]) -> None:
    print(
        f"\n{case['rows']:,} reports, {case['flows']:,} flows; answers agree: {case['answers_agree']}; "
        f"same bytes with 1, 2, 4 workers ({few['rows']:,} reports): {few['identical_workers']}"
    )
    print(f"  {'contender':<14}{'runs':>5}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'all MiB':>9}{'out MB':>8}{'wall x':>8}{'CPU x':>8}")
    keys = {OURS: None, JOIN: "duckdb_join", LEAN: "duckdb_lean_join", MERGE: "dask_merge"}
    for entry in (case, few):
        for name, runs in entry.get("runs", {}).items():
            wall, cpu = (statistics.median(r[m] for r in runs) for m in ("wall", "cpu"))
            peak, every = (max(r[m] for r in runs) for m in ("peak_process_mib", "peak_all_mib"))
            ratios = "".join(f"{entry[f'{m}_ratio_{keys[name]}'] if keys[name] else 1.0:>8.3f}" for m in ("wall", "cpu"))
            size = entry.get("output_mb", {}).get(name)
            print(
                f"  {name:<14}{len(runs):>5}{wall:>9.2f}{cpu:>9.2f}{peak:>10.0f}{every:>9.0f}{size if size is not None else '':>8}{ratios}"
            )
        if entry is case and "runs" in few:
            print(f"  {few['rows']:,} reports; answers agree: {few['answers_agree']}")
    print("  ratios are ours over theirs")
