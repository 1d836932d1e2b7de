"""What the Comtrade client asks of the transport: one method, so that tests and other transports can stand in for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class FetchedLike(Protocol):
    """What a request gave: ``status`` is "new", "not_modified" or "empty"; ``path`` is the target where it is new."""

    @property
    def status(self) -> str: ...
    @property
    def path(self) -> Path | None: ...


class Getter(Protocol):
    """The part of ``transforms.feeds.http.Fetcher`` that is used here. Raises FetchError and its kinds."""

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = ...,
        secret_headers: Mapping[str, str] | None = ...,
        etag: str | None = ...,
        last_modified: str | None = ...,
        target: Path,
    ) -> FetchedLike: ...
