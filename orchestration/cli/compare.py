"""entrepot compare: another source's numbers against ours, and why they differ."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.evidence.comparison import Comparison, FlowDifference, Part

_SIDES = {"exporter": "exporters' reports", "importer": "importers' reports", "published": "published values"}


def compare(
    file: Annotated[Path, typer.Argument(help="A file of any layout that `entrepot run` knows, or a folder of one source's.")],
    edition: Annotated[str | None, typer.Option("--edition", help="HS edition of a file that doesn't say it (BACI): HS17.")] = None,
    source_release: Annotated[str | None, typer.Option("--source-release", help="Release of a file that doesn't say it: V202501.")] = None,
    release: Annotated[str | None, typer.Option("--release", help="A release of ours; the current one where absent.")] = None,
    basis: Annotated[str | None, typer.Option("--basis", help="own or baci_published; own where the release has it.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write every flow with its components to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Another source's numbers against ours: the difference split into named parts that sum to it exactly. Nothing is taken in."""
    from orchestration.cli.output import note, say, say_json
    from orchestration.errors import UsageRefused
    from orchestration.evidence import comparison
    from orchestration.evidence.tables import open_tables
    from orchestration.evidence.theirs import read_theirs
    from transforms.contracts.codes import BASES
    from transforms.io.snapshot import Declared
    from transforms.settings import load_settings

    if basis is not None and basis not in BASES:
        raise UsageRefused(f"--basis {basis} is none: {', '.join(BASES)}")
    settings = load_settings()
    tables = open_tables(settings, release)
    with (
        read_theirs(settings, file, Declared(edition, source_release)) as theirs,
        comparison.compared(tables, theirs, basis) as (connection, chosen),
    ):
        found = comparison.compare(tables, theirs, connection, chosen)
        written = _write_csv(csv_file, comparison.every_flow(connection)) if csv_file else 0
    if as_json:
        say_json(as_record(found))
    else:
        say("\n".join(comparison_lines(found)))
    if csv_file:
        note(f"{written:,} flows written to {csv_file}")


def as_record(found: Comparison) -> dict[str, object]:
    """The comparison as plain values, each largest flow with its leading component."""
    record = asdict(found)
    for flow, entry in zip(found.largest, record["largest"], strict=True):
        entry["leading"] = flow.leading
    return record


def _write_csv(path: Path, flows: Iterable[FlowDifference]) -> int:
    import csv

    from orchestration.evidence.comparison_sql import COMPONENTS
    from transforms.io.files import replacing

    names = ("side", "period", "classification", "our_classification", "exporter_code", "importer_code", "product_code")
    money = ("their_usd", "our_usd", "difference_usd")
    count = 0
    with replacing(path.absolute()) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*names, *money, *(f"{c}_usd" for c in COMPONENTS)])
        for flow in flows:
            cells = [getattr(flow, n) for n in (*names, *money)] + [flow.components[c] for c in COMPONENTS]
            writer.writerow(["" if cell is None else cell for cell in cells])
            count += 1
    return count


def comparison_lines(found: Comparison) -> list[str]:
    """Totals and components by period and side, then the largest flows."""
    from orchestration.cli.figures import cell, wrapped
    from orchestration.cli.output import table_text

    release = f", release {found.source_release}" if found.source_release else ""
    ours = f"release {found.release_id}" if found.release_id else "the lake as it stands (no release yet)"
    lines = wrapped(f"theirs: {', '.join(found.file_names)} ({found.source}{release}), {found.row_count:,} rows", indent="")
    lines += wrapped(f"ours: {ours}, basis {found.basis}, FOB", indent="")
    if found.lost:
        lines += wrapped(f"{found.lost:,} rows of the file can't be read and are left out", indent="")
    if not found.is_complete:
        lines += wrapped("the file is a query's answer: only the partners and products that it names are compared", indent="")
    if not found.parts:
        lines += wrapped(
            "nothing to compare: its rows are totals (World, parents, breakdowns) or flows other than exports and imports", indent=""
        )
    elif not any(part.our_usd for part in found.parts):
        lines += wrapped("ours holds none of the flows that it speaks of: all of the difference is coverage", indent="")
    for part in found.parts:
        lines += _part_lines(part)
    if found.largest:
        lines += ["", f"The {len(found.largest)} largest flows by difference, USD"]
        rows = [(f.period, _from_to(f), f.product_code, cell(f.their_usd), cell(f.our_usd), f.leading) for f in found.largest]
        lines += table_text(("period", "flow", "product", "theirs", "ours", "mostly"), rows, indent="  ").splitlines()
    return lines


def _from_to(flow: FlowDifference) -> str:
    reporter = {"exporter": "X", "importer": "M"}.get(flow.side, "")
    return f"{flow.exporter_code}>{flow.importer_code} {reporter}".rstrip()


def _part_lines(part: Part) -> list[str]:
    from orchestration.cli.figures import money, percent, wrapped
    from orchestration.cli.output import table_text
    from orchestration.evidence.comparison_sql import COMPONENTS

    title = f"{part.period}, {_SIDES[part.side]}, {part.classification}"
    rows = [
        ("theirs", money(part.their_usd), ""),
        ("ours", money(part.our_usd), ""),
        ("difference", money(part.difference_usd), percent(part.difference_usd, part.their_usd) + " of theirs"),
    ]
    values = [(name, part.components[name]) for name in COMPONENTS]
    rows += [(f"  {name}", money(value), percent(value, part.difference_usd)) for name, value in values if value]
    lines = ["", title, *table_text(("", "USD", "share"), rows, indent="  ").splitlines()]
    counted = f"{part.flow_count:,} flows; only theirs: {part.only_theirs_count:,} ({money(part.only_theirs_usd)} USD), "
    return lines + wrapped(f"{counted}only ours: {part.only_ours_count:,} ({money(part.only_ours_usd)} USD)")
