"""From the lake to a release: marts in a private candidate, their gate, the pointer. Plain functions, in this order."""

from __future__ import annotations

import shutil
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from orchestration.engine import GateRefused, RunContext, StageError
from orchestration.fingerprint import current_fingerprint, marts_version
from orchestration.marts import Candidate, ReleaseInfo, build_candidate, build_ops_marts
from transforms.contracts import marts as contracts
from transforms.contracts.lake import REPORTED_FLOWS
from transforms.contracts.ops import CHECK_RESULT
from transforms.contracts.records import CheckResult
from transforms.io import lake, release, state
from transforms.io.snapshot_store import live_snapshots
from transforms.settings import Settings

#: Candidates of runs that failed: the newest of them are kept.
KEPT_CANDIDATES = 3
#: Files named in an error.
_NAMED = 4


def describe_release(settings: Settings) -> ReleaseInfo:
    """What the release that the lake would give now is called, and what it must say of itself."""
    now = datetime.now(UTC)
    fingerprint = current_fingerprint(settings)
    release_id = release.release_id_for(fingerprint, now.date())
    snapshots = live_snapshots(settings)
    is_synthetic = any(s.is_synthetic for s in snapshots)
    is_partial = any(s.gate == "failed" for s in state.read_states(settings.home).values())
    sources = "; ".join(sorted({s.attribution for s in snapshots if s.attribution}))
    synthetic = ", SYNTHETIC data" if is_synthetic else ""
    return ReleaseInfo(
        release_id=release_id,
        published_at=now,
        fingerprint=fingerprint,
        method=settings.reconcile.method,
        is_partial=is_partial,
        is_synthetic=is_synthetic,
        citation=f"Entrepôt release {release_id}{synthetic}, contract {contracts.CONTRACT_VERSION}. Sources: {sources or 'none named'}",
    )


def is_published(settings: Settings) -> bool:
    """True where the current release already is what the lake would give."""
    return release.is_current(settings.home, current_fingerprint(settings))


def build_marts(context: RunContext) -> Candidate:
    """Build and dbt-test the marts of the lake as it stands, in a private file. StageError where the home holds lists alone."""
    _refuse_lists_alone(context.settings)
    info = describe_release(context.settings)
    return build_candidate(context.settings, run_id=context.run_id, release=info, log=context.log)


def _refuse_lists_alone(settings: Settings) -> None:
    snapshots = live_snapshots(settings)
    if not snapshots or any(s.kind == "flows" for s in snapshots) or lake.active_files(settings.home, REPORTED_FLOWS):
        return
    names = ", ".join(sorted({s.file_name for s in snapshots})[:_NAMED])
    more = ", ..." if len({s.file_name for s in snapshots}) > _NAMED else ""
    raise StageError(
        f"{settings.home} holds lists ({names}{more}) and no trade flows, which a release is made of. The lists are kept: "
        "hand over a file of flows, `entrepot run PATH`"
    )


def gate_marts(context: RunContext, candidate: Candidate) -> list[CheckResult]:
    """Great Expectations on the candidate; recorded, then GateRefused where an error-severity check failed."""
    from expectations.runner import gate_database

    tables = [t for t in contracts.MARTS.values() if t not in contracts.OPS_MARTS]
    checks = gate_database(candidate.path, tables)
    state.record_checks(context.settings.home, context.run_id, checks)
    failed = [c for c in checks if not c.is_passed and c.severity == "error"]
    if failed:
        raise GateRefused("the gate of the marts refused " + ", ".join(sorted({c.table_name for c in failed})), failed)
    return checks


def add_ops_marts(context: RunContext, candidate: Candidate) -> Candidate:
    """The marts of operations, once the check results of the others are recorded."""
    return build_ops_marts(context.settings, candidate, context.log)


def _quality(context: RunContext, info: ReleaseInfo) -> str:
    """The quality page: this run's results, and the runs before it."""
    from expectations.report import quality_page

    names = [f.name for f in fields(CheckResult)]
    rows = lake.read(context.settings.home, CHECK_RESULT).to_pylist()
    history = [(str(r["run_id"]), CheckResult(**{n: r[n] for n in names})) for r in rows]
    mine = [check for run_id, check in history if run_id == context.run_id]
    return quality_page(mine, history, f"Quality of release {info.release_id}" + (", SYNTHETIC data" if info.is_synthetic else ""))


def sweep_candidates(candidate: Candidate) -> None:
    """Remove the published candidate's folder, and those of failed runs but the newest few, which are there to be looked at."""
    shutil.rmtree(candidate.path.parent)
    left = sorted(p.parent for p in candidate.path.parent.parent.glob(f"*/{candidate.path.name}"))
    for folder in left[:-KEPT_CANDIDATES]:
        shutil.rmtree(folder)


def cut_release(context: RunContext, candidate: Candidate) -> Path:
    """Publish a candidate that passed; the pointer moves last. Returns the release's folder."""
    info = candidate.release
    if info is None:
        raise ValueError("the candidate has no release: build_marts makes one")
    content = {
        "fingerprint": info.fingerprint,
        "contract_version": contracts.CONTRACT_VERSION,
        "is_partial": info.is_partial,
        "is_synthetic": info.is_synthetic,
        "citation": info.citation,
        "marts_version": marts_version(),
    }
    folder = release.publish(
        context.settings.home,
        context.settings,
        candidate_db=candidate.path,
        release_id=info.release_id,
        manifest_content=content,
        run_info={"run_id": context.run_id},
        pages={"quality/index.html": _quality(context, info)},
        lake_files=candidate.files,
    )
    sweep_candidates(candidate)
    context.log(f"release {info.release_id} published")
    return folder
