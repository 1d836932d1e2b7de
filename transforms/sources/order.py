"""The total order of reported_flows as two integers per row, so that a sorted file is known as one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from transforms.contracts import codes
from transforms.sources.rows import RowParser, Rows

_DIGITS = {c: i + 1 for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_PER_LENGTH: int = 37**codes.MAXIMUM_LEVEL


@lru_cache(maxsize=1 << 16)
def text_rank(text: str) -> int:
    """An integer below 2^57 that orders product codes by (length, text): up to ten digits and capitals."""
    rank = 0
    for character in text.ljust(codes.MAXIMUM_LEVEL):
        rank = rank * 37 + _DIGITS.get(character, 0)
    return len(text) * _PER_LENGTH + rank


def period_rank(frequency: str, period: str) -> int:
    """Frequency first, then the period; below 2^13."""
    year, _, month = period.partition("-")
    return codes.FREQUENCIES.index(frequency) << 12 | (int(year) - _FIRST_YEAR) * 13 + int(month or 0)


_FIRST_YEAR = 1900
_KEY = ("time", "reporter_code", "partner_code", "flow_code", "classification", "product")
#: Bits of the level at the end of ``pack``.
LEVEL_BITS = 4
_FLOW_RANK = {flow: rank for rank, flow in enumerate(sorted(codes.FLOWS, key=lambda f: (len(f), f)))}
_SHARED_RANK = {name: rank for rank, name in enumerate(sorted(codes.CLASSIFICATIONS))}


def pack(
    periods: np.ndarray,
    reporters: np.ndarray,
    partners: np.ndarray,
    flows: np.ndarray,
    editions: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:
    """All but the product as one int64 per row; with ``text_rank`` of the product after it, the table's sort order.

    From the top: period (13 bits), reporter and partner (10 each), flow (4), classification (22), level (4).
    """
    first: np.ndarray = ((periods << 20 | reporters << 10 | partners) << 4 | flows) << 26 | editions << 4 | levels
    return first


def flow_rank(flow: str) -> int:
    """Place of a flow code in the sort order."""
    return _FLOW_RANK[flow]


def classification_rank(name: str) -> int:
    """Place of a classification in the sort order (length, text), below 2^22: the shared editions, then national tariffs."""
    if name in _SHARED_RANK:
        return _SHARED_RANK[name]
    prefix = 0
    for letter in name[:-4]:
        prefix = prefix * 27 + _DIGITS[letter] - 10
    return len(_SHARED_RANK) + prefix * 200 + int(name[-4:]) - _FIRST_YEAR


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _rises(first, second, ids, ranks):  # type: ignore[no-untyped-def]
    """(whether every key is above the one before, the last key); ``first``, ``second`` are the key before them all.

    ``ids`` are the columns of _KEY, ``ranks`` what each number stands for, the product's level last.
    """
    times, reporters, partners, flows, editions, products = ids
    for i in range(len(times)):
        head = (ranks[0][times[i]] << 20 | ranks[1][reporters[i]] << 10 | ranks[2][partners[i]]) << 4
        head = (head | ranks[3][flows[i]]) << 26 | ranks[4][editions[i]] << 4 | ranks[6][products[i]]
        tail = ranks[5][products[i]]
        if head < first or (head == first and tail <= second):
            return False, head, tail
        first, second = head, tail
    return True, first, second


class SortWatch:
    """Notes, year by year, whether rows arrive strictly ascending (so: sorted, no key twice)."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, int]] = {}
        self._broken: set[int] = set()

    def watch(self, year: int, parser: RowParser, rows: Rows, keep: np.ndarray | slice) -> None:
        """Look at the kept rows (positions) of a block."""
        if year in self._broken:
            return
        judged, products = parser.judged, parser.products
        ranks = (
            parser.times.lookup("rank", lambda v: period_rank(v[1], v[2])),  # type: ignore[index]
            judged["reporter_code"].lookup("number", lambda v: int(str(v))),
            judged["partner_code"].lookup("number", lambda v: int(str(v))),
            judged["flow_code"].lookup("rank", lambda v: flow_rank(str(v))),
            judged["classification"].lookup("rank", lambda v: classification_rank(str(v))),
            products.lookup("rank", lambda v: text_rank(v[0])),  # type: ignore[index]
            products.lookup("level", lambda v: int(v[1])),  # type: ignore[index]
        )
        ids = tuple(rows.codes[k][keep].astype(np.int32, copy=False) for k in _KEY)
        rises, first, second = _rises(*self._last.get(year, (-1, -1)), ids, ranks)
        if not rises:
            self._broken.add(year)
        self._last[year] = (int(first), int(second))

    def is_sorted(self, year: int) -> bool:
        """True where all rows of the year came strictly ascending."""
        return year not in self._broken
