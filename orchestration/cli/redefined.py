"""Settings that were changed on purpose or not: what they were in the current release, for commands that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transforms.settings import Settings


def changed_settings(settings: Settings) -> str | None:
    """What `entrepot run` would refuse with: each setting as it was and is; None where none that changes results differs."""
    from orchestration.errors import UsageRefused
    from orchestration.redefine import check_redefined
    from transforms.io.release_manifest import ManifestError

    try:
        check_redefined(settings, redefine=False)
    except UsageRefused as refused:
        return str(refused)
    except ManifestError:
        # the release is damaged: nothing tells what it was made by, and a run says what to do
        return None
    return None
