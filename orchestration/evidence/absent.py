"""A flow that isn't there: who reports what instead, whether the two report at all, and what lies nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestration.evidence.files import File
from orchestration.evidence.question import Question
from orchestration.evidence.reports import Report, as_report, reported_rows
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import codes
from transforms.contracts import lake as contracts

_SHOWN = 5
#: Areas not specified: what is exported there may be moved to partners.
NES = "899"


@dataclass(frozen=True)
class Reporting:
    """What an area reports in the period: rows, partners and sources of its exports or imports. 0 rows: none on a partner;
    World may stand in ``Absence.totals`` all the same."""

    area: str
    flow_code: str
    row_count: int
    partner_count: int
    sources: tuple[str, ...]
    value_usd: Decimal | None


@dataclass(frozen=True)
class Near:
    """A flow that is there: another product of the pair, or another partner of the product."""

    exporter_code: str
    importer_code: str
    classification: str
    product_code: str
    value_fob_usd: Decimal


@dataclass(frozen=True)
class Total:
    """A control total of one of the areas: all partners (World), or a parent product of the pair."""

    kind: str
    source: str
    reporter_code: str
    partner_code: str
    flow_code: str
    classification: str
    product_code: str
    value_usd: Decimal | None


@dataclass(frozen=True)
class Absence:
    """All of it. ``reports``: what either side says of the pair and product in any form, as re-exports or in another edition."""

    reports: tuple[Report, ...]
    reporting: tuple[Reporting, ...]
    products: tuple[Near, ...]
    partners: tuple[Near, ...]
    totals: tuple[Total, ...]
    years: tuple[int, ...]


def absence(tables: Tables, question: Question, files: Mapping[str, File], own: frozenset[str]) -> Absence:
    """Why a flow may not be there, from what is; ``own`` are the sources of reports."""
    rows = [r for r in reported_rows(tables, question) if r["product_code"].startswith(question.prefix)]
    left = "moved" if question.importer.code == NES else "other_edition"
    fates = {codes.RE_EXPORT: "apart", codes.RE_IMPORT: "apart", codes.EXPORT: left, codes.IMPORT: "other_edition"}
    return Absence(
        tuple(
            as_report(r, question, fates.get(r["flow_code"], "other_flow") if r["source"] in own else "other_basis", files) for r in rows
        ),
        tuple(_reporting(tables, question, own)),
        tuple(_near_products(tables, question)),
        tuple(_near_partners(tables, question)),
        tuple(_totals(tables, question)),
        years_of(tables),
    )


def years_of(tables: Tables) -> tuple[int, ...]:
    """Years for which the release has flows."""
    found = {p for f in tables.files(contracts.BILATERAL_FLOWS) for p in f.parts if p.startswith("year=")}
    return tuple(sorted(int(p.removeprefix("year=")) for p in found))


def _reporting(tables: Tables, question: Question, own: frozenset[str]) -> list[Reporting]:
    rows = tables.select(
        contracts.REPORTED_FLOWS,
        """select reporter_code, flow_code, count(*) as rows, count(distinct partner_code) as partners,
               list_sort(list(distinct source)) as sources, sum(reported_value_usd) as value
           from t where frequency = $1 and period = $2 and reporter_code in ($3, $4) and flow_code in ('X', 'M')
             and list_contains($5, source)
           group by all""",
        [question.frequency, question.period, question.exporter.code, question.importer.code, sorted(own)],
        year=question.year,
    )
    found = {(r["reporter_code"], r["flow_code"]): r for r in rows}
    ends = ((question.exporter, (codes.EXPORT, codes.IMPORT)), (question.importer, (codes.IMPORT, codes.EXPORT)))
    return [_one(area.code, flow, found.get((area.code, flow))) for area, flows in ends for flow in flows]


def _one(area: str, flow: str, row: Row | None) -> Reporting:
    if row is None:
        return Reporting(area, flow, 0, 0, (), None)
    return Reporting(area, flow, row["rows"], row["partners"], tuple(row["sources"]), row["value"])


_NEAR = "select exporter_code, importer_code, classification, product_code, value_fob_usd"


def _near_products(tables: Tables, question: Question) -> list[Near]:
    """Products of the pair whose codes share the longest beginning with the one asked for, the largest first."""
    beginnings = [f"starts_with(product_code, '{question.prefix[:n]}')::int" for n in range(len(question.prefix), 1, -1)]
    likeness = " + ".join(beginnings) or "0::int"  # a bare 0 would name a column's place
    rows = tables.select(
        contracts.BILATERAL_FLOWS,
        f"""{_NEAR} from t where frequency = $1 and period = $2 and exporter_code = $3 and importer_code = $4
            order by basis = 'own' desc, {likeness} desc, value_fob_usd desc, classification desc, product_code limit {_SHOWN}""",
        [question.frequency, question.period, question.exporter.code, question.importer.code],
        year=question.year,
    )
    return [Near(**r) for r in rows]


def _near_partners(tables: Tables, question: Question) -> list[Near]:
    """Who else sells the product to the importer, and to whom else the exporter sells it: the largest of each."""
    found: list[Near] = []
    for one, other in (("exporter_code", question.exporter.code), ("importer_code", question.importer.code)):
        rows = tables.select(
            contracts.BILATERAL_FLOWS,
            f"""select exporter_code, importer_code, classification, min(product_code) as product_code, sum(value_fob_usd) as value_fob_usd
                from t where frequency = $1 and period = $2 and {one} = $3 and starts_with(product_code, $4)
                group by basis, exporter_code, importer_code, classification, product_level
                order by basis = 'own' desc, classification desc, value_fob_usd desc, exporter_code, importer_code limit {_SHOWN}""",
            [question.frequency, question.period, other, question.prefix],
            files=[f for b in question.buckets() for f in tables.files(contracts.BILATERAL_FLOWS, year=question.year, product_bucket=b)],
        )
        found += [Near(**{**r, "product_code": question.product}) for r in rows]
    return found


def _totals(tables: Tables, question: Question) -> list[Total]:
    """World rows of both areas for the product, and totals that either gives of the pair."""
    rows: Sequence[Row] = tables.select(
        contracts.CONTROL_TOTALS,
        """select control_kind as kind, source, reporter_code, partner_code, flow_code, classification, product_code,
               reported_value_usd as value_usd
           from t where frequency = $1 and period = $2 and flow_code in ('X', 'M') and control_kind in ('world', 'parent')
             and (reporter_code = $3 and partner_code in ('0', $4) or reporter_code = $4 and partner_code in ('0', $3))
             and (product_code = 'TOTAL' or starts_with($5, product_code))
           order by partner_code <> '0', reporter_code, flow_code, source, classification, product_code""",
        [question.frequency, question.period, question.exporter.code, question.importer.code, question.prefix],
        year=question.year,
    )
    return [Total(**r) for r in rows]
