"""Another source's numbers against a release's: each difference split into named parts that sum to it, to the mill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.evidence import comparison_sql as sql
from orchestration.evidence.files import known_files
from orchestration.evidence.recompute import usd
from orchestration.evidence.tables import Row, Tables, rows_of, view
from orchestration.evidence.theirs import Theirs
from transforms.contracts import codes
from transforms.contracts import lake as contracts
from transforms.core.harmonising.residuals import residual_rows

LARGEST = 10
#: A year's files: reported_flows, control_totals.
_Year = tuple[int, Sequence[Path], Sequence[Path]]
_KEY = ("side", "frequency", "period", "their_classification")


@dataclass(frozen=True)
class Part:
    """The totals of one side, period and edition of theirs, USD. ``components`` sum to ``difference_usd`` exactly."""

    side: str
    frequency: str
    period: str
    classification: str
    their_usd: Decimal
    our_usd: Decimal
    difference_usd: Decimal
    flow_count: int
    only_theirs_count: int
    only_ours_count: int
    only_theirs_usd: Decimal
    only_ours_usd: Decimal
    components: dict[str, Decimal]


@dataclass(frozen=True)
class FlowDifference:
    """One flow. None: that side hasn't got it."""

    side: str
    period: str
    classification: str
    our_classification: str | None
    exporter_code: str
    importer_code: str
    product_code: str
    their_usd: Decimal | None
    our_usd: Decimal | None
    difference_usd: Decimal
    components: dict[str, Decimal]

    @property
    def leading(self) -> str:
        """The component that is largest, the first of equals."""
        return max(sql.COMPONENTS, key=lambda name: abs(self.components[name]))


@dataclass(frozen=True)
class Comparison:
    """All parts, and the largest flows by absolute difference."""

    release_id: str | None
    basis: str
    source: str
    source_release: str | None
    file_names: tuple[str, ...]
    row_count: int
    lost: int
    is_complete: bool
    parts: tuple[Part, ...]
    largest: tuple[FlowDifference, ...]


def _load(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[_Year], scratch: Path) -> None:
    """View ``name`` over reported_flows and table ``name``_residuals, of (year, flows, controls)."""
    view(connection, name, contracts.REPORTED_FLOWS, [f for _, flows, _ in files for f in flows])
    columns = "frequency varchar, period varchar, reporter_code varchar, partner_code varchar, flow_code varchar, classification varchar"
    connection.execute(
        f"create temp table {name}_residuals ({columns}, valuation varchar, leaf_level tinyint, product_code varchar, value_mills bigint, "
        "year smallint)"
    )
    for year, flows, controls in files:
        if controls:
            residual, _ = residual_rows(flows, controls, scratch)
            connection.register("residual", residual)
            connection.execute(f"insert into {name}_residuals by name select * exclude (snapshot_id), {year} as year from residual")
            connection.unregister("residual")


def _lake_files(tables: Tables, theirs: Theirs) -> list[_Year]:
    """The same source's files in our lake, by year."""
    found: list[_Year] = []
    both = (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS)
    for year in theirs.years:
        flows, controls = (tables.files(t, source=theirs.source, year=year) for t in both)
        found.append((year, flows, controls))
    return found


def _basis(connection: duckdb.DuckDBPyConnection, asked: str | None) -> str:
    """The basis of ours: the one asked for, else own where the release has it of these reporters, else what was published."""
    if asked:
        return asked
    held = connection.execute(
        """select distinct b.basis from bilateral as b
           inner join scope as s on s.frequency = b.frequency and s.period = b.period
               and s.reporter = if(s.side = 'importer', b.importer_code, b.exporter_code)"""
    ).fetchall()
    return min((row[0] for row in held), key=codes.BASES.index, default=codes.BASES[0])


