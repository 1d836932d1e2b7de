"""The page of `entrepot explain` as lines: the answer first, then each station of the way back to the files."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby

from orchestration.cli.explain_steps import conversion_lines, interval_lines, rate_lines, report_lines, reporter_lines, value_lines
from orchestration.cli.figures import cell, dollars, money, number, pairs, percent, wrapped
from orchestration.cli.output import table_text
from orchestration.evidence import words
from orchestration.evidence.flows import total
from orchestration.evidence.page import Page
from orchestration.evidence.recompute import FIXED
from transforms.contracts import codes

SYNTHETIC = "SYNTHETIC: a made-up world. Names are real, numbers are not."
_MARK = {True: "*", False: ""}


def page_lines(page: Page) -> list[str]:
    """The whole page; sections are numbered as in docs/explain.md."""
    sections = [
        ("1. The answer", _answer(page)),
        ("2. The reports as they came", report_lines(page)),
        ("3. Conversions", conversion_lines(page)),
        ("4. CIF to FOB", rate_lines(page)),
        ("5. Who reports, and how reliably", reporter_lines(page)),
        ("6. The value, filled in", [*value_lines(page), *interval_lines(page)]),
        ("7. What other methods give", _alternatives(page)),
        ("8. The ledger of the period", _ledger(page)),
        ("9. Through the releases", _history(page)),
    ]
    lines = _title(page)
    for heading, body in sections:
        lines += ["", heading, "-" * len(heading), *body]
    return lines


def _title(page: Page) -> list[str]:
    asked = page.question
    what = f"{asked.product} {page.description or ''}".strip()
    lines = wrapped(f"{asked.exporter.label} to {asked.importer.label}", indent="")
    lines += wrapped(f"{what}, {asked.period}", indent="")
    where = (
        f"release {page.release_id}" if page.release_id else "no release yet: the lake as it stands, which no gate has passed as a whole"
    )
    return lines + wrapped(where, indent="") + ([SYNTHETIC] if page.is_synthetic else [])


def _answer(page: Page) -> list[str]:
    s, single = page.stratum, page.single
    entries: list[tuple[str, str]] = [("value", f"{money(page.value_fob_usd)} USD, FOB")]
    if single is not None:
        row = single.row
        if row["value_low_usd"] is not None:
            entries.append(("90 % interval", f"{money(row['value_low_usd'])} to {money(row['value_high_usd'])} USD"))
        entries.append(("evidence", words.EVIDENCE.get(row["evidence"], str(row["evidence"]))))
        if row["evidence_kind"]:
            entries.append(("", words.KINDS.get(row["evidence_kind"], str(row["evidence_kind"]))))
        entries += [("mark" if n == 0 else "", text) for n, text in enumerate(words.marks_of(row["method_marks"]))]
    elif page.sum is not None:
        entries.append(("a sum of", _counted(page.sum.by_evidence)))
    entries += [("method", f"{m}: {_method(m, page)}") for m in page.methods]
    entries.append(("tables", f"{s.classification}, {s.product_level} digits, basis {s.basis}"))
    if s.basis == "baci_published" and not any(o.basis == "own" for o in page.other_strata):
        entries.append(("", "on our own basis there is no such flow: no report that we hold speaks of it"))
    lines = pairs(entries) + _chosen_method(page) + _check(page)
    if page.other_strata:
        lines += ["", "  The same flow in other editions and bases (never to be added up):"]
        rows = [(o.basis, o.classification, o.product_level, o.flow_count, money(o.value_fob_usd)) for o in page.other_strata]
        lines += table_text(("basis", "edition", "digits", "flows", "value, USD"), rows, indent="  ").splitlines()
    return lines


def _has_two_reports(page: Page) -> bool:
    """Whether any flow of the page has."""
    kinds = page.sum.by_evidence if page.sum is not None else {page.single.row["evidence"]} if page.single is not None else ()
    return "both" in kinds


def _method(name: str, page: Page) -> str:
    """What a method does, as far as it had anything to weigh."""
    if page.stratum.basis == "own" and not _has_two_reports(page):
        return "nothing to weigh, the only report is taken whole"
    return words.METHODS.get(name, name)


def _counted(by_evidence: Mapping[str, int]) -> str:
    """'1 flow, which both sides report'; '3 flows: 2 that both sides report, 1 that the exporter alone reports'."""
    count = sum(by_evidence.values())
    said = {kind: words.OF_A_SUM.get(kind, kind) for kind in by_evidence}
    flows = "1 flow" if count == 1 else f"{count:,} flows"
    if len(by_evidence) == 1:
        return f"{flows}, {'which' if count == 1 else 'all of which'} {said[next(iter(by_evidence))]}"
    return f"{flows}: " + ", ".join(f"{n:,} that {said[kind]}" for kind, n in by_evidence.items())


def _chosen_method(page: Page) -> list[str]:
    asked = next((a for a in page.alternatives if a.method == page.question.method), None)
    if asked is None or asked.is_chosen:
        return []
    return wrapped(f"by {asked.method}: {money(asked.value_fob_usd)} USD (--method; the release's own is above)")


def _check(page: Page) -> list[str]:
    right, wrong, unsaid = page.agreement
    if wrong:
        return [
            "",
            *wrapped(
                f"DOES NOT AGREE: computed anew from the evidence, {wrong} of {right + wrong + unsaid} values differ (sections 4 and 6)"
            ),
        ]
    if right:
        more = f"; {unsaid} can't be said from a flow alone" if unsaid else ""
        return wrapped(f"computed anew from the evidence below: agrees to a thousandth of a dollar{more}")
    return []


def _alternatives(page: Page) -> list[str]:
    if not page.alternatives:
        return wrapped("none: the value was reconciled by its publisher, no reports stand behind it here")
    rows = []
    for a in page.alternatives:
        gap = None if a.value_fob_usd is None else a.value_fob_usd - page.value_fob_usd
        weight = "" if a.weight_exporter is None else number(a.weight_exporter)
        mark = f"{_MARK[a.is_chosen]}{'+' if a.is_before_rescaling else ''}"
        rows.append((mark, a.method, weight, cell(a.value_fob_usd), cell(gap), percent(gap, page.value_fob_usd)))
    lines = table_text(("", "method", "weight", "value, USD", "less ours", "share"), rows, indent="  ").splitlines()
    which = " where both sides report" if _has_two_reports(page) else "; there is no second one, and every method takes it whole"
    lines += wrapped(f"*: the method of the release. weight: of the exporter's report{which}")
    if any(a.is_before_rescaling for a in page.alternatives):
        lines += wrapped("+: before products are brought to their pair's total, which a flow alone can't show")
    if any(a.value_fob_usd is None and a.method not in FIXED for a in page.alternatives):
        lines += wrapped("empty: its estimates aren't in the release, or it takes one report whole and the row doesn't say which")
    return lines


def _ledger(page: Page) -> list[str]:
    touching = [x for x in page.ledger if x.own_usd is not None or x.reason in ("in", "out") or _is_of_reports(page, x.reason)]
    if not touching:
        return wrapped("no line: the release's ledger doesn't speak of these sources in the period")
    rows: list[tuple[object, ...]] = []
    for key, lines_of in groupby(touching, key=lambda x: (x.stage, x.source)):
        rows.append((", ".join(key), "", "", ""))
        rows += [(f"- {x.reason}", x.row_count, dollars(x.value_usd), cell(x.own_usd)) for x in lines_of]
        # what the page has no word on, so that what came in is what went on and left
        rest = [x for x in page.ledger if (x.stage, x.source) == key and x not in touching]
        if rest:
            rows.append(("- other reasons", sum(x.row_count for x in rest), dollars(total([x.value_usd for x in rest])), ""))
    header = ("", "rows", "all flows, USD", "this flow, USD")
    reasons = [r for r in dict.fromkeys(x.reason for x in touching) if r not in ("in", "out")]
    lines = table_text(header, rows, indent="  ").splitlines()
    return lines + [line for r in reasons for line in wrapped(f"{r}: {words.REASONS.get(r, r)}", indent="    ", first="  ")]


def _is_of_reports(page: Page, reason: str) -> bool:
    """Whether a reported row of the flow left by this reason before reconciling."""
    fates = {r.fate for r in page.reports}
    if reason == "re_export":
        return any(r.flow_code in (codes.RE_EXPORT, codes.RE_IMPORT) for r in page.reports)
    return reason in ("not_chosen", "superseded") and reason in fates


def _history(page: Page) -> list[str]:
    if not page.past:
        return wrapped("no release holds it yet")
    rows, before = [], None
    for past in page.past:
        changed = "" if before is not None and past.value_fob_usd == before.value_fob_usd else "first kept" if before is None else "changed"
        rows.append((past.release_id, past.published_at[:10], past.method, cell(past.value_fob_usd), changed))
        before = past
    lines = table_text(("release", "published", "method", "value, USD", ""), rows, indent="  ").splitlines()
    change = page.change
    if change is None:
        return lines
    if change.before is None:
        return lines + wrapped(f"unchanged since {change.release_id}, the oldest release that is kept")
    gap = None if change.value_before_usd is None else page.past[-1].value_fob_usd
    less = f" by {money((gap or Decimal(0)) - change.value_before_usd)} USD" if change.value_before_usd is not None else ", where it is new"
    lines += wrapped(f"last changed in {change.release_id}{less}. Between {change.before} and it:")
    causes = change.causes or ("nothing that the manifests tell",)
    return lines + [line for cause in causes for line in wrapped(cause, indent="    ", first="  - ")]
