"""The same flow in the releases that are kept: its value by release, and what differed where it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.evidence.flows import Stratum
from orchestration.evidence.question import Question
from orchestration.evidence.tables import Tables, rows_of, view
from transforms.contracts import lake as contracts
from transforms.io import release
from transforms.settings import Settings


@dataclass(frozen=True)
class Past:
    """The flow in one release. ``value_fob_usd`` None: that release hasn't got it."""

    release_id: str
    published_at: str
    value_fob_usd: Decimal | None
    method: str
    snapshots: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Where the value last changed: the release that has it first as it is now, the one before it, and what differed between both.

    ``before`` None: no kept release is older, so that the value is as old as the oldest one, or older.
    """

    release_id: str
    published_at: str
    before: str | None
    value_before_usd: Decimal | None
    causes: tuple[str, ...]


def past_values(settings: Settings, tables: Tables, question: Question, stratum: Stratum) -> list[Past]:
    """The flow in every release kept up to the one asked about, oldest first, each read from the release's own files.

    Releases of one version of the lake's flows hold the same, and are read once.
    """
    found: list[Past] = []
    known: dict[object, tuple[Decimal | None, tuple[str, ...]]] = {}
    for summary in release.list_releases(settings.home):
        content = release.read_manifest(release.release_folder(settings.home, summary.release_id))["content"]
        there = Tables(settings.home, summary.release_id, content, content.get("lake_versions", {}))
        version = there.versions.get(contracts.BILATERAL_FLOWS.name, summary.release_id) if there.versions else summary.release_id
        if version not in known:
            known[version] = _value(there, question, stratum)
        value, snapshots = known[version]
        found.append(Past(summary.release_id, summary.published_at, value, summary.method, snapshots))
        if summary.release_id == tables.release_id:
            break
    return found


def _value(tables: Tables, question: Question, stratum: Stratum) -> tuple[Decimal | None, tuple[str, ...]]:
    files = tables.mart_files("fct_bilateral_flows", question.year)
    if not files:
        return None, ()
    with duckdb.connect(":memory:") as connection:
        view(connection, "t", contracts.BILATERAL_FLOWS, files)
        (row,) = rows_of(
            connection,
            """select sum(value_fob_usd) as value, list_sort(list_distinct(list(snapshot_exporter) || list(snapshot_importer))) as snapshots
               from t where frequency = $1 and period = $2 and exporter_code = $3 and importer_code = $4 and starts_with(product_code, $5)
                 and basis = $6 and classification = $7 and product_level = $8""",
            [
                *(question.frequency, question.period, question.exporter.code, question.importer.code, question.prefix),
                *(stratum.basis, stratum.classification, stratum.product_level),
            ],
        )
    return row["value"], tuple(s for s in row["snapshots"] or () if s)


def last_change(settings: Settings, past: list[Past]) -> Change | None:
    """The release from which on the value is what it is; None where no release has the flow."""
    if not past or past[-1].value_fob_usd is None:
        return None
    first = len(past) - 1
    while first and past[first - 1].value_fob_usd == past[-1].value_fob_usd:
        first -= 1
    now = past[first]
    if not first:
        return Change(now.release_id, now.published_at, None, None, ())
    old = past[first - 1]
    return Change(now.release_id, now.published_at, old.release_id, old.value_fob_usd, _causes(settings, old, now))


def _causes(settings: Settings, old: Past, new: Past) -> tuple[str, ...]:
    """What differs between two releases and bears on the flow, in words; the files behind it first."""
    before, after = (_content(settings, p.release_id) for p in (old, new))
    names = {s["snapshot_id"]: s for s in (*before.get("snapshots", ()), *after.get("snapshots", ()))}
    there = {s["snapshot_id"] for s in before.get("snapshots", ())}
    found = [f"{_file(names, s)} came {'behind it' if s in there else 'in'}" for s in new.snapshots if s not in old.snapshots]
    found += [f"{_file(names, s)} is behind it no more" for s in old.snapshots if s not in new.snapshots]
    settings_before, settings_after = before.get("settings", {}), after.get("settings", {})
    for key in sorted({*settings_before, *settings_after}):
        if settings_before.get(key) != settings_after.get(key):
            found.append(f"setting {key}: {settings_before.get(key)} before, {settings_after.get(key)} now")
    stages = [
        t for t in ("reported_flows", "harmonised_flows", "parameter_set", "bilateral_flows") if _version(before, t) != _version(after, t)
    ]
    found += [f"code of {t}: version {_version(before, t)} before, {_version(after, t)} now" for t in stages]
    read = ("parameter_set", "conversion_weight", "pair_geography")
    moved = [t for t in read if before.get("lake_versions", {}).get(t) != after.get("lake_versions", {}).get(t)]
    found += [f"table {t} was built anew" for t in moved]
    if not found:
        fresh = [s for s in after.get("snapshots", ()) if s["snapshot_id"] not in there]
        found = [f"{_file(names, s['snapshot_id'])} came in" for s in fresh]
    return tuple(found)


def _content(settings: Settings, release_id: str) -> dict[str, Any]:
    return dict(release.read_manifest(release.release_folder(settings.home, release_id))["content"])


def _version(content: Mapping[str, Any], table: str) -> str | None:
    versions = content.get("stage_versions", {})
    return next((v for k, v in sorted(versions.items()) if k == table or k.startswith(f"{table}/")), None)


def _file(names: Mapping[str, Any], snapshot_id: str) -> str:
    said = names.get(snapshot_id)
    if said is None:
        return f"snapshot {snapshot_id}"
    release_of = f", release {said['source_release']}" if said["source_release"] else ""
    return f"{said['file_name']} ({said['source']}{release_of})"
