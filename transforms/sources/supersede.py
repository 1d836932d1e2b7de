"""Which rows of a partition stand: supersession, duplicates, conflicts, leaves (numpy over sorted keys)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.contracts import codes
from transforms.contracts.targets import FLAGS, MEASURES, ROLES
from transforms.io.lake import mills
from transforms.sources import order
from transforms.sources.rows import BREAKDOWN, LEAF

OUT, CONTROL, BROKEN_DOWN, DUPLICATE, SUPERSEDED, CONFLICT, SUMMED = 0, 1, 2, 3, 4, 5, 6
#: Fate of a row -> reason in the ledger.
REASONS = ("out", "control", "breakdown", "duplicate", "superseded", "quarantined", "summed")


@dataclass(frozen=True)
class Keys:
    """Sort key of each row in three integers, and the parts that leaves and slices need; all (rows,).

    ``stratum`` (period, reporter, flow, classification) is also what a complete snapshot replaces.
    """

    first: np.ndarray
    second: np.ndarray
    roles: np.ndarray
    stratum: np.ndarray
    level: np.ndarray


def _ranks(table: pa.Table, column: str, rank) -> np.ndarray:  # type: ignore[no-untyped-def]
    array = table.column(column).combine_chunks()
    chunk = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    lookup = np.array([*(rank(v) for v in chunk.dictionary.to_pylist()), -1], np.int64)
    indices = chunk.indices.fill_null(len(lookup) - 1) if chunk.indices.null_count else chunk.indices
    ranks: np.ndarray = lookup[indices.to_numpy()]
    return ranks


def keys_of(table: pa.Table, summed: Sequence[str] = ()) -> Keys:
    """Keys of parsed rows; ``table`` has one chunk per column, dictionaries unified."""
    # an annual period is four characters, a monthly one seven: its text alone says the frequency
    periods = _ranks(table, "period", lambda v: order.period_rank("M" if "-" in v else "A", v))
    reporters = _ranks(table, "reporter_code", int)
    flows = _ranks(table, "flow_code", order.flow_rank)
    editions = _ranks(table, "classification", order.classification_rank)
    level = table.column("product_level").to_numpy().astype(np.int64)
    products = _ranks(table, "product_code", order.text_rank)
    first = order.pack(periods, reporters, _ranks(table, "partner_code", int), flows, editions, level)
    stratum = (periods << 10 | reporters) << 26 | flows << 22 | editions
    return Keys(first, products, _roles(table, summed), stratum, level)


def _roles(table: pa.Table, summed: Sequence[str]) -> np.ndarray:
    """One number for what tells rows of a flow apart: all roles of a breakdown, those that are added up of a leaf. (rows,)"""
    kind = table.column("kind").to_numpy()
    roles = np.zeros(table.num_rows, np.int64)
    for name in ROLES:
        column = table.column(name).combine_chunks()
        chunk = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        texts = chunk.dictionary.to_pylist()
        if not texts:
            continue
        place = {v: i for i, v in enumerate(sorted(texts, key=lambda v: (len(v), v)))}
        numbers = _ranks(table, name, place.__getitem__) + 1
        applies = (kind == BREAKDOWN) | ((kind == LEAF) & (name in summed))
        roles = roles * (len(texts) + 1) + np.where(applies, numbers, 0)
    return roles


def _equal_to_before(table: pa.Table, position: np.ndarray) -> np.ndarray:
    """For each sorted row: does it state the same measures as the row before it?"""
    same = np.ones(len(position), bool)
    for name in MEASURES:
        column = table.column(name)
        values = np.where(np.asarray(column.is_valid()), mills(column), -1)[position]
        same[1:] &= values[1:] == values[:-1]
    for name in (*FLAGS, "is_value_rounded"):
        flags = np.asarray(table.column(name).cast(pa.int8()).fill_null(-1))[position]
        same[1:] &= flags[1:] == flags[:-1]
    for name in ("quantity_unit_code", "estimation_flag", "valuation"):
        place: dict[str, int] = {}
        numbers = _ranks(table, name, lambda v, place=place: place.setdefault(v, len(place)))[position]
        same[1:] &= numbers[1:] == numbers[:-1]
    return same


def decide(
    table: pa.Table, age: np.ndarray, is_complete: Sequence[bool], summed: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fate of each row, its place in the sort order, and whether it is a parent (a shallower level).

    ``age[row]`` is the place of the row's snapshot in ``precedence`` order, ``is_complete`` its
    coverage. Complete snapshots replace their slice; partial ones upsert by key; within one
    snapshot equal rows are duplicates, rows that contradict each other all go to quarantine.
    Leaves that differ in the roles ``summed`` alone stay OUT, side by side in the sort order.
    """
    keys = keys_of(table, summed)
    rows = table.num_rows
    fate = np.full(rows, OUT, np.int8)
    complete = np.asarray(is_complete, bool)[age]
    if complete.any():
        slices, slot = np.unique(keys.stratum, return_inverse=True)
        newest = np.full(len(slices), -1, np.int64)
        np.maximum.at(newest, slot[complete], age[complete])
        fate[age < newest[slot]] = SUPERSEDED
    live = fate == OUT
    position = np.lexsort((np.arange(rows), -age, keys.roles, keys.second, keys.first))
    position = position[live[position]]
    _repeated(table, keys, age, position, fate)
    if summed:
        _whole_or_not(keys, position, fate)
    kind = table.column("kind").to_numpy()
    fate[(fate == OUT) & (kind == BREAKDOWN)] = BROKEN_DOWN
    fate[(fate == OUT) & (kind != LEAF)] = CONTROL
    is_parent = _parents(table, keys, age, fate == OUT)
    fate[is_parent] = CONTROL
    return fate, position, is_parent


