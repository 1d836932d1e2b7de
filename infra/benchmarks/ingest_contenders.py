"""From file to Parquet, each a whole process: ``python -m infra.benchmarks.ingest_contenders NAME FILES OUT``.

``ours`` keeps the untouched copy, examines every byte, and leaves lake files in the table's
order; ``pyarrow_baci`` and ``pyarrow_bulk`` stream with pyarrow.csv and leave the rows as they
come. OUT/result.json says rows, the value's exact sum in mills, and this process's peak.
"""

from __future__ import annotations

import json
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.benchmarks.measure import high_water_mib

#: A year's file of BACI has no text but numbers; codes are text in the lake, so here too.
_BACI_CODES = ("i", "j", "k")
#: What the lake keeps of a bulk file: pyarrow reads no other column.
_BULK_CODES = (
    "freqCode",
    "period",
    "reporterCode",
    "flowCode",
    "partnerCode",
    "partner2Code",
    "classificationCode",
    "cmdCode",
    "customsCode",
    "mosCode",
    "motCode",
    "qtyUnitCode",
    "legacyEstimationFlag",
)
_BULK_NUMBERS = ("qty", "netWgt", "grossWgt", "cifvalue", "fobvalue", "primaryValue")
_BULK_FLAGS = ("isQtyEstimated", "isNetWgtEstimated", "isReported")
BLOCK_BYTES = 1 << 22


def data_files(folder: Path) -> list[Path]:
    """The files to read, without their sidecars."""
    return sorted(p for p in folder.iterdir() if p.suffix in (".zip", ".csv", ".gz"))


def ours(files: Path, out: Path) -> dict[str, Any]:
    """Snapshot, parse and ingest in this one process, as one worker would; CPU seconds of each beside the answers."""
    laps, clock = {}, time.process_time()

    def lap(name: str) -> None:
        nonlocal clock
        laps[name], clock = round(time.process_time() - clock, 3), time.process_time()

    snapshots, settings = _snapshots(files, out)
    lap("snapshot")
    years = _parsed(out, snapshots, settings)
    lap("parse")
    results = [_ingested(out, snapshots, year, settings) for year in sorted(years)]
    lap("ingest")
    written = [f for result in results for f in result.files]
    return {"rows": sum(f.rows for f in written), "mills": sum(f.value_mills or 0 for f in written), "cpu": laps}


# The three calls of the library, here alone: a changed signature is one edit.


def _snapshots(files: Path, home: Path) -> tuple[Any, Any]:
    from transforms.io.snapshot import take_snapshot
    from transforms.settings import load_settings

    settings = load_settings(home, {})
    return take_snapshot(files, settings), settings


def _parsed(home: Path, snapshots: Any, settings: Any) -> set[int]:  # noqa: ARG001
    from transforms.sources.parse import parse_snapshot

    return {year for s in snapshots for member in s.members for year in parse_snapshot(home, s, member).years}


def _ingested(home: Path, snapshots: Any, year: int, settings: Any) -> Any:  # noqa: ARG001
    from transforms.contracts.layouts import SOURCES
    from transforms.sources.ingest import ingest_partition
    from transforms.sources.parse import known_years

    of_year = tuple(s for s in snapshots if year in (known_years(home, s) or ()))
    return ingest_partition(home, SOURCES[of_year[0].source], year, of_year)


@contextmanager
def _streams(path: Path) -> Iterator[list[Any]]:
    """The members of a zip, the inside of a gz, the file itself: each as pyarrow reads it best."""
    import pyarrow as pa

    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield [archive.open(name) for name in archive.namelist()]
    else:
        with pa.input_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as stream:
            yield [stream]


def pyarrow_baci(files: Path, out: Path) -> dict[str, Any]:
    """BACI by pyarrow.csv.open_csv: codes as dictionaries of text, year int16, value and weight double; zstd."""
    import pyarrow as pa

    types = {"t": pa.int16(), **dict.fromkeys(_BACI_CODES, pa.dictionary(pa.int32(), pa.string())), "v": pa.float64(), "q": pa.float64()}
    # q is padded: what stands for "missing" is, too
    return _streamed(files, out, types, "v", 1_000_000, delimiter=",", missing=["", "NA", "NA".rjust(13)])


def pyarrow_bulk(files: Path, out: Path) -> dict[str, Any]:
    """Comtrade's bulk files by pyarrow.csv.open_csv, the lake's columns only."""
    import pyarrow as pa

    types = {
        "refYear": pa.int16(),
        **dict.fromkeys(_BULK_CODES, pa.dictionary(pa.int32(), pa.string())),
        **dict.fromkeys(_BULK_NUMBERS, pa.float64()),
        **dict.fromkeys(_BULK_FLAGS, pa.bool_()),
    }
    return _streamed(files, out, types, "primaryValue", 1000, delimiter="\t", missing=[""])


def _streamed(
    files: Path, out: Path, types: dict[str, Any], value: str, mills_each: int, *, delimiter: str, missing: list[str]
) -> dict[str, Any]:
    """Stream every file into one Parquet file; the sum is of values rounded to a mill each, so it is exact."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    convert = csv.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=missing, strings_can_be_null=True, auto_dict_encode=False
    )
    read, parse = csv.ReadOptions(block_size=BLOCK_BYTES), csv.ParseOptions(delimiter=delimiter)
    schema, rows, mills = pa.schema(types), 0, 0
    with pq.ParquetWriter(out / "rows.parquet", schema, compression="zstd") as writer:
        for path in data_files(files):
            with _streams(path) as streams:
                for stream in streams:
                    for batch in csv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert):
                        writer.write_batch(batch)
                        rows += batch.num_rows
                        values = batch.column(value).to_numpy(zero_copy_only=False)
                        mills += int(np.rint(np.nan_to_num(values) * mills_each).astype(np.int64).sum())
    return {"rows": rows, "mills": mills}


def main() -> None:
    """Run the contender named on the command line."""
    name, files, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    answer = {"ours": ours, "pyarrow_baci": pyarrow_baci, "pyarrow_bulk": pyarrow_bulk}[name](files, out)
    (out / "result.json").write_text(json.dumps({**answer, "peak_mib": round(high_water_mib())}), "utf-8")


if __name__ == "__main__":
    main()