@contextmanager
def compared(tables: Tables, theirs: Theirs, basis: str | None = None) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection whose table ``flows`` holds every flow of theirs and ours in scope, in mills, and the basis that ours are of."""
    scratch = theirs.home / "scratch"
    scratch.mkdir(exist_ok=True)
    is_published = theirs.basis == "baci_published"
    with duckdb.connect(":memory:", config={"temp_directory": str(scratch)}) as connection:
        _load(connection, "their_flows", [(year, *theirs.files(year)) for year in theirs.years], scratch)
        _load(connection, "lake_flows", _lake_files(tables, theirs), scratch)
        ours = [f for year in theirs.years for f in tables.files(contracts.BILATERAL_FLOWS, year=year)]
        view(connection, "bilateral", contracts.BILATERAL_FLOWS, ours)
        partial = [f.snapshot_id for f in known_files(tables).values() if f.coverage == "partial"]
        for name, source, asked in (("theirs", "their_flows", ()), ("in_lake", "lake_flows", partial)):
            text = sql.leaves(source, f"{source}_residuals", asked, is_published=is_published)
            connection.execute(f"create temp table {name} as {text}")
        connection.execute(f"create temp table scope as {sql.SCOPE}")
        chosen = _basis(connection, basis)
        _build(connection, chosen, is_complete=theirs.is_complete)
        yield connection, chosen


def _build(connection: duckdb.DuckDBPyConnection, basis: str, *, is_complete: bool) -> None:
    connection.execute(f"create temp table ours_in_scope as {sql.OURS}", {"basis": basis})
    for name, text in (
        ("pairs", sql.PAIRS),
        ("their_units", sql.at_join_level("theirs")),
        ("lake_units", sql.at_join_level("in_lake")),
        ("our_units", sql.OUR_UNITS),
    ):
        connection.execute(f"create temp table {name} as {text}")
    if not is_complete:
        connection.execute(sql.NAMED)
    connection.execute(f"create temp table flows as {sql.FLOWS}")


def compare(tables: Tables, theirs: Theirs, connection: duckdb.DuckDBPyConnection, basis: str) -> Comparison:
    """The parts and the largest flows of what ``compared`` built."""
    sums = ", ".join(f"sum({name})::hugeint as {name}" for name in sql.COMPONENTS)
    parts = rows_of(
        connection,
        f"""select {", ".join(_KEY)}, sum(their_mills) as theirs, sum(our_mills) as ours, sum(difference) as difference,
                count(*) as flows, count(*) filter (our_mills is null) as only_theirs, count(*) filter (their_mills is null) as only_ours,
                sum(their_mills) filter (our_mills is null) as theirs_alone, sum(our_mills) filter (their_mills is null) as ours_alone,
                {sums}
            from flows group by all order by frequency, period, side, their_classification""",
    )
    largest = rows_of(
        connection,
        f"""select * from flows where difference <> 0
            order by abs(difference) desc, period, side, exporter, importer, product_code limit {LARGEST}""",
    )
    return Comparison(
        tables.release_id,
        basis,
        theirs.source,
        theirs.source_release,
        theirs.file_names,
        theirs.row_count,
        theirs.lost,
        theirs.is_complete,
        tuple(_part(row) for row in parts),
        tuple(flow_of(row) for row in largest),
    )


def _amount(value: object) -> Decimal:
    return usd(int(str(value))) if value is not None else usd(0)


def _components(row: Row) -> dict[str, Decimal]:
    return {name: _amount(row[name]) for name in sql.COMPONENTS}


def _part(row: Row) -> Part:
    return Part(
        row["side"],
        row["frequency"],
        row["period"],
        row["their_classification"],
        _amount(row["theirs"]),
        _amount(row["ours"]),
        _amount(row["difference"]),
        row["flows"],
        row["only_theirs"],
        row["only_ours"],
        _amount(row["theirs_alone"]),
        _amount(row["ours_alone"]),
        _components(row),
    )


def flow_of(row: Row) -> FlowDifference:
    """A row of ``flows``."""
    return FlowDifference(
        row["side"],
        row["period"],
        row["their_classification"],
        row["our_classification"],
        row["exporter"],
        row["importer"],
        row["product_code"],
        None if row["their_mills"] is None else _amount(row["their_mills"]),
        None if row["our_mills"] is None else _amount(row["our_mills"]),
        _amount(row["difference"]),
        _components(row),
    )


def every_flow(connection: duckdb.DuckDBPyConnection) -> Iterator[FlowDifference]:
    """All flows in the order of their keys, a few thousand in memory at a time."""
    order = "frequency, period, side, their_classification, length(exporter), exporter, length(importer), importer, product_code"
    result = connection.execute(f"select * from flows order by {order}")
    names = [d[0] for d in result.description or ()]
    while rows := result.fetchmany(10_000):
        yield from (flow_of(dict(zip(names, row, strict=True))) for row in rows)
