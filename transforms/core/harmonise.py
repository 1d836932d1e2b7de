"""reported_flows to harmonised_flows: each report as one side of a flow, sorted so that mirrors are neighbours.

A report keeps its edition, and reports join only on an equal one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, TaskResult
from transforms.core import coded
from transforms.core.ledger import Account
from transforms.core.sides import SourceReports, book, of_bucket, residuals
from transforms.io import lake
from transforms.settings import Settings

HARMONISE_VERSION = "9"
ROW_GROUP = 1_000_000
_EXPORTER = (*contracts.STRATUM, "exporter_code")
_KEY = (*_EXPORTER, "importer_code", "product_code")


def harmonise_year(home: Path, year: int, settings: Settings) -> TaskResult:
    """Write harmonised_flows of one year, a file per product bucket; ledger lines per source and period.

    Self-trade, re-exports and re-imports, and other flows than X and M leave with their reason; residual leaves enter as
    negative ``suppressed_residual``, so that in = out + reasons. A year without reports
    (World rows only) gives no file and no line.
    """
    order = [*settings.reconcile.source_order]
    found = {p["source"] for t in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS) for p in lake.partitions(home, t)}
    sources = sorted(found, key=lambda s: (order.index(s) if s in order else len(order), s))
    account = Account("harmonise", contracts.HARMONISED_FLOWS.name, year)
    basis = {s: settings.catalog.basis_of(s) for s in sources}
    suppressed, warnings = residuals(home, year, basis, account)
    reports = [SourceReports.of(home, s, basis[s], year) for s in sources]
    files: list[DataFile] = []
    for bucket in range(codes.PRODUCT_BUCKETS):
        parts = [part for source in reports for part in source.sides(bucket, account)]
        parts += [r for r in (of_bucket(table, bucket) for table in suppressed) if r.num_rows]
        if parts:
            file = _write_bucket(home, year, bucket, pa.concat_tables(parts), sources, account)
            if file is not None:
                files.append(file)
    return TaskResult(tuple(files), account.lines(), tuple(warnings))


def _write_bucket(home: Path, year: int, bucket: int, data: pa.Table, sources: Sequence[str], account: Account) -> DataFile | None:
    """Sort, drop what a preferred source also gives, and write, a row group within one stratum."""
    data = data.unify_dictionaries()
    keys = coded.row_keys(data, (*_KEY, "side"))
    ranked = {source: rank for rank, source in enumerate(sources)}
    if len(ranked) > 1:
        rank, names = coded.ranks(data["source"], "source")
        keys = keys * len(ranked) + np.array([ranked[str(n)] for n in names])[rank]
    order = coded.sort_order(keys)
    if order is not None:
        data, keys = data.take(pa.array(order)), keys[order]
    first = coded.starts(keys // max(1, len(ranked)))
    if len(first) < data.num_rows:
        lost = np.ones(data.num_rows, bool)
        lost[first] = False
        surplus = data.filter(pa.array(lost))
        for source in sources:
            book(account, source, surplus.filter(pc.equal(surplus["source"].cast(pa.string()), source)), "not_chosen")
        data = data.take(pa.array(first))
    for source in sources:
        book(account, source, data.filter(pc.equal(data["source"].cast(pa.string()), source)), "out")
    return lake.write_partition(home, contracts.HARMONISED_FLOWS, {"year": year, "product_bucket": bucket}, row_groups_of(data))


def row_groups_of(data: pa.Table) -> Iterator[pa.Table]:
    """``data`` (sorted) in slices for row groups: within one stratum, no exporter's rows of it apart, at most ROW_GROUP rows.

    An exporter with more rows than that has a row group of its own.
    """
    strata = [*coded.starts(coded.row_keys(data, contracts.STRATUM)), data.num_rows]
    exporters = np.append(coded.starts(coded.row_keys(data, _EXPORTER)), data.num_rows)
    for begin, end in pairwise(strata):
        while begin < end:
            stop = end
            if end - begin > ROW_GROUP:
                last = int(exporters[np.searchsorted(exporters, begin + ROW_GROUP, side="right") - 1])
                stop = last if last > begin else int(exporters[np.searchsorted(exporters, begin, side="right")])
            yield data.slice(begin, stop - begin)
            begin = stop
