"""What the steps of one run share: its context, how far it came, and why a step failed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg

from orchestration.engine import PartitionOutcome, RunContext
from orchestration.marts import Candidate
from orchestration.redefine import check_redefined
from transforms.settings import Settings


@dataclass
class Run:
    """One run from files to a release; its steps run one after another in one process.

    ``is_launched`` tells a run that Dagster started (UI, schedule, sensor), which takes the
    landing folder's files itself, from one that the command line started with its own.
    ``errors`` holds, by step, the error that ended it. No step begins once ``is_stopped``.
    """

    context: RunContext
    is_launched: bool = False
    outcomes: list[PartitionOutcome] = field(default_factory=list)
    candidate: Candidate | None = None
    release_id: str | None = None
    is_published: bool = False
    is_stopped: bool = False
    errors: dict[str, BaseException] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.context.settings

    def built(self) -> Candidate:
        """The candidate that this run's marts step built. Failure where the step isn't part of the run."""
        if self.candidate is None:
            raise dg.Failure(
                "this run built no candidate: marts, quality and release live in one private file, launch the job refresh",
                allow_retries=False,
            )
        return self.candidate


def preload_gates() -> threading.Thread:
    """Import Great Expectations (3-6 s) in a thread, while the workers ingest."""
    from expectations.runner import preload

    thread = threading.Thread(target=preload, name="preload-gates", daemon=True)
    thread.start()
    return thread


@contextmanager
def open_run(settings: Settings, log: dg.DagsterLogManager) -> Iterator[Run]:
    """A run of Dagster's own: publishing lock, Dask client, landing folder.

    LockHeldError where another run publishes; UsageRefused where settings that change results
    were changed: that is done by hand, ``entrepot run --redefine``.
    """
    from transforms.cluster import dask_client
    from transforms.io.lock import publishing_lock
    from transforms.io.state import new_run_id

    check_redefined(settings, redefine=False)
    with publishing_lock(settings.home), dask_client(settings) as client:
        preload_gates()
        yield Run(RunContext(settings, new_run_id(), client, log.info), is_launched=True)


def launched_run(settings: Settings) -> dg.ResourceDefinition:
    """The resource ``run`` of runs that Dagster launches."""

    @dg.resource(description="The home's publishing lock and a Dask client, held while the run lasts.")
    def run(context: dg.InitResourceContext) -> Iterator[Run]:
        if context.log is None:
            raise dg.DagsterInvariantViolationError("the resource run belongs to a run: it is not for a resource test")
        with open_run(settings, context.log) as opened:
            yield opened

    return run
