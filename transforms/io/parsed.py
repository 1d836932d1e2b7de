"""Where parsed slices stand, for those who write them and those who read names from them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from transforms.contracts.records import Snapshot

#: Version of the parser's code: another one makes every slice anew.
PARSE_VERSION = "7"


def parsed_folder(home: Path, snapshot: Snapshot, member: str) -> Path:
    """Folder of a member's slices, names and report: version, snapshot, edition, layout as declared and member are in the path."""
    layout = snapshot.definition.digest if snapshot.definition else "none"
    name = hashlib.sha256(member.encode()).hexdigest()[:12]
    return home / "build" / "parsed" / PARSE_VERSION / f"{snapshot.snapshot_id}-{snapshot.edition or 'own'}-{layout}" / name
