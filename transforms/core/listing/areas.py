"""dim_area: every code that the publishers use or that the lake holds, with names and validity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

import pyarrow as pa

from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import Snapshot
from transforms.core.coded import code_order
from transforms.core.listing.area_facts import ENTERED, FACTS, REPLACED, preceding
from transforms.core.listing.given_names import areas_in_lake, given_names


def _iso() -> dict[str, tuple[str, str, str]]:
    """ISO 3166-1 by unpadded numeric code: (alpha-2, alpha-3, name). NA is Namibia, a text."""
    import pycountry

    return {str(int(c.numeric)): (c.alpha_2, c.alpha_3, getattr(c, "common_name", c.name)) for c in pycountry.countries}


def _row(code: str, iso: Mapping[str, tuple[str, str, str]], named: Mapping[str, str], listed_codes: Set[str]) -> dict[str, object]:
    fact, listed = FACTS.get(code), iso.get(code)
    iso2, iso3 = (fact.iso2, fact.iso3) if fact else (listed[0], listed[1]) if listed else (None, None)
    # a code that ended keeps its own name: some lists give the successor's
    if fact and (fact.valid_to is not None or not fact.is_country or code not in named):
        name, source = fact.name, "entrepot"
    elif code in named:
        name, source = named[code], "source files"
    elif listed:
        name, source = listed[2], "pycountry"
    else:
        name, source = f"Unlisted area {code}", "unlisted"
    return {
        "area_code": code,
        "iso2": iso2,
        "iso3": iso3,
        "area_name": name,
        "name_source": source,
        "valid_from": (fact.valid_from if fact else None) or ENTERED.get(code),
        "valid_to": fact.valid_to if fact else None,
        "predecessor_codes": " ".join(c for c in preceding(code) if c in listed_codes) or None,
        "successor_codes": " ".join(fact.successors) if fact and fact.successors else None,
        "is_country": code not in codes.SPECIAL_AREAS and (fact.is_country if fact else listed is not None),
        "is_special": code in codes.SPECIAL_AREAS,
        "is_margin": code in codes.MARGIN_AREAS,
    }


def area_rows(extra: Iterable[str], named: Mapping[str, str]) -> pa.Table:
    """dim_area over the known codes and ``extra``; ``named`` gives names from the files' own lists.

    A code in no list still gets its row ("Unlisted area 999"), so that no join drops a flow.
    """
    iso = _iso()
    everything = ((set(FACTS) | set(iso)) - REPLACED) | set(extra)
    rows = [_row(code, iso, named, everything) for code in sorted(everything, key=code_order)]
    return pa.Table.from_pylist(rows, schema=table_schema(contracts.DIM_AREA))


def area_table(home: Path, snapshots: Sequence[Snapshot]) -> pa.Table:
    """dim_area of a home: facts, ISO, every code its flows, totals and code lists hold. Shape (areas, 12 columns)."""
    named = {code: name for (kind, _, code), name in given_names(home, snapshots).items() if kind == "area"}
    sides = ("reporter_code", "partner_code")
    held = areas_in_lake(home, contracts.REPORTED_FLOWS, sides) | areas_in_lake(home, contracts.CONTROL_TOTALS, sides)
    return area_rows(held | set(named), named)
