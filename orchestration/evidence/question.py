"""What was asked: areas by code, letters or name, a product, a year or month."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestration.errors import UsageRefused
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core.listing.areas import area_rows

_LISTED = 8
#: What people call areas whose name in trade files is another: 490, "Other Asia, nes", is Taiwan.
_ALSO = {
    "twn": "490", "taiwan": "490", "united states": "842", "united states of america": "842", "us": "842", "america": "842",
    "uk": "826", "great britain": "826", "britain": "826", "south korea": "410", "korea": "410", "north korea": "408", "russia": "643",
    "vietnam": "704", "turkey": "792", "iran": "364", "syria": "760", "laos": "418", "tanzania": "834", "bolivia": "68",
    "venezuela": "862", "moldova": "498", "czech republic": "203", "ivory coast": "384", "hong kong": "344", "macao": "446",
}  # fmt: skip
#: Two digits or more; of a residual, its parent's and an X for each digit that isn't told.
_PRODUCT = re.compile(r"^(?=.{2,10}$)[0-9]{2,}X*$")
_PERIOD = re.compile(r"^(\d{4})(-(0[1-9]|1[0-2]))?$")


@dataclass(frozen=True)
class Area:
    """An area as the publishers code it."""

    code: str
    iso3: str | None
    name: str

    @property
    def label(self) -> str:
        """'China (CHN, 156)'."""
        return f"{self.name} ({', '.join(p for p in (self.iso3, self.code) if p)})"


@dataclass(frozen=True)
class Question:
    """One flow, or the sum over the products below a heading, a chapter or all. ``product`` is TOTAL or a code's beginning."""

    exporter: Area
    importer: Area
    product: str
    period: str
    classification: str | None = None
    method: str | None = None

    @property
    def year(self) -> int:
        """Calendar year of the period."""
        return int(self.period[:4])

    @property
    def frequency(self) -> str:
        """A, or M for a month."""
        return "M" if "-" in self.period else "A"

    @property
    def prefix(self) -> str:
        """What the codes asked for begin with; empty for all."""
        return "" if self.product == codes.TOTAL else self.product

    def buckets(self) -> tuple[int, ...]:
        """Product buckets that may hold the codes asked for."""
        if len(self.prefix) >= 2:
            return (codes.product_bucket(self.prefix),)
        return tuple(range(codes.PRODUCT_BUCKETS))


def known_areas(tables: Tables) -> list[Row]:
    """dim_area of the release; the package's own list where the release has none."""
    found = tables.select(contracts.DIM_AREA, "select * from t")
    return found or area_rows([], {}).to_pylist()


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


def _valid(area: Row, year: int) -> bool:
    return (area["valid_from"] or 0) <= year <= (area["valid_to"] or 9999)


def resolve_area(text: str, areas: Sequence[Row], year: int) -> Area:
    """The one area that ``text`` names in ``year``: its code, ISO3, ISO2, name, or a beginning that one name has.

    Raises UsageRefused listing the candidates.
    """
    asked = _plain(text)
    number = str(int(asked)) if asked.isdecimal() else _ALSO.get(asked)
    by_code = [a for a in areas if a["area_code"] == number]
    if by_code:
        if by_code[0]["is_margin"]:
            raise UsageRefused(
                f"{text} is {by_code[0]['area_name']}: a total whose members stand in the files, no partner of its own; "
                "name a country, and the page shows the total beside it"
            )
        return _area(by_code[0])
    tests: tuple[Callable[[Row], bool], ...] = (
        lambda a: asked in {_plain(a["iso3"] or ""), _plain(a["iso2"] or "")} - {""},
        lambda a: _plain(a["area_name"]) == asked,
        lambda a: _plain(a["area_name"]).startswith(asked),
        lambda a: asked in _plain(a["area_name"]),
    )
    candidates = [a for a in areas if not a["is_margin"]] if asked else []
    for position, test in enumerate(tests):
        matching = [a for a in candidates if test(a)]
        found = [a for a in matching if _valid(a, year)] or matching
        # a part of a name is a hint for the error, never an answer
        if len(found) == 1 and position < 3:
            return _area(found[0])
        if found:
            raise UsageRefused(f"{text!r} names {_several(found)}; say one by its code, as {found[0]['area_code']}")
    raise UsageRefused(
        f'no area is called {text!r}: say a code (156), ISO letters (CHN) or a name (China); `entrepot query "from dim_area"` lists all'
    )


def _several(found: Sequence[Row]) -> str:
    listed = ", ".join(_area(a).label for a in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return listed + more if len(found) > 1 else f"only a part of {listed}"


def _area(row: Row) -> Area:
    return Area(row["area_code"], row["iso3"], row["area_name"])


def resolve_product(text: str) -> str:
    """TOTAL, or a code without blanks and dots: digits, or digits and then X. UsageRefused for anything else."""
    code = text.strip().upper().replace(".", "").replace(" ", "")
    if code in (codes.TOTAL, "ALL", "AG6"):
        return codes.TOTAL
    if not _PRODUCT.match(code):
        raise UsageRefused(
            f"{text!r} is no product: say a code of two digits or more (87, 8703, 870380), one of a residual (8703XX), or TOTAL"
        )
    return code


def resolve_period(text: str) -> str:
    """'2023' or '2023-05'. UsageRefused for anything else."""
    asked = re.sub(r"^(\d{4})(\d{2})$", r"\1-\2", text.strip())
    if not _PERIOD.match(asked):
        raise UsageRefused(f"{text!r} is no period: say a year (2023) or a month (2023-05)")
    return asked


def ask(
    tables: Tables,
    exporter: str,
    importer: str,
    product: str,
    period: str,
    *,
    classification: str | None = None,
    method: str | None = None,
) -> Question:
    """The question that the words mean. Raises UsageRefused saying which word can't be, and what to write."""
    when = resolve_period(period)
    code = resolve_product(product)
    if method is not None and method not in codes.RECONCILE_METHODS:
        raise UsageRefused(f"--method {method} is no method: {', '.join(codes.RECONCILE_METHODS)}")
    if classification is not None:
        wanted = codes.BACI_EDITIONS.get(classification.upper(), classification.upper())
        if not codes.is_classification(wanted):
            raise UsageRefused(
                f"--classification {classification} is no edition: {', '.join(codes.CLASSIFICATIONS)}, or a tariff as CN2024"
            )
        classification = wanted
    areas = known_areas(tables)
    ends = [resolve_area(text, areas, int(when[:4])) for text in (exporter, importer)]
    if ends[0].code == ends[1].code:
        raise UsageRefused(f"{ends[0].label} is both exporter and importer: what an area reports on itself is outside bilateral flows")
    return Question(ends[0], ends[1], code, when, classification, method)
