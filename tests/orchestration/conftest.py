"""A home, dbt's manifest parsed once, and a run whose engine is a stand-in that remembers what it was asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration import dbt_assets, factories, publishing
from orchestration.defs import core, ingest
from orchestration.engine import PartitionOutcome, RunContext
from orchestration.marts import Candidate, parse_manifest
from orchestration.plan import Plan
from orchestration.resources import Run
from orchestration.stages import STAGES
from orchestration.view import View
from transforms.contracts import ops
from transforms.contracts.arrow import table_schema
from transforms.contracts.records import CheckResult, DataFile
from transforms.io import release
from transforms.settings import Settings


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return parse_manifest(tmp_path_factory.mktemp("dbt"))


@dataclass
class Engine:
    """Stands in for engine and publishing; ``errors`` are raised by the step of that name, once per entry."""

    asked: list[tuple[str, frozenset[int] | None]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    errors: dict[str, list[BaseException]] = field(default_factory=dict)
    outcomes: dict[str, list[PartitionOutcome]] = field(default_factory=dict)
    is_published: bool = False

    def enter(self, name: str) -> None:
        self.steps.append(name)
        if self.errors.get(name):
            raise self.errors[name].pop(0)

    def run_stage(self, context: RunContext, name: str, years: Collection[int] | None = None) -> tuple[PartitionOutcome, ...]:
        self.asked.append((name, None if years is None else frozenset(years)))
        self.enter(name)
        return tuple(self.outcomes.get(name, ()))


def outcome(stage: str, year: int, *, is_passed: bool = True, status: str = "built") -> PartitionOutcome:
    """A year of a stage with one file of 3 rows and 1.5 USD in its first table, and one check."""
    table = STAGES[stage].tables[0].name
    key = f"source={stage.rpartition('/')[2]}/year={year}" if "/" in stage else f"year={year}"
    file = DataFile(table, (("year", str(year)),), "f.parquet", 3, 100, "0" * 64, 1500)
    check = CheckResult(table, f"{key}/product_bucket=2", "volume_floor", is_passed, observed="3", expected="1")
    return PartitionOutcome(stage, key, year, status, 3, 100, 1500, {table: (file,)}, (check,), "new")  # type: ignore[arg-type]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, home: Path, manifest: Path) -> Engine:
    fake = Engine()
    settings = Settings(home=home)
    monkeypatch.setattr(factories, "run_stage", fake.run_stage)
    monkeypatch.setattr(factories, "RETRY", factories.RETRY)
    monkeypatch.setattr(ingest, "parse_pending", lambda _: fake.enter("parse"))
    monkeypatch.setattr(ingest, "look", lambda _: View(settings, (), {}, {}))
    monkeypatch.setattr(core.lake, "read", lambda *_: table_schema(ops.LEDGER).empty_table())
    candidate = Candidate(home / "c.duckdb", "r", home, {}, {})

    def build(name: str, result: Any) -> Any:
        def call(*_: object) -> Any:
            fake.enter(name)
            return result

        return call

    monkeypatch.setattr(publishing, "is_published", lambda _: fake.is_published)
    monkeypatch.setattr(publishing, "build_marts", build("marts", candidate))
    passed = [CheckResult("release_info", "", "volume_floor", True)]
    monkeypatch.setattr(publishing, "gate_marts", build("quality", passed))
    monkeypatch.setattr(publishing, "add_ops_marts", build("ops_marts", candidate))
    monkeypatch.setattr(publishing, "cut_release", build("release", home / "releases" / "20260131-0a1b2c3d"))
    monkeypatch.setattr(release, "current_release", lambda _: "20260130-00000000")
    monkeypatch.setattr(dbt_assets, "dbt_events", _all_built)
    return fake


def _all_built(context: dg.AssetExecutionContext, *_: object, after: int = 0) -> Any:
    own = {s.key: {d.asset_key for d in s.deps} for s in context.assets_def.specs}
    for key in (k for k in TopologicalSorter(own).static_order() if k in own):
        yield dg.MaterializeResult(asset_key=key)
    for check in context.selected_asset_check_keys:
        yield dg.AssetCheckResult(asset_key=check.asset_key, check_name=check.name, passed=True)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def run(home: Path, lines: list[str]) -> Run:
    return Run(RunContext(Settings(home=home), "20260131T000000-000000", None, lines.append))  # type: ignore[arg-type]


@pytest.fixture
def empty_plan() -> Plan:
    return Plan(())
