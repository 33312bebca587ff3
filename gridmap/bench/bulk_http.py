"""Many points over HTTP beside an endpoint that reads the same body and sends it back, doing nothing with it."""

import http.client
import io
import os
import statistics
import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from gridmap.bench.ground import Ground
from gridmap.bench.locate import random_points
from gridmap.bench.report import Aim, Table, compared
from gridmap.bench.servers import served
from gridmap.db.engine import reading, transaction
from gridmap.exchange.points.arrow_points import ArrowPoints
from gridmap.exchange.points.csv_points import CsvPoints
from gridmap.geo.crs import Crs
from gridmap.grids.service import list_grids
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.catch_up import snapshot_folder
from gridmap.snapshot.reader import Segments, Snapshot

POINTS = 1_000_000
_ROUNDS = 5
_KINDS = {"Arrow": "application/vnd.apache.arrow.stream", "CSV": "text/csv"}
_ECHO = "the same body read and sent back"
_PARSED = "read into a table by pyarrow, written again"
_OURS = "gridmap POST /locate"
_ALONE = "gridmap, the same work without HTTP and client"
_FED = 2 << 20
_AIMS = {"Arrow": Aim(_OURS, _ECHO, 1 / 2), "CSV": Aim(_OURS, _ECHO, 1 / 3)}


def measure(ground: Ground) -> Sequence[Table]:
    """A table for each form, the contestants in turns."""
    with transaction(reading(ground.database.engine)) as session:
        some = random_points(list_grids(session), 20_000)
    bodies = _bodies(np.array(some)[np.random.default_rng(2).integers(len(some), size=POINTS)])
    contestants = {
        _ECHO: ("gridmap.bench.peers:echo", "/echo"),
        _PARSED: ("gridmap.bench.peers:echo", "/parsed"),
        _OURS: ("gridmap.app:create_app_from_env", "/api/v1/locate"),
    }
    rounds: dict[str, dict[str, float]] = {kind: {} for kind in _KINDS}
    for name, (target, path) in contestants.items():
        with served(target, ground.server_env) as port:
            for kind, media_type in _KINDS.items():
                ground.say(f"{POINTS:,} points as {kind}: {name}")
                _post(port, path, bodies[kind][: 1 << 17] if kind == "CSV" else bodies[kind], media_type)
                took = [_post(port, path, bodies[kind], media_type) for _ in range(_ROUNDS)]
                rounds[kind][name] = POINTS / 1e6 / statistics.median(took)
    villages = Snapshot.open(snapshot_folder(ground.database.home)).villages
    return [_table(kind, bodies[kind], rounds[kind], villages) for kind in _KINDS]


def _table(kind: str, body: bytes, figures: dict[str, float], villages: Segments) -> Table:
    answer, took = _alone(kind, body, villages)
    figures[_ALONE] = POINTS / 1e6 / took
    note = (
        f"{POINTS:,} points inside the 488 grids of the demo county, {len(body) / 1e6:.0f} MB, one server process and"
        f" one client on the same machine, the median of {_ROUNDS}. The answer has a code and a status more:"
        f" {answer / 1e6:.0f} MB. Server, client and the threads that look up share {os.cpu_count()} processors."
    )
    return compared(f"Many points over HTTP, {kind}", "million points a second", note, figures, _ECHO, [_AIMS[kind]])


def _alone(kind: str, body: bytes, villages: Segments) -> tuple[int, float]:
    """The size of the answer, and the seconds that it takes when nobody sends or receives anything."""
    locator = BulkLocator(villages, 1, Crs.parse("EPSG:4490"))
    took, size = [], 0
    for _ in range(_ROUNDS + 1):
        points = ArrowPoints(locator) if kind == "Arrow" else CsvPoints(locator, "lon", "lat", None)
        started = time.perf_counter()
        size = sum(
            len(made)
            for at in range(0, len(body), _FED)
            for made in points.feed(body[at : at + _FED], last=at + _FED >= len(body))
        )
        took.append(time.perf_counter() - started)
    return size, statistics.median(took[1:])


def _bodies(points: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> dict[str, bytes]:
    table = pa.table({"id": np.arange(len(points)), "lon": points[:, 0].copy(), "lat": points[:, 1].copy()})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 16)
    rows = (f"{n},{lon!r},{lat!r}" for n, (lon, lat) in enumerate(points.tolist()))
    return {"Arrow": sink.getvalue(), "CSV": "\n".join(["id,lon,lat", *rows]).encode()}


def _post(port: int, path: str, body: bytes, media_type: str) -> float:
    """Seconds until the last byte of the answer. Raises RuntimeError on any status but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    started = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": media_type})
    response = connection.getresponse()
    answer = response.read()
    took = time.perf_counter() - started
    connection.close()
    if response.status != 200:
        raise RuntimeError(answer[:500].decode(errors="replace"))
    return took
