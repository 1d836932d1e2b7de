"""The rows of harmonised_flows with the reports of other editions converted to the target editions beside them, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core import coded
from transforms.core.harmonising.editions import Targets
from transforms.core.harmonising.pieces import KEY, split, summed
from transforms.core.harmonising.sides import book_by_source, of_bucket
from transforms.core.ledger import Account

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: Reports that are converted at once, of whole exporters.
CHUNK = 500_000


class TargetSeries:
    """One bucket's rows (``data``, in order; ``visiting`` those of other buckets, here for their pieces alone) and its targets.

    ``accounts``: one a target edition, in which the copies are booked: in = out + not_chosen + summed. A row that
    is the sum of two sources' pieces stands under one of them: what the other gave it moves between them as ``summed``.
    """

    def __init__(self, data: pa.Table, visiting: Flags, targets: Targets, bucket: int, accounts: Mapping[str, Account]) -> None:
        self.data, self.visiting, self.targets, self.bucket, self.accounts = data, visiting, targets, bucket, accounts
        self.exporters, _ = coded.ranks(data["exporter_code"], "exporter_code")

    def __iter__(self) -> Iterator[pa.Table]:
        """Tables one after another in the order of harmonised_flows, each within one stratum."""
        begins = coded.starts(coded.row_keys(self.data, contracts.STRATUM))
        found = self.data.select(contracts.STRATUM).take(pa.array(begins)).to_pylist()
        spans = [*zip(found, pairwise([*begins.tolist(), self.data.num_rows]), strict=True)]
        for (basis, *_), block in groupby(spans, key=lambda s: (s[0]["basis"], s[0]["frequency"], s[0]["period"])):
            strata = {(row["classification"], row["product_level"]): span for row, span in block}
            wanted = self._wanted(strata) if basis == codes.BASES[0] else []
            for key in sorted({*strata, *((t, codes.HS_LEVEL) for t in wanted)}, key=lambda k: (coded.code_order(k[0]), k[1])):
                if key[1] == codes.HS_LEVEL and key[0] in wanted:
                    yield from self._converted(key[0], strata)
                else:
                    yield self._native(*strata[key])

    def _wanted(self, strata: Mapping[tuple[str, int], tuple[int, int]]) -> list[str]:
        """Targets that something of a period can be converted to."""
        return [t for t in self.targets.editions if any((e, codes.HS_LEVEL) in strata for e in self.targets.from_editions(t))]

    def _native(self, begin: int, end: int) -> pa.Table:
        rows, visiting = self.data.slice(begin, end - begin), self.visiting[begin:end]
        return rows.filter(pa.array(~visiting)) if visiting.any() else rows

    def _converted(self, target: str, strata: Mapping[tuple[str, int], tuple[int, int]]) -> Iterator[pa.Table]:
        """The target's own rows and what is made from other editions, a range of exporters at a time."""
        own = strata.get((target, codes.HS_LEVEL), (0, 0))
        others = [(e, strata[e, codes.HS_LEVEL]) for e in self.targets.from_editions(target) if (e, codes.HS_LEVEL) in strata]
        for low, high in self._ranges([own, *(span for _, span in others)]):
            pieces = [self._pieces(target, e, *self._within(span, low, high)) for e, span in others]
            rows, moved = summed(pa.concat_tables(pieces))
            self._book_moved(target, moved)
            native = self._native(*self._within(own, low, high))
            if native.num_rows:
                both = pa.concat_tables([native, rows]).unify_dictionaries()
                rows = both.take(pa.array(np.argsort(coded.row_keys(both, KEY), kind="stable")))
            book_by_source(self.accounts[target], rows, "out", where=np.asarray(rows["conversion"].is_valid()))
            if rows.num_rows:
                yield rows

    def _ranges(self, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Ranges of exporters (ranks) with at most CHUNK rows in ``spans`` together, or one exporter."""
        counts = sum(np.bincount(self.exporters[b:e], minlength=int(self.exporters.max()) + 1) for b, e in spans)
        reached = np.concatenate([[0], np.cumsum(counts)])
        low = 0
        while low < len(reached) - 1:
            high = max(int(np.searchsorted(reached, reached[low] + CHUNK, side="right")) - 1, low + 1)
            if reached[high] > reached[low]:
                yield low, high
            low = high

    def _within(self, span: tuple[int, int], low: int, high: int) -> tuple[int, int]:
        """The rows of a span whose exporters are in the range."""
        inside = self.exporters[slice(*span)]
        return span[0] + int(np.searchsorted(inside, low)), span[0] + int(np.searchsorted(inside, high))

    def _pieces(self, target: str, edition: str, begin: int, end: int) -> pa.Table:
        """Pieces of this bucket of one edition's rows; reports that are passed over are not_chosen."""
        rows, home = self.data.slice(begin, end - begin), ~self.visiting[begin:end]
        book_by_source(self.accounts[target], rows, "in", where=home)
        lost = self.targets.is_passed_over(rows, target, edition)
        if lost.any():
            book_by_source(self.accounts[target], rows, "not_chosen", where=lost & home)
            rows = rows.filter(pa.array(~lost))
        return of_bucket(split(rows, self.targets.conversions[edition, target]), self.bucket)

    def _book_moved(self, target: str, moved: pa.Table) -> None:
        if moved.num_rows:
            book_by_source(self.accounts[target], moved, "summed")
            received = moved.set_column(moved.column_names.index("source"), "source", moved["row_source"])
            book_by_source(self.accounts[target], received, "summed", sign=-1)
