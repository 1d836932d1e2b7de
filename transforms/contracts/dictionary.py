"""The data dictionary for readers: every table, every column, as Markdown and as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from transforms.contracts import lake, marts
from transforms.contracts.arrow import sql_type
from transforms.contracts.columns import column
from transforms.contracts.model import Table

_HEADINGS = ("column", "type", "unit", "NULL", "meaning", "Comtrade", "BACI")


def _rows(table: Table) -> Iterable[tuple[str, ...]]:
    for name in table.columns:
        entry = column(name)
        unit = " ".join(p for p in (entry.unit, entry.valuation) if p)
        null = "never" if table.is_required(name) else "possible"
        yield name, sql_type(name), unit, null, entry.description, entry.comtrade or "", entry.baci or ""


def _sections() -> list[tuple[str, list[Table]]]:
    stored = list(lake.TABLES.values())
    return [
        (f"Marts (contract {marts.CONTRACT_VERSION})", list(marts.MARTS.values())),
        ("Lake", [t for t in stored if t.layer == "lake"]),
        ("Operations", [t for t in stored if t.layer == "ops"]),
    ]


def dictionary_markdown(mark: str) -> str:
    """All tables as Markdown; ``mark`` says that the file is generated."""
    lines = [f"<!-- {mark} -->", "# Data dictionary", ""]
    for title, tables in _sections():
        lines += [f"## {title}", ""]
        for table in tables:
            lines += [f"### {table.name}", "", table.grain, ""]
            lines += [f"Key: {', '.join(table.key)}.", ""] if table.key else []
            lines += ["| " + " | ".join(_HEADINGS) + " |", "|" + " --- |" * len(_HEADINGS)]
            lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in _rows(table)]
            lines.append("")
    return "\n".join(lines)


def dictionary_html(title: str, note: str = "") -> str:
    """The marts' dictionary as one HTML page without outside resources; ``note`` stands under the title."""
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(note)}</p>" if note else ""]
    for table in marts.MARTS.values():
        body.append(f'<h2 id="{table.name}">{table.name}</h2><p>{escape(table.grain)}</p>')
        body.append(f"<p>Key: {escape(', '.join(table.key))}.</p>" if table.key else "")
        head = "".join(f"<th>{h}</th>" for h in _HEADINGS)
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in _rows(table))
        body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    style = "body{font:15px/1.5 sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}table{border-collapse:collapse;width:100%}"
    style += (
        "td,th{border-bottom:1px solid #ccc;padding:.2rem .5rem;text-align:left;vertical-align:top}td:first-child{font-family:monospace}"
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'
