"""Sections of entrepot.toml as dataclasses: every setting with its default, what it means beside it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from transforms.contracts import codes
from transforms.contracts.layouts import BUILT_IN


@dataclass(frozen=True)
class Harmonise:
    """[harmonise]: what reports become before they are held against each other (docs/methods.md 8)."""

    #: Editions that reports are also converted to, where correlation tables are at hand: "H5:2017" is H5 from 2017 on.
    target_editions: tuple[str, ...] = ("H4", "H5:2017", "H6:2022")
    #: Reporters that must have changed edition in the year of change before weights are fitted on them.
    minimum_observations: int = 3

    def targets(self, year: int) -> tuple[str, ...]:
        """Editions that the reports of ``year`` are converted to."""
        pairs = (text.partition(":") for text in self.target_editions)
        return tuple(edition for edition, _, since in pairs if year >= int(since or 0))


@dataclass(frozen=True)
class Reconcile:
    """[reconcile]: what changes results. Recorded in the fingerprint."""

    #: one of codes.RECONCILE_METHODS
    method: str = codes.RECONCILE_METHODS[0]
    #: CIF rates: fitted on the year's reports (published where too few), always the published ones, or cif_factor for all
    cif: Literal["fitted", "published", "constant"] = "fitted"
    #: the rate with cif = "constant"
    cif_factor: Decimal = Decimal("1.033")
    #: whether exports to areas not specified are moved to partners that report more
    is_nes_moved: bool = True
    #: One flow in two sources: the first of these is chosen, the other is not_chosen in the ledger.
    source_order: tuple[str, ...] = BUILT_IN.flow_sources
    #: fct_bilateral_totals takes the first basis that has the period.
    basis_order: tuple[str, ...] = codes.BASES
    #: A share of the world needs a declared world: with fewer exporters in it, shares are NULL.
    minimum_world_exporters: int = 30


@dataclass(frozen=True)
class Estimate:
    """[estimate]: how the parameters of the reconciliation are fitted (docs/methods.md 1); values in USD, weights in kg, km."""

    #: on_demand: a year's parameters stay as first fitted until `entrepot run --refit`; on_revision: they follow its reports
    refit: Literal["on_demand", "on_revision"] = "on_demand"
    cif_more_than_usd: float = 10_000.0
    cif_more_than_kg: float = 2_000.0
    cif_minimum_pairs: int = 1_000
    cif_studentised: float = 2.0
    cif_minimum_km: float = 245.0
    sigma_floor: float = 0.03
    sigma_anchor_flows: int = 1
    unit_minimum_pairs: int = 10
    unit_spread_below: float = 2.5
    symmetric_within: float = 0.1
    reliability_iterations: int = 25
    interval_quantile: float = 1.645


@dataclass(frozen=True)
class Publish:
    """[publish]: how a release is cut."""

    on_failed_partition: Literal["publish_stale", "refuse"] = "publish_stale"
    #: Above this many rows fct_ tables stand beside the DuckDB file as Parquet, not inside it.
    maximum_rows_in_duckdb: int = 5_000_000


@dataclass(frozen=True)
class Cluster:
    """[cluster]: Dask. ``scheduler`` is the address of an existing one (ENTREPOT_DASK_SCHEDULER)."""

    scheduler: str | None = None
    workers: int = 2
    memory_limit: str = "2GiB"
    #: A run in which no task ends for so long is given up, named by what was running.
    stall_seconds: int = 3600


SECTIONS = {"harmonise": Harmonise, "reconcile": Reconcile, "estimate": Estimate, "publish": Publish, "cluster": Cluster}
