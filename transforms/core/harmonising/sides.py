"""Reports as sides of flows: who exports, what leaves and why, re-exports beside the exports that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core import coded
from transforms.core.harmonising.leaf_levels import levelled, pairs_of_levels
from transforms.core.harmonising.residuals import residual_rows
from transforms.core.ledger import Account
from transforms.core.places.valuation import fob_importers_of
from transforms.io import lake

_READ = (
    "frequency", "period", "reporter_code", "partner_code", "flow_code", "classification", "product_level", "product_code",
    "reported_value_usd", "valuation", "value_cif_usd", "value_fob_usd", "is_value_rounded", "net_weight_kg", "is_net_weight_estimated",
    "quantity", "quantity_unit_code", "is_quantity_estimated", "is_reported", "is_self_trade", "snapshot_id",
)  # fmt: skip
_NOT_KEPT = ("reporter_code", "partner_code", "flow_code", "is_self_trade", "value_cif_usd")
#: What a re-export shares with the export that holds it.
_RE_EXPORT_KEY = ("frequency", "period", "reporter_code", "partner_code", "classification", "product_level", "product_code")
_BILATERAL = pa.array([codes.EXPORT, codes.IMPORT])
_RE_FLOWS = pa.array([codes.RE_EXPORT, codes.RE_IMPORT])
_MONEY, _CODE = pa.decimal128(18, 3), pa.dictionary(pa.int32(), pa.string())
_QUANTITY = {"quantity": _MONEY, "quantity_unit_code": _CODE, "is_quantity_estimated": pa.bool_()}


def book(account: Account, source: str, data: pa.Table, reason: str, *, sign: int = 1) -> None:
    """Book rows and value of ``data`` per period; rows are counted, whatever the sign of what they add."""
    if data.num_rows == 0:
        return
    periods = pa.table({"f": data["frequency"].cast(pa.string()), "p": data["period"].cast(pa.string()), "v": data["reported_value_usd"]})
    for row in periods.group_by(["f", "p"]).aggregate([("v", "sum"), ("v", "count")]).to_pylist():
        account.add(source, (row["f"], row["p"]), reason, row["v_count"], sign * int(row["v_sum"].scaleb(3)))


def book_by_source(account: Account, data: pa.Table, reason: str, *, where: NDArray[np.bool_] | None = None, sign: int = 1) -> None:
    """Book ``data`` (sides), or its rows ``where``, under the sources they name. Only what is booked is copied."""
    data = data.select(["source", "frequency", "period", "reported_value_usd"])
    if where is not None and not where.all():
        data = data.filter(pa.array(where))
    sources = data["source"].cast(pa.string())
    names = sorted(pc.unique(sources).to_pylist())
    for source in names:
        book(account, source, data if len(names) == 1 else data.filter(pc.equal(sources, source)), reason, sign=sign)


def of_bucket(data: pa.Table, bucket: int) -> pa.Table:
    """The rows whose product is of the bucket."""
    return _of_products(data, lambda code: codes.product_bucket(code) == bucket)


def _of_products(data: pa.Table, is_wanted: Callable[[str], bool]) -> pa.Table:
    column = data["product_code"].unify_dictionaries() if pa.types.is_dictionary(data["product_code"].type) else data["product_code"]
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if encoded.num_chunks == 0:
        return data
    inside = np.array([is_wanted(c) for c in encoded.chunk(0).dictionary.to_pylist()], bool)
    indices = np.concatenate([c.indices.to_numpy() for c in encoded.chunks])
    return data.filter(pa.array(inside[indices])) if len(indices) else data


@dataclass
class SourceReports:
    """Reports of one source and year, with what is found out once for all buckets."""

    source: str
    basis: str
    year: int
    paths: list[Path]
    #: pairs whose leaves have several levels (leaf_levels)
    uneven: pa.Table | None = None
    #: re-exports to others, None where there are none: the columns of _RE_EXPORT_KEY and the value
    re_exports: pa.Table | None = field(default=None, repr=False)

    @classmethod
    def of(cls, home: Path, source: str, basis: str, year: int) -> SourceReports:
        """Reads levels and re-exports of the source's committed files."""
        paths = lake.active_files(home, contracts.REPORTED_FLOWS, source=source, year=year)
        own = basis == codes.BASES[0]
        return cls(source, basis, year, paths, pairs_of_levels(paths), _re_exports(paths) if own else None)

    def sides(self, bucket: int, account: Account, visitors: frozenset[str] = frozenset()) -> Iterator[tuple[pa.Table, bool]]:
        """The bucket's reports, a row group at a time, as sides of flows; what leaves is booked.

        With them reports of the codes ``visitors`` of other buckets, which the True beside a table says: theirs book them.
        """
        for path in self.paths:
            reader = pq.ParquetFile(path)
            for group in range(reader.num_row_groups):
                read = reader.read_row_group(group, columns=list(_READ))
                data = of_bucket(read, bucket)
                book(account, self.source, data, "in")
                yield from ((table, False) for table in self._kept(data, account))
                if visitors:
                    yield from ((table, True) for table in self._kept(_of_products(read, visitors.__contains__), None))

    def _kept(self, data: pa.Table, account: Account | None) -> Iterator[pa.Table]:
        """Exports to and imports from others as sides; none where there are none."""
        flow, is_self = data["flow_code"].cast(pa.string()), data["is_self_trade"]
        known = pc.make_struct(is_self, pc.is_in(flow, _BILATERAL), pc.is_in(flow, _RE_FLOWS))
        reason = pc.case_when(known, "self_trade", "", "re_export", "other_flow")
        for name in ("self_trade", "re_export", "other_flow"):
            if account is None:
                break
            book(account, self.source, data.filter(pc.equal(reason, name)), name)
        kept = data.filter(pc.equal(reason, ""))
        if kept.num_rows:
            kept = valued(kept, fob_importers_of(self.year)).append_column("re_export_usd", _beside(kept, self.re_exports))
            yield as_sides(kept if self.uneven is None else levelled(kept, self.uneven), self.source, self.basis)


