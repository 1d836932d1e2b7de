"""The Dask client: an existing scheduler by address, else local worker processes on loopback."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

    from transforms.settings import Settings


#: Tasks hold what they need and return small records: nothing to spill, so no spill folder that can fill and hang a run.
_NO_SPILL = {"distributed.worker.memory.target": False, "distributed.worker.memory.spill": False}
#: Dask's own trim threshold of 64 KiB hands every freed buffer back to the kernel, which clears it again at the next use:
#: 0.3-0.6 s of the aggregation's 3.5 s of CPU a year. Setting it ends glibc's growing threshold for mmap; hence its maximum.
_ALLOCATOR = {
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 16 << 20,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 8 << 20,
}


class ClusterError(RuntimeError):
    """The cluster can't be used: other versions on the workers, or no scheduler at the address."""


def kernel_cache(home: Path) -> Path:
    """Where compiled kernels are kept: the user's cache, shared by all homes; else the home's build folder.

    Compiling takes 10-20 s; a package folder may be read-only, where numba's own default fails at import.
    """
    for folder in (Path.home() / ".cache" / "entrepot" / "numba", home / "build" / "numba"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise ClusterError(f"no writable folder for compiled kernels: neither ~/.cache nor {home / 'build'}")


def _leave_interrupts_to_the_client() -> None:
    """Ctrl-C reaches every process of a terminal; the client ends the workers, which needn't say so themselves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def dask_client(settings: Settings, *, processes: bool = True) -> Iterator[Client]:
    """A client on ``settings.cluster``; a local cluster is closed at the end, an existing one left.

    Workers have one thread each: kernels hold their arrays, so memory is bounded per process.
    Everything binds 127.0.0.1 (a dashboard address of ":0" would bind all interfaces).
    """
    import dask
    from distributed import Client, LocalCluster

    dask.config.set({"distributed.admin.tick.limit": "60s", "distributed.worker.daemon": False, **_NO_SPILL, **_ALLOCATOR})
    address = settings.cluster.scheduler
    if address:
        with Client(address, timeout="20s") as client:
            try:
                client.get_versions(check=True)
            except ValueError as error:
                raise ClusterError(f"scheduler {address}: workers run other versions than this client: {error}") from error
            yield client
        return
    os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache(settings.home)))
    with (
        LocalCluster(
            n_workers=settings.cluster.workers,
            threads_per_worker=1,
            processes=processes,
            host="127.0.0.1" if processes else None,
            dashboard_address="127.0.0.1:0",
            memory_limit=settings.cluster.memory_limit,
            local_directory=str(settings.home / "build" / "dask"),
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        if processes:
            client.run(_leave_interrupts_to_the_client)
        yield client
