"""Gates: suites run on the files that workers wrote, or on marts in a database, by pushdown into DuckDB.

One batch holds all partitions of a table; a query counts failing rows per partition, so
each result names its own. Order: volume floor, columns and types, then rows, key, rules. A
partition that fails an earlier step isn't asked for the later ones: its files don't fit them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expectations import batches, suites
from expectations.batches import Batch
from expectations.duckdb_datasource import MEMORY_LIMIT, EvaluationError, Session, duckdb_session, quoted
from expectations.rule import Rule
from expectations.rules import RULES
from expectations.suites import Check
from transforms.contracts import lake, marts
from transforms.contracts.model import Table
from transforms.contracts.records import CheckResult

#: Failing rows kept with a result.
SAMPLE_ROWS = 20
#: Keys whose hashes are held at once: bounds memory (about 40 bytes each).
KEYS_AT_ONCE = 12_000_000


class NothingToGateError(ValueError):
    """A gate without tables or partitions: it would pass without having looked."""


def preload() -> None:
    """Import Great Expectations (3-6 s), for a thread of the caller's."""
    from expectations.duckdb_datasource import adapter

    adapter()


@dataclass
class _Findings:
    """What the queries returned: failing rows by check and partition, and queries that failed."""

    checks: list[Check]
    failed: dict[str, dict[str, int]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def gate(
    table: Table,
    partitions: Mapping[str, Sequence[Path]],
    *,
    context: Mapping[str, Sequence[Path]] | None = None,
    rules: Sequence[Rule] | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> list[CheckResult]:
    """Gate one lake table: partition_key -> its Parquet files ('' for unpartitioned tables).

    ``context`` gives files of other tables that rules compare with, by table name. ``rules``
    defaults to all of rules.py whose tables are at hand. Returns a result per check and
    partition, in a fixed order. A partition without files is "no data": its volume floor
    fails, unless the contract lets the table be empty. Raises NothingToGateError.
    """
    return gate_many({table: partitions}, context=context, rules=rules, memory_limit=memory_limit)


def gate_many(
    tables: Mapping[Table, Mapping[str, Sequence[Path]]],
    *,
    context: Mapping[str, Sequence[Path]] | None = None,
    rules: Sequence[Rule] | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> list[CheckResult]:
    """Gate several lake tables in one session, with the rules across them (aggregates and the ledger)."""
    for table, partitions in tables.items():
        if not partitions:
            raise NothingToGateError(f"{table.name}: no partition to gate; a gate that looks at nothing would pass")
    if not tables:
        raise NothingToGateError("no table to gate; a gate that looks at nothing would pass")
    with duckdb_session(memory_limit) as session:
        opened = [batches.open_files(session, table, partitions) for table, partitions in tables.items()]
        present = {b.table.name for b in opened}
        for name, paths in (context or {}).items():
            if name not in present and paths:
                present.add(name)
                known = lake.TABLES.get(name)
                if known is None:
                    raise batches.UnknownTableError(f"context {name!r}: no contract in lake.TABLES")
                other = Batch(known, batches.by_partition(known, paths))
                batches.make_view(session, other, other.files or ())
        return _gate_all(session, opened, RULES if rules is None else rules, present)


def gate_database(
    path: Path,
    tables: Iterable[Table],
    *,
    schema: str = "marts",
    rules: Sequence[Rule] | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> list[CheckResult]:
    """Gate marts inside a DuckDB file, opened read-only. Rules may look at every mart in the file.

    A table that the file doesn't hold fails its volume floor as "no data".
    """
    wanted = list(tables)
    if not wanted:
        raise NothingToGateError(f"{path}: no table to gate; a gate that looks at nothing would pass")
    with duckdb_session(memory_limit) as session:
        # under its own name: views inside speak of it so
        catalog = '"' + path.stem.replace('"', '""') + '"'
        session.rows(f"attach '{quoted(str(path))}' as {catalog} (read_only)")
        held = session.rows(
            "select table_name from information_schema.tables "
            f"where table_catalog = '{quoted(path.stem)}' and table_schema = '{quoted(schema)}'"
        )
        sources = {str(name): f'{catalog}."{schema}"."{name}"' for (name,) in held}
        opened = [batches.open_mart(session, table, sources.get(table.name)) for table in wanted]
        names = {t.name for t in wanted}
        for name in sorted(sources.keys() & marts.MARTS.keys() - names):
            batches.make_view(session, Batch(marts.MARTS[name], None, sources[name]), ())
        return _gate_all(session, opened, RULES if rules is None else rules, set(sources))


def _gate_all(session: Session, opened: Sequence[Batch], rules: Sequence[Rule], present: set[str]) -> list[CheckResult]:
    results: dict[str, list[CheckResult]] = {}
    sound: dict[str, list[str]] = {}
    for batch in opened:
        results[batch.table.name], sound[batch.table.name] = _gate_inventory(session, batch)
        if batch.files is not None or batch.source:
            batches.make_view(session, batch, sound[batch.table.name])
    for batch in opened:
        keys = sound[batch.table.name]
        if keys:
            # A rule against a table that failed its own columns would only repeat that failure.
            usable = {n for n in present if n not in sound or sound[n]}
            chosen = [r for r in rules if r.table == batch.table.name and set(r.needs) <= usable]
            results[batch.table.name] += _gate_rows(session, batch, keys, chosen)
    return [result for batch in opened for result in results[batch.table.name]]


def _run(session: Session, view: str, name: str, queries: Sequence[str]) -> list[list[dict[str, Any]] | EvaluationError]:
    return session.violations(view, suites.build_suite(session, name, queries))


def _gate_inventory(session: Session, batch: Batch) -> tuple[list[CheckResult], list[str]]:
    """Volume floor, then columns and types: the results, and the partitions whose rows can be asked."""
    table = batch.table
    (low,) = _run(session, batch.inventory_view, "volume", [suites.volume_query(table)])
    (differing,) = _run(session, batch.columns_view, "columns", [suites.columns_query(batch.expected_columns)])
    below = {str(key) for found in _raised(low, "volume_floor", table) for key in found["partitions"]}
    wrong: dict[str, list[dict[str, Any]]] = {}
    for fault in (f for found in _raised(differing, "columns_match_contract", table) for f in found["faults"]):
        wrong.setdefault(str(fault.pop("partition_key")), []).append(fault)
    results, sound = [], []
    for key, count in batch.counts.items():
        absent = not batch.files[key] if batch.files is not None else not batch.source
        observed = "no data" if absent else batch.broken.get(key, f"{count} rows")
        # A lake table may have no file where the contract lets it be empty; a mart is always there.
        is_missing = batch.files is None and absent
        passed = not is_missing and key not in batch.broken and key not in below
        results.append(_result(table, key, suites.volume_check(table), passed, observed))
        if absent or key in batch.broken:
            continue
        faults = wrong.get(key, [])
        observed = f"{len(faults)} columns differ" if faults else "as in the contract"
        sample = json.dumps(faults[:SAMPLE_ROWS], default=str) if faults else None
        results.append(_result(table, key, suites.columns_check(table), not faults, observed, sample=sample))
        if not faults and count:
            sound.append(key)
    return results, sound


def _raised(found: list[dict[str, Any]] | EvaluationError, check: str, table: Table) -> list[dict[str, Any]]:
    if isinstance(found, EvaluationError):
        raise EvaluationError(f"{table.name}: {check} could not be run: {found}")
    return found


def _bounded(counts: Mapping[Any, int]) -> list[tuple[list[Any], int]]:
    """Neighbours grouped up to KEYS_AT_ONCE rows, each group with its rows; one that is larger by itself stands alone."""
    groups: list[tuple[list[Any], int]] = []
    for name, count in counts.items():
        if groups and groups[-1][1] + count <= KEYS_AT_ONCE:
            groups[-1] = ([*groups[-1][0], name], groups[-1][1] + count)
        else:
            groups.append(([name], count))
    return groups


def _key_queries(session: Session, batch: Batch, keys: Sequence[str]) -> list[str]:
    """Queries for duplicates that each hold at most about KEYS_AT_ONCE keys.

    What is larger is cut by period, which is in the key, so equal keys stay together: files and row
    groups of other periods are skipped. Slices of hashes read everything once a slice, so they come last.
    """
    queries = []
    for members, count in _bounded({key: batch.counts[key] for key in keys}):
        where = suites.among(suites.PARTITION, members)
        pieces = [(where, count)]
        if count > KEYS_AT_ONCE and batches.PERIOD in batch.table.key:
            found = _bounded(batches.rows_by_period(session, batch, members[0]))
            pieces = [(f"{where} and {suites.among(batches.PERIOD, periods)}", rows) for periods, rows in found]
        for predicate, rows in pieces:
            slices = -(-rows // KEYS_AT_ONCE)
            queries += [suites.key_query(batch.table, predicate, slices, part) for part in range(slices)]
    return queries


def _gate_rows(session: Session, batch: Batch, keys: Sequence[str], rules: Sequence[Rule]) -> list[CheckResult]:
    """Row checks of contract and rules in one scan, then the key, then rules with queries of their own."""
    table = batch.table
    checks = [*suites.row_checks(table), *(r.check() for r in rules)]
    folded = [c for c in checks if c.violates is not None]
    alone = [c for c in checks if c.sql is not None]
    key = suites.key_check(table)
    parts: list[tuple[list[Check], str]] = [(folded, suites.folded_query(folded))] if folded else []
    if key is not None:
        parts += [([key], query) for query in _key_queries(session, batch, keys)]
        checks.insert(0, key)
    parts += [([check], suites.single_query(check)) for check in alone]
    findings = _Findings(checks)
    for (covered, _), found in zip(parts, _run(session, table.name, "rows", [q for _, q in parts]), strict=True):
        _note(findings, covered, found)
    # A rule across tables may fail in a partition that this table lacks: it is reported, too.
    elsewhere = sorted({p for counts in findings.failed.values() for p in counts} - set(keys))
    results = [_row_result(session, batch, partition, check, findings) for partition in keys for check in checks]
    return results + [
        _row_result(session, batch, partition, check, findings)
        for partition in elsewhere
        for check in checks
        if partition in findings.failed.get(check.id, {})
    ]


def _note(findings: _Findings, covered: Sequence[Check], found: list[dict[str, Any]] | EvaluationError) -> None:
    if isinstance(found, EvaluationError):
        findings.errors.update({c.id: str(found) for c in covered})
        return
    for row in found:
        counts = findings.failed.setdefault(row["check_id"], {})
        for partition, n in zip(row["partitions"], row["counts"], strict=True):
            counts[partition] = counts.get(partition, 0) + int(n)


def _row_result(session: Session, batch: Batch, partition: str, check: Check, findings: _Findings) -> CheckResult:
    if check.id in findings.errors:
        return _result(batch.table, partition, check, False, f"could not be evaluated: {findings.errors[check.id]}")
    failed = findings.failed.get(check.id, {}).get(partition, 0)
    if not failed:
        return _result(batch.table, partition, check, True, "0 rows fail", failed=0)
    return _result(
        batch.table, partition, check, False, f"{failed} rows fail", failed=failed, sample=_sample(session, batch.table, check, partition)
    )


def _sample(session: Session, table: Table, check: Check, partition: str) -> str:
    rows = suites.duplicates_sql(table, table.name, partition) if check.name == "key_is_unique" else check.failing_rows(table.name)
    found = session.records(
        f"select * exclude (partition_key) from ({rows}) where partition_key = '{quoted(partition)}' order by all limit {SAMPLE_ROWS}"
    )
    return json.dumps(found, default=str, ensure_ascii=False)


def _result(
    table: Table, partition: str, check: Check, passed: bool, observed: str, *, failed: int | None = None, sample: str | None = None
) -> CheckResult:
    return CheckResult(
        table_name=table.name,
        partition_key=partition,
        check_name=check.name,
        is_passed=passed,
        severity=check.severity,
        column_name=check.column,
        observed=observed,
        expected=check.expected,
        failed_row_count=failed,
        sample=sample,
    )
