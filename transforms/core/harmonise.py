"""reported_flows to harmonised_flows: each report as one side of a flow, sorted so that mirrors are neighbours.

A report keeps its edition, and reports join only on an equal one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import DataFile, TaskResult
from transforms.core import coded
from transforms.core.leaf_levels import levelled, pairs_of_levels
from transforms.core.ledger import Account
from transforms.core.residuals import residual_rows
from transforms.io import lake
from transforms.settings import Settings

HARMONISE_VERSION = "8"
ROW_GROUP = 1_000_000
_READ = (
    "frequency", "period", "reporter_code", "partner_code", "flow_code", "classification", "product_level", "product_code",
    "reported_value_usd", "valuation", "value_fob_usd", "is_value_rounded", "net_weight_kg", "is_net_weight_estimated",
    "is_reported", "is_self_trade", "snapshot_id",
)  # fmt: skip
_BILATERAL = pa.array([codes.EXPORT, codes.IMPORT])
_RE_FLOWS = pa.array([codes.RE_EXPORT, codes.RE_IMPORT])
_KEY = (*contracts.STRATUM, "exporter_code", "importer_code", "product_code")


def _book(account: Account, source: str, data: pa.Table, reason: str, *, sign: int = 1) -> None:
    """Book rows and value of ``data`` per period; rows are counted, whatever the sign of what they add."""
    if data.num_rows == 0:
        return
    periods = pa.table({"f": data["frequency"].cast(pa.string()), "p": data["period"].cast(pa.string()), "v": data["reported_value_usd"]})
    for row in periods.group_by(["f", "p"]).aggregate([("v", "sum"), ("v", "count")]).to_pylist():
        account.add(source, (row["f"], row["p"]), reason, row["v_count"], sign * int(row["v_sum"].scaleb(3)))


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
    residuals, warnings = _residuals(home, year, basis, account)
    uneven = {s: pairs_of_levels(lake.active_files(home, contracts.REPORTED_FLOWS, source=s, year=year)) for s in sources}
    files: list[DataFile] = []
    for bucket in range(codes.PRODUCT_BUCKETS):
        parts = [part for source in sources for part in _sides(home, source, basis[source], year, bucket, uneven[source], account)]
        parts += [r for r in (_of_bucket(table, bucket) for table in residuals) if r.num_rows]
        if parts:
            file = _write_bucket(home, year, bucket, pa.concat_tables(parts), sources, account)
            if file is not None:
                files.append(file)
    return TaskResult(tuple(files), account.lines(), tuple(warnings))


def _of_bucket(data: pa.Table, bucket: int) -> pa.Table:
    column = data["product_code"].unify_dictionaries() if pa.types.is_dictionary(data["product_code"].type) else data["product_code"]
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if encoded.num_chunks == 0:
        return data
    inside = np.array([codes.product_bucket(c) == bucket for c in encoded.chunk(0).dictionary.to_pylist()], bool)
    indices = np.concatenate([c.indices.to_numpy() for c in encoded.chunks])
    return data.filter(pa.array(inside[indices])) if len(indices) else data


def _sides(home: Path, source: str, basis: str, year: int, bucket: int, uneven: pa.Table | None, account: Account) -> Iterator[pa.Table]:
    """The bucket's reports of one source, a row group at a time, as sides of flows; ``uneven`` pairs come to one level."""
    for path in lake.active_files(home, contracts.REPORTED_FLOWS, source=source, year=year):
        reader = pq.ParquetFile(path)
        for group in range(reader.num_row_groups):
            data = _of_bucket(reader.read_row_group(group, columns=list(_READ)), bucket)
            _book(account, source, data, "in")
            flow, is_self = data["flow_code"].cast(pa.string()), data["is_self_trade"]
            reason = pc.case_when(
                pc.make_struct(is_self, pc.is_in(flow, _BILATERAL), pc.is_in(flow, _RE_FLOWS)), "self_trade", "", "re_export", "other_flow"
            )
            for name in ("self_trade", "re_export", "other_flow"):
                _book(account, source, data.filter(pc.equal(reason, name)), name)
            kept = data.filter(pc.equal(reason, ""))
            if kept.num_rows:
                yield _as_sides(kept if uneven is None else levelled(kept, uneven), source, basis)


