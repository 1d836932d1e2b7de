"""Sections 2 to 6 of the page: reports, conversions, CIF, reporters, and the value with its formula filled in."""

from __future__ import annotations

import math

from orchestration.cli.figures import cell, money, number, pairs, wrapped, yes
from orchestration.cli.output import table_text
from orchestration.evidence import words
from orchestration.evidence.page import Page, Single
from orchestration.evidence.quality import Interval
from orchestration.evidence.rates import Rate
from orchestration.evidence.reports import Report

#: Reports listed; the others are counted.
LISTED = 12
#: Of a sum: the largest of each side.
OF_A_SUM = 4
PUBLISHED = "CEPII publishes the value alone, not what it was made of"


def report_lines(page: Page) -> list[str]:
    """Each row with its file and line; long lists are cut and counted."""
    if page.stratum.basis == "baci_published":
        lines = wrapped("CEPII publishes a reconciled value; these are its rows:") if page.reports else []
    else:
        lines = []
    if not page.reports:
        return lines + wrapped("no row of reported_flows is behind it")
    for side, who in (("exporter", page.question.exporter), ("importer", page.question.importer)):
        mine = [r for r in page.reports if r.side == side]
        limit = LISTED
        if page.sum is not None:
            mine, limit = sorted(mine, key=lambda r: (r.fate != "behind", -(r.value_usd or 0), r.product_code)), OF_A_SUM
        if not mine and page.stratum.basis == "baci_published":
            continue
        lines += wrapped(f"{who.name}, the {side}: {'' if mine else 'no report'}".rstrip())
        for report in mine[:limit]:
            lines += one_report(report)
        if len(mine) > limit:
            lines += wrapped(f"{len(mine) - limit:,} more rows; --json gives all", indent="    ")
    return lines


def one_report(r: Report) -> list[str]:
    """A row of reported_flows in two or three lines: what it says, where it stands, what became of it."""
    release = f", release {r.source_release}" if r.source_release else ""
    member = "" if r.member == r.file_name else f" ({r.member})"
    what = f"{r.flow_code} {r.classification} {r.product_code}: {money(r.value_usd)} USD {r.valuation}"
    beside = []
    if r.value_fob_usd is not None:
        beside.append(f"its own FOB value {money(r.value_fob_usd)}")
    if r.net_weight_kg is not None:
        beside.append(f"{money(r.net_weight_kg)} kg{' (estimated)' if r.is_net_weight_estimated else ''}")
    if r.quantity is not None:
        beside.append(f"{money(r.quantity)} of unit {r.quantity_unit_code}")
    if r.currency_code:
        beside.append(f"from {r.currency_code} at {number(r.usd_per_currency, 8)}")
    if r.is_reported is False:
        beside.append("copied or built by the publisher")
    lines = wrapped(", ".join([what, *beside]), indent="      ", first="    ")
    lines += wrapped(
        f"{r.source}{release}, {r.file_name}{member}, line {r.line}, snapshot {r.snapshot_id}", indent="        ", first="      "
    )
    return lines + ([] if r.fate == "behind" else wrapped(f"[{words.FATES[r.fate]}]", indent="      "))


def conversion_lines(page: Page) -> list[str]:
    """Weights that led to the flow's code, and how each side's row was converted."""
    lines = []
    for c in page.conversions[:LISTED]:
        share = f"{number(c.value_weight, 6)} of value, {number(c.quantity_weight, 6)} of weight"
        seen = f", {c.observation_count} reporters" if c.observation_count else ""
        origin = f"{c.weight_origin} ({words.CONVERSIONS.get(c.weight_origin, c.weight_origin)}{seen})"
        lines += wrapped(f"{c.from_classification} {c.from_code} to {c.to_classification} {c.to_code}: {share}; {origin}")
    if len(page.conversions) > LISTED:
        lines += wrapped(f"{len(page.conversions) - LISTED:,} more; --json gives all")
    converted = [r for r in page.harmonised if r["conversion"]]
    for row in converted[:LISTED]:
        said = words.CONVERSIONS.get(row["conversion"], row["conversion"])
        value = f"{money(row['reported_value_usd'])} USD after it"
        lines += wrapped(f"the {row['side']}'s report on {row['product_code']}: {row['conversion']} ({said}), {value}")
    if not lines:
        lines = wrapped("none: the reports are in this edition")
    return lines + _unit_lines(page)


def _unit_lines(page: Page) -> list[str]:
    if page.single is None or page.single.row["net_weight_kg"] is None:
        return []
    row = page.single.row
    weight = f"net weight {money(row['net_weight_kg'])} kg"
    if not any(r["net_weight_kg"] for r in page.harmonised if r["net_weight_kg"] is not None) and page.harmonised:
        return wrapped(f"{weight}: no side reports a weight, it comes from a quantity by tonnes per unit; kept out of work on prices")
    return wrapped(f"{weight}{', a part of it estimated' if row['is_net_weight_estimated'] else ''}")


