"""Homes whose reports are at hand as tables, and a year's estimates run in this process."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.parameter_steps import parameter_steps
from orchestration.steps import run_here
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema, table_schema
from transforms.core.harmonise import harmonise_year
from transforms.core.parameters import Parameters, read_parameters
from transforms.io import lake
from transforms.settings import Estimate, Settings
from transforms.synthetic.truth import Truth


def commit_truth_geography(home: Path, truth: Truth) -> None:
    """pair_geography of the truth's own areas."""
    codes = [a.code for a in truth.areas]
    rows = [
        {
            "area_code": one, "partner_code": other, "distance_km": float(truth.distance_km[i, j]),
            "is_contiguous": bool(truth.is_contiguous[i, j]), "is_landlocked_area": bool(truth.is_landlocked[i]),
            "is_landlocked_partner": bool(truth.is_landlocked[j]), "distance_source": "cepii", "snapshot_id": None,
        }
        for i, one in enumerate(codes) for j, other in enumerate(codes) if i != j
    ]  # fmt: skip
    rows.sort(key=lambda r: (int(r["area_code"]), int(r["partner_code"])))
    file = lake.write_partition(
        home, contracts.PAIR_GEOGRAPHY, {}, [pa.Table.from_pylist(rows, schema=table_schema(contracts.PAIR_GEOGRAPHY))]
    )
    assert file is not None
    lake.commit(home, contracts.PAIR_GEOGRAPHY, {"": [file]})


def commit_reported(home: Path, reported: pa.Table, year: int) -> None:
    """One year of reported rows without provenance, as comtrade's."""
    rows = reported.filter(pc.equal(reported["year"], year))
    count = rows.num_rows
    rows = rows.append_column("snapshot_id", pa.repeat(pa.scalar("comtrade-1"), count))
    rows = rows.append_column("snapshot_member", pa.repeat(pa.scalar("f.csv"), count))
    rows = rows.append_column("source_line", pa.array(np.arange(2, count + 2)))
    names = [f.name for f in file_schema(contracts.REPORTED_FLOWS)]
    file = lake.write_partition(home, contracts.REPORTED_FLOWS, {"source": "comtrade", "year": year}, [rows.select(names)])
    assert file is not None
    lake.commit(home, contracts.REPORTED_FLOWS, {file.partition_key: [file]})


def harmonise(home: Path, year: int) -> None:
    """Harmonise and commit a year."""
    result = harmonise_year(home, year, Settings(home=home))
    lake.commit(home, contracts.HARMONISED_FLOWS, {f.partition_key: [f] for f in result.files})


def estimate(home: Path, year: int, **chosen: object) -> Parameters:
    """Fit, write, commit and read a year's set; ``chosen`` are settings of [estimate]."""
    settings = Settings(home=home, estimate=dataclasses.replace(Estimate(), **chosen))  # type: ignore[arg-type]
    result = run_here(parameter_steps(home, year, settings))
    lake.commit(home, contracts.PARAMETER_SET, {f"year={year}": list(result.files)})
    return read_parameters(home, year)


def cut_row_groups(home: Path, rows: int) -> None:
    """Write harmonised_flows again with row groups of about ``rows`` rows, no flow's sides apart."""
    for path in lake.active_files(home, contracts.HARMONISED_FLOWS):
        values = dict(part.split("=") for part in path.relative_to(lake.table_folder(home, contracts.HARMONISED_FLOWS)).parts[:-1])
        data = pa.parquet.read_table(path)  # type: ignore[attr-defined]
        key = [data[name].cast(pa.string()) for name in (*contracts.STRATUM, "exporter_code")]
        changes = np.zeros(data.num_rows, bool)
        for column in key:
            texts = column.to_pylist()
            changes |= np.array([True, *(a != b for a, b in pairwise(texts))])
        strata = np.zeros(data.num_rows, bool)
        for column in key[:-1]:
            strata |= np.array([True, *(a != b for a, b in pairwise(column.to_pylist()))])
        starts, last = [], -rows
        for at in np.flatnonzero(changes):
            if strata[at] or at - last >= rows:
                starts.append(int(at))
                last = int(at)
        pieces = [data.slice(a, b - a) for a, b in pairwise([*starts, data.num_rows])]
        file = lake.write_partition(home, contracts.HARMONISED_FLOWS, values, pieces)
        assert file is not None
        lake.commit(home, contracts.HARMONISED_FLOWS, {file.partition_key: [file]})
