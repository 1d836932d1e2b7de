"""The reports of a flow as they came: each row of reported_flows, its file and line, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestration.evidence.files import File
from orchestration.evidence.flows import Flow
from orchestration.evidence.question import Question
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import codes
from transforms.contracts import lake as contracts

_BETWEEN = (
    "(reporter_code = $1 and partner_code = $2 and flow_code in ({x}) or reporter_code = $2 and partner_code = $1 and flow_code in ({m}))"
)
_EXPORTS = ("X", "RX", "DX", "XIP", "XOP")
_IMPORTS = ("M", "RM", "FM", "MIP", "MOP")


@dataclass(frozen=True)
class Report:
    """One row of reported_flows. ``fate`` is a key of words.FATES; ``line`` counts the header as 1."""

    side: str
    fate: str
    source: str
    source_release: str | None
    file_name: str
    member: str
    line: int
    snapshot_id: str
    flow_code: str
    classification: str
    product_code: str
    value_usd: Decimal | None
    valuation: str
    value_fob_usd: Decimal | None
    net_weight_kg: Decimal | None
    is_net_weight_estimated: bool | None
    quantity: Decimal | None
    quantity_unit_code: str | None
    currency_code: str | None
    usd_per_currency: float | None
    is_reported: bool | None


def between(exports: Sequence[str] = _EXPORTS, imports: Sequence[str] = _IMPORTS) -> str:
    """SQL: rows of either side of a pair, $1 the exporter and $2 the importer."""
    return _BETWEEN.format(x=", ".join(f"'{c}'" for c in exports), m=", ".join(f"'{c}'" for c in imports))


def sources_of(tables: Tables, year: int) -> list[str]:
    """Sources whose reports the release holds for a year."""
    files = tables.files(contracts.REPORTED_FLOWS, year=year)
    return sorted({p.split("=", 1)[1] for f in files for p in f.parts if p.startswith("source=")})


def pair_reports(tables: Tables, question: Question) -> list[Row]:
    """Every reported row of the pair, period and products asked for, all editions, sources and kinds of flow."""
    return tables.select(
        contracts.REPORTED_FLOWS,
        f"""select * from t where {between()} and frequency = $3 and period = $4
            order by reporter_code = $1 desc, flow_code = 'X' desc, source, classification, product_code, snapshot_id, source_line""",
        [question.exporter.code, question.importer.code, question.frequency, question.period],
        year=question.year,
    )


def predecessors(weights: Sequence[Row], flow: Flow) -> set[tuple[str, str]]:
    """(edition, code) of reports that may be behind the flow: its own, and those that convert to it."""
    own = {(flow.stratum.classification, row["product_code"]) for row in flow.rows}
    return own | {(w["from_classification"], w["from_code"]) for w in weights}


def _fate(row: Row, flow: Flow, sides: Mapping[tuple[str, str], Row], behind: set[tuple[str, str]]) -> str:
    """What became of a row. ``sides``: (side, product) -> row of harmonised_flows."""
    if row["flow_code"] in (codes.RE_EXPORT, codes.RE_IMPORT):
        return "apart"
    if row["flow_code"] not in (codes.EXPORT, codes.IMPORT):
        return "other_flow"
    side = "exporter" if row["flow_code"] == codes.EXPORT else "importer"
    standing = [r for (s, _), r in sides.items() if s == side]
    edition = row["classification"], row["product_code"]
    if edition not in behind and not any(r["conversion"] in ("same_code", "unmapped") for r in standing):
        return "other_edition"
    if standing:
        return "behind" if any(r["source"] == row["source"] for r in standing) else "not_chosen"
    return "behind" if not sides and _is_snapshot_of(row, flow, side) else "not_chosen"


def _is_snapshot_of(row: Row, flow: Flow, side: str) -> bool:
    column = f"snapshot_{side}"
    said = {r[column] for r in flow.rows if r[column]}
    return not said or row["snapshot_id"] in said


def reports_of(
    rows: Sequence[Row], question: Question, flow: Flow, harmonised: Sequence[Row], weights: Sequence[Row], files: Mapping[str, File]
) -> list[Report]:
    """The reported ``rows`` of a flow with their files and fates: those asked for by code, and those that converted to it."""
    sides = {(r["side"], r["product_code"]): r for r in harmonised}
    behind = predecessors(weights, flow)
    found = []
    for row in rows:
        is_asked = row["product_code"].startswith(question.prefix)
        if is_asked or (row["classification"], row["product_code"]) in behind:
            found.append(as_report(row, question, _fate(row, flow, sides, behind), files))
    return sorted(found, key=lambda r: (r.side != "exporter", list(_FATE_ORDER).index(r.fate), r.product_code, r.source, r.line))


_FATE_ORDER = ("behind", "apart", "not_chosen", "superseded", "other_edition", "other_flow")


def as_report(row: Row, question: Question, fate: str, files: Mapping[str, File]) -> Report:
    """A row of reported_flows with its file's name and release."""
    file = files.get(row["snapshot_id"])
    return Report(
        side="exporter" if row["reporter_code"] == question.exporter.code else "importer",
        fate=fate,
        source=row["source"],
        source_release=file.source_release if file else None,
        file_name=file.file_name if file else row["snapshot_member"],
        member=row["snapshot_member"],
        line=row["source_line"],
        snapshot_id=row["snapshot_id"],
        flow_code=row["flow_code"],
        classification=row["classification"],
        product_code=row["product_code"],
        value_usd=row["reported_value_usd"],
        valuation=row["valuation"],
        **{name: row[name] for name in _COPIED},
    )


_COPIED = (
    "value_fob_usd", "net_weight_kg", "is_net_weight_estimated", "quantity", "quantity_unit_code", "currency_code", "usd_per_currency",
    "is_reported",
)  # fmt: skip
