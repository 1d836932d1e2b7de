"""Weights of editions as harmonising uses them, and which edition of a reporter is converted (docs/editions.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core import coded
from transforms.core.concordance.rounding import whole_parts
from transforms.core.concordance.weights import ORIGINS, Weights, make_weights
from transforms.core.harmonising.residuals import MEMORY
from transforms.io import lake

Ints = NDArray[np.int64]
#: Target, frequency, period, edition, side: of whom something is asked.
Series = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Conversion:
    """Weights from one edition to another: of values, and of net weights over the same relations."""

    value: Weights
    quantity: Weights

    @cached_property
    def value_parts(self) -> Ints:
        """Value weights in whole numbers (whole_parts)."""
        return whole_parts(self.value)

    @cached_property
    def quantity_parts(self) -> Ints:
        """Quantity weights in whole numbers (whole_parts)."""
        return whole_parts(self.quantity)


def _weights(data: pa.Table, column: str) -> Weights:
    left, row = np.unique(np.asarray(data["from_code"].to_pylist(), dtype=np.str_), return_inverse=True)
    right, target = np.unique(np.asarray(data["to_code"].to_pylist(), dtype=np.str_), return_inverse=True)
    order = np.lexsort((target, row))
    first = order[coded.starts(row[order])]
    origin = np.array([ORIGINS.index(name) for name in data["weight_origin"].to_pylist()], dtype=np.int64)[first]
    observations = data["observation_count"].to_numpy().astype(np.int64)[first]
    relations = row[order].astype(np.int64), target[order].astype(np.int64), data[column].to_numpy()[order]
    editions = str(data["from_classification"][0]), str(data["to_classification"][0])
    return make_weights(editions, (left, right), relations, origin, observations, least=0.0)


def conversions_to(home: Path, targets: Sequence[str]) -> dict[tuple[str, str], Conversion]:
    """Committed weights to ``targets`` by (from, to). Raises ConcordanceError, naming the code, where its weights don't sum to 1."""
    table = lake.read(home, contracts.CONVERSION_WEIGHT)
    names = pa.table({n: table[n].cast(pa.string()) for n in ("from_classification", "to_classification")})
    found: dict[tuple[str, str], Conversion] = {}
    for pair in names.group_by(names.column_names).aggregate([]).sort_by([(n, "ascending") for n in names.column_names]).to_pylist():
        edition, target = pair["from_classification"], pair["to_classification"]
        if target in targets:
            rows = table.filter(pc.and_(pc.equal(names["from_classification"], edition), pc.equal(names["to_classification"], target)))
            found[edition, target] = Conversion(_weights(rows, "value_weight"), _weights(rows, "quantity_weight"))
    return found


def _passed_over(home: Path, paths: Sequence[Path], pairs: Sequence[tuple[str, str]]) -> dict[Series, list[str]]:
    """Reporters whose reports in an edition aren't converted, since they report the same period and flow in a better one.

    The target itself is the best, then the edition with the largest value, then the newest: a publisher that gives one
    report in two editions would count twice.
    """
    scratch = home / "build" / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    key = "frequency, period, reporter_code, flow_code"
    editions = ", ".join(f"'{edition}'" for edition in codes.HS_EDITIONS)
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": 1, "temp_directory": str(scratch)}) as con:
        several = con.sql(
            f"""with sums as (
                    select {key}, classification, sum(reported_value_usd) as value_usd
                    from read_parquet({[str(p) for p in paths]}, hive_partitioning = false)
                    where product_level = {codes.HS_LEVEL} and flow_code in ('X', 'M') and not is_self_trade
                        and classification in ({editions})
                    group by all
                )
                from sums qualify count(*) over (partition by {key}) > 1
                order by {key}, value_usd desc, classification desc"""
        ).fetchall()
    by_reporter: dict[tuple[str, ...], list[str]] = {}
    for *of, edition, _ in several:
        by_reporter.setdefault(tuple(of), []).append(edition)
    found: dict[Series, list[str]] = {}
    for target in sorted({target for _, target in pairs}):
        for (frequency, period, reporter, flow), given in by_reporter.items():
            convertible = [edition for edition in given if (edition, target) in pairs]
            side = "exporter" if flow == codes.EXPORT else "importer"
            for edition in convertible if target in given else convertible[1:]:
                found.setdefault((target, frequency, period, edition, side), []).append(reporter)
    return found


@dataclass(frozen=True)
class Targets:
    """What the reports of a year are converted to, with which weights, and whose reports are passed over."""

    conversions: Mapping[tuple[str, str], Conversion]
    passed_over: Mapping[Series, Sequence[str]]

    @classmethod
    def of(cls, home: Path, targets: Sequence[str], paths: Sequence[Path]) -> Targets | None:
        """``paths`` are the year's reports on the own basis; None where there are no weights, so that nothing is converted."""
        conversions = conversions_to(home, targets) if paths else {}
        return cls(conversions, _passed_over(home, paths, list(conversions))) if conversions else None

    def from_editions(self, target: str) -> list[str]:
        """Editions that ``target`` can be made from."""
        return [edition for edition, to in self.conversions if to == target]

    @property
    def editions(self) -> list[str]:
        """The target editions, oldest first."""
        return sorted({to for _, to in self.conversions}, key=coded.code_order)

    def visitors(self, bucket: int) -> frozenset[str]:
        """Codes of other product buckets that send a piece to ``bucket``."""
        found: set[str] = set()
        for conversion in self.conversions.values():
            weights = conversion.value
            inside = np.array([codes.product_bucket(c) == bucket for c in weights.to_codes.tolist()], bool)[weights.target]
            sending = weights.from_codes[np.unique(weights.row[inside])].tolist()
            found |= {code for code in sending if codes.product_bucket(code) != bucket}
        return frozenset(found)

    def is_passed_over(self, data: pa.Table, target: str, edition: str) -> NDArray[np.bool_]:
        """Which rows (sides of one period and ``edition``) are of a report that isn't converted to ``target`` (rows,)."""
        lost = np.zeros(data.num_rows, bool)
        if not data.num_rows:
            return lost
        frequency, period = (str(data[name][0]) for name in ("frequency", "period"))
        for side in ("exporter", "importer"):
            reporters = self.passed_over.get((target, frequency, period, edition, side))
            if reporters:
                named = pc.is_in(data[f"{side}_code"].cast(pa.string()), pa.array(reporters))
                lost |= pc.and_(named, pc.equal(data["side"].cast(pa.string()), side)).to_numpy()
        return lost
