"""``make bench``: the goals of speed, measured on synthetic rows. ``--parts`` names what to measure.

aggregate: the fused aggregation against DuckDB and dask.dataframe. ingest: file to sorted lake
Parquet against pyarrow's streaming reader. reconcile: both reports of every flow against DuckDB's
bare join of them. gates: checks of 100 M rows. flat: cost per row from 10 M to 100 M rows. Parts
that aren't asked for keep what bench.json says of them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.benchmarks import aggregate, flat, flows, gates, ingest, reconcile
from infra.benchmarks.measure import ROOT, effective_cores, load

Part = Callable[[argparse.Namespace, Path], dict[str, Any]]
PARTS: dict[str, Part] = {
    "aggregate": aggregate.part,
    "ingest": ingest.part,
    "reconcile": reconcile.part,
    "gates": gates.part,
    "flat": flat.part,
}


def main() -> None:
    """Generate, compare, measure, write bench.json."""
    options = _options()
    work = Path(options.work or tempfile.mkdtemp(prefix="entrepot-bench-")).absolute()
    out = Path(options.out)
    known: dict[str, Any] = json.loads(out.read_text("utf-8")) if out.exists() else {}
    try:
        cores = effective_cores()
        print(f"Synthetic rows (they describe no real trade). {os.cpu_count()} cores, {cores:.2f} effective.", flush=True)
        for name in options.parts:
            before = load()
            print(f"\n{name} ({before})", flush=True)
            found = PARTS[name](options, work)
            known = {**known, "effective_cores": round(cores, 2), **found}
            known["measured"] = {**known.get("measured", {}), name: {"effective_cores": round(cores, 2), "before": before, "after": load()}}
            # after each part: what is measured isn't lost with a later one
            out.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
    finally:
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)
    print(f"written: {out}")


def _parts(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(PARTS))
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'nothing'}: the parts are {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.benchmarks", description=__doc__)
    parser.add_argument("--parts", type=_parts, default=list(PARTS), help=f"comma separated, of {', '.join(PARTS)}; all by default")
    parser.add_argument(
        "--rows", type=int, default=43_000_000, help="aggregate: bilateral flows, 10.7 M a year; reconcile: reports, 17 M a year"
    )
    parser.add_argument("--pairs", type=int, default=5, help="aggregate, ingest, reconcile: pairs of runs against DuckDB, against pyarrow")
    parser.add_argument("--dask-runs", type=int, default=1, help="aggregate, reconcile: runs of each Dask baseline; 0 leaves them out")
    parser.add_argument(
        "--merge-rows", type=int, default=10_000_000, help="reconcile: reports of the case with 1, 2, 4 workers and Dask's merge"
    )
    parser.add_argument("--ingest-rows", type=int, default=flows.YEAR_ROWS, help="ingest: rows of each kind of file")
    parser.add_argument("--large-rows", type=int, default=100_000_000, help="gates, flat: rows of the large case")
    parser.add_argument("--small-rows", type=int, default=10_000_000, help="gates: rows of the other tables")
    parser.add_argument("--work", help="folder for data and outputs, kept; a temporary one by default")
    parser.add_argument("--out", default=str(ROOT / "bench.json"), help="where bench.json goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
