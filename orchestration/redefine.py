"""Settings that change results are changed on purpose: ``entrepot run --redefine``."""

from __future__ import annotations

from orchestration.errors import UsageRefused
from transforms.io.release import current_release, read_manifest
from transforms.io.state import result_settings
from transforms.settings import Settings


def check_redefined(settings: Settings, *, redefine: bool) -> None:
    """UsageRefused where settings that change results differ from the current release's and nobody said ``redefine``."""
    current = current_release(settings.home)
    if current is None or redefine:
        return
    before = read_manifest(settings.home / "releases" / current)["content"]["settings"]
    changed = [f"{k} was {before[k]}, is {v}" for k, v in result_settings(settings).items() if k in before and before[k] != v]
    if changed:
        raise UsageRefused(
            f"settings that change results differ from release {current}: {'; '.join(changed)}; say --redefine if that is meant"
        )