def rate_lines(page: Page) -> list[str]:
    """The CIF rate with its inputs; of a sum, what was taken off in all."""
    if page.stratum.basis == "baci_published":
        return wrapped(PUBLISHED)
    if page.single is None:
        return wrapped("differs by flow: ask for one product; what all importers' reports lose by it stands in the ledger below")
    rate, row = page.single.rate, page.single.row
    if row["value_importer_fob_usd"] is None:
        return wrapped("the importer gives no report: nothing was taken off")
    if rate.kind == "none":
        return wrapped(f"the importer's report isn't valued CIF: {money(row['value_importer_fob_usd'])} USD as it is")
    if rate.kind == "listed":
        return wrapped(f"none taken off: {words.MARKS['fob_importer']}")
    cif, fob = money(row["value_importer_cif_usd"]), money(row["value_importer_fob_usd"])
    is_wrong = page.single.computed.importer_agrees is False
    verdict = "; DOES NOT AGREE: the CIF value over this rate is another one" if is_wrong else ""
    lines = wrapped(f"{cif} USD CIF / {number(rate.factor, 8)} = {fob} USD FOB{verdict}")
    lines += wrapped(words.MARKS[f"cif_{rate.kind}"])
    return lines + (_equation(rate) if rate.kind in ("fitted", "published") else [])


def _equation(rate: Rate) -> list[str]:
    source = {"cepii": "CEPII's GeoDist", "great_circle": "great circle between main cities"}.get(rate.distance_source or "", "unknown")
    entries = [
        ("distance", f"{number(rate.distance_km, 6)} km ({source}); at least {number(rate.minimum_km)} in the equation"),
        ("land border", yes(rate.is_contiguous)),
        ("landlocked", f"exporter {yes(rate.is_landlocked_exporter)}, importer {yes(rate.is_landlocked_importer)}"),
        ("unit value", f"{number(rate.usd_per_kg, 6)} USD per kg, the product's usual one"),
    ]
    for name, value in rate.coefficients.items():
        error = rate.standard_errors.get(name)
        entries.append((name, number(value, 8) + (f" (standard error {number(error)})" if error is not None else "")))
    if rate.year_effect:
        entries.append(("year effect", number(rate.year_effect, 8)))
    lines = pairs(entries)
    if rate.computed_factor is None:
        return lines + wrapped("the release doesn't hold every input: the rate can't be computed anew here")
    verdict = "agrees" if rate.agrees else "DOES NOT AGREE with the row's"
    return lines + wrapped(f"exp of the equation, at least 1: {number(rate.computed_factor, 8)}, {verdict}")


def reporter_lines(page: Page) -> list[str]:
    """Sigmas with ranks, weights, and moves out of areas not specified."""
    if page.stratum.basis == "baci_published":
        return wrapped(PUBLISHED)
    lines: list[str] = []
    if page.single is not None:
        rows = []
        for reporter, who in zip(page.single.reporters, (page.question.exporter, page.question.importer), strict=True):
            rank = f"{reporter.rank} of {reporter.ranked}" if reporter.rank else "-"
            figures = (reporter.sigma, reporter.standard_error, reporter.reliability, reporter.symmetry_index)
            shown = [number(figure) for figure in figures]
            compared = "-" if reporter.flows_compared is None else reporter.flows_compared
            rows.append((who.name, reporter.role, *shown[:2], rank, compared, *shown[2:]))
        header = ("area", "as", "sigma", "error", "rank", "flows", "r", "SI")
        lines += table_text(header, rows, indent="  ", limit=20).splitlines()
        lines += wrapped("sigma: baci's, rank 1 the surest. r: growth_lab's reliability. SI: the OECD's symmetry index")
        lines += _weight(page.single)
        if all(r.sigma is None for r in page.single.reporters):
            lines += wrapped(_unjudged(page.single))
    else:
        lines += wrapped("sigmas and weights are those of the pair's flows: ask for one product")
    for move in page.moves[:LISTED]:
        kind = (
            "added to the exporter's report"
            if move["nes_move"] == "to_partner"
            else "taken off its exports there, since it doesn't name this importer, whose report explains them"
        )
        other = f" ({move['importer_code']})" if page.question.importer.code == "899" else ""
        lines += wrapped(f"from areas not specified, {move['product_code']}{other}: {money(move['moved_fob_usd'])} USD, {kind}")
    return lines


def _unjudged(single: Single) -> str:
    """Why no reporter of the year has a figure."""
    if not single.has_estimates:
        return "no sigma: nothing was estimated for this release, or its method needs no estimates"
    few = "too few flows of the year have two reports"
    return f"nothing was estimated: {few if single.row['evidence'] == 'both' else 'no flow of the year has two reports'}"


