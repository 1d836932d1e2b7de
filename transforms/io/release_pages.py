"""The start page and the data dictionary of a release; the caller brings the quality page.

Self-contained HTML: no script, font or style from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from transforms.contracts.dictionary import dictionary_html
from transforms.io.answers import answers

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1a; --paper: #fbfaf7; --line: #d9d5cb; --faint: #6b675e; --warn: #8a5a00; --accent: #1d4f73; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e5de; --paper: #171715; --line: #3a3832; --faint: #a09b8f; --warn: #e3b35c; --accent: #8dbfe3; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .2rem; } a { color: var(--accent); }
p.definition { color: var(--faint); margin: 0 0 .6rem; max-width: 60rem; }
.wide, pre { overflow-x: auto; } pre { font-size: 12px; color: var(--faint); } summary { cursor: pointer; color: var(--faint); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; } th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.banner { border: 2px solid var(--warn); color: var(--warn); padding: .5rem .8rem; font-weight: 600; }
"""
SYNTHETIC = "SYNTHETIC: a made-up world. Names are real, numbers are not; cite none of them."


def _is_number(text: str) -> bool:
    return text.removesuffix(" %").lstrip("-").replace(".", "", 1).isdigit()


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numeric: frozenset[str] = frozenset()) -> str:
    head = "".join(f'<th scope="col"{" class=n" if h in numeric else ""}>{escape(h)}</th>' for h in header)
    body = []
    for row in rows:
        cells = (f'<td class="n">{escape(c)}</td>' if h in numeric else f"<td>{escape(c)}</td>" for h, c in zip(header, row, strict=True))
        body.append("<tr>" + "".join(cells) + "</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _page(title: str, body: str, *, is_synthetic: bool) -> str:
    banner = f'<p class="banner">{SYNTHETIC}</p>' if is_synthetic else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{banner}<h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


def _dictionary(content: Mapping[str, Any]) -> str:
    note = SYNTHETIC if content.get("is_synthetic") else ""
    return dictionary_html(f"Data dictionary of release {content['release_id']}", note)


def _start(connection: Any, content: Mapping[str, Any], run: Mapping[str, Any], home_area: str) -> str:
    method = content["settings"]["method"]
    state = "partial: a source kept an older version; quality says which" if content.get("is_partial") else "complete"
    body = (
        f"<p>Published {escape(str(run['published_at']))}; reconciled by {escape(method)}; {state}; "
        f"contract {content['contract_version']}. "
        '<a href="../dictionary.html">Every column: meaning, unit, valuation</a>. <a href="../quality/index.html">Every check</a>.</p>'
    )
    for answer in answers(connection, home_area):
        numeric = frozenset(h for n, h in enumerate(answer.header) if h not in ("period", "product_code") and _is_number(answer.rows[0][n]))
        body += f'<h2>{escape(answer.title)}</h2><p class="definition">{escape(answer.definition)}</p>'
        body += _table(answer.header, answer.rows, numeric)
        body += f"<details><summary>SQL</summary><pre>{escape(answer.sql)}</pre></details>"
    tables = [
        (n, "" if t["rows"] is None else f"{t['rows']:,}", "beside the DuckDB file" if n in content["beside"] else "", t["grain"])
        for n, t in content["tables"].items()
    ]
    body += "<h2>Tables</h2>" + _table(("table", "rows", "where", "grain"), tables, frozenset({"rows"}))
    sources = [(s["file_name"], s["source"], s["source_release"] or "", s["licence"], s["attribution"]) for s in content["snapshots"]]
    body += "<h2>Sources</h2>" + _table(("file", "source", "release", "licence", "attribution"), sources)
    return _page(f"Entrepôt, release {content['release_id']}", body, is_synthetic=bool(content.get("is_synthetic")))


def render(folder: Path, content: Mapping[str, Any], run: Mapping[str, Any], home_area: str) -> dict[str, str]:
    """Relative path -> HTML of a release whose entrepot.duckdb stands in ``folder``. Opens it read-only."""
    import duckdb

    with duckdb.connect(str(folder / "entrepot.duckdb"), read_only=True) as connection:
        return {
            "dictionary.html": _dictionary(content),
            "site/index.html": _start(connection, content, run, home_area),
        }
