"""Planted events: a tariff with rerouting, a price war, a relabelled origin, a reporter that leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from transforms.synthetic.areas import Area

#: Log size of a cell that an event needs, where gravity gave it less.
FORCED_LOG_SIZE = 6.5
TARIFF = {"exporter": "156", "importer": "842", "prefix": "9403", "from_year": 2021, "lost_share": 0.45, "rerouted_share": 0.6}
VIA = ("704", "458")
PRICE_WAR = {"exporter": "156", "prefix": "870380", "from_year": 2020, "quantity_growth": 1.35, "price_growth": 0.85}
RELABELLED = {"origin": "364", "through": "784", "importer": "156", "prefix": "270900", "from_year": 2021}
LEAVER, LEAVES_IN = "643", 2022

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def _group(codes: NDArray[np.str_], prefix: object) -> Ints:
    return np.flatnonzero(np.char.startswith(codes, str(prefix))).astype(np.int64)


def _keys(places: tuple[Area, ...], codes: NDArray[np.str_], exporter: object, importer: object, prefix: object) -> Ints:
    """Flat cell keys of (exporter, importer, products with the prefix); empty where an area isn't in the world."""
    index = {p.code: i for i, p in enumerate(places)}
    if exporter not in index or importer not in index:
        return np.empty(0, dtype=np.int64)
    pair = index[str(exporter)] * len(places) + index[str(importer)]
    return pair * len(codes) + _group(codes, prefix)


def forced_cells(places: tuple[Area, ...], codes: NDArray[np.str_]) -> Ints:
    """Flat keys of the cells that events need in every year, sorted and unique."""
    china, america, tariffed = TARIFF["exporter"], TARIFF["importer"], TARIFF["prefix"]
    parts = [_keys(places, codes, china, america, tariffed)]
    for via in VIA:
        parts += [_keys(places, codes, china, via, tariffed), _keys(places, codes, via, america, tariffed)]
    parts += [_keys(places, codes, PRICE_WAR["exporter"], p.code, PRICE_WAR["prefix"]) for p in places[1:16]]
    for origin in (RELABELLED["origin"], RELABELLED["through"]):
        parts.append(_keys(places, codes, origin, RELABELLED["importer"], RELABELLED["prefix"]))
    return np.unique(np.concatenate(parts))


def _tariff(
    places: tuple[Area, ...], years: Sequence[int], codes: NDArray[np.str_], keys: Ints, value: Floats, weight: Floats
) -> list[dict[str, object]]:
    direct = np.searchsorted(keys, _keys(places, codes, TARIFF["exporter"], TARIFF["importer"], TARIFF["prefix"]))
    legs = {
        v: [_keys(places, codes, TARIFF["exporter"], v, TARIFF["prefix"]), _keys(places, codes, v, TARIFF["importer"], TARIFF["prefix"])]
        for v in VIA
    }
    after = np.flatnonzero(np.asarray(years) >= int(str(TARIFF["from_year"])))
    if not len(direct) or not len(after) or any(not len(leg) for pair in legs.values() for leg in pair):
        return []
    cells = np.ix_(direct, after)
    lost, lost_weight = value[cells] * float(str(TARIFF["lost_share"])), weight[cells] * float(str(TARIFF["lost_share"]))
    value[cells] -= lost
    weight[cells] -= lost_weight
    share = float(str(TARIFF["rerouted_share"])) / len(VIA)
    for pair in legs.values():
        for leg in pair:
            at = np.ix_(np.searchsorted(keys, leg), after)
            value[at] += lost * share
            weight[at] += lost_weight * share
    by_year = {str(years[t]): round(float(lost[:, n].sum() * share * len(VIA))) for n, t in enumerate(after.tolist())}
    return [{"kind": "tariff", **TARIFF, "via": list(VIA), "rerouted_usd": by_year}]


def _price_war(
    places: tuple[Area, ...], years: Sequence[int], codes: NDArray[np.str_], keys: Ints, value: Floats, weight: Floats
) -> list[dict[str, object]]:
    first = int(str(PRICE_WAR["from_year"]))
    wanted = np.concatenate([_keys(places, codes, PRICE_WAR["exporter"], p.code, PRICE_WAR["prefix"]) for p in places])
    rows = np.flatnonzero(np.isin(keys, wanted))
    if not len(rows) or max(years) < first:
        return []
    for column, year in enumerate(years):
        steps = max(year - first + 1, 0)
        weight[rows, column] *= float(str(PRICE_WAR["quantity_growth"])) ** steps
        value[rows, column] *= (float(str(PRICE_WAR["quantity_growth"])) * float(str(PRICE_WAR["price_growth"]))) ** steps
    return [{"kind": "price_war", **PRICE_WAR}]


def plant(
    places: tuple[Area, ...], years: Sequence[int], codes: NDArray[np.str_], keys: Ints, value: Floats, weight: Floats
) -> tuple[dict[str, object], ...]:
    """Write the events into ``value`` and ``weight`` (cells, years), in place; return them with their truth.

    An event whose areas, products or years aren't in the world is left out.
    """
    planted = _tariff(places, years, codes, keys, value, weight) + _price_war(places, years, codes, keys, value, weight)
    known = {p.code for p in places}
    if {RELABELLED["origin"], RELABELLED["through"]} <= known and max(years) >= int(str(RELABELLED["from_year"])):
        planted.append({"kind": "relabelled_origin", **RELABELLED})
    if LEAVER in known and max(years) >= LEAVES_IN:
        planted.append({"kind": "reporter_leaves", "reporter": LEAVER, "from_year": LEAVES_IN})
    return tuple(planted)
