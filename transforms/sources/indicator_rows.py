"""Rows of indicators: one value of one area and period, countries told apart from groups of them."""

from __future__ import annotations

import math
import re

from transforms.contracts.layout import Layout
from transforms.sources.area_codes.worldbank import AGGREGATES
from transforms.sources.area_systems import worldbank_area
from transforms.sources.list_row import ListRow, RowError

_YEAR, _MONTH = re.compile(r"(?:19|20)[0-9]{2}"), re.compile(r"((?:19|20)[0-9]{2})M([0-9]{2})")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_LETTERS = re.compile(r"[A-Z]{3}")


def _by_name() -> dict[str, str]:
    """Group's name -> letters, where one group alone has the name: the API leaves the letters of some out."""
    names = list(AGGREGATES.values())
    return {name: letters for letters, name in AGGREGATES.items() if names.count(name) == 1}


class IndicatorReader:
    """Reads the rows of one file; ``indicator``: the code where the file doesn't say it in a column."""

    def __init__(self, layout: Layout, indicator: str | None) -> None:
        self._indicator = indicator
        self._missing = next(f.missing for f in layout.fields if f.to == "indicator_value")
        self._groups = _by_name()
        self._areas: dict[str, tuple[str | None, bool, str | None]] = {}

    def _letters(self, row: ListRow) -> str:
        for text in (row["area_code"], row["area_letters"]):
            if _LETTERS.fullmatch(text):
                return text
        found = self._groups.get(row["area_name"])
        if found is None:
            raise RowError(f"area {row['area_name']!r} has no code of three letters")
        return found

    def read(self, row: ListRow) -> dict[str, object] | None:
        """The indicator's value; None where the publisher has none."""
        text = row["indicator_value"]
        if text in self._missing:
            return None
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            raise RowError(f"value {text!r} is no number")
        letters = self._letters(row)
        known = self._areas.get(letters) or self._areas.setdefault(letters, worldbank_area(letters))
        code, is_aggregate, reason = known
        if reason and not is_aggregate:
            raise RowError(f"area {letters} ({row['area_name']}) {reason}")
        period, frequency = _period(row["period"])
        indicator = row["indicator_code"] or self._indicator
        if not indicator:
            raise RowError("indicator is empty")
        return {
            "indicator_code": indicator,
            "indicator_name": row["indicator_name"] or None,
            "publisher_area_code": letters,
            "area_code": code,
            "area_name": row["area_name"] or letters,
            "is_aggregate": is_aggregate,
            "frequency": frequency,
            "period": period,
            "indicator_value": float(text),
            "vintage": row["vintage"] or None,
        }


def _period(text: str) -> tuple[str, str]:
    """(period, frequency) of 2020 or 2020M05; quarters are refused. Indicators go back to 1960, further than trade."""
    match = _MONTH.fullmatch(text)
    if match is None and _YEAR.fullmatch(text):
        return text, "A"
    if match is not None and 1 <= int(match[2]) <= 12:
        return f"{match[1]}-{match[2]}", "M"
    raise RowError(f"period {text!r} is neither a year (2020) nor a month (2020M05)")
