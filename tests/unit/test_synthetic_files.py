"""Synthetic files: real layouts, marked synthetic, the same bytes each time, adding up."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from transforms.contracts.layouts.baci import BACI
from transforms.contracts.layouts.comtrade import COMTRADE_BULK
from transforms.synthetic.files import baci_name, write_baci, write_comtrade_bulk, write_world
from transforms.synthetic.stream import split, synth
from transforms.synthetic.world import World, make_world

Row = dict[str, str]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7, products=100, density=0.012)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic")
    write_world(world, out)
    return out


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Row]:
    found = []
    for path in sorted((folder / "comtrade").glob("*.gz")):
        header, *body = gzip.decompress(path.read_bytes()).decode().splitlines()
        found += [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in body]
    return found


def aggregates(rows: list[Row]) -> list[Row]:
    return [r for r in rows if (r["customsCode"], r["motCode"], r["partner2Code"]) == ("C00", "0", "0")]


def level(row: Row) -> int:
    return 0 if row["cmdCode"] == "TOTAL" else len(row["cmdCode"])


def hashes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_bytes_twice(folder: Path, tmp_path: Path) -> None:
    write_world(make_world(7, products=100, density=0.012), tmp_path)
    assert hashes(tmp_path) == hashes(folder)


def test_headers_are_the_layouts(folder: Path) -> None:
    for path in (folder / "comtrade").glob("*.gz"):
        with gzip.open(path, "rt") as handle:
            assert handle.readline().rstrip("\n").split("\t") == [f.name for f in COMTRADE_BULK.fields]
    for path in (folder / "baci").glob("BACI*.csv"):
        assert path.read_bytes().split(b"\r\n")[0].decode().split(",") == [f.name for f in BACI.fields]


def test_every_file_says_that_it_is_synthetic(world: World, folder: Path) -> None:
    data = [p for p in folder.rglob("*") if p.suffix in (".gz", ".csv")]
    assert len(data) == len(set(world.reports.reporter.tolist())) + 1 + 6 + 2, (
        "bulk by reporter, one of months, BACI by year, and its lists"
    )
    for path in data:
        said = json.loads(path.with_name(path.name + ".entrepot.json").read_text("utf-8"))
        assert said["is_synthetic"] is True
        assert (said["licence"], said["redistribution"], said["coverage"]) == ("CC0 (synthetic)", "open", "complete")
        assert said["attribution"] == "Entrepôt synthetic world, seed 7"
        assert said["source_release"] in ("2025-01-15", "V202501")


def test_world_rows_are_the_sum_of_partners(rows: list[Row]) -> None:
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    world: dict[tuple[str, ...], Decimal] = {}
    for row in aggregates(rows):
        key = tuple(row[c] for c in ("reporterCode", "period", "flowCode", "cmdCode"))
        if row["partnerCode"] == "0":
            assert key not in world
            world[key] = Decimal(row["primaryValue"])
        elif level(row) != 4:
            sums[key] += Decimal(row["primaryValue"])
    assert set(sums) <= set(world)
    assert all(world[key] == value for key, value in sums.items())


def test_parents_exceed_children_only_where_detail_is_suppressed(rows: list[Row]) -> None:
    total: dict[tuple[str, ...], Decimal] = {}
    leaves: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in aggregates(rows):
        key = tuple(row[c] for c in ("reporterCode", "period", "flowCode", "partnerCode"))
        if level(row) == 0:
            total[key] = Decimal(row["primaryValue"])
        elif level(row) == 6:
            leaves[key] += Decimal(row["primaryValue"])
    gaps = {key: value - leaves[key] for key, value in total.items() if value != leaves[key]}
    assert gaps
    assert min(gaps.values()) > 0
    assert {key[0] for key in gaps} <= {"757", "276", "372", "360", "682"}


def test_breakdowns_stand_beside_their_aggregate(rows: list[Row]) -> None:
    names = ("reporterCode", "period", "flowCode", "partnerCode", "cmdCode")
    whole = {tuple(r[c] for c in names): Decimal(r["primaryValue"]) for r in aggregates(rows)}
    parts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    modes: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        form = (row["customsCode"], row["motCode"], row["partner2Code"])
        key = tuple(row[c] for c in names)
        if form != ("C00", "0", "0"):
            parts[key][" ".join(form)] += 1
            assert level(row) == 6
            if row["motCode"] != "0":
                modes[key] += Decimal(row["primaryValue"])
    assert {f for c in parts.values() for f in c} == {"C00 1000 0", "C00 2100 0", "C01 0 0", "C00 0 528"}
    assert all(whole[key] == value for key, value in modes.items())
    assert 0.02 < len(parts) / sum(len(k[4]) == 6 for k in whole) < 0.06


def test_quirks_are_all_in_the_rows(rows: list[Row]) -> None:
    assert {r["flowCode"] for r in rows} == {"X", "M", "RX", "RM"}
    assert any("E+" in r["primaryValue"] for r in rows)
    assert not any("E" in r["cmdCode"] and r["cmdCode"] != "TOTAL" for r in rows)
    assert any(r["netWgt"] == "0" and r["qtyUnitCode"] == "-1" for r in rows)
    assert {"0", "899", "490"} <= {r["partnerCode"] for r in rows}
    assert any(r["reporterCode"] == r["partnerCode"] == "156" and r["flowCode"] == "M" for r in rows)
    assert {r["isNetWgtEstimated"] for r in rows} == {"0", "1"}
    assert any(r["cmdCode"].startswith("08") for r in rows)
    assert {r["cmdCode"][0] for r in rows} >= {"0", "T"}
    assert {r["refMonth"] for r in rows} == {"52"}
    for row in rows:
        is_fob = row["flowCode"] in ("X", "RX") or row["reporterCode"] in ("124", "36", "710")
        assert (row["fobvalue"], row["cifvalue"]) == ((row["primaryValue"], "") if is_fob else ("", row["primaryValue"]))


def test_rows_stand_in_the_lakes_order(folder: Path) -> None:
    path = next(p for p in (folder / "comtrade").glob("*CA276*.gz"))
    _, *body = gzip.decompress(path.read_bytes()).decode().splitlines()
    names = [f.name for f in COMTRADE_BULK.fields]
    keys = []
    for line in body:
        row = dict(zip(names, line.split("\t"), strict=True))
        keys.append((row["period"], int(row["partnerCode"]), row["flowCode"], level(row), row["cmdCode"]))
    assert keys == sorted(keys)


def test_baci_is_the_truth(world: World, folder: Path) -> None:
    header, *body = (folder / "baci" / "BACI_HS17_Y2020_V202501.csv").read_bytes().decode().split("\r\n")[:-1]
    assert header == "t,i,j,k,v,q"
    at = world.truth.year == 2020
    assert sum(Decimal(line.split(",")[4]) for line in body) * 1000 == int(world.truth.value_usd[at].sum())
    assert any(line.split(",")[5] == "           NA" for line in body)
    assert any(len(line.split(",")[3]) == 5 for line in body), "leading zeros are lost, as in real files"
    keys = [tuple(int(c) for c in line.split(",")[1:4]) for line in body]
    assert keys == sorted(set(keys)), "exporter, importer, product, each once"
    with pytest.raises(ValueError, match="BACI has H0"):
        baci_name("S4", 2020, "202501")


def test_truth_stands_beside(world: World, folder: Path) -> None:
    flows = pq.read_table(folder / "truth" / "flows.parquet")
    assert flows.num_rows == len(world.truth.year)
    assert sum(flows["value_fob_usd"].to_pylist()) == int(world.truth.value_usd.sum())
    reporters = pq.read_table(folder / "truth" / "reporters.parquet").to_pylist()
    assert {r["area_code"]: r["years_reported"] for r in reporters}["643"] == [2018, 2019, 2020, 2021]
    said = json.loads((folder / "truth" / "world.json").read_text("utf-8"))
    assert [e["kind"] for e in said["events"]] == ["tariff", "price_war", "relabelled_origin", "reporter_leaves"]
    assert pq.read_table(folder / "truth" / "cif_rates.parquet").num_rows == 60 * 60


def test_one_file_per_reporter_and_year(world: World, folder: Path, tmp_path: Path) -> None:
    files = write_comtrade_bulk(world, tmp_path, per="reporter_year")
    whole = sum(gzip.decompress(p.read_bytes()).count(b"\n") - 1 for p in (folder / "comtrade").glob("*.gz"))
    assert sum(gzip.decompress(p.read_bytes()).count(b"\n") - 1 for p in files) == whole
    assert (tmp_path / "COMTRADE-SYNTHETIC-CA156202301H5[2025-01-15].gz").exists()


def test_an_unknown_layout_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="comtrade, baci or all"):
        write_world(world, tmp_path, layout="comext")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="baci or comtrade"):
        synth(10, "all", tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["baci", "comtrade"])
@pytest.mark.parametrize("count", [1, 4001])
def test_a_stream_has_exactly_the_rows_asked_for(layout: str, count: int, tmp_path: Path) -> None:
    first, second = (synth(count, layout, tmp_path / n, seed=5, years=[2022, 2023]) for n in "ab")  # type: ignore[arg-type]
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert [p.name for p in first] == [p.name for p in second]
    content = [gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in first]
    assert sum(c.count(b"\n") - 1 for c in content) == count
    keys = Counter(tuple(line.split(b",")[:4]) for c in content for line in c.splitlines()[1:]) if layout == "baci" else Counter()
    assert not keys or max(keys.values()) == 1


def test_split_is_exact() -> None:
    import numpy as np

    assert split(10, np.array([1.0, 1.0, 1.0]), 4).tolist() == [4, 3, 3]
    assert split(11, np.array([100.0, 1.0, 1.0]), 5).tolist() == [5, 3, 3]
    with pytest.raises(ValueError, match="don't fit"):
        split(16, np.array([1.0, 1.0, 1.0]), 5)


def test_baci_alone(world: World, tmp_path: Path) -> None:
    names = [p.name for p in write_baci(world, tmp_path)]
    assert names[-2:] == ["country_codes_V202501.csv", "product_codes_HS17_V202501.csv"]
