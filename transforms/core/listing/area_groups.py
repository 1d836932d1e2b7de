"""dim_area_group: which area belonged to which group in which years; a join by area and year finds one row a group at most.

A year is counted where the area was a member for more than half of its days: Croatia is in the EU from 2013 (1 July),
the United Kingdom to 2019 (31 January 2020), as the Union's own annual series (EU28, EU27_2020) have it.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Collection, Iterator
from datetime import date

import pyarrow as pa

from transforms.contracts import lake as contracts
from transforms.contracts.arrow import table_schema
from transforms.core.coded import code_order
from transforms.core.listing.area_facts import ENTERED, FACTS, preceding
from transforms.core.listing.area_group_facts import GROUPS, MEMBERSHIPS, Membership

_REPORTING_UNION = "reporting_union"


def first_day(text: str) -> date:
    """The first day of an ISO date, month or year.

    >>> [str(first_day(t)) for t in ("2004-05-01", "2016-07", "1962")]
    ['2004-05-01', '2016-07-01', '1962-01-01']
    """
    year, month, day = (*map(int, text.split("-")), 1, 1)[:3]
    return date(year, month, day)


def last_day(text: str) -> date:
    """The last day of an ISO date, month or year.

    >>> [str(last_day(t)) for t in ("2020-01-31", "2016-11", "2008")]
    ['2020-01-31', '2016-11-30', '2008-12-31']
    """
    parts = [int(p) for p in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    return date(year, month, parts[2] if len(parts) > 2 else monthrange(year, month)[1])


def is_counted(year: int, since: date, until: date) -> bool:
    """True where ``since`` to ``until`` holds more than half of the year's days.

    >>> [is_counted(y, date(2013, 7, 1), date.max) for y in (2012, 2013)], is_counted(2020, date(1973, 1, 1), date(2020, 1, 31))
    ([False, True], False)
    """
    days = (min(until, date(year, 12, 31)) - max(since, date(year, 1, 1))).days + 1
    return 2 * days > 365 + isleap(year)


def counted_years(since: date, until: date) -> tuple[int, int] | None:
    """First and last year that count; None where none does. ``until`` is date.max where membership lasts."""
    first = since.year if is_counted(since.year, since, until) else since.year + 1
    last = until.year if is_counted(until.year, since, until) else until.year - 1
    return (first, last) if first <= last else None


def _held(code: str, since: date, until: date) -> Iterator[tuple[str, date, date]]:
    """The code and, for years before its first, the code that had its ISO3 then: each with the days of its own years."""
    fact = FACTS.get(code)
    entered = (fact.valid_from if fact else None) or ENTERED.get(code)
    if entered is None or since.year >= entered:
        yield code, since, until
        return
    start = date(entered, 1, 1)
    if start <= until:
        yield code, start, until
    for before in preceding(code):
        if fact is not None and (left := FACTS[before].valid_to) and FACTS[before].iso3 == fact.iso3:
            yield from _held(before, since, min(until, date(min(left, entered - 1), 12, 31)))


def _rows(membership: Membership) -> Iterator[dict[str, object]]:
    group = GROUPS[membership.group]
    since, until = first_day(membership.since), last_day(membership.until) if membership.until else date.max
    # the parts of a reporting union have codes of their own in other years: no code stands in for them
    parts = [(membership.area_code, since, until)] if group.kind == _REPORTING_UNION else _held(membership.area_code, since, until)
    for code, start, end in parts:
        years = counted_years(start, end)
        if years is None:
            continue
        yield {
            "group_code": group.code,
            "group_name": group.name,
            "group_kind": group.kind,
            "group_area_codes": " ".join(group.area_codes) or None,
            "area_code": code,
            "valid_from": years[0],
            "valid_to": years[1] if end < date.max else None,
            "first_day": start.isoformat(),
            "last_day": end.isoformat() if end < date.max else None,
            "membership_source": membership.source,
        }


def area_group_table(area_codes: Collection[str]) -> pa.Table:
    """dim_area_group of the areas that dim_area has. Shape (memberships, 10 columns), by group, area and first year.

    An ISO number that no file of a home uses is no area there, so no member either.
    """
    rows = [row for membership in MEMBERSHIPS for row in _rows(membership) if row["area_code"] in area_codes]
    ordered = sorted(rows, key=lambda r: (code_order(str(r["group_code"])), code_order(str(r["area_code"])), r["valid_from"]))
    return pa.Table.from_pylist(ordered, schema=table_schema(contracts.DIM_AREA_GROUP))
