"""entrepot explain: the evidence behind one number."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.options import AsJson

if TYPE_CHECKING:
    from orchestration.evidence.page import Nothing, Page


def explain(
    exporter: Annotated[str, typer.Argument(help="Who exports: a code (156), ISO letters (CHN, CN) or a name (China).")],
    importer: Annotated[str, typer.Argument(help="Who imports, in the same spellings.")],
    product: Annotated[str, typer.Argument(help="870380, 8703, 87 or TOTAL; above a single code the flows below are summed.")],
    year: Annotated[str, typer.Argument(help="2023, or a month: 2023-05.")],
    classification: Annotated[
        str | None, typer.Option("--classification", help="Edition to answer in (H5); the newest that holds the flow where absent.")
    ] = None,
    method: Annotated[str | None, typer.Option("--method", help="Say the value by this method too.")] = None,
    release: Annotated[str | None, typer.Option("--release", help="A release id; the current one where absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Where a number comes from: reports with file and line, conversions, CIF rate, weights, interval, other methods, ledger, releases."""
    from orchestration.cli.output import say_json
    from orchestration.evidence.page import Nothing, gather
    from orchestration.evidence.question import ask
    from orchestration.evidence.tables import open_tables
    from transforms.settings import load_settings

    settings = load_settings()
    tables = open_tables(settings, release)
    question = ask(tables, exporter, importer, product, year, classification=classification, method=method)
    found = gather(settings, tables, question)
    if as_json:
        say_json(as_record(found))
    else:
        _print(found)
    if not isinstance(found, Nothing) and found.agreement[1]:
        raise typer.Exit(1)


def as_record(found: Page | Nothing) -> dict[str, Any]:
    """The page as plain values; ``found`` says whether the flow is there."""
    from orchestration.evidence.page import Nothing

    return {"found": not isinstance(found, Nothing), **asdict(found)}


def _print(found: Page | Nothing) -> None:
    import sys

    from orchestration.cli.absent_page import absent_lines
    from orchestration.cli.explain_page import page_lines
    from orchestration.cli.output import say
    from orchestration.evidence.page import Nothing

    lines = absent_lines(found) if isinstance(found, Nothing) else page_lines(found)
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console(highlight=False)
        for line, below in zip(lines, [*lines[1:], ""], strict=True):
            is_heading = bool(line) and set(below) == {"-"}
            console.print(line, style="bold" if is_heading else None, markup=False, soft_wrap=True)
    else:
        say("\n".join(lines))
