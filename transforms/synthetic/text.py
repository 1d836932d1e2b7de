"""Columns to bytes of a text file, vectorised: whole columns are joined, never rows."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: A column of text, or one text for all rows (pyarrow has no types of its own to check).
Text = Any

#: What follows the whole number, by thousandths: "", ".001", ".25" ...
_TRIMMED = pa.array([f".{n:03d}".rstrip("0").rstrip(".") for n in range(1000)])
_PADDED = pa.array([f".{n:03d}" for n in range(1000)])


def constant(text: str) -> pa.Scalar:
    """One text for all rows."""
    return pa.scalar(text)


def coded(codes: Sequence[str] | NDArray[np.str_], index: NDArray[np.int64]) -> pa.Array:
    """Text of ``codes`` at each index."""
    return pa.array([str(c) for c in codes]).take(pa.array(index))


def whole(numbers: NDArray[np.int64]) -> pa.Array:
    """Integers as text."""
    return pa.array(numbers).cast(pa.string())


def thousandths(numbers: NDArray[np.int64], *, is_padded: bool = False) -> pa.Array:
    """Thousandths as a decimal: 1500 is "1.5", or "1.500" where padded."""
    tail = (_PADDED if is_padded else _TRIMMED).take(pa.array(numbers % 1000))
    return pc.binary_join_element_wise(whole(numbers // 1000), tail, "")


def with_exponents(text: pa.Array, numbers: NDArray[np.int64], is_exponent: NDArray[np.bool_]) -> pa.Array:
    """``text`` with the flagged rows, six significant digits of ``numbers`` thousandths, as 1.12339E+11."""
    if not is_exponent.any():
        return text
    replacements = pa.array([f"{n / 1000:.5E}" for n in numbers[is_exponent].tolist()])
    return pc.replace_with_mask(text, pa.array(is_exponent), replacements)


def lines(columns: Sequence[Text], delimiter: str, end: str = "\n") -> bytes:
    """The bytes of all lines: columns joined by the delimiter, each line closed by ``end``."""
    *first, last = columns
    last = pc.binary_join_element_wise(last, end, "")
    joined = pc.binary_join_element_wise(*first, last, delimiter)
    if isinstance(joined, pa.Scalar):
        return str(joined.as_py()).encode()
    return b"".join(chunk_bytes(chunk) for chunk in ([joined] if isinstance(joined, pa.Array) else joined.chunks))


def chunk_bytes(column: pa.Array) -> bytes:
    """All texts of a column without gaps: its value buffer."""
    if not len(column):
        return b""
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    return memoryview(column.buffers()[2])[offsets[0] : offsets[-1]].tobytes()


def write_gzip(path: Path, parts: Iterable[bytes]) -> Path:
    """A gzip file whose bytes depend on its content only: no time, no name inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=1, mtime=0) as handle:
        for part in parts:
            handle.write(part)
    return path


def write_plain(path: Path, parts: Iterable[bytes]) -> Path:
    """An uncompressed file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as handle:
        for part in parts:
            handle.write(part)
    return path


def choose(mask: pa.Array, yes: Text, no: Text) -> pa.Array:
    """``yes`` where the mask holds, else ``no``; a null is an empty field."""
    return pc.fill_null(pc.if_else(mask, yes, no), "")


def without_leading_zeros(column: Text) -> Text:
    """Codes as a spreadsheet leaves them: 010121 becomes 10121."""
    return pc.utf8_ltrim(column, characters="0")


def padded(column: pa.Array, width: int) -> pa.Array:
    """Texts filled with blanks on the left."""
    return pc.utf8_lpad(column, width=width)
