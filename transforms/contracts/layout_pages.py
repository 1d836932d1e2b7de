"""The list of layouts for readers: what kinds of files are known, by which columns, in which units; as Markdown."""

from __future__ import annotations

from transforms.contracts.layout import Layout, Source
from transforms.contracts.layouts import LAYOUTS, SOURCES

#: So many of a layout's required columns are named.
_NAMED = 8
_KINDS = {
    "flows": "trade",
    "areas": "list of areas",
    "products": "list of products",
    "codes": "list of codes",
    "correlation": "correlation of codes",
    "indicators": "indicators",
    "distances": "distances",
}
_INTRO = """# Sources

What kinds of files are known. A file is recognised by its header, never by its values: all of a layout's required columns must be there,
under their own names or their aliases, in any order. Where several lists have one header, the file's name says which it is. A file that no
layout knows is refused, with the nearest layout and what it misses.

Other files: [my ministry's file](../my-ministrys-file.md) (declared in `entrepot.toml`), and
[a layout that changed overnight](../a-layout-changed-overnight.md). To have files fetched: [feeds](../feeds.md).
"""


def _needed(layout: Layout) -> str:
    names = [f"`{f.name}`" for f in layout.fields if f.required]
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _how(layout: Layout) -> str:
    mark = {",": "comma", "\t": "tab", ";": "semicolon"}.get(layout.delimiter, layout.delimiter)
    said = [mark, " or ".join(layout.encodings)]
    if layout.kind == "flows":
        said += [f"values in {layout.currency}", "replaces what it covers" if layout.coverage == "complete" else "adds to what is there"]
    return ", ".join([*said, *(f"its name says the {need}" for need in layout.needs)])


def _section(source: Source, layouts: list[Layout]) -> list[str]:
    lines = [
        f"## [{source.title}]({source.name}.md)",
        "",
        f"{source.home_page}; licence: {source.licence}; redistribution: {source.redistribution}.",
        "",
    ]
    lines += ["| layout | what | required columns | how it is written |", "|---|---|---|---|"]
    for layout in layouts:
        lines.append(f"| `{layout.name}` | {_KINDS[layout.kind]}: {layout.title} | {_needed(layout)} | {_how(layout)} |")
    return [*lines, ""]


def layouts_markdown(mark: str) -> str:
    """All layouts of the package, a table a source; ``mark`` says that the file is generated."""
    lines = [f"<!-- {mark} -->", _INTRO]
    for source in SOURCES.values():
        lines += _section(source, [layout for layout in LAYOUTS.values() if layout.source == source.name])
    return "\n".join(lines)
