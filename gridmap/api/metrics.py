"""`/metrics` for Prometheus: every worker counts into a file of its own that all of them read, so any can be asked.

No label tells of persons or places: a route is named by its pattern, never by what was asked.
"""

import mmap
import os
import struct
import time
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridmap.api.offline import get_follower
from gridmap.snapshot.follower import Follower

router = APIRouter(include_in_schema=False)

_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_NUMBERS = len(_BUCKETS_S) + 2
"""A record's numbers: a count for each bucket, one for what took longer, and the seconds in all."""
_NAME_BYTES = 128
_RECORD_BYTES = _NAME_BYTES + 8 * _NUMBERS
_RECORDS = 512
"""More routes and statuses than there are; what comes later is not counted."""

Key = tuple[str, str, int]
"""Method, the route's pattern, status."""


class Metrics:
    """What this process has counted, and the way to what the others have. Only the event loop counts: no lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory = _shared(folder)
        self._numbers = memoryview(self._memory).cast("B")
        self._found: dict[Key, memoryview[float]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an answer."""
        numbers = self._found.get((method, route, status)) or self._new((method, route, status))
        if numbers is not None:
            numbers[bisect_left(_BUCKETS_S, seconds)] += 1
            numbers[_NUMBERS - 1] += seconds

    def total(self) -> dict[Key, list[float]]:
        """What all processes that share the folder have counted."""
        counted: dict[Key, list[float]] = {}
        for content in self._contents():
            for key, numbers in _records(content):
                before = counted.get(key, [0.0] * _NUMBERS)
                counted[key] = [a + b for a, b in zip(before, numbers, strict=True)]
        return counted

    def _new(self, key: Key) -> "memoryview[float] | None":
        """A record with its name in place; the name comes first, so that no reader sees numbers of nobody."""
        name = " ".join(map(str, key)).encode()
        if len(self._found) >= _RECORDS or len(name) > _NAME_BYTES:
            return None
        at = len(self._found) * _RECORD_BYTES
        self._memory[at : at + len(name)] = name
        numbers = self._numbers[at + _NAME_BYTES : at + _RECORD_BYTES].cast("d")
        self._found[key] = numbers
        return numbers

    def _contents(self) -> Iterator[bytes]:
        paths = list(self._folder.glob("*.counts"))
        for path in paths:
            try:
                yield path.read_bytes()
            except OSError:
                continue
        if not paths:
            yield bytes(self._memory)


def _shared(folder: Path) -> mmap.mmap:
    """A file of this process in the folder; memory of its own where nothing may be written."""
    size = _RECORDS * _RECORD_BYTES
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{os.getpid()}-{os.urandom(4).hex()}.counts"
        with path.open("xb+") as file:
            file.truncate(size)
            return mmap.mmap(file.fileno(), size)
    except OSError:
        return mmap.mmap(-1, size)


def _records(content: bytes) -> Iterator[tuple[Key, tuple[float, ...]]]:
    for at in range(0, len(content) - _RECORD_BYTES + 1, _RECORD_BYTES):
        name = content[at : at + _NAME_BYTES].rstrip(b"\0")
        if not name:
            return
        method, route, status = name.decode().rsplit(" ", 2)
        yield (method, route, int(status)), struct.unpack_from(f"{_NUMBERS}d", content, at + _NAME_BYTES)


class Measured:
    """Counts every answer by the pattern of its route, which `api.security` leaves in the request's state."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and counts how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        began, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self.metrics.observe(method, str(state.get("route", "(none)")), status, time.perf_counter() - began)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Collector(Collector):
    def __init__(self, metrics: Metrics, follower: Follower) -> None:
        self._metrics = metrics
        self._follower = follower

    def collect(self) -> Iterator[Metric]:
        """Requests by route and status, how long they took, and the state of the snapshot."""
        counted = sorted(self._metrics.total().items())
        requests = CounterMetricFamily("gridmap_http_requests", "Answers.", labels=["method", "route", "status"])
        took = HistogramMetricFamily("gridmap_http_request_seconds", "Time to answer.", labels=["method", "route"])
        by_route: dict[tuple[str, str], list[float]] = {}
        for (method, route, status), numbers in counted:
            requests.add_metric([method, route, str(status)], sum(numbers[:-1]))
            before = by_route.get((method, route), [0.0] * _NUMBERS)
            by_route[method, route] = [a + b for a, b in zip(before, numbers, strict=True)]
        for labels, numbers in by_route.items():
            took.add_metric(labels, _cumulated(numbers), numbers[-1])
        yield requests
        yield took
        yield from self._state()

    def _state(self) -> Iterator[Metric]:
        snapshot, away = self._follower.snapshot, self._follower.away_since
        yield GaugeMetricFamily("gridmap_degraded", "1 while the database does not answer.", float(away is not None))
        if snapshot is not None:
            yield GaugeMetricFamily("gridmap_snapshot_version", "The dataset version served.", snapshot.version)
            age_s = (datetime.now(UTC) - snapshot.manifest.written_at).total_seconds()
            yield GaugeMetricFamily("gridmap_snapshot_age_seconds", "Time since it was written.", age_s)


def _cumulated(numbers: list[float]) -> list[tuple[str, float]]:
    edges = [*map(str, _BUCKETS_S), "+Inf"]
    return [(edge, sum(numbers[: place + 1])) for place, edge in enumerate(edges)]


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The numbers of all workers in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(request.app.state.metrics, get_follower(request)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
