"""Rows of bilateral_flows from reconciled arrays, and where every reported dollar went."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core.coded import Coded
from transforms.core.harmonising.reporters import Reporters
from transforms.core.ledger import Account
from transforms.core.reconciling.marks import as_codes
from transforms.core.reconciling.mirrors import AREAS, Flows
from transforms.core.reconciling.reconciled import Reconciled
from transforms.io import lake

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def _book(account: Account, period: tuple[str, str], sources: Coded, reason: str, values: Integers, mask: Flags) -> None:
    """Book rows and mills where ``mask`` holds, per source."""
    for index, source in enumerate(sources.texts.to_pylist()):
        inside = mask & (sources.indices == index)
        account.add(source, period, reason, int(inside.sum()), int(values[inside].sum()))


def published_rows(data: pa.Table, account: Account) -> pa.Table:
    """BACI's rows as they are: reconciled there, no reports to show."""
    values, everything = lake.mills(data["reported_value_usd"]), np.ones(data.num_rows, bool)
    period = (str(data["frequency"][0].as_py()), str(data["period"][0].as_py()))
    for reason in ("in", "out"):
        _book(account, period, Coded.of(data["source"]), reason, values, everything)
    names = (*contracts.STRATUM, *AREAS, "product_code", "is_residual", "net_weight_kg", "is_value_rounded")
    return lake.filled(
        {n: data[n] for n in names}
        | {
            "value_fob_usd": data["reported_value_usd"],
            "method": pa.repeat(pa.scalar("baci_published"), data.num_rows),
            "evidence": pa.repeat(pa.scalar("published"), data.num_rows),
            "snapshot_exporter": data["snapshot_id"],
        },
        contracts.BILATERAL_FLOWS,
        data.num_rows,
    )


def is_silent(flows: Flows, reporters: Reporters) -> Flags:
    """Of a flow that one side reports: whether the other reports no import or export at all in the period (n,)."""
    absent = []
    for name in AREAS:
        coded = flows.rows.coded(name)
        silent = reporters.silent((flows.frequency, flows.period), coded.texts.to_pylist())
        absent.append(silent[coded.indices[flows.first]])
    return np.where(flows.has_exporter, absent[1], absent[0])


def bilateral_rows(found: Reconciled, silent: Flags, account: Account) -> pa.Table:
    """One row a flow, with its evidence; ``silent`` (n,) as is_silent says; the ledger's lines to ``account``."""
    book(found, account)
    flows, tables = found.mirrored.flows, found.tables
    importer, weighed, net, moves = found.mirrored.importer, found.weighed, found.net, found.mirrored.moves
    exporter_place, importer_place = np.divmod(found.pair, max(1, tables.importers))
    no_sigma = np.full(len(flows), not tables.has_estimates)
    received = np.zeros(len(flows), np.int64) if moves is None else moves.received
    has_factor = flows.is_importer_cif & ~np.isnan(importer.factor)
    rows = lake.filled(
        flows.keys()
        | _reports(flows, silent)
        | {
            "is_residual": pa.array(flows.is_residual),
            "value_fob_usd": lake.decimals(found.value),
            "value_exporter_fob_usd": lake.decimals(flows.exporter_reported, flows.has_exporter),
            "value_importer_cif_usd": lake.decimals(flows.importer_reported, has_factor),
            "value_importer_fob_usd": lake.decimals(importer.fob, flows.has_importer),
            "cif_factor": pa.array(importer.factor, mask=~has_factor),
            "weight_exporter": pa.array(weighed.weight),
            "sigma_exporter": pa.array(tables.sigma_exporter[exporter_place], mask=no_sigma),
            "sigma_importer": pa.array(tables.sigma_importer[importer_place], mask=no_sigma),
            "value_low_usd": lake.decimals(found.bounds.low, found.bounds.has),
            "value_high_usd": lake.decimals(found.bounds.high, found.bounds.has),
            "method": _constant(found.method, len(flows)),
            "method_marks": as_codes(found.marks),
            "re_export_fob_usd": lake.decimals(flows.re_exports, flows.re_exports > 0),
            "nes_received_fob_usd": lake.decimals(received, received > 0),
            "net_weight_kg": lake.decimals(net.kg, net.has),
            "is_net_weight_estimated": pa.array(net.is_estimated, mask=~(net.has & (net.is_estimated | flows.says_if_estimated))),
            "is_value_rounded": pa.array(flows.is_rounded(weighed.weight)),
        },
        contracts.BILATERAL_FLOWS,
        len(flows),
    )
    kept = found.is_kept
    return rows if kept.all() else rows.filter(pa.array(kept))


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _reports(flows: Flows, silent: Flags) -> dict[str, object]:
    """Which reports stand behind each flow, and for one-sided ones why the other is absent."""
    both = flows.has_exporter & flows.has_importer
    evidence = np.where(both, 0, np.where(flows.has_exporter, 1, 2)).astype(np.int32)
    kind = np.where(silent, 0, 1).astype(np.int32)
    return {
        "evidence": pa.DictionaryArray.from_arrays(pa.array(evidence), list(codes.EVIDENCE[:3])),
        "evidence_kind": pa.DictionaryArray.from_arrays(pa.array(kind, mask=both), list(codes.EVIDENCE_KINDS)),
        "snapshot_exporter": flows.coded("snapshot_id", is_exporter=True).array(),
        "snapshot_importer": flows.coded("snapshot_id", is_exporter=False).array(),
    }


def book(found: Reconciled, account: Account) -> None:
    """Where each reported value went, on the books of its own source (docs/methods.md, ledger).

    The value stands with the report that weighs more, and so does what weighting adds or takes; the other is ``not_chosen``.
    """
    flows, importer, moves = found.mirrored.flows, found.mirrored.importer, found.mirrored.moves
    period = (flows.frequency, flows.period)
    takes_exporter = found.weighed.weight >= 0.5
    fob = found.mirrored.exporter_fob
    moved = fob - flows.exporter_reported + found.mirrored.apart if moves is not None else np.zeros(len(flows), np.int64)
    for is_exporter, has, is_taken, reported, own_fob in (
        (True, flows.has_exporter, takes_exporter, flows.exporter_reported, fob),
        (False, flows.has_importer, ~takes_exporter, flows.importer_reported, importer.fob),
    ):
        sources = flows.coded("source", is_exporter=is_exporter)
        taken = has & is_taken
        _book(account, period, sources, "in", reported, has)
        _book(account, period, sources, "out", found.value, taken & found.is_kept)
        _book(account, period, sources, "weighting", own_fob - found.value, taken & (own_fob != found.value))
        if is_exporter:
            _book(account, period, sources, "not_chosen", reported + moved, has & ~is_taken)
            _book(account, period, sources, "re_export", found.mirrored.apart, taken & (found.mirrored.apart > 0))
            _book(account, period, sources, "nes_moved", -moved, has & (moved != 0))
        else:
            _book(account, period, sources, "not_chosen", reported, has & ~is_taken)
            _book(account, period, sources, "cif_removed", reported - own_fob, taken & (reported != own_fob))
