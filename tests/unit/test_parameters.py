"""A year's set of estimates: written and read again to the last digit, and what is said of areas and products that aren't in it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from transforms.contracts import lake as contracts
from transforms.core.estimates.cif import NAMES, PUBLISHED, Coefficients
from transforms.core.estimates.growth_lab import Reliability
from transforms.core.estimates.intervals import Variances
from transforms.core.estimates.quality import Side
from transforms.core.estimates.sufficient import rounded
from transforms.core.estimates.symmetry import Index
from transforms.core.estimates.unit_values import UnitValues, fit, statistics
from transforms.core.estimates.units import TonnesPerUnit
from transforms.core.harmonising.reporters import Reporters
from transforms.core.pinned.parameter_rows import from_rows, to_rows
from transforms.core.pinned.parameters import NO_PARAMETERS, Parameters, read_parameters
from transforms.io import lake


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def side(seed: int, *areas: int) -> Side:
    draw = np.random.default_rng(seed)
    numbers = rounded(draw.random((3, len(areas))))
    group = ints(*(int(n == len(areas) - 1) for n in range(len(areas))))
    return Side(ints(*areas), ints(*range(7, 7 + len(areas))), numbers[0], numbers[1], numbers[2], group)


def fitted() -> Parameters:
    """A set in which every number is another one."""
    draw = np.random.default_rng(5)
    spread = draw.random((9, 9))
    cif = Coefficients(
        rounded(draw.random(7)), ints(2019, 2020), rounded(draw.random(2)), rounded((spread + spread.T) / 2),
        float(rounded(draw.random())), 12_345, 8, float(rounded(draw.random())),
    )  # fmt: skip
    return Parameters(
        fitted_on="A H5 6",
        cif=cif,
        unit_values={
            "H4": UnitValues(ints(10110, 870380), rounded(draw.random(2)), ints(4, 5)),
            "H5": UnitValues(ints(10121, 99999, 870380), rounded(draw.random(3)), ints(1, 2, 3)),
        },
        units={"H5": TonnesPerUnit(ints(10121, 10121, 870380), ints(5, 12, 5), rounded(draw.random(3)), ints(10, 11, 12),
                                   rounded(draw.random(3)), np.ones(3, np.bool_))},
        quality=(side(1, 4, 36, 842), side(2, 8, 100, 251)),
        weight_quality=(side(3, 4, 842), side(4, 8)),
        variances=Variances(ints(4, 842), rounded(draw.random(2)), ints(8, 100), rounded(draw.random(2)), -0.0123, 678),
        reliability=Reliability(ints(4, 8, 842), rounded(draw.random(3)), rounded(draw.random(3))),
        symmetry=(Index(ints(4, 842), np.array([0.25, 0.0])), Index(ints(8,), np.array([1.0]))),
        reporters=ints(4, 8, 36, 842),
    )  # fmt: skip


def same(one: object, other: object, where: str = "") -> None:
    """Equal to the last bit, through records, mappings and tuples."""
    assert type(one) is type(other), where
    if is_dataclass(one):
        for field in fields(one):
            same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, dict) and isinstance(other, dict):
        assert list(one) == list(other), where
        for name in one:
            same(one[name], other[name], f"{where}[{name}]")
    elif isinstance(one, tuple) and isinstance(other, tuple):
        for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            same(mine, theirs, f"{where}[{place}]")
    elif isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist()), where
    else:
        assert one == other, where


def commit(home: Path, parameters: Parameters, year: int = 2020) -> str:
    file = lake.write_partition(home, contracts.PARAMETER_SET, {"year": year}, [to_rows(parameters)])
    lake.commit(home, contracts.PARAMETER_SET, {f"year={year}": [file] if file else []})
    return file.sha256[:16] if file else ""


def test_what_was_fitted_is_what_is_read(home: Path) -> None:
    before = fitted()
    set_id = commit(home, before)
    found = read_parameters(home, 2020)
    assert len(set_id) == 16
    same(found, replace(before, set_id=set_id))
    assert commit(home, found) == set_id, "written again it is the same file"
    same(read_parameters(home, 2019), NO_PARAMETERS)


def test_rows_may_come_in_any_order() -> None:
    rows = to_rows(fitted())
    order = np.random.default_rng(1).permutation(rows.num_rows)
    same(from_rows(rows.take(order), ""), fitted())


def test_the_published_equation_is_read_as_the_published_one(home: Path) -> None:
    commit(home, Parameters(fitted_on="M H6 6"))
    found = read_parameters(home, 2020)
    assert found.cif is PUBLISHED
    rows = lake.read(home, contracts.PARAMETER_SET).to_pylist()
    assert {r["parameter_origin"] for r in rows} == {"published"} and {r["fitted_on"] for r in rows} == {"M H6 6"}
    assert {r["parameter_name"]: r["parameter_value"] for r in rows if r["parameter_name"] in NAMES} == {
        "constant": 0.32, "ln_distance": -0.11, "ln_distance_squared": 0.01, "ln_unit_value": -0.032, "contiguity": -0.044,
        "landlocked_importer": 0.049, "landlocked_exporter": -0.009,
    }  # fmt: skip
    assert {r["standard_error"] for r in rows} == {None} and {r["observation_count"] for r in rows} == {9_053_610}


def test_rows_say_what_they_are_of(home: Path) -> None:
    commit(home, fitted())
    rows = lake.read(home, contracts.PARAMETER_SET).to_pylist()
    names = ("parameter_name", "subject_code", "quantity_unit_code", "observation_count", "fitted_on")
    found = {kind: [tuple(r[n] for n in names) for r in rows if r["parameter_kind"] == kind] for kind in ("unit_value", "quality_importer")}
    assert found["unit_value"] == [
        ("usd_per_kg", "H4 010110", "-1", 4, "A H4 6"),
        ("usd_per_kg", "H4 870380", "-1", 5, "A H4 6"),
        ("usd_per_kg", "H5 010121", "-1", 1, "A H5 6"),
        ("usd_per_kg", "H5 099999", "-1", 2, "A H5 6"),
        ("usd_per_kg", "H5 870380", "-1", 3, "A H5 6"),
    ]
    assert found["quality_importer"] == [
        ("group", "251", "-1", 9, "A H5 6"),
        ("sigma", "8", "-1", 7, "A H5 6"), ("sigma", "100", "-1", 8, "A H5 6"), ("sigma", "251", "-1", 9, "A H5 6"),
        ("distance", "8", "-1", 7, "A H5 6"), ("distance", "100", "-1", 8, "A H5 6"), ("distance", "251", "-1", 9, "A H5 6"),
    ]  # fmt: skip
    assert len({tuple(r[c] for c in contracts.PARAMETER_SET.key) for r in rows}) == len(rows)


def test_before_any_fit_weights_tie_and_nothing_is_known() -> None:
    area = ints(4, 842)
    p = NO_PARAMETERS
    assert (p.set_id, p.fitted_on, p.cif) == ("", None, PUBLISHED)
    for is_exporter in (True, False):
        assert p.sigma_of(area, is_exporter=is_exporter).tolist() == [1.0, 1.0]
        assert p.sigma_of(area, is_exporter=is_exporter, of_net_weight=True).tolist() == [1.0, 1.0]
        assert p.has_sigma(area, is_exporter=is_exporter).tolist() == [False, False]
        assert np.isnan(p.variance_of(area, is_exporter=is_exporter)).all()
        assert p.reliability_of(area, is_exporter=is_exporter).tolist() == [1.0, 1.0]
        assert p.symmetry_of(area, is_exporter=is_exporter).tolist() == [0.0, 0.0]
    assert np.isnan(p.unit_value_of("H5", ints(870380))).all()
    kg, found = p.kg_of("H5", ints(870380), ints(5), np.array([2.0]))
    assert (kg.tolist(), found.tolist()) == ([0.0], [False])
    assert to_rows(p).num_rows == 0


def test_an_area_without_mirrors_has_the_median_of_its_role() -> None:
    p = fitted()
    one = Side(ints(4, 36, 842), ints(1, 1, 1), np.zeros(3), np.zeros(3), np.array([0.1, 0.2, 0.7]), ints(0, 0, 0))
    p = replace(p, quality=(one, p.quality[1]))
    asked = ints(842, 999, 4)
    assert p.sigma_of(asked, is_exporter=True).tolist() == [0.7, 0.2, 0.1]
    assert p.has_sigma(asked, is_exporter=True).tolist() == [True, False, True]
    assert p.sigma_of(asked[:, None], is_exporter=True).tolist() == [[0.7], [0.2], [0.1]], "in any shape"
    assert p.symmetry_of(asked, is_exporter=True).tolist() == [0.0, 0.0, 0.25]


def test_kilograms_of_units() -> None:
    units = {"H5": TonnesPerUnit(ints(870380), ints(5), np.array([1.5]), ints(10), np.array([0.1]), np.ones(1, np.bool_))}
    p = Parameters(fitted_on="A H5 6", units=units)
    product, unit = ints(870380, 870380, 870380, -1, 8703800000, 870380, 870380), ints(5, 12, -1, 5, 5, 8, 5)
    kg, found = p.kg_of("H5", product, unit, np.array([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.0]))
    assert kg.tolist() == [3000.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]
    assert found.tolist() == [True, False, False, False, False, True, False]
    assert p.kg_of("H4", ints(870380), ints(5), np.array([2.0]))[1].tolist() == [False], "of another edition nothing is known"


def test_unit_values_take_fob_first() -> None:
    product = ints(1, 1, 1, 2, 3, 3)
    value, kg = ints(1_000, 3_000, 90_000, 5_000, 0, 100), ints(100, 900, 100, 500, 10, 0)
    is_fob = np.array([True, True, False, False, True, True])
    found = fit(statistics(product, value, kg, is_fob))
    assert (found.product.tolist(), found.usd_per_kg.tolist(), found.reports.tolist()) == ([1, 2], [4.0, 10.0], [2, 1])
    assert found.of(ints(2, 3, 1)).tolist() == pytest.approx([10.0, np.nan, 4.0], nan_ok=True)


def test_who_reports_and_has_no_estimate() -> None:
    reporters = Reporters({("A", "2020"): frozenset({"4", "12"}), ("A", "2021"): frozenset({"842", "16"})})
    (text,) = fitted().lacking(2020, reporters)
    assert text == "2020: 2 reporters have no estimate in the pinned parameters; `entrepot run --refit --year 2020` fits them"
    assert fitted().lacking(2020, Reporters({("A", "2020"): frozenset({"4"})})) == ()
