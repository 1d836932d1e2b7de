"""harmonised_flows to bilateral_flows: both reports of a flow in one row, reconciled, the evidence kept.

Sides lie next to each other in harmonised files, so joining mirrors is comparing a row with
its neighbour: no shuffle, no hash table, memory of one row group.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema
from transforms.contracts.records import TaskResult
from transforms.core import coded
from transforms.core.ledger import Account
from transforms.core.methods import METHODS, Method, Reports
from transforms.core.reporters import Reporters, reporters_of
from transforms.core.sides import COLUMNS, Coded, Side, reported_of, take_side
from transforms.io import lake
from transforms.settings import Settings

RECONCILE_VERSION = "3"
_FLOW = ("exporter_code", "importer_code", "product_code")
_COPIED = (*contracts.STRATUM, *_FLOW, "is_residual")
_READ = (*_COPIED, "side", *COLUMNS)
_TYPES = {field.name: field.type for field in file_schema(contracts.BILATERAL_FLOWS)}


def reconcile_bucket(home: Path, year: int, bucket: int, settings: Settings) -> TaskResult:
    """Write bilateral_flows of one year and product bucket; ledger lines per source and period.

    ``in`` is what both sides reported, ``out`` the value chosen; the report not chosen is
    ``not_chosen``, what the CIF factor takes off ``cif_removed``, the rest ``weighting``.
    """
    paths = lake.active_files(home, contracts.HARMONISED_FLOWS, year=year, product_bucket=bucket)
    if not paths:
        return TaskResult(())
    reporters, account = reporters_of(home, year), Account("reconcile", contracts.BILATERAL_FLOWS.name, year)
    method, factor = METHODS[settings.reconcile.method], float(settings.reconcile.cif_factor)

    def chunks() -> Iterator[pa.Table]:
        for path in paths:
            reader = pq.ParquetFile(path)
            for group in range(reader.num_row_groups):
                data = reader.read_row_group(group, columns=list(_READ))
                is_published = data["basis"][0].as_py() == "baci_published"
                yield _published(data, account) if is_published else _own(data, method, factor, reporters, account)

    file = lake.write_partition(home, contracts.BILATERAL_FLOWS, {"year": year, "product_bucket": bucket}, chunks())
    return TaskResult((file,) if file else (), account.lines())


def _book(account: Account, data: pa.Table, sources: Coded, reason: str, values: NDArray[np.int64], mask: NDArray[np.bool_]) -> None:
    """Book rows and mills where ``mask`` holds, per source. One period per row group."""
    period = (data["frequency"][0].as_py(), data["period"][0].as_py())
    for index, source in enumerate(sources.texts.to_pylist()):
        inside = mask & (sources.indices == index)
        account.add(source, period, reason, int(inside.sum()), int(values[inside].sum()))


def _row(data: pa.Table, filled: dict[str, object]) -> pa.Table:
    """The contract's columns: copied, filled, or NULL."""
    columns = {}
    for name in contracts.BILATERAL_FLOWS.file_columns:
        if name in filled:
            columns[name] = filled[name]
        elif name in _COPIED:
            columns[name] = data[name]
        else:
            columns[name] = pa.nulls(data.num_rows, _TYPES[name])
    return pa.table(columns)


def _published(data: pa.Table, account: Account) -> pa.Table:
    """BACI's rows as they are: reconciled there, no reports to show."""
    values, everything = lake.mills(data["reported_value_usd"]), np.ones(data.num_rows, bool)
    for reason in ("in", "out"):
        _book(account, data, Coded.of(data["source"]), reason, values, everything)
    text = pa.repeat(pa.scalar("baci_published"), data.num_rows)
    return _row(
        data,
        {
            "value_fob_usd": data["reported_value_usd"],
            "method": text,
            "evidence": pa.repeat(pa.scalar("published"), data.num_rows),
            "net_weight_kg": data["net_weight_kg"],
            "is_value_rounded": data["is_value_rounded"],
            "snapshot_exporter": data["snapshot_id"],
        },
    )


