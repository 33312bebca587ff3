"""Watches over the private cluster while a server uses it, and starts it again when it dies."""

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gridmap.db.cluster import Cluster
from gridmap.db.postmaster import wait_for_end
from gridmap.errors import ClusterError

_LOOK_S = 5.0
_LONGEST_PAUSE_S = 30.0


@contextmanager
def watched(cluster: Cluster, report: Callable[[str], None]) -> Iterator[None]:
    """Inside the block a thread revives the cluster whenever it ends; `report` tells what happened."""
    stop = os.eventfd(0)
    thread = threading.Thread(target=_watch, args=(cluster, report, stop), name="cluster-watchdog")
    thread.start()
    try:
        yield
    finally:
        os.eventfd_write(stop, 1)
        thread.join()
        os.close(stop)


def _watch(cluster: Cluster, report: Callable[[str], None], stop: int) -> None:
    pause_s = 0.0
    while not _told_to_stop(stop, pause_s):
        pid = cluster.pid
        if pid is not None:
            wait_for_end(pid, cluster.home.data, _LOOK_S, wake=stop)
            pause_s = 0.0
            continue
        try:
            report("PostgreSQL has ended; it is started again.")
            cluster.revive()
            report("PostgreSQL serves again.")
        except ClusterError as error:
            # A full disk, say: somebody may make room, so it is tried again, ever more slowly.
            report(error.detail)
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 + 1)


def _told_to_stop(stop: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))
