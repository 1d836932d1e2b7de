"""The page of a flow that isn't there: what is known instead."""

from __future__ import annotations

from orchestration.cli.explain_page import SYNTHETIC
from orchestration.cli.explain_steps import LISTED, one_report
from orchestration.cli.figures import money, wrapped
from orchestration.cli.output import table_text
from orchestration.evidence.absent import Absence, Near
from orchestration.evidence.page import Nothing
from orchestration.evidence.question import Question


def absent_lines(page: Nothing) -> list[str]:
    """Who reports what, what lies nearest, and which totals stand."""
    asked, known = page.question, page.absence
    where = f"release {page.release_id}" if page.release_id else "the lake as it stands (no release yet)"
    edition = f" in {asked.classification}" if asked.classification else ""
    lines = wrapped(
        f"{asked.exporter.label} to {asked.importer.label}, {asked.product}, {asked.period}: no flow{edition} in {where}", indent=""
    )
    lines += [SYNTHETIC] if page.is_synthetic else []
    if page.strata:
        said = ", ".join(
            f"{s.classification} (basis {s.basis}, {s.product_level} digits): {money(s.value_fob_usd)} USD" for s in page.strata
        )
        lines += wrapped(f"it is there in {said}; leave --classification out", indent="")
    if asked.year not in known.years:
        held = f"{known.years[0]} to {known.years[-1]}" if known.years else "no year"
        lines += wrapped(f"The release has no flow of {asked.year} at all; it has {held}.", indent="")
    sections = (
        ("What either side reports", _reports(known)),
        ("Whether they report at all", _reporting(known, asked)),
        ("Nearest products of the pair", _near(page, known.products)),
        ("Other partners of the product", _near(page, known.partners)),
        ("Totals that stand", _totals(known)),
    )
    for heading, body in sections:
        lines += ["", heading, "-" * len(heading), *body]
    return lines


def _reports(known: Absence) -> list[str]:
    if not known.reports:
        return wrapped("neither side reports it, in any edition or as any kind of flow")
    lines = [line for report in known.reports[:LISTED] for line in one_report(report)]
    return lines + (wrapped(f"{len(known.reports) - LISTED:,} more; --json gives all") if len(known.reports) > LISTED else [])


def _reporting(known: Absence, asked: Question) -> list[str]:
    lines: list[str] = []
    names = {asked.exporter.code: asked.exporter.name, asked.importer.code: asked.importer.name}
    for r in known.reporting:
        what = "exports" if r.flow_code == "X" else "imports"
        if r.row_count:
            said = f"{r.row_count:,} rows on {r.partner_count:,} partners, {money(r.value_usd)} USD ({', '.join(r.sources)})"
        else:
            said = f"no report on a partner in {asked.period}"
        lines += wrapped(f"{names[r.area]}, {what}: {said}")
    return lines


def _near(page: Nothing, found: tuple[Near, ...]) -> list[str]:
    if not found:
        return wrapped("none")
    names = page.names
    rows = [
        (
            names.get(n.exporter_code, n.exporter_code),
            names.get(n.importer_code, n.importer_code),
            n.classification,
            n.product_code,
            money(n.value_fob_usd),
        )
        for n in found
    ]
    return table_text(("exporter", "importer", "in", "product", "value, USD"), rows, indent="  ", limit=20).splitlines()


def _totals(known: Absence) -> list[str]:
    if not known.totals:
        return wrapped("none: no row of World, and no parent of the product")
    rows = [
        (
            t.reporter_code,
            "World" if t.partner_code == "0" else t.partner_code,
            t.flow_code,
            t.classification,
            t.product_code,
            money(t.value_usd),
        )
        for t in known.totals[:LISTED]
    ]
    return table_text(("reporter", "partner", "flow", "edition", "product", "value, USD"), rows, indent="  ").splitlines()
