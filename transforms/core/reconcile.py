"""harmonised_flows to bilateral_flows: both reports of a flow in one row, reconciled, the evidence kept.

Sides lie next to each other in harmonised files, so joining mirrors is comparing a row with its neighbour: no shuffle, no hash
table, memory of one row group.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, TaskResult
from transforms.core.evidence import bilateral_rows, published_rows
from transforms.core.fob import RouteRates, rates_of
from transforms.core.geography import read_geography
from transforms.core.ledger import Account
from transforms.core.mirrors import COLUMNS, flows_of
from transforms.core.pair_reports import move_rows, pair_rows
from transforms.core.parameters import read_parameters
from transforms.core.reconciled import reconciled
from transforms.core.reporters import Reporters, reporters_of
from transforms.io import lake
from transforms.settings import Settings

RECONCILE_VERSION = "4"


@dataclass(frozen=True)
class Year:
    """What the flows of a year are held against: pinned rates and parameters, and who reports."""

    rates: RouteRates
    reporters: Reporters


def year_of(home: Path, year: int, settings: Settings) -> Year:
    """Read from what is committed."""
    rates = rates_of(read_parameters(home, year), read_geography(home), settings, year)
    return Year(rates, reporters_of(home, year))


def reconcile_bucket(home: Path, year: int, bucket: int, settings: Settings) -> TaskResult:
    """Write bilateral_flows, pair_reports and nes_move of one year and product bucket; ledger lines per source and period.

    ``in`` is what both sides reported, ``out`` the value; the report not chosen is ``not_chosen``, what the CIF factor takes off
    ``cif_removed``, re-exports apart ``re_export``, what came from or went out of areas not specified ``nes_moved``, the rest
    ``weighting``.
    """
    paths = lake.active_files(home, contracts.HARMONISED_FLOWS, year=year, product_bucket=bucket)
    if not paths:
        return TaskResult(())
    known, account = year_of(home, year, settings), Account("reconcile", contracts.BILATERAL_FLOWS.name, year)
    tables = (contracts.BILATERAL_FLOWS, contracts.PAIR_REPORTS, contracts.NES_MOVE)
    files: list[DataFile] = []
    partition = {"year": year, "product_bucket": bucket}
    with (
        lake.PartitionWriter(home, tables[0], partition) as flows_out,
        lake.PartitionWriter(home, tables[1], partition) as pairs_out,
        lake.PartitionWriter(home, tables[2], partition) as moves_out,
    ):
        for path in paths:
            reader = pq.ParquetFile(path)
            for group in range(reader.num_row_groups):
                data = reader.read_row_group(group, columns=list(COLUMNS))
                if data["basis"][0].as_py() == "baci_published":
                    flows_out.write(published_rows(data, account))
                    continue
                found = reconciled(flows_of(data, year), known.rates, settings)
                flows_out.write(bilateral_rows(found, known.reporters, account))
                pairs_out.write(pair_rows(found, known.reporters))
                moves_out.write(move_rows(found))
        files += [file for writer in (flows_out, pairs_out, moves_out) if (file := writer.close()) is not None]
    return TaskResult(tuple(files), account.lines())
