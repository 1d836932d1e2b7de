"""Reconciliation methods: weights of the exporter's report, and codes as integers that they are joined by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from transforms.contracts import codes
from transforms.core import coded
from transforms.core.methods import METHODS, Reports

#: both report, the exporter alone, the importer alone
REPORTS = Reports(
    np.array([90, 90, 0]), np.array([100, 0, 100]), np.array([True, True, False]), np.array([True, False, True])
)  # fmt: skip


def test_every_selectable_method_is_there() -> None:
    assert set(METHODS) == set(codes.METHODS) - {"baci_published"}
    assert all(name == method.name for name, method in METHODS.items())


@pytest.mark.parametrize(("name", "weights"), [("prefer_exporter", [1, 1, 0]), ("prefer_importer", [0, 1, 0])])
def test_weights(name: str, weights: list[int]) -> None:
    assert METHODS[name].weight_exporter(REPORTS).tolist() == weights


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_lone_report_has_all_the_weight(name: str) -> None:
    assert METHODS[name].weight_exporter(REPORTS)[1:].tolist() == [1, 0]


def test_codes_rank_by_length_then_text() -> None:
    ranks, values = coded.ranks(pa.chunked_array([["842", "8"], ["56", "8"]]), "exporter_code")
    assert (values, ranks.tolist()) == (["8", "56", "842"], [2, 0, 1, 0])


def test_levels_rank_by_number() -> None:
    ranks, values = coded.ranks(pa.chunked_array([pa.array([6, 2, 6], pa.int8())]), "product_level")
    assert (values, ranks.tolist()) == ([2, 6], [1, 0, 1])
    ranks, values = coded.ranks(pa.chunked_array([pa.array([4, 4], pa.int8())]), "product_level")
    assert (values, ranks.tolist()) == ([4], [0, 0])


def test_keys_order_as_their_columns_do() -> None:
    data = pa.table({"exporter_code": ["56", "8", "8"], "importer_code": ["8", "842", "56"]})
    keys = coded.row_keys(data, ("exporter_code", "importer_code"))
    assert np.argsort(keys).tolist() == [2, 1, 0]


def test_too_many_combinations_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded, "_ROOM", 3)
    data = pa.table({"exporter_code": ["1", "2"], "importer_code": ["1", "2"]})
    with pytest.raises(OverflowError, match="exporter_code, importer_code have over"):
        coded.row_keys(data, ("exporter_code", "importer_code"))


def test_sorted_keys_need_no_order() -> None:
    assert coded.sort_order(np.array([1, 1, 2])) is None
    order = coded.sort_order(np.array([2, 1, 1]))
    assert order is not None
    assert order.tolist() == [1, 2, 0]


def test_starts_of_runs() -> None:
    assert coded.starts(np.array([4, 4, 7, 9, 9])).tolist() == [0, 2, 3]
    assert coded.starts(np.empty(0, np.int64)).tolist() == []
