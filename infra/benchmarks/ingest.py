"""Goal 4: file to sorted lake Parquet against pyarrow's streaming reader writing unsorted Parquet.

Three kinds of files of the same rows: a BACI zip (the headline), BACI's bare CSV, Comtrade's
bulk files. Pairs A B B A of whole processes; rows and the exact sum of values are compared first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import zipfile
from pathlib import Path
from typing import Any

from infra.benchmarks.measure import Run, run_module

MODULE = "infra.benchmarks.ingest_contenders"
#: Kind of files -> who reads them beside us.
RIVALS = {"csv": "pyarrow_baci", "zip": "pyarrow_baci", "bulk": "pyarrow_bulk"}
SEED = 2025
SIDECAR = ".entrepot.json"


def part(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Key ``ingest`` of bench.json: the zip's numbers, and ``csv`` and ``bulk`` beside them."""
    cases = {kind: _case(files_of(work, kind, options.ingest_rows), kind, options.pairs) for kind in RIVALS}
    _print(cases)
    return {"ingest": {**cases.pop("zip"), **cases}}


def files_of(work: Path, kind: str, rows: int) -> Path:
    """A folder of synthetic files of one kind with ``rows`` rows in all; made once, ``whole`` says that it is."""
    from transforms.synthetic.stream import synth

    folder = work / f"files-{kind}-{rows}"
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    print(f"generating {rows:,} synthetic rows in {folder.name}", flush=True)
    if kind == "zip":
        _zip(work / f"files-csv-{rows}", folder, rows)
    else:
        synth(rows, "baci" if kind == "csv" else "comtrade", folder, SEED)
    (folder / "whole").write_text("", "utf-8")
    return folder


def _zip(plain: Path, folder: Path, rows: int) -> None:
    """The CSVs as CEPII ships them: one zip, a member a year, deflated. CSVs that weren't there before go again."""
    from transforms.synthetic.stream import synth

    is_kept = (plain / "whole").exists()
    source = plain if is_kept else folder / "plain"
    if not is_kept:
        synth(rows, "baci", source, SEED)
    folder.mkdir(parents=True, exist_ok=True)
    members = sorted(source.glob("*.csv"))
    target = folder / f"{members[0].name.split('_Y')[0]}_{members[0].stem.rsplit('_', 1)[1]}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.write(member, member.name)
            if not is_kept:
                member.unlink()
    sidecar = members[0].with_name(members[0].name + SIDECAR)
    shutil.copyfile(sidecar, target.with_name(target.name + SIDECAR))
    if not is_kept:
        shutil.rmtree(source)


def run_ours(files: Path, out: Path) -> tuple[Run, dict[str, Any]]:
    """Our way over a folder of files; what it wrote is removed, its answers are returned."""
    return _run("ours", files, out)


def _run(name: str, files: Path, out: Path) -> tuple[Run, dict[str, Any]]:
    run = run_module(MODULE, name, files, out)
    answer: dict[str, Any] = json.loads((out / "result.json").read_text("utf-8"))
    shutil.rmtree(out)
    return run, answer


def _case(files: Path, kind: str, pairs: int) -> dict[str, Any]:
    """Answers first (which warms the caches too), then pairs."""
    names, out = ("ours", RIVALS[kind]), files.parent / "out-ingest"
    answers = {name: _run(name, files, out)[1] for name in names}
    ours, theirs = (answers[n] for n in names)
    agree = all(ours[key] == theirs[key] for key in ("rows", "mills"))
    if not agree:
        print(f"  {kind}: answers differ: {ours} and {theirs}", flush=True)
    found: dict[str, list[tuple[Run, dict[str, Any]]]] = {name: [] for name in names}
    for number in range(pairs):
        for name in names if number % 2 == 0 else names[::-1]:
            found[name].append(_run(name, files, out))
    ratios = {
        m: statistics.median(getattr(a, m) / getattr(b, m) for (a, _), (b, _) in zip(*found.values(), strict=True)) for m in ("cpu", "wall")
    }
    stages = {s: statistics.median(answer["cpu"][s] for _, answer in found["ours"]) for s in ours["cpu"]}
    return {
        "rows": ours["rows"],
        "cpu_ratio_pyarrow": round(ratios["cpu"], 3),
        "wall_ratio_pyarrow": round(ratios["wall"], 3),
        "peak_mib": max(answer["peak_mib"] for _, answer in found["ours"]),
        "answers_agree": agree,
        "cpu_by_stage": stages,
        "runs": {name: [{**vars(run), "own_peak_mib": answer["peak_mib"]} for run, answer in found[name]] for name in names},
    }


def _print(cases: dict[str, dict[str, Any]]) -> None:
    print(f"  {'files':<6}{'contender':<14}{'runs':>5}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'wall x':>8}{'CPU x':>8}  rows, sums agree")
    for kind, case in cases.items():
        for name, runs in case["runs"].items():
            wall, cpu = (statistics.median(r[m] for r in runs) for m in ("wall", "cpu"))
            ratios = (
                f"{case['wall_ratio_pyarrow']:>8.3f}{case['cpu_ratio_pyarrow']:>8.3f}  {case['answers_agree']}" if name == "ours" else ""
            )
            peak = max(r["own_peak_mib"] for r in runs)
            print(f"  {kind:<6}{name:<14}{len(runs):>5}{wall:>9.2f}{cpu:>9.2f}{peak:>10.0f}{ratios}")
        print(f"  {'':<6}of ours, CPU: " + ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in case["cpu_by_stage"].items()))
