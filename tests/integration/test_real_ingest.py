"""Real files to reported_flows, to the dollar."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from transforms.contracts import lake as contracts
from transforms.contracts.layouts import SOURCES
from transforms.io import lake
from transforms.io.snapshot import take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings
from transforms.sources.ingest import ingest_partition
from transforms.sources.parse import parse_snapshot, read_report, years_of


def load(home: Path, paths: Iterable[Path]) -> list:  # type: ignore[type-arg]
    """Snapshot, parse, ingest and commit; the ledger lines of all partitions."""
    for path in paths:
        take_snapshot(path, Settings(home=home))
    snapshots = [s for s in live_snapshots(Settings(home=home)) if s.kind == "flows"]
    for snapshot in snapshots:
        for member in snapshot.members:
            parse_snapshot(home, snapshot, member)
    ledger = []
    for source, years in years_of(home, snapshots).items():
        for year in sorted(years):
            result = ingest_partition(home, SOURCES[source], year, [s for s in snapshots if s.source == source])
            for table in (contracts.REPORTED_FLOWS, contracts.CONTROL_TOTALS):
                lake.commit(home, table, {f"source={source}/year={year}": [f for f in result.files if f.table == table.name]})
            ledger += result.ledger
    return ledger


def select(table: pa.Table, **wanted: object) -> pa.Table:
    for column, value in wanted.items():
        values = value if isinstance(value, list) else [value]
        table = table.filter(pc.is_in(table.column(column), pa.array(values, table.schema.field(column).type)))
    return table


def usd(table: pa.Table) -> Decimal:
    return pc.sum(table.column("reported_value_usd")).as_py() or Decimal(0)


def assert_closed(ledger: list) -> None:  # type: ignore[type-arg]
    for key in {(line.source, line.frequency, line.period) for line in ledger}:
        lines = [line for line in ledger if (line.source, line.frequency, line.period) == key]
        for measure in ("row_count", "value_mills"):
            into = sum(getattr(line, measure) for line in lines if line.reason == "in")
            assert into == sum(getattr(line, measure) for line in lines if line.reason != "in"), key


def test_china_and_ten_partners(home: Path, shared_data: Path) -> None:
    folder = shared_data / "comtrade_legacy"
    ledger = load(home, [folder / "comtrade.csv", folder / "comtrade2.csv"])
    flows = lake.read(home, contracts.REPORTED_FLOWS)
    assert flows.num_rows == 6255
    assert sum(line.row_count for line in ledger if line.reason == "in") == 6255
    assert_closed(ledger)
    to_usa = select(flows, reporter_code="156", partner_code="842", flow_code="X")
    for year, value in ((2010, 283_780_322_735), (2012, 352_438_221_016), (2014, 397_099_249_674)):
        assert usd(select(to_usa, year=year)) == value
    manufactures = [f"{n}" for n in range(50, 90) if n != 68]
    for year, value in ((2011, 1_012_673_135_359), (2014, 1_245_502_283_335)):
        assert usd(select(flows, flow_code="X", year=year, product_code=manufactures)) == value
    assert usd(select(flows, flow_code="X", year=2013, product_code="67")) == 19_654_789_800
    oil = select(flows, flow_code="M", year=2014, product_code="33", partner_code="643")
    assert usd(oil) == 27_269_290_681
    assert set(oil.column("valuation").to_pylist()) == {"CIF"}


def test_baci(home: Path, shared_data: Path) -> None:
    assert_closed(load(home, [shared_data / "baci" / "BACI_HS17_Y2020_V202201.csv"]))
    flows = lake.read(home, contracts.REPORTED_FLOWS)
    (snapshot,) = live_snapshots(Settings(home=home))
    report = read_report(home, snapshot, snapshot.members[0])
    assert (flows.num_rows, usd(flows)) == (2331, 1_089_594_814)
    assert len(pc.unique(flows.column("partner_code"))) == 102
    assert len(pc.unique(flows.column("product_code"))) == 1066
    assert report is not None and report.zeros_restored == 300
    assert set(pc.utf8_length(flows.column("product_code")).to_pylist()) == {6}
    assert flows.column("net_weight_kg").null_count == 234
    assert pc.sum(flows.column("net_weight_kg")).as_py() == 1_040_758_137
    chapter = flows.filter(pc.starts_with(flows.column("product_code"), "08"))
    assert usd(chapter) == 246_782_862
    assert set(flows.column("classification").to_pylist()) == {"H5"}
    assert flows.column("source_line").to_pylist() == list(range(2, 2333))


def test_united_states_with_china_by_chapter(home: Path, shared_data: Path) -> None:
    load(home, [shared_data / "comtrade_legacy" / "us_cn_2017_hs2_legacy.csv"])
    flows = lake.read(home, contracts.REPORTED_FLOWS)
    imports = select(flows, flow_code="M")
    assert usd(imports) == 526_022_013_512
    assert set(imports.column("valuation").to_pylist()) == {"CIF"}
    assert usd(select(flows, flow_code="X")) == 129_893_514_886
    assert usd(select(flows, flow_code="RX")) == 9_914_664_647
    assert {"01", "09"} <= set(flows.column("product_code").to_pylist())
    assert set(pc.utf8_length(flows.column("product_code")).to_pylist()) == {2}
    assert sorted(select(flows, is_value_rounded=True).column("reported_value_usd").to_pylist()) == [112_339_000_000, 150_044_000_000]


def test_bicycles_with_the_world_are_control_totals(home: Path, shared_data: Path) -> None:
    paths = sorted((shared_data / "comtrade_legacy").glob("bicycles_871200_*.csv"))
    if not paths:
        pytest.skip("no bicycles_871200_*.csv in the folder of real data")
    ledger = load(home, paths)
    assert lake.read(home, contracts.REPORTED_FLOWS).num_rows == 0
    totals = lake.read(home, contracts.CONTROL_TOTALS)
    assert totals.num_rows == 1302
    assert set(totals.column("control_kind").to_pylist()) == {"world"}
    assert_closed(ledger)


def test_all_of_them_at_once_nothing_twice(home: Path, shared_data: Path) -> None:
    ledger = load(home, [shared_data / "comtrade_legacy", shared_data / "baci"])
    assert_closed(ledger)
    flows = lake.read(home, contracts.REPORTED_FLOWS)
    assert flows.num_rows == 6255 + 290 + 606 + 2331
    assert usd(select(flows, year=2017, reporter_code="842", partner_code="156", flow_code="M")) == 526_022_013_512