def _whole_or_not(keys: Keys, position: np.ndarray, fate: np.ndarray) -> None:
    """Parts that are added up stand together: where two of them contradict each other, none of the flow is taken."""
    if not (fate == CONFLICT).any():
        return
    first, second = keys.first[position], keys.second[position]
    flow = np.cumsum(np.concatenate(([True], (first[1:] != first[:-1]) | (second[1:] != second[:-1])))) - 1
    torn = np.isin(flow, flow[fate[position] == CONFLICT])
    fate[position[torn & np.isin(fate[position], (OUT, DUPLICATE))]] = CONFLICT


def _deepest(level: np.ndarray, *parts: np.ndarray) -> np.ndarray:
    """Per row, the deepest level among the rows that agree in all ``parts``."""
    slot = np.zeros(len(level), np.int64)
    for part in parts:
        _, number = np.unique(part, return_inverse=True)
        _, slot = np.unique(slot * (int(number.max()) + 1) + number, return_inverse=True)
    deepest = np.zeros(int(slot.max()) + 1, np.int64)
    np.maximum.at(deepest, slot, level)
    found: np.ndarray = deepest[slot]
    return found


def _parents(table: pa.Table, keys: Keys, age: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Rows above the leaf level, shape (rows,) bool.

    The leaf level is the deepest that the row's snapshot has for reporter, period, flow and
    classification. A row is a parent too where any snapshot states a part of it for the same
    pair: a query for one product of another partner makes no parents of the chapters that stand
    here, nor do bicycles make one of the pair's chips.
    """
    is_parent = np.zeros(len(leaves), bool)
    if leaves.any() and keys.level[leaves].min() < keys.level[leaves].max():
        level = keys.level[leaves]
        found = level < _deepest(level, keys.stratum[leaves], age[leaves])
        is_parent[leaves] = found | _have_parts(table, keys, leaves)
    return is_parent


def _have_parts(table: pa.Table, keys: Keys, leaves: np.ndarray) -> np.ndarray:
    """Per leaf: does a deeper code that begins with its own stand for the same pair? TOTAL is the beginning of all."""
    level = keys.level[leaves]
    _, pair = np.unique(keys.first[leaves] >> order.LEVEL_BITS, return_inverse=True)
    column = table.column("product_code").combine_chunks()
    chunk = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    product, texts = chunk.indices.to_numpy()[leaves], chunk.dictionary.to_pylist()
    found = np.zeros(len(level), bool)
    for shallow in np.unique(level)[:-1].tolist():
        numbers: dict[str, int] = {}
        beginnings = np.array([numbers.setdefault("" if shallow == 0 else t[:shallow], len(numbers)) for t in texts], np.int64)
        key = pair * (len(numbers) + 1) + beginnings[product]
        at = level == shallow
        found[at] = np.isin(key[at], key[level > shallow])
    return found


def _repeated(table: pa.Table, keys: Keys, age: np.ndarray, position: np.ndarray, fate: np.ndarray) -> None:
    """Mark superseded, duplicate and conflicting rows among those that share a key."""
    if len(position) < 2:
        return
    first, second, roles = (k[position] for k in (keys.first, keys.second, keys.roles))
    again = np.zeros(len(position), bool)
    again[1:] = (first[1:] == first[:-1]) & (second[1:] == second[:-1]) & (roles[1:] == roles[:-1])
    if not again.any():
        return
    group = np.cumsum(~again) - 1
    starts = np.flatnonzero(~again)
    newest = age[position][starts][group]
    older = age[position] < newest
    same = _equal_to_before(table, position)
    repeats = again & ~older
    conflict = np.zeros(len(starts), bool)
    # one code stands for every group of countries that has none: two of them don't contradict each other
    groups = _ranks(table, "partner_code", lambda v: int(v == codes.GROUP_AREA))[position] == 1
    conflict[group[repeats & ~same & ~groups]] = True
    fate[position[repeats]] = DUPLICATE
    fate[position[~older & conflict[group]]] = CONFLICT
    fate[position[older]] = SUPERSEDED


def control_order(table: pa.Table, positions: np.ndarray) -> np.ndarray:
    """Positions of control rows, already in key order, with snapshot, member and line as tie-breakers."""
    part = table.take(pa.array(positions))
    keys = keys_of(part.unify_dictionaries().combine_chunks()) if part.num_rows else None
    if keys is None:
        return positions
    texts = [np.asarray(part.column(c).cast(pa.string()).to_numpy(zero_copy_only=False), str) for c in ("snapshot_member", "snapshot_id")]
    return positions[np.lexsort((part.column("source_line").to_numpy(), *texts, keys.second, keys.first))]
