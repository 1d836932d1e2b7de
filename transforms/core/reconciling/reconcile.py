"""harmonised_flows to bilateral_flows: both reports of a flow in one row, reconciled, the evidence kept.

Sides lie next to each other in harmonised files, so joining mirrors is comparing a row with its neighbour: no shuffle, no hash
table, memory of one row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema
from transforms.contracts.records import DataFile, TaskResult
from transforms.core.harmonising.reporters import Reporters, reporters_of
from transforms.core.ledger import Account
from transforms.core.pinned.parameters import read_parameters
from transforms.core.places.geography import read_geography
from transforms.core.reconciling.evidence import bilateral_rows, is_silent, published_rows
from transforms.core.reconciling.fob import RouteRates, rates_of
from transforms.core.reconciling.groups import groups
from transforms.core.reconciling.mirrors import flows_of
from transforms.core.reconciling.pair_reports import move_rows, pair_rows
from transforms.core.reconciling.reconciled import reconciled
from transforms.core.reconciling.rescale import PairSums, PairTotals, StratumKey, brought_to_totals, bucket_sums
from transforms.io import lake
from transforms.settings import Settings

RECONCILE_VERSION = "4"


@dataclass(frozen=True)
class Year:
    """What the flows of a year are held against: pinned rates and parameters, and who reports."""

    rates: RouteRates
    reporters: Reporters


def year_of(home: Path, year: int, settings: Settings) -> Year:
    """Read from what is committed: once a year, for all its buckets."""
    rates = rates_of(read_parameters(home, year), read_geography(home), settings, year)
    return Year(rates, reporters_of(home, year))


def sum_bucket(home: Path, year: int, bucket: int, settings: Settings, known: Year) -> Mapping[StratumKey, PairSums]:
    """Both sides of a bucket by pair, for a method that brings products to their pair's total: a task, to which ``known`` comes whole."""
    return bucket_sums(home, year, bucket, settings, known.rates)


def reconcile_bucket(
    home: Path, year: int, bucket: int, settings: Settings, known: Year | None = None, totals: PairTotals | None = None
) -> TaskResult:
    """Write bilateral_flows, pair_reports and nes_move of one year and product bucket; ledger lines per source and period.

    ``in`` is what both sides reported, ``out`` the value; the report not chosen is ``not_chosen``, what the CIF factor takes off
    ``cif_removed``, re-exports apart ``re_export``, what came from or went out of areas not specified ``nes_moved``, the rest
    ``weighting``. ``known``: of the year, read here where it isn't given;
    ``totals``: of all pairs of the year, where the method brings products to them.
    """
    account = Account("reconcile", contracts.BILATERAL_FLOWS.name, year)
    known = known or year_of(home, year, settings)
    chunks = _chunks(home, year, bucket, settings, known, totals, account)
    partition = {"year": year, "product_bucket": bucket}
    files: list[DataFile] = []
    with (
        lake.PartitionWriter(home, contracts.BILATERAL_FLOWS, partition) as flows_out,
        lake.PartitionWriter(home, contracts.PAIR_REPORTS, partition) as pairs_out,
        lake.PartitionWriter(home, contracts.NES_MOVE, partition) as moves_out,
    ):
        for flows, pairs, moves in chunks:
            flows_out.write(flows)
            pairs_out.write(pairs)
            moves_out.write(moves)
        files += [file for writer in (flows_out, pairs_out, moves_out) if (file := writer.close()) is not None]
    return TaskResult(tuple(files), account.lines(), known.rates.parameters.lacking(year, known.reporters))


def _chunks(
    home: Path, year: int, bucket: int, settings: Settings, known: Year, totals: PairTotals | None, account: Account
) -> Iterator[tuple[pa.Table, pa.Table, pa.Table]]:
    """Flows, pairs and moves of each row group."""
    nothing = tuple(file_schema(table).empty_table() for table in (contracts.PAIR_REPORTS, contracts.NES_MOVE))
    for group in groups(home, year, bucket):
        data = group.read()
        if not group.is_own:
            yield published_rows(data, account), *nothing
            continue
        found = reconciled(flows_of(data, year), known.rates, settings)
        if totals is not None:
            found = brought_to_totals(found, totals, bucket)
        silent = is_silent(found.mirrored.flows, known.reporters)
        yield bilateral_rows(found, silent, account), pair_rows(found, silent), move_rows(found)
