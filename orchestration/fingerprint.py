"""What a release would be called now: the fingerprint of lake, settings and the SQL of the marts. No dbt import."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from transforms.io import state
from transforms.settings import Settings

_SUFFIXES = (".sql", ".yml", ".csv")


def marts_version() -> str:
    """Hash of the dbt project's texts: models, macros, tests, seeds."""
    found: list[tuple[str, str]] = []

    def walk(folder: Traversable, name: str) -> None:
        for entry in folder.iterdir():
            path = f"{name}/{entry.name}"
            if entry.is_dir() and entry.name not in ("target", "logs", "dbt_packages", "__pycache__"):
                walk(entry, path)
            elif entry.is_file() and entry.name.endswith(_SUFFIXES):
                found.append((path, state.digest(entry.read_text("utf-8"))))

    walk(files("dbt_project"), "")
    return state.digest(sorted(found))


def current_fingerprint(settings: Settings) -> str:
    """Fingerprint of the release that the lake, the settings and the marts' SQL would give now."""
    return state.release_fingerprint(settings, marts_version())
