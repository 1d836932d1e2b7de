"""The aggregation on Dask: the same bytes, however many workers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from infra.benchmarks import flows
from transforms.cluster import dask_client
from transforms.core.aggregate import aggregate_year
from transforms.settings import load_settings


@pytest.mark.slow
def test_bytes_are_the_same_with_1_2_and_4_workers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "YEAR_ROWS", 20_000)
    years = flows.write_years(home, 60_000)
    assert len(years) == 3
    hashes = []
    for workers in (1, 2, 4):
        settings = load_settings(home, {})
        settings = dataclasses.replace(settings, cluster=dataclasses.replace(settings.cluster, workers=workers))
        with dask_client(settings) as client:
            results = client.gather([client.submit(aggregate_year, home, year, pure=False) for year in years])
        hashes.append([(f.table, f.partition_key, f.sha256, f.rows, f.value_mills) for result in results for f in result.files])
    assert hashes[0] == hashes[1] == hashes[2]
    assert len(hashes[0]) == 6 * len(years)
