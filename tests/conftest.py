"""Fixtures shared by all kinds of tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public files; ENTREPOT_TEST_DATA, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("ENTREPOT_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"real data absent: no folder {folder} (set ENTREPOT_TEST_DATA)")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty ENTREPOT_HOME."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    return folder
