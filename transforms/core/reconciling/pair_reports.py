"""pair_reports and nes_move: what both sides report of each pair, summed while the flows are at hand, and what was moved."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema
from transforms.core.estimates.intervals import intervals
from transforms.core.reconciling import pair_kernel as kernel
from transforms.core.reconciling.mirrors import AREAS
from transforms.core.reconciling.reconciled import Reconciled
from transforms.io import lake

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_COUNTS = {
    "two_sided_count": kernel.N_TWO_SIDED,
    "exporter_only_count": kernel.N_EXPORTER_ONLY,
    "importer_only_count": kernel.N_IMPORTER_ONLY,
    "suspected_count": kernel.N_SUSPECTED,
}
#: Sums of pair_rows: the row of ``pair_sums``, and which flows a pair needs for it to be more than NULL.
_SUMS = {
    "value_fob_usd": (kernel.VALUE, None),
    "exporter_two_sided_fob_usd": (kernel.TWO_SIDED_EXPORTER, "two"),
    "importer_two_sided_fob_usd": (kernel.TWO_SIDED_IMPORTER, "two"),
    "importer_two_sided_reported_usd": (kernel.TWO_SIDED_REPORTED, "two"),
    "absolute_gap_fob_usd": (kernel.GAPS, "two"),
    "exporter_only_fob_usd": (kernel.EXPORTER_ONLY, "exporter"),
    "importer_only_fob_usd": (kernel.IMPORTER_ONLY, "importer"),
    "orphan_fob_usd": (kernel.ORPHANS, "lone"),
    "suspected_fob_usd": (kernel.TAKEN, "suspected"),
    "suspected_exporter_fob_usd": (kernel.SUSPECTED_EXPORTER, "suspected"),
    "suspected_importer_fob_usd": (kernel.SUSPECTED_IMPORTER, "suspected"),
}


def pair_rows(found: Reconciled, silent: Flags) -> pa.Table:
    """One row a pair of the row group, in the flows' order: a pair's flows are neighbours. Exact sums in mills; ``silent`` (n,) of
    one-sided flows whose other side reports nothing in the period."""
    flows, kept = found.mirrored.flows, found.is_kept
    at = np.flatnonzero(kept)
    starts = at[np.append(True, found.pair[at[1:]] != found.pair[at[:-1]])] if len(at) else at
    row = np.cumsum(np.isin(np.arange(len(flows)), starts)) - 1
    sums = kernel.pair_sums(
        row, kept, flows.exporter_row, flows.importer_row, found.weighed.choice, found.mirrored.exporter_fob, found.mirrored.importer.fob,
        flows.importer_reported, found.value, silent, len(starts),
    )  # fmt: skip
    exporter_only, importer_only, suspected = sums[kernel.N_EXPORTER_ONLY], sums[kernel.N_IMPORTER_ONLY], sums[kernel.N_SUSPECTED]
    has = {
        None: None,
        "two": sums[kernel.N_TWO_SIDED] > suspected,
        "exporter": exporter_only > 0,
        "importer": importer_only > 0,
        "lone": exporter_only + importer_only > 0,
        "suspected": suspected > 0,
    }
    columns = flows.keys(starts, of=AREAS) | {name: pa.array(sums[row]) for name, row in _COUNTS.items()}
    columns |= {name: lake.decimals(sums[row], has[needs]) for name, (row, needs) in _SUMS.items()}
    return lake.filled(columns | _weights(found, found.pair[starts]), contracts.PAIR_REPORTS, len(starts))


def _weights(found: Reconciled, pair: Integers) -> dict[str, pa.Array]:
    """What each method gives the exporter's report, and the bias expected of the chosen one's values; NULL before any estimate."""
    tables = found.tables
    none = np.full(len(pair), not tables.has_estimates)
    exporter, importer = np.divmod(pair, max(1, tables.importers))
    no_rate = np.zeros(len(pair))
    found_of = intervals(tables.weight[pair], tables.variance_exporter[exporter], tables.variance_importer[importer], no_rate)
    weights = {f"{name}_weight_exporter": pa.array(weight[pair], mask=none) for name, weight in tables.weight_by_method.items()}
    return weights | {
        "expected_bias": pa.array(found_of.expected_bias, mask=none | ~found_of.is_known),
        "is_hub_pair": pa.array(tables.is_hub[pair]),
    }


def move_rows(found: Reconciled) -> pa.Table:
    """One row a move out of areas not specified, by exporter, importer, product and kind."""
    moves, flows = found.mirrored.moves, found.mirrored.flows
    if moves is None or not len(moves.flow):
        return file_schema(contracts.NES_MOVE).empty_table()
    order = np.lexsort((~moves.is_explained, moves.flow))
    at = moves.flow[order]
    kind = pa.DictionaryArray.from_arrays(pa.array((~moves.is_explained[order]).astype(np.int32)), pa.array(["explained", "to_partner"]))
    columns = flows.keys(at) | {
        "nes_move": kind,
        "moved_fob_usd": lake.decimals(moves.amount[order]),
    }
    return lake.filled(columns, contracts.NES_MOVE, len(at))
