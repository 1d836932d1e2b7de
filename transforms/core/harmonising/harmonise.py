"""reported_flows to harmonised_flows: each report as one side of a flow, sorted so that mirrors are neighbours.

A report keeps its edition, and reports join only on an equal one. Beside it stand copies of it in the target editions,
where weights to convert it are at hand (docs/editions.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, TaskResult
from transforms.core import coded
from transforms.core.harmonising.editions import Targets
from transforms.core.harmonising.sides import SourceReports, book_by_source, of_bucket, residuals
from transforms.core.harmonising.target_series import TargetSeries
from transforms.core.ledger import Account
from transforms.io import lake
from transforms.settings import Settings

HARMONISE_VERSION = "11"
Flags = NDArray[np.bool_]
ROW_GROUP = 1_000_000
_EXPORTER = (*contracts.STRATUM, "exporter_code")
_KEY = (*_EXPORTER, "importer_code", "product_code")


def harmonise_year(home: Path, year: int, settings: Settings) -> TaskResult:
    """Write harmonised_flows of one year, a file per product bucket; ledger lines per source and period.

    Self-trade, re-exports and re-imports, and other flows than X and M leave with their reason; residual leaves enter as
    negative ``suppressed_residual``, so that in = out + reasons. Copies in a target edition have an account of their own
    ("harmonised_flows as H4"). A year without reports (World rows only) gives no file and no line.
    """
    order = [*settings.reconcile.source_order]
    found = {p["source"] for t in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS) for p in lake.partitions(home, t)}
    sources = sorted(found, key=lambda s: (order.index(s) if s in order else len(order), s))
    account = Account("harmonise", contracts.HARMONISED_FLOWS.name, year)
    basis = {s: settings.catalog.basis_of(s) for s in sources}
    suppressed, warnings = residuals(home, year, basis, account)
    reports = [SourceReports.of(home, s, basis[s], year) for s in sources]
    own = [path for source in reports if source.basis == codes.BASES[0] for path in source.paths]
    targets = Targets.of(home, settings.harmonise.targets(year), own)
    copies = {t: Account("harmonise", f"{contracts.HARMONISED_FLOWS.name} as {t}", year) for t in (targets.editions if targets else ())}
    files: list[DataFile] = []
    for bucket in range(codes.PRODUCT_BUCKETS):
        data, visiting = _of_bucket(reports, suppressed, bucket, account, targets.visitors(bucket) if targets else frozenset())
        if data is None:
            continue
        data, visiting = _chosen(data, visiting, sources, account)
        series = TargetSeries(data, visiting, targets, bucket, copies) if targets else [data]
        groups = (group for rows in series for group in row_groups_of(rows))
        file = lake.write_partition(home, contracts.HARMONISED_FLOWS, {"year": year, "product_bucket": bucket}, groups)
        if file is not None:
            files.append(file)
    lines = [line for a in (account, *copies.values()) for line in a.lines()]
    return TaskResult(tuple(files), tuple(lines), tuple(warnings))


def _of_bucket(
    reports: Sequence[SourceReports], suppressed: Sequence[pa.Table], bucket: int, account: Account, visitors: frozenset[str]
) -> tuple[pa.Table | None, Flags]:
    """Sides of a bucket from all sources, None without any, and which of them visit from another bucket (rows,)."""
    parts = [
        part for source in reports for part in source.sides(bucket, account, visitors if source.basis == codes.BASES[0] else frozenset())
    ]
    parts += [(rows, False) for table in suppressed if (rows := of_bucket(table, bucket)).num_rows]
    if not parts:
        return None, np.empty(0, bool)
    return pa.concat_tables([rows for rows, _ in parts]), np.repeat([v for _, v in parts], [rows.num_rows for rows, _ in parts])


def _chosen(data: pa.Table, visiting: Flags, sources: Sequence[str], account: Account) -> tuple[pa.Table, Flags]:
    """Rows in order, without those that a preferred source also gives; booked, but for visitors."""
    data = data.unify_dictionaries()
    keys = coded.row_keys(data, (*_KEY, "side"))
    ranked = {source: rank for rank, source in enumerate(sources)}
    if len(ranked) > 1:
        rank, names = coded.ranks(data["source"], "source")
        keys = keys * len(ranked) + np.array([ranked[str(n)] for n in names])[rank]
    order = coded.sort_order(keys)
    if order is not None:
        data, keys, visiting = data.take(pa.array(order)), keys[order], visiting[order]
    first = coded.starts(keys // max(1, len(ranked)))
    if len(first) < data.num_rows:
        lost = np.ones(data.num_rows, bool)
        lost[first] = False
        book_by_source(account, data, "not_chosen", where=lost & ~visiting)
        data, visiting = data.take(pa.array(first)), visiting[first]
    book_by_source(account, data, "out", where=~visiting)
    return data, visiting


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
