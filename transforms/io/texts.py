"""A member of a file as delimited text, whatever it is written as: the one way in for the reader."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from transforms.io.archives import open_stream, packing
from transforms.io.forms import as_text, form_of
from transforms.settings import Settings

#: So much of a file is looked at to know its form.
_FORM_BYTES = 4096


@contextmanager
def open_text(path: Path, member: str, settings: Settings | None = None) -> Iterator[BinaryIO]:
    """The bytes of a member as delimited text: JSON, SDMX-CSV and workbooks are made so while they are read.

    Raises BadFileError where the limits or the archive break, or the form is none known.
    """
    label = path.name if member == path.name else f"{path.name}: {member}"
    with open_stream(path, member, settings) as stream:
        if packing(path) == "workbook":
            yield as_text("xlsx", stream, label)
            return
        buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream, 1 << 20)  # type: ignore[type-var]
        form = form_of(buffered.peek(_FORM_BYTES)[:_FORM_BYTES])
        yield buffered if form is None else as_text(form, buffered, label)