def _as_sides(data: pa.Table, source: str, basis: str) -> pa.Table:
    """Reporter and partner to exporter and importer; the other columns of the contract beside them.

    Where ``data`` doesn't say what is residual, it is what the publisher states so: a code that ends in X (0011X in the SITC).
    """
    exports = pc.equal(data["flow_code"].cast(pa.string()), codes.EXPORT)
    reporter, partner = data["reporter_code"].cast(pa.string()), data["partner_code"].cast(pa.string())
    rows = data.num_rows

    def constant(value: object, kind: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, kind), rows)

    columns = {name: data[name] for name in _READ if name not in ("reporter_code", "partner_code", "flow_code", "is_self_trade")}
    return pa.table(
        {
            **columns,
            "basis": constant(basis, pa.string()).dictionary_encode(),
            "exporter_code": pc.if_else(exports, reporter, partner).dictionary_encode(),
            "importer_code": pc.if_else(exports, partner, reporter).dictionary_encode(),
            "side": pc.if_else(exports, "exporter", "importer").dictionary_encode(),
            "source": constant(source, pa.string()).dictionary_encode(),
            "is_residual": data["is_residual"] if "is_residual" in data.column_names else _published_residuals(data["product_code"]),
        }
    )


def _published_residuals(products: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = [pc.ends_with(c.dictionary, "X").take(c.indices) for c in products.chunks]
    return pa.chunked_array(chunks, pa.bool_())


def _residuals(home: Path, year: int, basis: Mapping[str, str], account: Account) -> tuple[list[pa.Table], list[str]]:
    """Residual leaves of every source of the year, counted as suppressed_residual."""
    tables, warnings = [], []
    for source in basis:
        controls = lake.active_files(home, contracts.CONTROL_TOTALS, source=source, year=year)
        if not controls:
            continue
        reports = lake.active_files(home, contracts.REPORTED_FLOWS, source=source, year=year)
        rows, negative = residual_rows(reports, controls, home / "build" / "scratch")
        if negative:
            warnings.append(f"{source} {year}: {negative:,} parents are smaller than the sum of their children")
        if rows.num_rows == 0:
            continue
        count = rows.num_rows
        nothing = {"value_fob_usd": pa.decimal128(18, 3), "net_weight_kg": pa.decimal128(18, 3), "is_net_weight_estimated": pa.bool_()}
        data = pa.table(
            {
                **{n: rows[n] for n in ("frequency", "period", "reporter_code", "partner_code", "flow_code", "classification")},
                "product_level": rows["leaf_level"].cast(pa.int8()),
                **{n: rows[n] for n in ("product_code", "valuation", "snapshot_id")},
                "reported_value_usd": lake.decimals(rows["value_mills"].to_numpy()),
                **{name: pa.nulls(count, kind) for name, kind in nothing.items()},
                "is_value_rounded": pa.repeat(pa.scalar(False), count),
                "is_reported": pa.nulls(count, pa.bool_()),
            }
        )
        _book(account, source, data, "suppressed_residual", sign=-1)
        encoded = [n for n in data.column_names if pa.types.is_string(data[n].type)]
        for name in encoded:
            data = data.set_column(data.column_names.index(name), name, data[name].dictionary_encode())
        tables.append(_as_sides(data.append_column("is_residual", pa.repeat(pa.scalar(True), count)), source, basis[source]))
    return tables, warnings


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
            _book(account, source, surplus.filter(pc.equal(surplus["source"].cast(pa.string()), source)), "not_chosen")
        data = data.take(pa.array(first))
    for source in sources:
        _book(account, source, data.filter(pc.equal(data["source"].cast(pa.string()), source)), "out")
    return lake.write_partition(home, contracts.HARMONISED_FLOWS, {"year": year, "product_bucket": bucket}, row_groups_of(data, _KEY))


def row_groups_of(data: pa.Table, key: tuple[str, ...]) -> Iterator[pa.Table]:
    """``data`` (sorted) in slices for row groups: within one stratum, no flow's mirrors apart, at most ROW_GROUP rows."""
    strata = [*coded.starts(coded.row_keys(data, contracts.STRATUM)), data.num_rows]
    flows = coded.starts(coded.row_keys(data, key))
    for begin, end in pairwise(strata):
        while begin < end:
            stop = end
            if end - begin > ROW_GROUP:
                stop = int(flows[np.searchsorted(flows, begin + ROW_GROUP, side="right") - 1])
            yield data.slice(begin, stop - begin)
            begin = stop
