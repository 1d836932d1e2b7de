"""conversion_weight: for each HS edition and target edition, which share of a code's value and weight goes to which code.

docs/editions.md. Weights come from a table of the two editions where one was handed over, else, and for codes that data
decide on that way alone, from the product of the steps between adjacent editions. Each direction is estimated by itself:
a table is a set of relations and can be read both ways, weights can't.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.records import Snapshot, TaskResult
from transforms.core.concordance.chain import Chain, chain, preferred
from transforms.core.concordance.groups import Correlation, correlation
from transforms.core.concordance.prior import same_code, without_phantoms
from transforms.core.concordance.rounding import quantity_weights
from transforms.core.concordance.weights import ORIGINS, Weights, estimate
from transforms.core.harmonising.conversion_data import AnnualTrade
from transforms.core.listing.correlations import correlation_table
from transforms.io import lake
from transforms.settings import Settings

CONVERSION_VERSION = "1"
Pair = tuple[str, str]


def hs_tables(relations: pa.Table) -> dict[Pair, Correlation]:
    """Relations between HS editions by direction; a table is read backwards where none was given for that direction."""
    hs = pa.array(list(codes.HS_EDITIONS))
    relations = relations.filter(pc.and_(pc.is_in(relations["from_classification"], hs), pc.is_in(relations["to_classification"], hs)))
    pairs = relations.select(["from_classification", "to_classification"]).group_by(["from_classification", "to_classification"])
    found: dict[Pair, Correlation] = {}
    turned: dict[Pair, Correlation] = {}
    for pair in pairs.aggregate([]).to_pylist():
        old, new = pair["from_classification"], pair["to_classification"]
        own = relations.filter(pc.and_(pc.equal(relations["from_classification"], old), pc.equal(relations["to_classification"], new)))
        left, right = own["from_code"].to_pylist(), own["to_code"].to_pylist()
        found[old, new], turned[new, old] = correlation(left, right), correlation(right, left)
    return turned | found


@dataclass
class Steps:
    """Weights of pairs of editions, each made once. ``tables`` by direction, ``trade`` what they are fitted on."""

    tables: dict[Pair, Correlation]
    trade: AnnualTrade
    minimum_observations: int
    _made: dict[Pair, Weights] = field(default_factory=dict)

    def direct(self, pair: Pair) -> Weights:
        """Weights of the pair's own table."""
        if pair not in self._made:
            table = self.tables[pair]
            made = estimate(
                table,
                pair,
                self.trade.observations(table, pair),
                minimum_observations=self.minimum_observations,
                prior=same_code(table),
            )
            self._made[pair] = without_phantoms(made)
        return self._made[pair]

    def whole(self, pair: Pair) -> Chain | None:
        """The pair's own table with the chain over adjacent editions where that one is better, or the chain alone; None without both."""
        chained = self._chained(pair)
        if pair not in self.tables:
            return chained
        direct = self.direct(pair)
        return Chain(direct if chained is None else preferred(direct, chained.weights), ())

    def _chained(self, pair: Pair) -> Chain | None:
        editions = list(codes.HS_EDITIONS)
        first, last = editions.index(pair[0]), editions.index(pair[1])
        way = editions[first : last + 1] if first < last else editions[last : first + 1][::-1]
        steps = list(pairwise(way))
        if len(steps) == 1 and pair in self.tables:
            return Chain(self.direct(pair), ())
        return chain([self.direct(step) for step in steps]) if all(step in self.tables for step in steps) else None


def target_editions(settings: Settings) -> tuple[str, ...]:
    """Editions that reports of any year are converted to."""
    return tuple(sorted({text.partition(":")[0] for text in settings.harmonise.target_editions}))


def weight_rows(weights: Weights, trade: AnnualTrade) -> pa.Table:
    """Rows of conversion_weight, those of quantities beside those of values."""
    quantities = quantity_weights(weights, trade.unit_values(weights.to_edition, weights.to_codes))
    row, count = weights.row, len(weights.target)
    return pa.table(
        {
            "from_classification": pa.repeat(weights.from_edition, count),
            "from_code": pa.array(weights.from_codes[row].tolist(), pa.string()),
            "to_classification": pa.repeat(weights.to_edition, count),
            "to_code": pa.array(weights.to_codes[weights.target].tolist(), pa.string()),
            "value_weight": weights.weight,
            "quantity_weight": quantities.weight,
            "weight_origin": pa.array(np.array(ORIGINS)[weights.origin[row]].tolist(), pa.string()),
            "observation_count": weights.observations[row],
        }
    )


def build_conversion(home: Path, snapshots: Sequence[Snapshot], settings: Settings) -> TaskResult:
    """Write conversion_weight from the home's correlation tables and its reporters that changed edition.

    No file without tables of the HS; a pair of editions without a table and without a chain has no rows. What a chain
    can't convert and what a fit left inexact is said in the warnings.
    """
    tables = hs_tables(correlation_table(home, snapshots))
    sources = sorted({p["source"] for p in lake.partitions(home, contracts.REPORTED_FLOWS)})
    trade = AnnualTrade(home, tuple(s for s in sources if settings.catalog.basis_of(s) == codes.BASES[0]))
    steps = Steps(tables, trade, settings.harmonise.minimum_observations)
    parts, warnings = [], []
    for edition in codes.HS_EDITIONS:
        for target in target_editions(settings):
            found = steps.whole((edition, target)) if edition != target else None
            if found is None:
                continue
            if found.unmapped:
                warnings.append(f"{edition} to {target}: {len(found.unmapped):,} codes are lost on the way ({found.unmapped[0]}, ...)")
            if found.weights.inexact:
                warnings.append(f"{edition} to {target}: weights of {found.weights.inexact:,} codes hold, though not quite the best fit")
            parts.append(weight_rows(found.weights, trade))
    file = lake.write_partition(home, contracts.CONVERSION_WEIGHT, {}, [pa.concat_tables(parts)]) if parts else None
    return TaskResult((file,) if file is not None else (), warnings=tuple(warnings))
