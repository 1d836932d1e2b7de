"""The one module that adapts Great Expectations to DuckDB.

GX has no DuckDB source and its generic SQL source fetches after it closed the connection.
Two small subclasses cure that: an execution engine that keeps one connection open for its
life, and a fluent datasource of type ``duckdb`` that names it. A third class is the only
expectation that suites use: one query whose rows are violations, run once.

GX takes 3-6 s to import, so it is imported (and subclassed) on first use.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

#: Memory DuckDB may take before it spills into the session's temporary folder.
MEMORY_LIMIT = "1200MB"


class EmptySuiteError(ValueError):
    """A suite without expectations: GX would call it a success."""


class EvaluationError(RuntimeError):
    """A check's query could not be run; the text is the engine's."""


@dataclass(frozen=True)
class Adapter:
    """GX and the three subclasses, made once per process."""

    gx: Any
    engine_class: Any
    datasource_class: Any
    expectation_class: Any


#: Two threads may ask at once: GX refuses a second datasource of one type.
_MAKING = threading.Lock()


def adapter() -> Adapter:
    """Import Great Expectations (3-6 s) and define the subclasses, once however many threads ask. Analytics are off."""
    with _MAKING:
        return _make()


def _quieten() -> None:
    """GX's progress is no news of a run's; one module of it sets its own level."""
    import great_expectations.data_context.types.base as talkative

    for name in ("great_expectations", talkative.__name__):
        logging.getLogger(name).setLevel(logging.WARNING)


@cache
def _make() -> Adapter:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    _quieten()
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.core import UnexpectedRowsExpectation

    class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
        _connection: Any

        @contextmanager
        def get_connection(self) -> Iterator[Any]:
            if self._connection is None:
                self._connection = self.engine.connect()
            yield self._connection

    class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]
        type: Literal["duckdb"] = "duckdb"

        @property
        def execution_engine_type(self) -> Any:
            return DuckDBExecutionEngine

        def get_engine(self) -> Any:
            # One in-memory database per engine: a second engine would see none of the views.
            return self.get_execution_engine().engine

    class ExpectNoViolations(UnexpectedRowsExpectation):  # type: ignore[misc]
        # GX counts the rows by running the query again; the rows at hand are counted instead.
        metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

        def _validate(self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None) -> dict[str, Any]:  # noqa: ARG002
            rows = metrics["unexpected_rows_query.table"]
            return {"success": not rows, "result": {"observed_value": len(rows), "details": {"unexpected_rows": rows}}}

    return Adapter(gx, DuckDBExecutionEngine, DuckDBDatasource, ExpectNoViolations)


class Session:
    """An in-memory DuckDB under an ephemeral GX context. One thread; use ``duckdb_session``."""

    def __init__(self, folder: Path, memory_limit: str) -> None:
        self._gx = adapter()
        context = self._gx.gx.get_context(mode="ephemeral")
        context.variables.progress_bars = self._gx.gx.data_context.types.base.ProgressBarsConfig(globally=False)
        # AUTOCOMMIT: a file that can't be read must not roll back the views made before it.
        self._source = context.data_sources.add_duckdb(
            name="duckdb", connection_string="duckdb:///:memory:", kwargs={"isolation_level": "AUTOCOMMIT"}
        )
        self._engine = self._source.get_execution_engine()
        for setting, value in (
            ("memory_limit", memory_limit),
            ("temp_directory", str(folder)),
            ("enable_progress_bar", "false"),
            ("preserve_insertion_order", "false"),
            ("TimeZone", "UTC"),
        ):
            self.rows(f"set {setting} = '{quoted(value)}'")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a statement, for inventories and samples: small answers only."""
        with self._engine.get_connection() as connection:
            result = connection.exec_driver_sql(sql)
            return [tuple(row) for row in result.fetchall()] if result.returns_rows else []

    def records(self, sql: str) -> list[dict[str, Any]]:
        """As ``rows``, each a dict by column name."""
        with self._engine.get_connection() as connection:
            return [dict(row._mapping) for row in connection.exec_driver_sql(sql).fetchall()]

    def violations(self, view: str, suite: Any) -> list[list[dict[str, Any]] | EvaluationError]:
        """Validate ``suite`` on all rows of ``view``: per expectation its violating rows, or why it could not run.

        Raises EmptySuiteError where the suite holds no expectation.
        """
        if not suite.expectations:
            raise EmptySuiteError(f"suite {suite.name!r} has no expectations; an empty suite would always pass")
        asset = self._source.add_query_asset(name=f"{view}-{suite.name}", query=f"select * from {view}")
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        found: dict[str, list[dict[str, Any]] | EvaluationError] = {}
        for result in batch.validate(suite, result_format="COMPLETE").results:
            name = result.expectation_config.meta["part"]
            details = (result.result or {}).get("details")
            if details is None:
                found[name] = EvaluationError(_reason(result.exception_info))
            else:
                found[name] = list(details["unexpected_rows"])
        return [found[e.meta["part"]] for e in suite.expectations]

    def suite(self, name: str, queries: Sequence[str]) -> Any:
        """An ExpectationSuite of queries, each returning its violations; ``{batch}`` stands for the view's rows."""
        suite = self._gx.gx.ExpectationSuite(name=name)
        for position, query in enumerate(queries):
            suite.add_expectation(self._gx.expectation_class(unexpected_rows_query=query, meta={"part": f"{name}-{position}"}))
        return suite

    def close(self) -> None:
        """Close the connection; the in-memory database goes with it."""
        self._engine.close()
        self._engine.engine.dispose()


def _reason(exception_info: Any) -> str:
    entries = [exception_info] if "exception_message" in exception_info else list(exception_info.values())
    messages = [str(e["exception_message"]) for e in entries if isinstance(e, dict) and e.get("exception_message")]
    return messages[0].splitlines()[0][:500] if messages else "the check returned neither a result nor an error"


def quoted(text: str) -> str:
    """Text inside single quotes of SQL."""
    return text.replace("'", "''")


@contextmanager
def duckdb_session(memory_limit: str = MEMORY_LIMIT) -> Iterator[Session]:
    """A Session that spills into a temporary folder and leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="entrepot-gate-") as folder:
        session = Session(Path(folder), memory_limit)
        try:
            yield session
        finally:
            session.close()
