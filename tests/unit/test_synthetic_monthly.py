"""Months of the synthetic world: a file of their own, drawn from the annual reports, whose sums fall short of them."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from transforms.synthetic.files import write_comtrade_months, write_world
from transforms.synthetic.monthly import make_months
from transforms.synthetic.world import World, make_world

Row = dict[str, str]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7, products=100, density=0.012)


@pytest.fixture(scope="module")
def rows(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    (path,) = write_comtrade_months(world, tmp_path_factory.mktemp("months"))
    assert path.parent.name == "monthly"
    assert path.name == "COMTRADE-SYNTHETIC-CM842H5[2025-01-15].gz"
    header, *body = gzip.decompress(path.read_bytes()).decode().splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in body]


def test_every_row_is_a_month_of_two_years_of_one_reporter(rows: list[Row]) -> None:
    assert {(r["freqCode"], r["reporterCode"]) for r in rows} == {("M", "842")}
    assert {r["period"] for r in rows} == {f"{year}{month:02d}" for year in (2022, 2023) for month in range(1, 13)}
    assert all(r["period"] == f"{r['refYear']}{int(r['refMonth']):02d}" for r in rows)
    assert len({r["partnerCode"] for r in rows}) == 12
    assert {len(r["cmdCode"]) for r in rows} == {6}
    keys = [(r["period"], r["flowCode"], r["partnerCode"], r["cmdCode"]) for r in rows]
    assert len(set(keys)) == len(keys)


def test_the_truth_says_what_months_sum_to_and_that_it_is_not_the_year(world: World, rows: list[Row], tmp_path: Path) -> None:
    write_world(world, tmp_path)
    said = json.loads((tmp_path / "truth" / "world.json").read_text("utf-8"))["months"]
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[int(row["refYear"]), row["flowCode"]] += Decimal(row["primaryValue"])
    assert {(s["year"], s["flow"]): Decimal(s["sum_of_months_usd"]) for s in said["sums"]} == sums
    held = [Decimal(s["sum_of_months_usd"]) / Decimal(s["annual_usd"]) for s in said["sums"]]
    assert len(held) == 4
    assert all(Decimal("0.95") < h < 1 for h in held)
    assert "not the annual report" in said["note"]
    assert (said["reporter"], len(said["partners"])) == ("842", 12)


def test_the_world_and_its_annual_files_stay_as_they_were(world: World) -> None:
    before = world.reports.value_mills.sum()
    assert make_months(world) is not None
    assert world.reports.value_mills.sum() == before


def test_a_world_without_the_reporter_has_no_months(tmp_path: Path) -> None:
    world = make_world(7, areas=20, products=40, years=[2022])
    silent = World(**{**vars(world), "areas": tuple(a for a in world.areas if a.code != "842")})
    assert make_months(silent) is None
    assert write_comtrade_months(silent, tmp_path) == []