def valued(data: pa.Table, fob_importers: frozenset[str]) -> pa.Table:
    """Reports with valuation FOB for imports of ``fob_importers`` that their layout takes for CIF, and no CIF value of a row says so."""
    reporters = data["reporter_code"].cast(pa.string())
    is_listed = pc.is_in(reporters, pa.array(sorted(fob_importers), pa.string()))
    if not pc.any(is_listed).as_py():
        return data
    valuation = data["valuation"].cast(pa.string())
    is_taken = pc.and_(pc.equal(data["flow_code"].cast(pa.string()), codes.IMPORT), pc.equal(valuation, "CIF"))
    is_said = pc.is_valid(data["value_cif_usd"]) if "value_cif_usd" in data.column_names else pa.scalar(False)
    fob = pc.if_else(pc.and_(pc.and_(is_listed, is_taken), pc.invert(is_said)), "FOB", valuation)
    return data.set_column(data.column_names.index("valuation"), "valuation", fob.dictionary_encode())


def _re_exports(paths: list[Path]) -> pa.Table | None:
    """Re-exports in the files; of row groups without any only flow_code is read."""
    found = []
    for path in paths:
        reader = pq.ParquetFile(path)
        for group in range(reader.num_row_groups):
            flows = reader.read_row_group(group, columns=["flow_code"])["flow_code"].cast(pa.string())
            mask = pc.equal(flows, codes.RE_EXPORT)
            if pc.any(mask).as_py():
                data = reader.read_row_group(group, columns=[*_RE_EXPORT_KEY, "reported_value_usd", "is_self_trade"]).filter(mask)
                found.append(data.filter(pc.invert(data["is_self_trade"])).drop_columns(["is_self_trade"]))
    whole = pa.concat_tables(found) if found else None
    return whole if whole is not None and whole.num_rows else None


def _beside(data: pa.Table, re_exports: pa.Table | None) -> pa.ChunkedArray | pa.Array:
    """The reporter's re-exports beside each of its exports, NULL where it states none. Shape (rows,)."""
    rows = data.num_rows
    if re_exports is None:
        return pa.nulls(rows, _MONEY)
    reporters = data["reporter_code"].cast(pa.string()).unique()
    near = re_exports.filter(pc.is_in(re_exports["reporter_code"].cast(pa.string()), reporters))
    if near.num_rows == 0:
        return pa.nulls(rows, _MONEY)
    both = pa.concat_tables([t.select(_RE_EXPORT_KEY) for t in (data, near)]).unify_dictionaries()
    keys = coded.row_keys(both, _RE_EXPORT_KEY)
    own, theirs = keys[:rows], keys[rows:]
    order = np.argsort(theirs, kind="stable")
    at = np.minimum(np.searchsorted(theirs[order], own), near.num_rows - 1)
    is_export = pc.equal(data["flow_code"].cast(pa.string()), codes.EXPORT).to_numpy()
    held = (theirs[order][at] == own) & is_export
    values = lake.mills(near["reported_value_usd"])[order][at]
    return lake.decimals(np.where(held, values, 0), held)