def _own(data: pa.Table, method: Method, factor: float, reporters: Reporters, account: Account) -> pa.Table:
    """Neighbouring sides joined, weighed by the method, with their evidence."""
    keys = coded.row_keys(data, _FLOW)
    first = coded.starts(keys)
    is_exporter = np.asarray(pc.equal(data["side"].cast(pa.string()), "exporter").combine_chunks().to_numpy(zero_copy_only=False), bool)
    size = np.diff(np.append(first, len(keys)))
    reports = reported_of(data)
    exporter = take_side(reports, np.where(is_exporter[first], first, -1), factor, is_importer=False)
    importer = take_side(reports, np.where(size == 2, first + 1, np.where(is_exporter[first], -1, first)), factor, is_importer=True)
    weight = method.weight_exporter(Reports(exporter.fob, importer.fob, exporter.has, importer.has))
    value = _weighted(weight, exporter, importer)
    flows = _flows(data, first)
    chosen = weight >= 0.5
    _account(account, flows, exporter, importer, weight, value)
    return _row(flows, _evidence(flows, exporter, importer, reporters) | {
        "value_fob_usd": lake.decimals(value),
        "value_exporter_fob_usd": lake.decimals(exporter.fob, exporter.has),
        "value_importer_cif_usd": lake.decimals(importer.reported, importer.is_cif),
        "value_importer_fob_usd": lake.decimals(importer.fob, importer.has),
        "cif_factor": pa.array(importer.factor, mask=~importer.is_cif),
        "weight_exporter": pa.array(weight),
        "method": pa.repeat(pa.scalar(method.name), len(first)),
        "net_weight_kg": _first_known(exporter, importer, chosen),
        "is_value_rounded": pa.array(np.where(chosen, exporter.is_rounded, importer.is_rounded)),
    })  # fmt: skip


def _flows(data: pa.Table, first: NDArray[np.int64]) -> pa.Table:
    """The copied columns of the rows at ``first``; a stratum's columns are constant, so theirs are a view."""
    taken = data.select([*_FLOW, "is_residual"]).take(pa.array(first))
    for name in contracts.STRATUM:
        taken = taken.append_column(name, data[name].slice(0, len(first)))
    return taken


def _weighted(weight: NDArray[np.float64], exporter: Side, importer: Side) -> NDArray[np.int64]:
    """w Vx + (1-w) Vm in mills: exact where the weight is 1 or 0, else rounded half-even."""
    if bool(np.isin(weight, (0.0, 1.0)).all()):
        return np.where(weight == 1.0, exporter.fob, importer.fob)
    mixed = np.rint(weight * exporter.fob + (1 - weight) * importer.fob).astype(np.int64)
    return np.where(weight == 1.0, exporter.fob, np.where(weight == 0.0, importer.fob, mixed))


def _first_known(exporter: Side, importer: Side, chosen: NDArray[np.bool_]) -> pa.Array:
    """Net weight of the chosen report; of the other where the chosen one gives none."""
    use_exporter = exporter.has_weight & (chosen | ~importer.has_weight)
    return lake.decimals(np.where(use_exporter, exporter.weight, importer.weight), exporter.has_weight | importer.has_weight)


def _evidence(flows: pa.Table, exporter: Side, importer: Side, reporters: Reporters) -> dict[str, object]:
    """Which reports stand behind each flow, and for one-sided ones why the other is absent."""
    period = (flows["frequency"][0].as_py(), flows["period"][0].as_py())
    both = exporter.has & importer.has
    absent_is_silent = np.where(
        exporter.has, reporters.are_silent(period, flows["importer_code"]), reporters.are_silent(period, flows["exporter_code"])
    )
    evidence = np.where(both, 0, np.where(exporter.has, 1, 2)).astype(np.int32)
    kind = np.where(absent_is_silent, 0, 1).astype(np.int32)
    return {
        "evidence": pa.DictionaryArray.from_arrays(pa.array(evidence), list(codes.EVIDENCE[:3])),
        "evidence_kind": pa.DictionaryArray.from_arrays(pa.array(kind, mask=both), list(codes.EVIDENCE_KINDS)),
        "snapshot_exporter": exporter.snapshot.array(),
        "snapshot_importer": importer.snapshot.array(),
    }


def _account(
    account: Account, flows: pa.Table, exporter: Side, importer: Side, weight: NDArray[np.float64], value: NDArray[np.int64]
) -> None:
    """Where each reported value went, on the books of its own source."""
    takes_exporter = weight >= 0.5
    mixed = (weight != 0.0) & (weight != 1.0)
    for side, is_taken in ((exporter, takes_exporter), (importer, ~takes_exporter)):
        _book(account, flows, side.source, "in", side.reported, side.has)
        _book(account, flows, side.source, "not_chosen", side.reported, side.has & ~is_taken)
        taken = side.has & is_taken
        _book(account, flows, side.source, "out", value, taken)
        _book(account, flows, side.source, "cif_removed", side.reported - side.fob, taken & (side.reported != side.fob))
        _book(account, flows, side.source, "weighting", side.fob - value, taken & mixed)
