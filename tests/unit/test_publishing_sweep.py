"""What a publication leaves in build/: nothing of its own, and the newest candidates of failed runs."""

from __future__ import annotations

from pathlib import Path

from orchestration.marts import Candidate
from orchestration.publishing import sweep_candidates


def test_the_published_candidate_goes_and_three_failed_stay(home: Path) -> None:
    build = home / "build"
    for name in ("r1", "r2", "r3", "r4", "r5"):
        (build / name / "dbt").mkdir(parents=True)
        (build / name / "candidate.duckdb").touch()
    (build / "parsed" / "1").mkdir(parents=True)
    sweep_candidates(Candidate(build / "r5" / "candidate.duckdb", "r5", home, {}, {}))
    assert sorted(p.name for p in build.iterdir()) == ["parsed", "r2", "r3", "r4"]
