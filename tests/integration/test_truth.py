"""The truth test (docs/methods.md 1.5): worlds whose truth is known, through harmonising, estimating and reconciling, scored.

Seeds and sizes are those of docs/truth-test.md, whose tables are rendered anew here and compared.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from infra.truth import page
from infra.truth.run import SEED, SIZES, outcome
from infra.truth.scores import SCORES, SIMPLE, Outcome, Share, best_simple, coverage, loses, size_of, spearman, unit_mistakes
from tests.unit.test_truth_worlds import world
from transforms.core.reconciling.methods import METHODS
from transforms.synthetic.truth import Score, Sizes
from transforms.synthetic.truth_worlds import WORLDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SMALL = Sizes(countries=10, products=8, years=1)


@cache
def found(kind: str) -> Outcome:
    """A world as the page has it, through the stages once."""
    return outcome(kind)


def test_seed_and_sizes_stay() -> None:
    assert (20260101, Sizes(40, 60, 3, 0.25)) == (SEED, SIZES)
    assert SIMPLE == ("mean", "prefer_exporter", "prefer_importer")


# how good the methods are


@pytest.mark.parametrize("score", SCORES)
def test_where_reporters_differ_baci_beats_each_simple_method(score: str) -> None:
    scores = found("a").scores
    assert size_of(scores["baci"], score) < best_simple(scores, score)


@pytest.mark.parametrize("score", ["absolute_error", "log_error"])
def test_where_they_dont_baci_is_within_two_per_cent_of_the_mean(score: str) -> None:
    scores = found("b").scores
    assert size_of(scores["baci"], score) == pytest.approx(size_of(scores["mean"], score), rel=0.02)


#: Scores of ``baci`` that are more than 1.1 times the best simple method's. Both are biases of the world total: in (e) the
#: exporters that understate make up for what hubs count twice, so that taking exporters' word comes out level; in (g) what is
#: missing makes up for the errors' mean, and the mean of both sides is off by less than a thousandth.
LOST = {("e", "total_bias"), ("g", "total_bias")}


def test_where_baci_loses_to_a_simple_method_is_known() -> None:
    assert {(kind, score) for kind in WORLDS for score in SCORES if loses(found(kind).scores, score)} == LOST


@pytest.mark.parametrize("kind", WORLDS)
def test_every_method_is_scored_on_all_cells(kind: str) -> None:
    scores = found(kind).scores
    assert set(scores) == set(METHODS)
    # 40 x 39 pairs, 60 products, 3 years; rests without a product come on top
    assert all(score.cells >= 280_800 for score in scores.values())
    assert {scores[method].cells for method in SIMPLE} == {280_800}


# what comes back


def test_the_cif_equation_comes_back_within_two_standard_errors() -> None:
    years = found("a").coefficients
    assert [len(year) for year in years] == [7, 7, 7]
    assert all(abs(c.distance) < 2 for year in years for c in year)


def test_errors_of_every_kind_leave_a_fitted_equation() -> None:
    assert all(len(year) == 7 for kind in WORLDS for year in found(kind).coefficients)


def test_the_planted_ranking_comes_back() -> None:
    """In every year, exporters and importers."""
    for side in zip(*found("a").ranking, strict=True):
        assert min(side) > 0.9


def test_equal_reporters_have_no_ranking() -> None:
    assert all(math.isnan(n) for year in found("b").ranking for n in year)


def test_intervals_hold_the_truth_nine_times_in_ten() -> None:
    assert 0.87 < found("a").covered.value < 0.93
    assert 0.87 < found("a").covered_two_sided.value < 0.93


def test_unit_mistakes_are_marked() -> None:
    """Some differ by more than the mark allows for, since both sides err besides; of those marked the right report is taken."""
    assert (found("c").recalled, found("c").precise, found("c").resolved) == (Share(85, 87), Share(85, 85), Share(85, 85))
    assert [found(kind).precise.cases for kind in "abdgh"] == [0, 0, 0, 0, 0]


# the page


@pytest.mark.parametrize("kind", WORLDS)
def test_the_page_shows_what_the_worlds_give(kind: str) -> None:
    """Where this fails, ``python -m infra.truth --render`` writes the page."""
    shown = page.between(page.PAGE.read_text("utf-8"))
    assert page.score_rows(shown, kind) == page.score_rows(page.rendered([found(kind)]), kind)
    assert len(page.score_rows(shown, kind)) == 4


def test_the_page_is_the_drivers_to_the_letter() -> None:
    text = page.PAGE.read_text("utf-8")
    tables = page.rendered([found(kind) for kind in WORLDS])
    assert page.between(text) == tables.strip("\n")
    assert page.replaced(text, tables) == text


def test_a_page_without_its_markers_is_left_alone() -> None:
    with pytest.raises(ValueError, match="the page has not one line"):
        page.replaced("# Another page\n", "tables")


def test_a_world_gives_the_same_outcome_again() -> None:
    methods = ("baci", "growth_lab", *SIMPLE)
    assert outcome("h", 3, SMALL, methods) == outcome("h", 3, SMALL, methods)


# the measures by hand


def test_the_rank_correlation_of_five_with_a_tie() -> None:
    """Ranks 1, 2.5, 2.5, 4, 5 against 1..5: 9.5 / sqrt(9.5 x 10)."""
    rank = spearman(np.array([0.1, 0.3, 0.3, 0.4, 0.9]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert rank == pytest.approx(0.9746794344808963, abs=1e-12)
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == -1.0
    assert math.isnan(spearman(np.array([1.0, 2.0]), np.array([2.0, 2.0])))


def test_a_score_loses_beyond_a_tenth_above_the_best_simple_one() -> None:
    def score(bias: float) -> Score:
        return Score(0.0, bias, 0.0, 1, 1)

    scores = {"mean": score(-0.10), "prefer_exporter": score(0.2), "prefer_importer": score(0.3), "baci": score(0.11)}
    assert not loses(scores, "total_bias")
    assert loses({**scores, "baci": score(-0.1101)}, "total_bias")
    assert best_simple(scores, "total_bias") == 0.1


def flow_rows(*rows: tuple[str, str | None, str | None, str, str | None]) -> pa.Table:
    """Flows of the first pair and first year of a world: product, low, high (also the value), evidence, marks."""
    known = world("c").truth
    product, low, high, evidence, marks = (list(column) for column in zip(*rows, strict=True))
    usd = pa.decimal128(18, 3)
    return pa.table(
        {
            "year": pa.array([known.years[0]] * len(rows), pa.int16()),
            "exporter_code": [str(known.area_codes[0])] * len(rows),
            "importer_code": [str(known.area_codes[1])] * len(rows),
            "product_code": product,
            "value_low_usd": pa.array(low).cast(usd),
            "value_high_usd": pa.array(high).cast(usd),
            "value_fob_usd": pa.array(high).cast(usd),
            "evidence": evidence,
            "method_marks": pa.array(marks, pa.string()),
        }
    )


def test_coverage_counts_what_has_an_interval() -> None:
    """Truths: 663,815,235.946 USD, 51,225,262.992, none, none."""
    flows = flow_rows(
        ("010110", "600000000.000", "663815235.946", "both", None),
        ("010120", "51225262.993", "60000000.000", "exporter_only", None),
        ("010130", "1.000", "2.000", "both", None),
        ("XXXXXX", "1.000", "2.000", "both", None),
        ("020110", None, None, "both", None),
    )
    assert coverage(flows, world("c").truth) == (Share(1, 4), Share(1, 3))
    assert math.isnan(Share(0, 0).value)


def test_marks_are_right_where_one_side_is_a_thousand_times_too_large() -> None:
    told = world("c")
    planted = {f"is_blunder_{side}": np.zeros(told.truth.value_mills.shape, bool) for side in ("exporter", "importer")}
    for side, products in (("exporter", [0, 1, 6, 8]), ("importer", [1, 4])):
        planted[f"is_blunder_{side}"][0, 0, 1, products] = True
    flows = flow_rows(
        ("010110", "1.000", "663000000.000", "both", "cif_fitted suspected_1000"),
        ("020110", "1.000", "358000000000.000", "both", "suspected_1000"),  # 358,440,955.033 USD in truth
        ("010120", "1.000", "51000000.000", "both", "suspected_1000"),  # both sides alike
        ("010140", "1.000", "2.000", "both", "suspected_1000000"),
        ("030110", "1.000", "31000000.000", "both", "cif_fitted"),
        ("020130", "1.000", "2.000", "exporter_only", None),  # nobody could know
    )
    assert unit_mistakes(flows, replace(told, planted=planted)) == (Share(2, 3), Share(2, 3), Share(1, 2))
