"""The Dask client: an existing scheduler by address, else local worker processes on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

    from transforms.settings import Settings


class ClusterError(RuntimeError):
    """The cluster can't be used: other versions on the workers, or no scheduler at the address."""


@contextmanager
def dask_client(settings: Settings, *, processes: bool = True) -> Iterator[Client]:
    """A client on ``settings.cluster``; a local cluster is closed at the end, an existing one left.

    Workers have one thread each: kernels hold their arrays, so memory is bounded per process.
    Everything binds 127.0.0.1 (a dashboard address of ":0" would bind all interfaces).
    """
    import dask
    from distributed import Client, LocalCluster

    dask.config.set({"distributed.admin.tick.limit": "60s", "distributed.worker.daemon": False})
    address = settings.cluster.scheduler
    if address:
        with Client(address, timeout="20s") as client:
            try:
                client.get_versions(check=True)
            except ValueError as error:
                raise ClusterError(f"scheduler {address}: workers run other versions than this client: {error}") from error
            yield client
        return
    cache = settings.home / "build" / "numba"
    cache.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache))
    with (
        LocalCluster(
            n_workers=settings.cluster.workers,
            threads_per_worker=1,
            processes=processes,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=settings.cluster.memory_limit,
            local_directory=str(settings.home / "build" / "dask"),
            silence_logs=40,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