def _weight(single: Single) -> list[str]:
    """The weight, and what the method's formula gives from the figures above."""
    row, computed = single.row, single.computed_weight
    lines = wrapped(f"weight of the exporter's report: {number(row['weight_exporter'], 10)}")
    if computed is None:
        return lines
    formula = words.FORMULAS.get(row["method"])
    if formula is None:
        return lines
    if row["weight_exporter"] in (0.0, 1.0) and abs(computed - row["weight_exporter"]) > 1e-6:
        return lines + wrapped(f"by {formula} it would be {number(computed, 10)}: the pair isn't averaged, see its marks")
    verdict = "" if math.isclose(computed, row["weight_exporter"], abs_tol=1e-12) else f"; DOES NOT AGREE: {number(computed, 10)}"
    return lines + wrapped(f"= {formula}{verdict}")


def value_lines(page: Page) -> list[str]:
    """The formula of the value with its numbers, or the sums of both sides."""
    if page.single is None:
        return _sum_lines(page)
    single = page.single
    row, computed = single.row, single.computed
    if row["evidence"] == "published":
        return wrapped("as published: there is nothing to compute")
    lines = _exporter_steps(single)
    if computed.value_usd is None:
        return lines + wrapped("the row doesn't hold what its value was made of")
    one, other, w = money(computed.exporter_usd), money(computed.importer_usd), computed.weight_exporter or 0.0
    if row["evidence"] == "both":
        lines += wrapped(f"w x + (1 - w) m = {number(w, 10)} x {one} + {number(1 - w, 10)} x {other}", indent="    ", first="  ")
    lines += wrapped(f"= {money(computed.value_usd)} USD")
    if computed.agrees is None:
        return lines + wrapped(f"then brought to the pair's total: {money(row['value_fob_usd'])} USD in the tables")
    return lines + ([] if computed.agrees else wrapped(f"DOES NOT AGREE with the tables, which hold {money(row['value_fob_usd'])} USD"))


def _exporter_steps(single: Single) -> list[str]:
    row = single.row
    steps = []
    if "re_exports_apart" in (row["method_marks"] or ""):
        steps.append(f"less re-exports {money(row['re_export_fob_usd'])}")
    if row["nes_received_fob_usd"] is not None:
        steps.append(f"plus {money(row['nes_received_fob_usd'])} from areas not specified")
    if not steps:
        return []
    return wrapped(f"exporter: {money(row['value_exporter_fob_usd'])} {', '.join(steps)} = {money(single.computed.exporter_usd)} USD")


def _sum_lines(page: Page) -> list[str]:
    found = page.sum
    assert found is not None
    entries = []
    if page.stratum.basis != "baci_published":
        entries = [
            ("exporter's reports", f"{money(found.value_exporter_fob_usd)} USD FOB"),
            ("importer's reports", f"{money(found.value_importer_fob_usd)} USD, FOB after CIF was taken off"),
        ]
    if found.value_two_sided_usd is not None:
        entries.append(("both report", f"{money(found.two_sided_exporter_usd)} against {money(found.two_sided_importer_usd)}"))
        entries.append(("", f"reconciled: {money(found.value_two_sided_usd)} USD"))
    rows = []
    for c in found.largest:
        sides = (cell(c.value_exporter_fob_usd), cell(c.value_importer_fob_usd))
        weight = "" if c.weight_exporter is None else number(c.weight_exporter)
        rows.append((c.product_code, money(c.value_fob_usd), *sides, weight))
    lines = [*pairs(entries), "", f"  The largest of {sum(found.by_evidence.values()):,}, USD FOB:"]
    lines += table_text(("product", "value", "exporter", "importer", "weight"), rows, indent="  ").splitlines()
    return lines + [line for c in found.largest if c.description for line in wrapped(f"{c.product_code}: {c.description[:60]}")]


def interval_lines(page: Page) -> list[str]:
    """The interval's formula with its numbers."""
    interval = page.single.interval if page.single else None
    if interval is None:
        return (
            []
            if page.single is None or page.stratum.basis == "baci_published"
            else wrapped("no interval: nothing was estimated for it, or the value isn't above zero")
        )
    return _interval(interval, page)


def _interval(i: Interval, page: Page) -> list[str]:
    value = money(page.value_fob_usd)
    lines = wrapped(f"interval: {value} x exp(-+{number(i.half_width, 6)}) = {money(i.low_usd)} to {money(i.high_usd)} USD")
    lines += wrapped(
        f"{number(i.quantile)} x sqrt(ln(1 + CV^2)), CV^2 = w^2 f(s_i) + (1 - w)^2 (f(s_j) + v) = {number(i.squared_variation, 6)}"
    )
    variances = (i.variance_exporter, i.variance_importer, i.variance_rate)
    one, other, rate = (number(v, 6) for v in variances)
    lines += wrapped(f"f(s) = exp(s^2) (exp(s^2) - 1); s_i^2 = {one}, s_j^2 = {other}, v (of ln of the CIF rate) = {rate}")
    if i.squared_variation is None:
        return lines + wrapped("the release doesn't hold every variance: the interval can't be computed anew here")
    if i.agrees is None:
        return lines + wrapped("both ends were brought to the pair's total with the value: one flow can't show whether they agree")
    return lines + ([] if i.agrees else wrapped("DOES NOT AGREE: these variances give another interval"))
