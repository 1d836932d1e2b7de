"""docs/truth-test.md: what the driver found, as tables between two markers; what people wrote around them stays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from infra.truth.scores import SCORES, SIMPLE, Outcome, Share, best_simple, loses, size_of
from transforms.core.reconciling.methods import METHODS
from transforms.synthetic.truth import CIF_YEARS

PAGE = Path(__file__).parents[2] / "docs" / "truth-test.md"
BEGIN, END = "<!-- scores: written by python -m infra.truth --render -->", "<!-- end of scores -->"
WORLDS = {
    "a": "log-normal errors, reporters well apart",
    "b": "all reporters equally good",
    "c": "heavy tails, unit mistakes",
    "d": "both sides err together",
    "e": "biased exporters, hubs, consignment",
    "f": "products misclassified",
    "g": "reports missing, not at random",
    "h": "errors grow as flows shrink",
}
_TITLES = {
    "absolute_error": "Sum of |estimate - truth| over the sum of truth",
    "total_bias": "Bias of the world total",
    "log_error": "Mean |ln(estimate / truth)|",
}
_FORMATS = {"absolute_error": "{:.3f}", "total_bias": "{:+.3f}", "log_error": "{:.3f}"}
#: Behind a number of a method that is more than 1.1 times the best simple one.
LOST = " !"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] + ["--:"] * (len(head) - 1)), *map(_row, rows)]


def _score_table(outcomes: Sequence[Outcome], name: str) -> list[str]:
    """Methods side by side. The ratio is left out of biases: near zero it says nothing."""
    has_ratio = name != "total_bias"
    rows = []
    for found in outcomes:
        best = min(size_of(score, name) for score in found.scores.values())
        cells = [_score(found, name, method, best) for method in METHODS]
        ratio = size_of(found.scores["baci"], name) / best_simple(found.scores, name)
        rows.append([f"{found.kind} {WORLDS[found.kind]}", *cells, *([f"{ratio:.3f}"] if has_ratio else [])])
    head = ["world", *(f"`{m}`" for m in METHODS), *(["`baci` / best simple"] if has_ratio else [])]
    return [f"### {_TITLES[name]}", "", *_table(head, rows), ""]


def _score(found: Outcome, name: str, method: str, best: float) -> str:
    """One number: bold where none is nearer to the truth, marked where a simple method is by a tenth."""
    number = _FORMATS[name].format(getattr(found.scores[method], name))
    if size_of(found.scores[method], name) == best:
        return f"**{number}**"
    return number + (LOST if method not in SIMPLE and loses(found.scores, name, method) else "")


def _percent(share: Share) -> str:
    return f"{100 * share.value:.1f} %" if share.cases else "-"


def _least(numbers: Sequence[float]) -> str:
    """The least of the years'; - where all reporters are equal."""
    return "-" if any(math.isnan(n) for n in numbers) else f"{min(numbers):.3f}"


def _recovered(outcomes: Sequence[Outcome]) -> list[str]:
    rows = [
        [
            f"{o.kind} {WORLDS[o.kind]}",
            _percent(o.covered),
            _percent(o.covered_two_sided),
            *(_least(side) for side in zip(*o.ranking, strict=True)),
            *(f"{share.hits} of {share.cases}" if share.cases else "-" for share in (o.recalled, o.precise, o.resolved)),
        ]
        for o in outcomes
    ]
    head = ["world", "interval holds the truth", "two-sided flows", "ranking of exporters", "of importers"]
    head += ["unit mistakes marked", "marks right", "right report taken"]
    return ["### What comes back", "", *_table(head, rows), ""]


def _coefficients(outcome: Outcome) -> list[str]:
    """Planted, then what each year's fit gave and how many standard errors off that is."""
    by_name = list(zip(*outcome.coefficients, strict=True))
    rows = [[c[0].name, f"{c[0].planted:.3f}", *(f"{y.fitted:.4f} ({y.distance:+.1f})" for y in c)] for c in by_name]
    head = ["coefficient", "planted", *(f"year {n + 1}" for n in range(len(outcome.coefficients)))]
    note = "Fitted, and in brackets how many standard errors that is from what was planted. The years add "
    note += f"{', '.join(f'{y:g}' for y in CIF_YEARS)} to the constant."
    return [f"### The CIF equation in world {outcome.kind}", "", note, "", *_table(head, rows), ""]


def rendered(outcomes: Sequence[Outcome]) -> str:
    """The tables, without the markers."""
    lines = [line for name in SCORES for line in _score_table(outcomes, name)]
    lines += _recovered(outcomes)
    lines += [line for found in outcomes if found.kind == "a" for line in _coefficients(found)]
    return "\n".join(lines)


def score_rows(text: str, kind: str) -> list[str]:
    """The lines of tables that speak of a world."""
    return [line for line in text.splitlines() if line.startswith(f"| {kind} ")]


def _cut(page: str) -> tuple[str, str, str]:
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page has not one line '{BEGIN}' and one '{END}'")
    before, rest = page.split(BEGIN)
    tables, after = rest.split(END)
    return before, tables.strip("\n"), after


def between(page: str) -> str:
    """The part of the page that is written by the driver. ValueError without both markers."""
    return _cut(page)[1]


def replaced(page: str, tables: str) -> str:
    """The page with new tables."""
    before, _, after = _cut(page)
    return f"{before}{BEGIN}\n\n{tables.strip(chr(10))}\n\n{END}{after}"
