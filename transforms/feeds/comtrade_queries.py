"""Queries to Comtrade's API, and how one that is too large is cut into pieces that don't overlap."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from transforms.contracts.codes import FLOWS

#: Words that stand for several products; they can't be cut before they are spelt out.
_LEVELS = {"AG1": 1, "AG2": 2, "AG3": 3, "AG4": 4, "AG5": 5, "AG6": 6}
#: Codes in one query: with more, the address gets longer than what proxies and gateways let through (2,048 characters).
CODES_PER_QUERY = 200
_LONGEST_CODES = 1_800
#: Aggregates of what is broken down further by partner 2, customs procedure, transport: without them rows come nine times.
_AGGREGATES = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}


@dataclass(frozen=True)
class CodeLists:
    """All products of the classification, and all partners, asked for when a query must be cut."""

    products: Callable[[], Sequence[str]]
    partners: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Query:
    """Annual or monthly goods trade of one reporter and one period; empty products, partners, flows: all."""

    reporter: str
    period: str
    products: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [f"reporter {self.reporter}", f"period {self.period}"]
        for name, codes in (("product", self.products), ("partner", self.partners), ("flow", self.flows)):
            if codes:
                said.append(f"{name} {codes[0]}" if len(codes) == 1 else f"{len(codes)} {name}s, {codes[0]} to {codes[-1]}")
        return ", ".join(said)

    @property
    def parameters(self) -> dict[str, str]:
        """The query as Comtrade's parameters."""
        lists = {"cmdCode": self.products, "partnerCode": self.partners, "flowCode": self.flows}
        return {
            "reporterCode": self.reporter,
            "period": self.period,
            **{name: ",".join(codes) for name, codes in lists.items() if codes},
            **_AGGREGATES,
        }

    @property
    def digest(self) -> str:
        """Eight characters that name this query among the pieces of its unit."""
        return hashlib.sha256(repr(sorted(self.parameters.items())).encode()).hexdigest()[:8]

    @cached_property
    def exact(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Columns of the answer, and the codes that may stand in them: those that were asked for by name."""
        asked = [("reporterCode", (self.reporter,)), ("period", (self.period,)), ("partnerCode", self.partners), ("flowCode", self.flows)]
        if not _is_open(self.products):
            asked.append(("cmdCode", self.products))
        return tuple((column, frozenset(codes)) for column, codes in asked if codes)


def _is_open(products: Sequence[str]) -> bool:
    return not products or any(code == "ALL" or code in _LEVELS for code in products)


def _spelt_out(products: Sequence[str], every: Sequence[str]) -> tuple[str, ...]:
    """``products`` with words replaced by the codes that they stand for."""
    if not products or "ALL" in products:
        return tuple(sorted(set(every)))
    lengths = {_LEVELS[code] for code in products if code in _LEVELS}
    named = {code for code in products if code not in _LEVELS}
    return tuple(sorted(named | {code for code in every if code.isdigit() and len(code) in lengths}))


def _chapters(codes: Sequence[str]) -> list[tuple[str, ...]]:
    """Codes by chapter (their first two digits); TOTAL is one of its own."""
    return [tuple(group) for _, group in groupby(sorted(codes), key=lambda code: code[:2] if code.isdigit() else code)]


def _packed(parts: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Whole parts together up to CODES_PER_QUERY codes; one that is longer alone is cut."""
    pack: tuple[str, ...] = ()
    for part in parts:
        if pack and len(pack) + len(part) > CODES_PER_QUERY:
            yield pack
            pack = ()
        while len(part) > CODES_PER_QUERY:
            yield part[:CODES_PER_QUERY]
            part = part[CODES_PER_QUERY:]
        pack += part
    if pack:
        yield pack


def _halves(parts: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Two halves of a list, cut between parts where there are several."""
    if len(parts) == 1:
        only = parts[0]
        return only[: len(only) // 2], only[len(only) // 2 :]
    middle = len(parts) // 2
    return tuple(code for part in parts[:middle] for code in part), tuple(code for part in parts[middle:] for code in part)


def _cut(parts: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    packed = tuple(_packed(parts))
    return packed if len(packed) > 1 else _halves(parts)


def pieces(query: Query, lists: CodeLists) -> tuple[Query, ...]:
    """Smaller queries that together ask for the same and have no row in common; empty where it can't be cut further.

    By product first, chapters kept together as long as possible, then by partner, then by flow.
    """
    products = _spelt_out(query.products, lists.products()) if _is_open(query.products) else query.products
    if len(products) > 1:
        return tuple(replace(query, products=part) for part in _cut(_chapters(products)))
    partners = query.partners or tuple(lists.partners())
    if len(partners) > 1:
        return tuple(replace(query, products=products, partners=part) for part in _cut([partners]))
    flows = query.flows or FLOWS
    if len(flows) > 1:
        return tuple(replace(query, products=products, partners=partners, flows=(flow,)) for flow in flows)
    return ()


def shortened(query: Query) -> tuple[Query, ...]:
    """The query itself, or pieces of it where its own lists of codes make the address too long."""
    lengths = {name: len(",".join(getattr(query, name))) for name in ("products", "partners")}
    longest = max(lengths, key=lambda name: lengths[name])
    if sum(lengths.values()) <= _LONGEST_CODES:
        return (query,)
    codes: tuple[str, ...] = getattr(query, longest)
    parts = _cut(_chapters(codes) if longest == "products" else [codes])
    cut = (replace(query, products=part) if longest == "products" else replace(query, partners=part) for part in parts)
    return tuple(short for piece in cut for short in shortened(piece))
