"""A year's estimates as a stage: passes over the buckets side by side, a fit after each, the partition written last."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from orchestration.steps import Step, Task
from orchestration.view import View
from transforms.contracts.codes import PRODUCT_BUCKETS
from transforms.declared.sections import Estimate
from transforms.settings import Settings

#: Settings of [estimate] that a fit reads, so that a new one fits anew unless it is named here: all but when to fit, and the interval's.
FITTED_BY = tuple(f.name for f in fields(Estimate) if f.name not in ("refit", "interval_quantile"))


def parameter_steps(home: Path, year: int, settings: Settings) -> Step:
    """The graph whose last step writes parameter_set of ``year``; only sums go from worker to worker."""
    from transforms.core.estimating import estimation
    from transforms.core.estimating.witnesses import ground_of

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
