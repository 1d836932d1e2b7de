"""A year's estimates as a stage: passes over the buckets side by side, a fit after each, the partition written last."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.steps import Step, Task
from transforms.contracts.codes import PRODUCT_BUCKETS
from transforms.declared.sections import Estimate
from transforms.settings import Settings

if TYPE_CHECKING:
    from orchestration.stages import View

#: Settings of [estimate] that a fit reads, so that a new one fits anew unless it is named here: all but when to fit, and the interval's.
FITTED_BY = tuple(f.name for f in fields(Estimate) if f.name not in ("refit", "interval_quantile"))
#: Settings of [estimate] that reconciling reads itself.
READ_WITH = ("cif_minimum_km", "interval_quantile")


def parameter_steps(home: Path, year: int, settings: Settings) -> Step:
    """The graph whose last step writes parameter_set of ``year``; only sums go from worker to worker."""
    from transforms.core import estimation
    from transforms.core.witnesses import ground_of

    ground = Step(ground_of, (home, year))
    buckets = range(PRODUCT_BUCKETS)
    first = tuple(Step(estimation.first_pass, (home, ground, bucket, settings)) for bucket in buckets)
    known = Step(estimation.first_fit, (first, settings))
    second = tuple(Step(estimation.second_pass, (home, ground, bucket, known, settings)) for bucket in buckets)
    parameters = Step(estimation.second_fit, (ground, known, second, settings))
    third = tuple(Step(estimation.third_pass, (home, ground, bucket, parameters, settings)) for bucket in buckets)
    return Step(estimation.write_parameters, (home, ground, parameters, third, settings))


def parameter_inputs(view: View) -> dict[str, object]:
    """By year: the settings that fits read and the geography; the reports where they are to be followed. Years of own reports alone.

    A pinned set doesn't see the reports, so that a revised one leaves it as it is; it is fitted where it has no state.
    """
    estimate, chosen = view.settings.estimate, view.settings.reconcile
    constant = str(chosen.cif_factor.normalize()) if chosen.cif == "constant" else None
    read = [[getattr(estimate, name) for name in FITTED_BY], chosen.cif, constant, chosen.is_nes_moved, view.content("pair_geography", "")]
    catalog = view.settings.catalog
    own = [f"reported_flows/{source}" for source in catalog.flow_sources if catalog.basis_of(source) == "own"]
    found: dict[str, object] = {}
    for year in view.all_years:
        key = f"year={year}"
        harmonised = view.content("harmonised_flows", key)
        if harmonised and any(view.content(name, key) for name in own):
            found[key] = [*read, harmonised if estimate.refit == "on_revision" else None]
    return found


def is_fitted_anew(view: View, year: int) -> bool:
    """Whether a year whose reports change is fitted: one with own reports, where sets follow them or it has none yet."""
    catalog = view.settings.catalog
    own = (s for s in view.snapshots if s.kind == "flows" and catalog.basis_of(s.source) == "own")
    is_pinned = view.settings.estimate.refit != "on_revision" and ("parameter_set", f"year={year}") in view.states
    return not is_pinned and any(year in view.years.get(s.snapshot_id, ()) for s in own)


def parameter_tasks(view: View, key: str) -> list[Task]:
    """One graph a year."""
    return [parameter_steps(view.home, int(key.removeprefix("year=")), view.settings)]


def parameter_version() -> str:
    """Of the code."""
    from transforms.core.estimation import ESTIMATION_VERSION

    return ESTIMATION_VERSION


def reconcile_inputs(view: View) -> dict[str, object]:
    """By year: reports, the estimates pinned for it, settings; the geography where there are reports of our own basis."""
    estimate, chosen = view.settings.estimate, view.settings.reconcile
    read = [chosen.method, chosen.cif, str(chosen.cif_factor.normalize()), chosen.is_nes_moved, *(getattr(estimate, n) for n in READ_WITH)]
    found: dict[str, object] = {}
    for year in view.all_years:
        key = f"year={year}"
        if harmonised := view.content("harmonised_flows", key):
            pinned = view.content("parameter_set", key)
            found[key] = [harmonised, pinned, view.content("pair_geography", "") if pinned else [], read]
    return found


def reconcile_tasks(view: View, key: str) -> list[Task]:
    """One task a bucket; where the method brings products to their pair's total, all hang on the sums of all."""
    from transforms.core.methods import METHODS
    from transforms.core.reconcile import reconcile_bucket, sum_bucket, year_of
    from transforms.core.rescale import pair_totals

    home, year, settings = view.home, int(key.removeprefix("year=")), view.settings
    buckets = range(PRODUCT_BUCKETS)
    known = Step(year_of, (home, year, settings))
    totals = None
    if METHODS[settings.reconcile.method].is_rescaled:
        totals = Step(pair_totals, (tuple(Step(sum_bucket, (home, year, bucket, settings, known)) for bucket in buckets),))
    return [Step(reconcile_bucket, (home, year, bucket, settings, known, totals)) for bucket in buckets]
