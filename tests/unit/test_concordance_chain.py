"""Chains of editions: products of weights, codes lost on the way, and chains that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.concordance_cases import given_weights, of, unsd
from transforms.core.concordance.chain import chain
from transforms.core.concordance.groups import ConcordanceError
from transforms.core.concordance.weights import EQUAL_SPLIT, FITTED, FIXED, Weights, estimate


def step(editions: str, *entries: str) -> Weights:
    """step("H6 H5", "a>p 0.25", "a>q 0.75")"""
    split = [entry.replace(">", " ").split() for entry in entries]
    left, right = editions.split()
    return given_weights((left, right), [s[0] for s in split], [s[1] for s in split], [float(s[2]) for s in split])


def as_text(weights: Weights) -> list[str]:
    names = weights.from_codes[weights.row], weights.to_codes[weights.target]
    return [f"{a}>{b} {w:.12g}" for a, b, w in zip(*names, weights.weight, strict=True)]


FIRST = step("H6 H5", "a>p 0.25", "a>q 0.75", "b>q 1", "c>r 1")
SECOND = step("H5 H4", "p>x 0.5", "p>y 0.5", "q>y 0.2", "q>z 0.8", "r>z 1")


def test_a_product_by_hand() -> None:
    found = chain([FIRST, SECOND])
    assert as_text(found.weights) == ["a>x 0.125", "a>y 0.275", "a>z 0.6", "b>y 0.2", "b>z 0.8", "c>z 1"]
    assert (found.weights.from_edition, found.weights.to_edition, found.unmapped) == ("H6", "H4", ())
    assert found.weights.origin.tolist() == [FITTED, FITTED, FIXED]


def test_one_step_is_itself() -> None:
    assert chain([FIRST]).weights is FIRST


def test_a_row_is_as_weak_as_the_weakest_row_it_passes() -> None:
    split = estimate(of("p>x", "p>y", "q>y", "r>z"), ("H5", "H4"))
    assert chain([FIRST, split]).weights.origin.tolist() == [EQUAL_SPLIT, FIXED, FIXED]


def test_small_products_are_dropped() -> None:
    found = chain([step("H6 H5", "a>p 0.0005", "a>q 0.9995"), step("H5 H4", "p>x 0.001", "p>y 0.999", "q>y 1")])
    assert as_text(found.weights) == ["a>y 1"]


def test_three_steps_are_as_two_and_one() -> None:
    third = step("H4 H3", "x>u 1", "y>u 0.3", "y>v 0.7", "z>v 1")
    assert as_text(chain([FIRST, SECOND, third]).weights) == as_text(chain([chain([FIRST, SECOND]).weights, third]).weights)
    assert as_text(chain([FIRST, SECOND, third]).weights) == ["a>u 0.2075", "a>v 0.7925", "b>u 0.06", "b>v 0.94", "c>v 1"]


def test_a_code_of_which_a_part_is_lost_on_the_way_is_unmapped_as_a_whole() -> None:
    found = chain([FIRST, step("H5 H4", "q>y 0.2", "q>z 0.8", "r>z 1")])  # p is left out
    assert found.unmapped == ("a",)
    assert as_text(found.weights) == ["b>y 0.2", "b>z 0.8", "c>z 1"]


def test_a_table_that_leaves_out_everything() -> None:
    found = chain([FIRST, step("H5 H4", "s>x 1")])
    assert found.unmapped == ("a", "b", "c") and len(found.weights.from_codes) == 0
    assert chain([FIRST, step("H5 H4", "s>x 1"), step("H4 H3", "x>u 1")]).unmapped == ("a", "b", "c")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "at least one step"),
        ([FIRST, step("H4 H3", "x>u 1")], "a step to H5 can't be followed by one from H4"),
        ([FIRST, step("H5 H6", "p>a 1", "q>a 1", "r>c 1")], "the chain H6 > H5 > H6 passes an edition twice"),
        ([step("H5 H5", "p>p 1")], "passes an edition twice"),
    ],
)
def test_chains_that_are_none(steps: list[Weights], said: str) -> None:
    with pytest.raises(ConcordanceError, match=said):
        chain(steps)


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_chain_is_the_matrix_product(seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    sizes = rng.integers(1, 9, 4)
    steps, whole = [], np.eye(sizes[0])
    for n in range(3):
        matrix = rng.gamma(0.4, 1.0, (sizes[n], sizes[n + 1])) * (rng.random((sizes[n], sizes[n + 1])) < 0.7)
        matrix[:, 0] += 0.05
        matrix[0] += 0.05  # each code of the next edition is reached
        matrix /= matrix.sum(1, keepdims=True)
        matrix[matrix < 1e-3] = 0
        matrix /= matrix.sum(1, keepdims=True)
        row, column = np.nonzero(matrix)
        codes = [f"{c}" for c in row], [f"{c}" for c in column]
        steps.append(given_weights((f"E{n}", f"E{n + 1}"), *codes, matrix[row, column].tolist()))
        whole = whole @ matrix
    found = chain(steps).weights
    dense = np.zeros_like(whole)
    dense[found.row, [int(c) for c in found.to_codes[found.target]]] = found.weight
    assert np.abs(dense - whole).max() < 1e-5 and np.abs(found.sums() - 1).max() < 1e-11


@pytest.mark.real_data
def test_hs2022_to_hs2012_over_hs2017(shared_data: Path) -> None:
    steps = [estimate(unsd(shared_data, 2022, 2017), ("H6", "H5")), estimate(unsd(shared_data, 2017, 2012), ("H5", "H4"))]
    found = chain(steps)
    assert found.unmapped == () and np.abs(found.weights.sums() - 1).max() < 1e-11
    assert len(found.weights.weight) == 16377  # the relations of the direct table, by the way over HS2017
    direct = unsd(shared_data, 2022, 2012)
    through = set(zip(found.weights.from_codes[found.weights.row], found.weights.to_codes[found.weights.target], strict=True))
    assert through == set(zip(direct.from_codes[direct.from_index], direct.to_codes[direct.to_index], strict=True))
    steel = np.char.startswith(found.weights.from_codes, "72")
    rows = steel[found.weights.row]
    assert (found.weights.from_codes[found.weights.row[rows]] == found.weights.to_codes[found.weights.target[rows]]).all()
    assert found.weights.weight[rows].tolist() == [1.0] * 167
