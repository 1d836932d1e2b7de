"""A year's estimates as steps: passes over the buckets side by side, a fit after each, the partition written last."""

from __future__ import annotations

from pathlib import Path

from orchestration.steps import Step
from transforms.contracts.codes import PRODUCT_BUCKETS
from transforms.settings import Settings


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
