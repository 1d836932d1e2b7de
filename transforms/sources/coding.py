"""Code columns of a member: texts to judged numbers, and what follows from several of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from transforms.contracts import codes
from transforms.contracts.layout import Field, Layout
from transforms.contracts.targets import FLAGS, ROLES
from transforms.sources import judges
from transforms.sources.area_systems import GROUP, area_of
from transforms.sources.codelists import Encoder, Judged
from transforms.sources.reader import Block

_TOO_LONG = "is longer than a code can be"
AREAS = ("reporter_code", "partner_code")
_FIRST_YEAR = 1900
_FREE = ("quantity_unit_code", "estimation_flag")

#: column -> number per row into its Judged: -1 NULL, below -9 refused
Codes = dict[str, np.ndarray]


class Coding:
    """Dictionaries of one member, kept from block to block.

    ``judged`` has every single column; ``times`` (year, frequency, period), ``products``
    (code, level, whether a zero was put back) and, where a rule gives it, the classification
    follow from several columns.
    """

    def __init__(self, layout: Layout, fields: Mapping[str, Field], constants: Mapping[str, str], encodings: Sequence[str]) -> None:
        self.layout, self._fields, self._constants, self._encodings = layout, fields, constants, encodings
        self._product_map = layout.map_of("product_code")
        self._encoders: dict[str, Encoder] = {}
        self.judged: dict[str, Judged] = {}
        self._single: list[str] = []
        self._code("type_code", judges.trade_type if "type_code" in fields else judges.free)
        for column, judge in (
            ("flow_code", judges.flow),
            ("year", judges.year),
            ("period", judges.period),
            ("frequency", judges.frequency),
            ("product_level", judges.level),
            *((flag, judges.flag) for flag in FLAGS),
            *((column, judges.free) for column in _FREE),
        ):
            self._code(column, judge)
        allowed = dict(layout.aggregate_roles)
        for column in ROLES:
            self._code(column, partial(judges.role, allowed=allowed.get(column, ("",)) if column not in layout.summed_roles else None))
        if layout.edition_rule is None:
            self._code("classification", judges.classification)
        else:
            self.judged["classification"] = Judged(self._edition)
        for column in ("product_code", *AREAS):
            if column in fields:
                self._encoders[column] = Encoder(column)
        for column in AREAS:
            self.judged[column] = Judged(partial(self._area, column))
        self.times = Judged(self._time)
        self.products = Judged(self._product)

    def _code(self, column: str, judge: Callable[[str], judges.Verdict]) -> None:
        ours = self.layout.map_of(column)
        if column in self._fields:
            encoder = self._encoders[column] = Encoder(column)

            def judged(key: int) -> judges.Verdict:
                text = encoder.texts[key - 1] if key else ""
                return judge(ours.get(text, text)) if key else (None, _TOO_LONG)

            self.judged[column] = Judged(judged)
        elif column in self._constants:
            self.judged[column] = Judged(lambda _: judge(self._constants[column]))
        else:
            self.judged[column] = Judged(lambda _: (None, None))
        self._single.append(column)

    def _area(self, column: str, key: int) -> judges.Verdict:
        """An area's code may depend on the year: Eurostat's DE is 280 to 1990."""
        text, since = key & 0x7FFF, key >> 15
        if column in self._constants and column not in self._fields:
            return self._constants[column], None
        if not text:
            return None, _TOO_LONG
        given = self._encoders[column].texts[text - 1]
        ours = self.layout.map_of(column)
        if given in ours:
            return ours[given], None
        code, reason = area_of(self.layout.area_system, given, since + _FIRST_YEAR if since else None)
        return (codes.GROUP_AREA, None) if code is None and (reason or "").startswith(GROUP) else (code, reason)

    def _product(self, key: int) -> judges.Verdict:
        text, is_sitc, level = key >> 6, (key >> 5) & 1, key & 31
        if not text:
            return None, _TOO_LONG
        given = self._encoders["product_code"].texts[text - 1]
        digits = self.judged["product_level"].values[level - 1] if level else None
        return judges.product(self._product_map.get(given, given.replace(".", "")), digits, is_sitc=bool(is_sitc))  # type: ignore[arg-type]

    def _edition(self, key: int) -> judges.Verdict:
        """The classification that follows from year, level and flow."""
        time, digits, flow = key >> 8, (key >> 4) & 15, key & 15
        rule, year = self.layout.edition_rule, self.times.values[time][0]  # type: ignore[index]
        return judges.edition(rule, year, digits, str(self.judged["flow_code"].values[flow]))  # type: ignore[arg-type]

    def _time(self, key: int) -> judges.Verdict:
        """Period, year and frequency must agree; the legacy layout has no frequency, the cut one no period."""
        period, year, frequency = key >> 10, (key >> 2) & 255, key & 3
        stated_year = self.judged["year"].values[year - 1] if year else None
        stated_frequency = self.judged["frequency"].values[frequency - 1] if frequency else None
        if not period and not stated_year:
            return None, "is empty or can't be read"
        if not period:
            return (stated_year, stated_frequency or "A", str(stated_year)), None
        found = self.judged["period"].values[period - 1]
        if stated_year not in (None, found[0]):  # type: ignore[index]
            return None, f"does not lie in the row's year {stated_year}"
        if stated_frequency not in (None, found[1]):  # type: ignore[index]
            return None, f"is no period of frequency {stated_frequency}"
        return found, None

    def _texts(self, column: str, block: Block) -> np.ndarray:
        """Number of each row's text from 1 on, 0 too long; 1 everywhere where the layout has no such column."""
        encoder = self._encoders.get(column)
        return encoder.encode(block, self._encodings) + 1 if encoder else np.ones(block.rows, np.int32)

    def release(self) -> None:
        """Let go of the dictionaries. They know this object and it knows them: unasked, they would wait for the collector."""
        self.judged.clear()
        self._encoders.clear()
        self.times = self.products = Judged(lambda _: (None, None))

    def encode(self, block: Block) -> Codes:
        """Judged numbers of every code column, ``time`` and ``product`` with them; each (rows,) int32."""
        found: Codes = {}
        for column in self._single:
            judged = self.judged[column]
            if column in self._encoders:
                found[column] = judged.of(self._texts(column, block))
            else:
                found[column] = np.full(block.rows, judged.of(np.zeros(1, np.int32))[0], np.int32)
        c = {k: np.maximum(found[k], -1) + 1 for k in ("period", "year", "frequency", "product_level")}
        found["time"] = self.times.of((c["period"] << 10) | (c["year"] << 2) | c["frequency"])
        years: np.ndarray | int = 0
        if self.layout.area_system != "m49":
            since = self.times.lookup("since", lambda v: int(v[0]) - _FIRST_YEAR)  # type: ignore[index]
            years = since[np.maximum(found["time"], -1)].astype(np.int32) << 15
        for column in AREAS:
            found[column] = self.judged[column].of(self._texts(column, block) | years)
        self._classified(found, block, c["product_level"])
        return found

    def _classified(self, found: Codes, block: Block, level: np.ndarray) -> None:
        """Product and classification: one needs the other, unless a rule gives the classification."""
        texts = self._texts("product_code", block)
        if self.layout.edition_rule is None:
            sitc = self.judged["classification"].lookup("is_sitc", lambda v: int(str(v)[0] == "S" and len(str(v)) == 2))
            family = sitc[np.maximum(found["classification"], -1)].astype(np.int32)
            found["product"] = self.products.of(texts << 6 | family << 5 | level)
            return
        found["product"] = self.products.of(texts << 6 | level)
        levels = self.products.lookup("level", lambda v: int(v[1]))[np.maximum(found["product"], -1)]  # type: ignore[index]
        is_known = (found["time"] >= 0) & (found["product"] >= 0) & (found["flow_code"] >= 0)
        key = found["time"] << 8 | levels.astype(np.int32) << 4 | found["flow_code"]
        found["classification"] = np.full(block.rows, -1, np.int32)
        found["classification"][is_known] = self.judged["classification"].of(key[is_known])
