"""The reports of a flow as they came: each row of reported_flows, its file and line, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orchestration.evidence.files import File
from orchestration.evidence.flows import Flow, Stratum
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


def reported_rows(tables: Tables, question: Question) -> list[Row]:
    """Every reported row of the pair, period and products asked for, all editions, sources and kinds of flow."""
    return tables.select(
        contracts.REPORTED_FLOWS,
        f"""select * from t where {between()} and frequency = $3 and period = $4
            order by reporter_code = $1 desc, flow_code = 'X' desc, source, classification, product_code, snapshot_id, source_line""",
        [question.exporter.code, question.importer.code, question.frequency, question.period],
        year=question.year,
    )


@dataclass(frozen=True)
class Behind:
    """What decides a row's fate: the sides' rows in harmonised_flows, and the codes of other editions that lead to theirs.

    ``leads`` are (edition, code, code of the stratum); ``mapped`` are (edition, code) of which the weights know where they go.
    """

    stratum: Stratum
    harmonised: tuple[Row, ...]
    leads: frozenset[tuple[str, str, str]]
    mapped: frozenset[tuple[str, str]]
    #: sources whose rows are on the stratum's basis; of others, none is behind the flow
    sources: frozenset[str]

    def standing(self, row: Row) -> list[Row]:
        """The side's harmonised rows that the reported ``row`` went into, whatever its source."""
        side = "exporter" if row["flow_code"] == codes.EXPORT else "importer"
        mine = [r for r in self.harmonised if r["side"] == side]
        edition, code = row["classification"], row["product_code"]
        if edition == self.stratum.classification:
            return [r for r in mine if r["conversion"] is None and code in (r["product_code"], r["product_code"].rstrip("X"))]
        return [r for r in mine if r["conversion"] is not None and self._is_converted(r, edition, code)]

    def _is_converted(self, row: Row, edition: str, code: str) -> bool:
        if row["conversion"] == "unmapped":
            return (edition, code) not in self.mapped and code.startswith(row["product_code"].rstrip("X"))
        if row["conversion"] == "same_code" and row["product_code"] == code:
            return True
        return (edition, code, row["product_code"]) in self.leads


def _fate(row: Row, behind: Behind) -> str:
    """What became of a row, a key of words.FATES."""
    if row["source"] not in behind.sources:
        return "other_basis"
    if row["flow_code"] in (codes.RE_EXPORT, codes.RE_IMPORT):
        return "apart"
    if row["flow_code"] not in (codes.EXPORT, codes.IMPORT):
        return "other_flow"
    standing = behind.standing(row)
    if standing:
        return "behind" if any(r["source"] == row["source"] for r in standing) else "not_chosen"
    is_own = row["classification"] == behind.stratum.classification
    return ("not_chosen" if behind.harmonised else "behind") if is_own else "other_edition"


def reports_of(rows: Sequence[Row], question: Question, behind: Behind, files: Mapping[str, File]) -> list[Report]:
    """The reported ``rows`` of a flow with their files and fates: those asked for by code, and those that converted to it."""
    wanted = [r for r in rows if r["product_code"].startswith(question.prefix) or behind.standing(r)]
    found = [as_report(r, question, _fate(r, behind), files) for r in wanted]
    return sorted(found, key=lambda r: (r.side != "exporter", _FATE_ORDER.index(r.fate), r.product_code, r.source, r.line))


def parents_of(tables: Tables, question: Question, flow: Flow, files: Mapping[str, File]) -> list[Report]:
    """Totals of residual flows: parents of whose value the products below leave a part unsaid."""
    stems = sorted({r["product_code"].rstrip("X") for r in flow.rows if r["is_residual"]})
    if not stems:
        return []
    rows = tables.select(
        contracts.CONTROL_TOTALS,
        f"""select * from t where {between(("X",), ("M",))} and frequency = $3 and period = $4 and control_kind = 'parent'
              and classification = $5 and list_contains($6, if(product_code = 'TOTAL', '', product_code))
            order by source, product_code, source_line""",
        [question.exporter.code, question.importer.code, question.frequency, question.period, flow.stratum.classification, stems],
        year=question.year,
    )
    return [as_report(r, question, "parent", files) for r in rows]


_FATE_ORDER = ("behind", "parent", "apart", "not_chosen", "superseded", "other_edition", "other_basis", "other_flow", "moved")


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
