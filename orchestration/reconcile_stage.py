"""The stage of bilateral flows: what a year of them is built from, and its tasks, which may hang on sums over all buckets."""

from __future__ import annotations

from orchestration.steps import Step, Task
from orchestration.view import View
from transforms.contracts.codes import PRODUCT_BUCKETS

#: Settings of [estimate] that reconciling reads itself.
READ_WITH = ("cif_minimum_km", "interval_quantile")


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
    from transforms.core.reconciling.methods import METHODS
    from transforms.core.reconciling.reconcile import reconcile_bucket, sum_bucket, year_of
    from transforms.core.reconciling.rescale import pair_totals

    home, year, settings = view.home, int(key.removeprefix("year=")), view.settings
    buckets = range(PRODUCT_BUCKETS)
    known = Step(year_of, (home, year, settings))
    totals = None
    if METHODS[settings.reconcile.method].is_rescaled:
        totals = Step(pair_totals, (tuple(Step(sum_bucket, (home, year, bucket, settings, known)) for bucket in buckets),))
    return [Step(reconcile_bucket, (home, year, bucket, settings, known, totals)) for bucket in buckets]
