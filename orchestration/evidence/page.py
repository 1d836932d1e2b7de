"""All that `entrepot explain` shows of a flow, gathered once: the command prints it, --json gives it whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from orchestration.evidence import alternatives as choices
from orchestration.evidence import conversions, estimates, history, ledger, quality, rates, reports
from orchestration.evidence.absent import Absence, absence
from orchestration.evidence.files import File, known_files
from orchestration.evidence.flows import Flow, Stratum, bucket_files, find_flow, strata, stratum_rows, total
from orchestration.evidence.question import Question, known_areas
from orchestration.evidence.recompute import Recomputed, agreement, recompute
from orchestration.evidence.superseded import superseded_reports
from orchestration.evidence.tables import Row, Tables
from transforms.contracts import lake as contracts
from transforms.core.reconciling.fob import cif_rule
from transforms.settings import Settings

#: Rows of a sum that are listed.
LARGEST = 10


@dataclass(frozen=True)
class Contribution:
    """One flow of a sum."""

    product_code: str
    description: str | None
    value_fob_usd: Decimal
    value_exporter_fob_usd: Decimal | None
    value_importer_fob_usd: Decimal | None
    weight_exporter: float | None
    evidence: str
    method_marks: str | None


@dataclass(frozen=True)
class Sum:
    """A sum over the products below a code: sides are summed where they report, ``value_two_sided_usd`` where both do."""

    by_evidence: dict[str, int]
    value_exporter_fob_usd: Decimal | None
    value_importer_fob_usd: Decimal | None
    value_two_sided_usd: Decimal | None
    two_sided_exporter_usd: Decimal | None
    two_sided_importer_usd: Decimal | None
    largest: tuple[Contribution, ...]


@dataclass(frozen=True)
class Single:
    """One product's flow: its row of bilateral_flows, and the steps from the reports to it."""

    row: Row
    computed: Recomputed
    rate: rates.Rate
    #: weight of the exporter's report by the row's method, from the pinned parameters; a pair that no method averages has another one
    computed_weight: float | None
    #: whether the release has a parameter set of the year, of which ``reporters`` may be empty: a year without mirrors
    has_estimates: bool
    reporters: tuple[quality.Reporter, ...]
    interval: quality.Interval | None


@dataclass(frozen=True)
class Page:
    """The evidence of an answer. ``agreement``: flows whose recomputed value agrees, doesn't, can't be said from the row alone."""

    question: Question
    release_id: str | None
    is_synthetic: bool
    settings: dict[str, Any]
    description: str | None
    stratum: Stratum
    other_strata: tuple[Stratum, ...]
    value_fob_usd: Decimal
    methods: tuple[str, ...]
    single: Single | None
    sum: Sum | None
    agreement: tuple[int, int, int]
    reports: tuple[reports.Report, ...]
    harmonised: tuple[Row, ...]
    conversions: tuple[conversions.Conversion, ...]
    moves: tuple[Row, ...]
    alternatives: tuple[choices.Alternative, ...]
    ledger: tuple[ledger.Line, ...]
    past: tuple[history.Past, ...]
    change: history.Change | None


@dataclass(frozen=True)
class Nothing:
    """The page of a flow that isn't there; ``strata`` hold it in editions that weren't asked for."""

    question: Question
    release_id: str | None
    is_synthetic: bool
    strata: tuple[Stratum, ...]
    absence: Absence
    names: dict[str, str]


def gather(settings: Settings, tables: Tables, question: Question) -> Page | Nothing:
    """The evidence behind the answer, or what there is instead of one."""
    flow, files = find_flow(tables, question), known_files(tables)
    if flow is None:
        held = tuple(strata(tables, question))
        names = {a["area_code"]: a["area_name"] for a in known_areas(tables)}
        is_synthetic = bool(tables.content.get("is_synthetic"))
        own = sources_on(settings, tables, question, "own")
        return Nothing(question, tables.release_id, is_synthetic, held, *_absence(tables, question, files, names, own))
    return _page(settings, tables, question, flow, files)


def _absence(
    tables: Tables, question: Question, files: Mapping[str, File], names: dict[str, str], own: frozenset[str]
) -> tuple[Absence, dict[str, str]]:
    """What there is instead, and the names of the areas in it."""
    found = absence(tables, question, files, own)
    near = (*found.products, *found.partners)
    named = {code for n in near for code in (n.exporter_code, n.importer_code)} | {r.area for r in found.reporting}
    return found, {code: names[code] for code in sorted(named, key=int) if code in names}


