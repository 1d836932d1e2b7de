"""Small files in real layouts, and the way from a file to committed tables, for tests of ingest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transforms.contracts import lake as contracts
from transforms.contracts.layouts import SOURCES
from transforms.contracts.layouts.comtrade import COMTRADE_BULK
from transforms.contracts.records import LedgerLine
from transforms.io import lake
from transforms.io.snapshot import Declared, take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources.conflicts import quarantine_files
from transforms.sources.ingest import ingest_partition
from transforms.sources.parse import parse_snapshot, years_of

BACI_HEADER = "t,i,j,k,v,q\n"
CUT_HEADER = (
    "Classification,Year,Trade Flow Code,Trade Flow,Reporter Code,Reporter,Partner Code,Partner,Commodity Code,Commodity,"
    "Trade Value (US$),Flag\n"
)
_BULK_DEFAULTS = {
    "typeCode": "C",
    "freqCode": "A",
    "refYear": "2023",
    "refMonth": "52",
    "period": "2023",
    "reporterCode": "156",
    "flowCode": "X",
    "partnerCode": "56",
    "partner2Code": "0",
    "classificationCode": "H6",
    "cmdCode": "870380",
    "customsCode": "C00",
    "mosCode": "0",
    "motCode": "0",
    "primaryValue": "100",
    "isReported": "1",
}


def bulk(*rows: dict[str, str]) -> str:
    """A bulk file: each row's columns over plausible defaults."""
    names = [f.name for f in COMTRADE_BULK.fields]
    lines = ["\t".join(names)]
    lines += ["\t".join({**_BULK_DEFAULTS, **row}.get(n, "") for n in names) for row in rows]
    return "\n".join(lines) + "\n"


def cut(reporter: str = "842", partner: str = "156", product: str = "01", value: str = "5", flow: str = "2", year: str = "2017") -> str:
    """A row of the cut legacy layout."""
    return f"H5,{year},{flow},x,{reporter},R,{partner},P,{product},Text,{value},0\n"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """The file ``name`` in ``folder``."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def ingest(home: Path, *paths: Path, declared: Declared | None = None) -> tuple[LedgerLine, ...]:
    """Snapshot, parse, ingest and commit, with the quarantine; the ledger of all partitions."""
    for path in paths:
        take_snapshot(path, Settings(home=home), declared=declared)
    snapshots = [s for s in live_snapshots(Settings(home=home)) if s.kind == "flows"]
    for snapshot in snapshots:
        for member in snapshot.members:
            parse_snapshot(home, snapshot, member)
    ledger: list[LedgerLine] = []
    for source, years in years_of(home, snapshots).items():
        for year in sorted(years):
            result = ingest_partition(home, SOURCES[source], year, [s for s in snapshots if s.source == source])
            for table in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS):
                lake.commit(home, table, {f"source={source}/year={year}": [f for f in result.files if f.table == table.name]})
            ledger += result.ledger
    for snapshot in snapshots:
        files = quarantine_files(home, snapshot).files
        lake.commit(home, contracts.QUARANTINE, {f"source={snapshot.source}/snapshot_id={snapshot.snapshot_id}": list(files)})
    return tuple(ledger)


def flows(home: Path, *columns: str) -> list[dict[str, object]]:
    """Committed reported flows."""
    return lake.read(home, contracts.REPORTED_FLOWS, columns or None).to_pylist()


def controls(home: Path, *columns: str) -> list[dict[str, object]]:
    """Committed control totals."""
    return lake.read(home, contracts.CONTROL_TOTALS, columns or None).to_pylist()


def quarantine(home: Path) -> list[dict[str, object]]:
    """Committed quarantine."""
    return lake.read(home, contracts.QUARANTINE).to_pylist()


def count(ledger: Sequence[LedgerLine], reason: str) -> tuple[int, int]:
    """Rows and whole USD of a reason over all lines."""
    lines = [line for line in ledger if line.reason == reason]
    return sum(line.row_count for line in lines), sum(line.value_mills for line in lines) // 1000
