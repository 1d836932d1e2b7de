"""Codes as integers that sort as the codes do."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from transforms.core import coded


def test_codes_rank_by_length_then_text() -> None:
    values = pa.chunked_array([pa.array(["842", "4"]).dictionary_encode(), pa.array(["31", "4"]).dictionary_encode()])
    rank, texts = coded.ranks(values, "exporter_code")
    assert (rank.tolist(), texts) == ([2, 0, 1, 0], ["4", "31", "842"])


@pytest.mark.parametrize(("levels", "expected"), [([6, 6, 6], [0, 0, 0]), ([6, 2, 4], [2, 0, 1])])
def test_numbers_rank_as_they_are(levels: list[int], expected: list[int]) -> None:
    rank, _ = coded.ranks(pa.chunked_array([pa.array(levels, pa.int8())]), "product_level")
    assert rank.tolist() == expected


def test_row_keys_order_as_the_columns_do() -> None:
    data = pa.table({"exporter_code": ["842", "4", "31", "4"], "importer_code": ["4", "842", "4", "56"]})
    order = coded.sort_order(coded.row_keys(data, ("exporter_code", "importer_code")))
    assert order is not None and order.tolist() == [3, 1, 2, 0]


def test_too_many_combinations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded, "_ROOM", 3)
    data = pa.table({"exporter_code": ["1", "2"], "importer_code": ["1", "2"]})
    with pytest.raises(OverflowError, match="exporter_code, importer_code have over"):
        coded.row_keys(data, ("exporter_code", "importer_code"))


def test_sorted_keys_are_left_alone_and_starts_found() -> None:
    keys = np.array([1, 1, 2, 5, 5])
    assert coded.sort_order(keys) is None
    assert coded.starts(keys).tolist() == [0, 2, 3] and coded.starts(keys[:0]).tolist() == []