def _page(settings: Settings, tables: Tables, question: Question, flow: Flow, files: Mapping[str, File]) -> Page:
    harmonised = stratum_rows(tables, contracts.HARMONISED_FLOWS, question, flow.stratum)
    weights = conversions.conversion_rows(tables, flow)
    raw = reports.reported_rows(tables, question)
    leads = frozenset((w["from_classification"], w["from_code"], w["to_code"]) for w in weights)
    mapped = conversions.mapped_codes(tables, flow.stratum.classification, raw)
    behind = reports.Behind(flow.stratum, tuple(harmonised), leads, mapped, sources_on(settings, tables, question, flow.stratum.basis))
    came = reports.reports_of(raw, question, behind, files) + reports.parents_of(tables, question, flow, files)
    if not flow.is_sum:
        asked = [r for r in raw if r["product_code"].startswith(question.prefix)]
        came += superseded_reports(settings, question, asked, files)
    moves = nes_moves(tables, question, flow)
    given = choices.given_out(moves) if question.importer.code == "899" else {}
    sources = {(r["side"], r["product_code"]): r["source"] for r in harmonised}
    computed = [recompute(row, given.get(row["product_code"], 0)) for row in flow.rows]
    past = history.past_values(settings, tables, question, flow.stratum)
    of_pair = choices.pair_weights(tables, question, flow.stratum)
    lines = ledger.ledger_rows(tables, question, sorted({r.source for r in came if r.fate != "other_basis"} | set(sources.values())))
    return Page(
        question=question,
        release_id=tables.release_id,
        is_synthetic=bool(tables.content.get("is_synthetic")),
        settings=dict(tables.content.get("settings", {})),
        description=description_of(tables, flow.stratum.classification, question.product),
        stratum=flow.stratum,
        other_strata=flow.others,
        value_fob_usd=total([r["value_fob_usd"] for r in flow.rows]) or Decimal(0),
        methods=tuple(sorted({r["method"] for r in flow.rows})),
        single=None if flow.is_sum else _single(settings, tables, question, flow, computed[0]),
        sum=_sum(tables, flow, given) if flow.is_sum else None,
        agreement=agreement(computed),
        reports=tuple(came),
        harmonised=tuple(harmonised),
        conversions=tuple(conversions.used(weights, [r for r in raw if behind.standing(r)])),
        moves=tuple(moves),
        alternatives=tuple(choices.alternatives(flow.rows, of_pair, given)),
        ledger=tuple(ledger.lines_of(lines, ledger.own_parts(flow.rows, given, sources))),
        past=tuple(past),
        change=history.last_change(settings, past),
    )


def sources_on(settings: Settings, tables: Tables, question: Question, basis: str) -> frozenset[str]:
    """Sources of the year whose values are on a basis: reports (own), or reconciled elsewhere."""
    return frozenset(s for s in reports.sources_of(tables, question.year) if settings.catalog.basis_of(s) == basis)


def nes_moves(tables: Tables, question: Question, flow: Flow) -> list[Row]:
    """Moves of the exporter's reports on areas not specified that bear on the flow: into it, or (exports to 899) out of it."""
    parameters = [
        *(question.frequency, question.period, question.exporter.code, question.prefix),
        *(flow.stratum.basis, flow.stratum.classification, flow.stratum.product_level),
    ]
    into = ""
    if question.importer.code != "899":
        into = "and importer_code = $8"
        parameters.append(question.importer.code)
    return tables.select(
        contracts.NES_MOVE,
        f"""select * from t where frequency = $1 and period = $2 and exporter_code = $3 and starts_with(product_code, $4)
              and basis = $5 and classification = $6 and product_level = $7 {into}
            order by product_code, moved_fob_usd desc, importer_code, nes_move""",
        parameters,
        files=bucket_files(tables, contracts.NES_MOVE, question),
    )


def description_of(tables: Tables, classification: str, product: str) -> str | None:
    """Text of a product in its edition, else in the newest edition that has the code."""
    rows = tables.select(
        contracts.DIM_PRODUCT,
        """select product_description from t where product_code = $2 and product_description is not null
           order by classification = $1 desc, classification desc limit 1""",
        [classification, product],
    )
    return rows[0]["product_description"] if rows else None


def as_released(settings: Settings, tables: Tables) -> Settings:
    """The settings with the estimates' rules as the release was made by, which may have changed since."""
    said = tables.content.get("settings", {})
    there = {f.name: said[f.name] for f in fields(settings.estimate) if f.name in said}
    return replace(settings, estimate=replace(settings.estimate, **there))


def _single(settings: Settings, tables: Tables, question: Question, flow: Flow, computed: Recomputed) -> Single:
    (row,) = flow.rows
    ends = ("exporter", question.exporter.code), ("importer", question.importer.code)
    settings = as_released(settings, tables)
    known = estimates.read_parameters(tables, question.year)
    geography = estimates.pair_geography(tables, question.exporter.code, question.importer.code)
    rate = rates.rate_of(row, geography, known, cif_rule(settings))
    return Single(
        row,
        computed,
        rate,
        quality.weight_by(row["method"], row["exporter_code"], row["importer_code"], known) if row["evidence"] == "both" else None,
        known.fitted_on is not None,
        tuple(quality.reporter_of(role, area, row[f"sigma_{role}"], known) for role, area in ends),
        quality.interval_of(row, settings.estimate.interval_quantile, rate.log_variance, known),
    )


def _sum(tables: Tables, flow: Flow, given: Mapping[str, int]) -> Sum:
    one, other = choices.comparable_sides(flow.rows, given)
    largest = sorted(flow.rows, key=lambda r: (-r["value_fob_usd"], r["product_code"]))[:LARGEST]
    texts = _texts(tables, flow.stratum.classification, [r["product_code"] for r in largest])
    return Sum(
        dict(sorted(Counter(r["evidence"] for r in flow.rows).items())),
        total([r["value_exporter_fob_usd"] for r in flow.rows]),
        total([r["value_importer_fob_usd"] for r in flow.rows]),
        total([r["value_fob_usd"] for r in flow.rows if r["evidence"] == "both"]),
        one,
        other,
        tuple(
            Contribution(description=texts.get(r["product_code"]), **{n: r[n] for n in Contribution.__annotations__ if n != "description"})
            for r in largest
        ),
    )


def _texts(tables: Tables, classification: str, products: Sequence[str]) -> dict[str, str]:
    rows = tables.select(
        contracts.DIM_PRODUCT,
        "select product_code, product_description from t where classification = $1 and list_contains($2, product_code)",
        [classification, list(products)],
    )
    return {r["product_code"]: r["product_description"] for r in rows}
