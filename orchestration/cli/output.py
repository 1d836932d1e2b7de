"""Printing: results on stdout, progress on stderr; plain tables that pipes can take."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def called_as(home: Path | None = None) -> str:
    """How the reader can call the command again: by its name where that is on PATH, else by the path it has.

    ``home`` is named where it isn't ./warehouse.
    """
    import shlex
    import shutil

    name = "entrepot" if shutil.which("entrepot") or not sys.argv[0].endswith("entrepot") else sys.argv[0]
    return name if home is None or home == Path("warehouse").absolute() else f"{name} --home {shlex.quote(str(home))}"


def say(text: str = "") -> None:
    """A line on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(text + "\n")


def say_json(value: object) -> None:
    """``value`` as JSON on stdout; decimals and times as text, so that nothing is rounded."""
    say(json.dumps(value, indent=1, default=str, ensure_ascii=False))


def _is_number(text: str) -> bool:
    return text.removesuffix(" %").replace(",", "").replace(".", "", 1).lstrip("-").isdigit()


def _cell(value: object, limit: int) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def table_text(header: Sequence[str], rows: Sequence[Sequence[object]], *, indent: str = "", limit: int = 300) -> str:
    """Aligned columns; numbers to the right, NULL empty, texts cut at ``limit`` characters."""
    cells = [[_cell(v, limit) for v in row] for row in rows]
    widths = [max(len(h), *(len(r[n]) for r in cells)) if cells else len(h) for n, h in enumerate(header)]
    right = [bool(cells) and all(_is_number(r[n]) for r in cells if r[n]) and any(r[n] for r in cells) for n in range(len(header))]

    def line(values: Sequence[str]) -> str:
        parts = (v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, widths, right, strict=True))
        return (indent + "  ".join(parts)).rstrip()

    return "\n".join([line(header), line(["-" * w for w in widths]), *(line(r) for r in cells)])


def size_text(count: float) -> str:
    """Bytes for a reader: 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


@contextmanager
def progress(title: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A log function for long work: a spinner with the last line on a terminal, lines elsewhere, silence where quiet."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        with console.status(title) as status:

            def log(text: str) -> None:
                console.print(text, style="dim", markup=False)
                status.update(title)

            yield log
    else:
        yield note
