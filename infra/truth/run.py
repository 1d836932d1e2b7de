"""One world after the other through the stages, scored."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.truth import stages
from infra.truth.scores import Outcome, coefficients, coverage, ranking, unit_mistakes
from transforms.core.pinned.parameters import read_parameters
from transforms.core.reconciling.methods import METHODS
from transforms.synthetic.truth import Score, Sizes, score, truth_table
from transforms.synthetic.truth_worlds import WORLDS

#: The seed and the sizes of the published table.
SEED, SIZES = 20260101, Sizes()


def outcome(kind: str, seed: int = SEED, sizes: Sizes = SIZES, methods: Sequence[str] = tuple(METHODS)) -> Outcome:
    """World ``kind`` with every method, in a home of its own. ``baci`` must be among them: intervals and marks are its rows'."""
    world = WORLDS[kind](seed, sizes)
    years = world.truth.years
    with tempfile.TemporaryDirectory(prefix="entrepot-truth-") as folder:
        home = Path(folder)
        stages.commit_world(home, world)
        stages.harmonise(home, years)
        stages.estimate(home, years)
        truth, scores = truth_table(world.truth), dict[str, Score]()
        for method in methods:
            flows = stages.reconcile(home, years, method)
            scores[method] = score(flows, truth)
            if method == "baci":
                found = coverage(flows, world.truth), unit_mistakes(flows, world)
        parameters = [read_parameters(home, year) for year in years]
    (covered, two_sided), mistakes = found
    return Outcome(
        kind,
        scores,
        covered,
        two_sided,
        tuple(ranking(p, world) for p in parameters),
        tuple(coefficients(p, place) for place, p in enumerate(parameters)),
        *mistakes,
    )
