"""One contender as a whole, freshly started process: wall time, CPU with its children, peak memory of each process."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

#: Seconds between looks at the processes' high-water marks.
INTERVAL = 0.2
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Run:
    """Seconds of wall and CPU; the largest process's and the summed peak resident memory, in MiB."""

    wall: float
    cpu: float
    peak_process_mib: float
    peak_all_mib: float


def run(name: str, home: Path, out: Path) -> Run:
    """Run a contender of the aggregation into an emptied ``out``; RuntimeError with its output where it fails."""
    return run_module("infra.benchmarks.contenders", name, home, out)


def run_module(module: str, name: str, home: Path, out: Path) -> Run:
    """``python -m MODULE NAME HOME OUT`` into an emptied ``out``; RuntimeError with its output where it fails."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    log = out / "log.txt"
    peaks: dict[int, float] = {}
    done = threading.Event()
    with log.open("wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", module, name, str(home), str(out)], cwd=ROOT, stdout=sink, stderr=sink)
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        done.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} ended with {process.returncode}:\n{log.read_text('utf-8', 'replace')[-4000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, max(peaks.values(), default=0.0), sum(peaks.values()))


def high_water_mib() -> float:
    """This process's peak resident memory so far, in MiB."""
    return _high_water_mib(os.getpid())


def load() -> str:
    """What else the machine does now: load averages of 1, 5 and 15 minutes."""
    return "load " + ", ".join(f"{x:.2f}" for x in os.getloadavg())


def _watch(pid: int, peaks: dict[int, float], done: threading.Event) -> None:
    """Keep each process's highest VmHWM; processes that end in between are simply gone."""
    import psutil

    while not done.wait(INTERVAL):
        try:
            root = psutil.Process(pid)
            family = [pid, *(child.pid for child in root.children(recursive=True))]
        except psutil.NoSuchProcess:
            continue
        for member in family:
            peaks[member] = max(peaks.get(member, 0.0), _high_water_mib(member))


def _high_water_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    line = next((x for x in text.splitlines() if x.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _spin(seconds: float) -> int:
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        count += sum(range(1000))
    return count


def effective_cores(seconds: float = 0.6, rounds: int = 3) -> float:
    """Work that as many spinning processes as there are cores do at once, over what one does alone.

    Median of rounds that take turns, so that a neighbour's load falls on both; never more than there are cores.
    """
    cores = os.cpu_count() or 1
    ratios = []
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        pool.map(_spin, [0.05] * cores, chunksize=1)
        for _ in range(rounds):
            alone = pool.apply(_spin, (seconds,))
            ratios.append(sum(pool.map(_spin, [seconds] * cores, chunksize=1)) / alone)
    return min(float(cores), statistics.median(ratios))
