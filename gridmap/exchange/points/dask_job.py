"""A job of many parts on a Dask cluster: each part a task, the snapshot a file that every worker maps."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster, as_completed

from gridmap.errors import InvalidInput, Unavailable
from gridmap.exchange.points.counts import Counts
from gridmap.exchange.points.parts import Done, Job, Part, locate_part

_CONNECT_S = 20
_RETRIES = 3
"""How often a part is begun again whose worker died; Dask itself gives up after as many deaths on one task."""


@dataclass(frozen=True, slots=True)
class Finished:
    """All parts, in order."""

    done: Sequence[Done]

    @property
    def counts(self) -> Counts:
        """Of all rows."""
        counts = Counts()
        for done in self.done:
            for name, number in done.status.items():
                counts.by_status[name] += number
        return counts


@contextmanager
def connected(scheduler: str | None, parts: int) -> Iterator[Client]:
    """A client of the cluster at an address, or of a process for each processor here, but no more than there are parts.

    Raises Unavailable.
    """
    if scheduler is None:
        workers = max(1, min(os.cpu_count() or 1, parts))
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise Unavailable(f"there is no Dask scheduler at {scheduler}: {error}") from None
    with client:
        yield client


def run_parts(client: Client, job: Job, parts: Sequence[Part], tell: Callable[[int, int], None]) -> Finished:
    """Has every part done, whatever worker dies meanwhile. Raises InvalidInput when some can't be, the rest being."""
    futures = [client.submit(locate_part, job, part, retries=_RETRIES, pure=False) for part in parts]
    tell(0, len(parts))
    for number, _ in enumerate(as_completed(futures), start=1):
        tell(number, len(parts))
    failed = [
        (part, future.exception()) for part, future in zip(parts, futures, strict=True) if future.status != "finished"
    ]
    if failed:
        part, error = failed[0]
        raise InvalidInput(f"{len(failed)} of {len(parts)} parts failed, first {part.source} {part.name}: {error}")
    return Finished(client.gather(futures))


def write_manifest(path: Path, job: Job, version: int, finished: Finished, **more: Any) -> None:
    """What was done, with counts that tie: of each part and of all, rows in and rows out."""
    counts = finished.counts
    rows_out = sum(done.rows_out for done in finished.done)
    if counts.rows != rows_out:
        raise InvalidInput(f"{counts.rows} rows were located and {rows_out} written")
    told = {
        "version": version,
        **asdict(job),
        **more,
        "rows_in": counts.rows,
        "rows_out": rows_out,
        "status": counts.by_status,
        "parts": [_told(done) for done in finished.done],
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1))
    unfinished.replace(path)


def _told(done: Done) -> dict[str, Any]:
    part = done.part
    return {
        "source": part.source, "first": part.first, "last": part.last, "name": part.name, "rows_in": done.rows,
        "rows_out": done.rows_out, "status": done.status, "sha256": done.sha256,
    }  # fmt: skip
