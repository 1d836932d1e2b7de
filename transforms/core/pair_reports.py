"""pair_reports and nes_move: what both sides report of each pair, summed while the flows are at hand, and what was moved."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import file_schema
from transforms.core.estimates.intervals import intervals
from transforms.core.mirrors import AREAS
from transforms.core.pair_kernel import pair_sums
from transforms.core.reconciled import Reconciled
from transforms.io import lake

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: Sums of pair_rows in the order of ``pair_sums``' columns after the four counts, and the count that each needs to be more than NULL.
_SUMS = (
    ("value_fob_usd", None),
    ("exporter_two_sided_fob_usd", "two"), ("importer_two_sided_fob_usd", "two"), ("importer_two_sided_reported_usd", "two"),
    ("absolute_gap_fob_usd", "two"), ("exporter_only_fob_usd", "exporter"), ("importer_only_fob_usd", "importer"),
    ("orphan_fob_usd", "lone"), ("suspected_fob_usd", "suspected"), ("suspected_exporter_fob_usd", "suspected"),
    ("suspected_importer_fob_usd", "suspected"),
)  # fmt: skip
_COUNTS = ("two_sided_count", "exporter_only_count", "importer_only_count", "suspected_count")


def pair_rows(found: Reconciled, silent: Flags) -> pa.Table:
    """One row a pair of the row group, in the flows' order: a pair's flows are neighbours. Exact sums in mills; ``silent`` (n,) of
    one-sided flows whose other side reports nothing in the period."""
    flows, kept = found.mirrored.flows, found.is_kept
    at = np.flatnonzero(kept)
    starts = at[np.append(True, found.pair[at[1:]] != found.pair[at[:-1]])] if len(at) else at
    row = np.cumsum(np.isin(np.arange(len(flows)), starts)) - 1
    sums = pair_sums(
        row, kept, flows.exporter_row, flows.importer_row, found.weighed.choice, found.mirrored.exporter_fob, found.mirrored.importer.fob,
        flows.importer_reported, found.value, silent, len(starts),
    )  # fmt: skip
    counts = dict(zip(_COUNTS, sums[:4], strict=True))
    has = {
        None: None,
        "two": counts["two_sided_count"] > counts["suspected_count"],
        "exporter": counts["exporter_only_count"] > 0,
        "importer": counts["importer_only_count"] > 0,
        "lone": counts["exporter_only_count"] + counts["importer_only_count"] > 0,
        "suspected": counts["suspected_count"] > 0,
    }
    columns = flows.keys(starts, of=AREAS) | {n: pa.array(c) for n, c in counts.items()}
    columns |= {name: lake.decimals(values, has[needs]) for (name, needs), values in zip(_SUMS, sums[4:], strict=True)}
    return lake.filled(columns | _weights(found, found.pair[starts]), contracts.PAIR_REPORTS, len(starts))


def _weights(found: Reconciled, pair: Integers) -> dict[str, pa.Array]:
    """What each method gives the exporter's report, and the bias expected of the chosen one's values; NULL before any estimate."""
    tables = found.tables
    none = np.full(len(pair), not tables.has_estimates)
    exporter, importer = np.divmod(pair, max(1, tables.importers))
    no_rate = np.zeros(len(pair))
    found_of = intervals(tables.weight[pair], tables.variance_exporter[exporter], tables.variance_importer[importer], no_rate)
    weights = {f"{name}_weight_exporter": pa.array(weight[pair], mask=none) for name, weight in tables.others.items()}
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