def _quantities(data: pa.Table, basis: str) -> dict[str, pa.ChunkedArray | pa.Array]:
    """Quantity, unit and flag as reported; NULL without a quantity or a unit, and for what is published as reconciled."""
    if basis != codes.BASES[0] or data["quantity"].null_count == data.num_rows:
        return {name: pa.nulls(data.num_rows, kind) for name, kind in _QUANTITY.items()}
    unit = data["quantity_unit_code"]
    is_stated = pc.and_(pc.is_valid(data["quantity"]), pc.invert(pc.is_in(unit.cast(pa.string()), pa.array([None, *codes.NO_UNITS]))))
    return {
        "quantity": pc.if_else(is_stated, data["quantity"], pa.scalar(None, _MONEY)),
        "quantity_unit_code": pc.if_else(is_stated, unit.cast(pa.string()), pa.scalar(None, pa.string())).dictionary_encode(),
        "is_quantity_estimated": pc.if_else(is_stated, data["is_quantity_estimated"], pa.scalar(None, pa.bool_())),
    }


def as_sides(data: pa.Table, source: str, basis: str) -> pa.Table:
    """Reporter and partner to exporter and importer; the other columns of the contract beside them.

    Where ``data`` doesn't say what is residual, it is what the publisher states so: a code that ends in X (0011X in the SITC).
    """
    exports = pc.equal(data["flow_code"].cast(pa.string()), codes.EXPORT)
    reporter, partner = data["reporter_code"].cast(pa.string()), data["partner_code"].cast(pa.string())
    rows = data.num_rows

    def constant(value: object, kind: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, kind), rows)

    columns = {name: data[name] for name in _READ if name not in (*_NOT_KEPT, *_QUANTITY)}
    return pa.table(
        {
            **columns,
            **_quantities(data, basis),
            "re_export_usd": data["re_export_usd"],
            "basis": constant(basis, pa.string()).dictionary_encode(),
            "exporter_code": pc.if_else(exports, reporter, partner).dictionary_encode(),
            "importer_code": pc.if_else(exports, partner, reporter).dictionary_encode(),
            "side": pc.if_else(exports, "exporter", "importer").dictionary_encode(),
            "source": constant(source, pa.string()).dictionary_encode(),
            "is_residual": data["is_residual"] if "is_residual" in data.column_names else _published_residuals(data["product_code"]),
            "conversion": pa.nulls(rows, _CODE),
        }
    )


def _published_residuals(products: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = [pc.ends_with(c.dictionary, "X").take(c.indices) for c in products.chunks]
    return pa.chunked_array(chunks, pa.bool_())


def residuals(home: Path, year: int, basis: Mapping[str, str], account: Account) -> tuple[list[pa.Table], list[str]]:
    """Residual leaves of every source of the year as sides, counted as suppressed_residual; and what is to be said of them."""
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
        data = valued(_residual_reports(rows), fob_importers_of(year))
        book(account, source, data, "suppressed_residual", sign=-1)
        encoded = [n for n in data.column_names if pa.types.is_string(data[n].type)]
        for name in encoded:
            data = data.set_column(data.column_names.index(name), name, data[name].dictionary_encode())
        tables.append(as_sides(data.append_column("is_residual", pa.repeat(pa.scalar(True), rows.num_rows)), source, basis[source]))
    return tables, warnings


def _residual_reports(rows: pa.Table) -> pa.Table:
    """residual_rows with the columns of reports; what a residual doesn't state is NULL."""
    count = rows.num_rows
    nothing = {
        **dict.fromkeys(("value_fob_usd", "net_weight_kg", "re_export_usd", "quantity"), _MONEY),
        **dict.fromkeys(("is_net_weight_estimated", "is_quantity_estimated", "is_reported"), pa.bool_()),
        "quantity_unit_code": _CODE,
    }
    return pa.table(
        {
            **{n: rows[n] for n in ("frequency", "period", "reporter_code", "partner_code", "flow_code", "classification")},
            "product_level": rows["leaf_level"].cast(pa.int8()),
            **{n: rows[n] for n in ("product_code", "valuation", "snapshot_id")},
            "reported_value_usd": lake.decimals(rows["value_mills"].to_numpy()),
            **{name: pa.nulls(count, kind) for name, kind in nothing.items()},
            "is_value_rounded": pa.repeat(pa.scalar(False), count),
        }
    )
