"""Settings that change results are changed on purpose: ``entrepot run --redefine``."""

from __future__ import annotations

from orchestration.errors import UsageRefused
from transforms.io.release import current_release, read_manifest
from transforms.io.release_manifest import ManifestError
from transforms.io.state import result_settings
from transforms.settings import Settings


def _difference(settings: Settings) -> str | None:
    """Each setting that changes results as it was in the current release and is now; None where none differs."""
    current = current_release(settings.home)
    if current is None:
        return None
    before = read_manifest(settings.home / "releases" / current)["content"]["settings"]
    changed = [f"{k} was {before[k]}, is {v}" for k, v in result_settings(settings).items() if k in before and before[k] != v]
    if not changed:
        return None
    return f"settings that change results differ from release {current}: {'; '.join(changed)}; say --redefine if that is meant"


def check_redefined(settings: Settings, *, redefine: bool) -> None:
    """UsageRefused where settings that change results differ from the current release's and nobody said ``redefine``."""
    if not redefine and (difference := _difference(settings)):
        raise UsageRefused(difference)


def changed_settings(settings: Settings) -> str | None:
    """What a run would refuse with, for commands that change nothing; None too where the release is damaged: a run says what to do."""
    try:
        return _difference(settings)
    except ManifestError:
        return None
