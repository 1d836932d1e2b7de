"""The total order of reported_flows as two integers per row, so that a sorted file is known as one."""

from __future__ import annotations

import numpy as np

from transforms.contracts import codes
from transforms.sources.rows import RowParser, Rows


def text_rank(text: str) -> int:
    """An integer that orders short codes by (length, text): up to six bytes of ASCII."""
    return (len(text) << 48) | int.from_bytes(text.encode().ljust(6, b"\0"), "big")


def period_rank(frequency: str, period: str) -> int:
    """Frequency first, then the period."""
    return (codes.FREQUENCIES.index(frequency) << 20) | int(period.replace("-", ""))


FREQUENCY_RANK = {name: rank for rank, name in enumerate(codes.FREQUENCIES)}
_FLOW_RANK = {flow: rank for rank, flow in enumerate(sorted(codes.FLOWS, key=lambda f: (len(f), f)))}
_CLASSIFICATION_RANK = {name: rank for rank, name in enumerate(sorted(codes.CLASSIFICATIONS))}


def pack(
    periods: np.ndarray,
    reporters: np.ndarray,
    partners: np.ndarray,
    flows: np.ndarray,
    editions: np.ndarray,
    levels: np.ndarray,
    products: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Ranks to two int64 per row; comparing (first, second) is the table's sort order.

    Areas are their numbers (three digits at most); products come as ``text_rank``.
    """
    first = (periods << 24) | (reporters << 14) | (partners << 4) | flows
    second = (editions << 55) | (levels << 51) | products
    return first, second


def flow_rank(flow: str) -> int:
    """Place of a flow code in the sort order."""
    return _FLOW_RANK[flow]


def classification_rank(name: str) -> int:
    """Place of a classification in the sort order."""
    return _CLASSIFICATION_RANK[name]


class SortWatch:
    """Notes, year by year, whether rows arrive strictly ascending (so: sorted, no key twice)."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, int]] = {}
        self._broken: set[int] = set()

    def watch(self, year: int, parser: RowParser, rows: Rows, keep: np.ndarray | slice) -> None:
        """Look at the kept rows (positions) of a block."""
        if year in self._broken:
            return
        judged, taken = parser.judged, {k: v[keep] for k, v in rows.codes.items()}
        first, second = pack(
            parser.times.lookup("rank", lambda v: period_rank(v[1], v[2]))[taken["time"]],  # type: ignore[index]
            judged["reporter_code"].lookup("number", lambda v: int(str(v)))[taken["reporter_code"]],
            judged["partner_code"].lookup("number", lambda v: int(str(v)))[taken["partner_code"]],
            judged["flow_code"].lookup("rank", lambda v: flow_rank(str(v)))[taken["flow_code"]],
            judged["classification"].lookup("rank", lambda v: classification_rank(str(v)))[taken["classification"]],
            parser.products.lookup("level", lambda v: v[1])[taken["product"]],  # type: ignore[index]
            parser.products.lookup("rank", lambda v: text_rank(v[0]))[taken["product"]],  # type: ignore[index]
        )
        rises = (first[1:] > first[:-1]) | ((first[1:] == first[:-1]) & (second[1:] > second[:-1]))
        before = self._last.get(year)
        if not rises.all() or (before is not None and before >= (int(first[0]), int(second[0]))):
            self._broken.add(year)
        self._last[year] = (int(first[-1]), int(second[-1]))

    def is_sorted(self, year: int) -> bool:
        """True where all rows of the year came strictly ascending."""
        return year not in self._broken
