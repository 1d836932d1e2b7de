"""The quality page: one self-contained HTML file from check results. No script, font or style from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from transforms.contracts.records import CheckResult

#: Rows of the history that the page shows, newest first.
HISTORY_ROWS = 30
#: A sample is cut here; the whole stands in ops/check_result.
SAMPLE_CHARACTERS = 1_500

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1a; --paper: #fbfaf7; --line: #d9d5cb; --faint: #6b675e;
  --good: #1f6f43; --bad: #a62b1f; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e5de; --paper: #171715; --line: #3a3832; --faint: #a09b8f;
  --good: #7cc79a; --bad: #f08b7d; --warn: #e3b35c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
.passed { color: var(--good); } .failed { color: var(--bad); font-weight: 600; } .warning { color: var(--warn); font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; color: var(--faint); margin: .3rem 0; }
details > summary { cursor: pointer; } .wide { overflow-x: auto; }
"""


def _state(result: CheckResult) -> str:
    if result.is_passed:
        return "passed"
    return "failed" if result.severity == "error" else "warning"


def _check(result: CheckResult) -> str:
    column = f" <code>{escape(result.column_name)}</code>" if result.column_name else ""
    return f"{escape(result.check_name)}{column}"


def _sample(text: str | None) -> str:
    if not text:
        return ""
    cut = text if len(text) <= SAMPLE_CHARACTERS else text[:SAMPLE_CHARACTERS] + " ..."
    return f"<details><summary>failing rows</summary><pre>{escape(cut)}</pre></details>"


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _table(header: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _marked(state: str, text: str) -> str:
    return f'<span class="{state}">{escape(text)}</span>'


def _not_passed(results: Sequence[CheckResult]) -> str:
    rows = [
        _cells(
            _marked(_state(r), _state(r)),
            escape(r.table_name),
            escape(r.partition_key),
            _check(r),
            escape(r.observed or ""),
            escape(r.expected or "") + _sample(r.sample),
        )
        for r in sorted(results, key=lambda r: (r.severity, r.table_name, r.partition_key, r.check_name, r.column_name or ""))
        if not r.is_passed
    ]
    if not rows:
        return "<p>Every check passed.</p>" if results else "<p>No check has run.</p>"
    return _table(("state", "table", "partition", "check", "found", "expected"), rows)


def _by_table(results: Sequence[CheckResult]) -> str:
    parts = []
    for name, members in groupby(sorted(results, key=lambda r: r.table_name), key=lambda r: r.table_name):
        of_table = list(members)
        partitions = len({r.partition_key for r in of_table})
        failed = sum(_state(r) == "failed" for r in of_table)
        warned = sum(_state(r) == "warning" for r in of_table)
        state = "failed" if failed else "warning" if warned else "passed"
        checks: dict[tuple[str, str], list[CheckResult]] = {}
        for r in of_table:
            checks.setdefault((r.check_name, r.column_name or ""), []).append(r)
        rows = []
        for members_of_check in checks.values():
            passed = sum(r.is_passed for r in members_of_check)
            first = members_of_check[0]
            worst = next((_state(r) for r in members_of_check if not r.is_passed), "passed")
            rows.append(
                _cells(
                    _check(first),
                    escape(first.expected or ""),
                    escape(first.severity),
                    _marked(worst, f"{passed} of {len(members_of_check)} partitions"),
                )
            )
        summary = (
            f"{escape(name)}: {_marked(state, f'{len(of_table) - failed - warned} of {len(of_table)} passed')}, {partitions} partitions"
        )
        parts.append(
            f"<details{' open' if failed else ''}><summary>{summary}</summary>"
            f"{_table(('check', 'expected', 'severity', 'passed'), rows)}</details>"
        )
    return "".join(parts)


def _history(history: Sequence[tuple[str, CheckResult]]) -> str:
    runs: dict[str, list[CheckResult]] = {}
    for run_id, result in history:
        runs.setdefault(run_id, []).append(result)
    rows = []
    for run_id in sorted(runs, reverse=True)[:HISTORY_ROWS]:
        states = [_state(r) for r in runs[run_id]]
        failed, warned = states.count("failed"), states.count("warning")
        state = "failed" if failed else "warning" if warned else "passed"
        rows.append(_cells(f"<code>{escape(run_id)}</code>", _marked(state, state), str(len(states)), str(failed), str(warned)))
    return _table(("run", "state", "checks", "failed", "warnings"), rows) if rows else "<p>No earlier run.</p>"


def quality_page(results: Sequence[CheckResult], history: Sequence[tuple[str, CheckResult]], title: str) -> str:
    """HTML of this run's ``results`` and of earlier runs: ``history`` is (run_id, result), run ids sorting by time.

    Every text is escaped: samples hold what source files said.
    """
    failed = sum(_state(r) == "failed" for r in results)
    warned = sum(_state(r) == "warning" for r in results)
    passed = len(results) - failed - warned
    counts = f"{_marked('passed', f'{passed} passed')}, {_marked('failed', f'{failed} failed')}, {_marked('warning', f'{warned} warnings')}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1><p>{counts}. An error blocks publication; a warning informs.</p>"
        f"<h2>Not passed</h2>{_not_passed(results)}<h2>All checks</h2>{_by_table(results)}"
        f"<h2>Runs</h2>{_history(history)}</body></html>\n"
    )
