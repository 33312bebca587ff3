"""Many points over HTTP beside an endpoint that reads the same body and sends it back, doing nothing with it."""

import http.client
import io
import statistics
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from gridmap.bench.ground import Ground
from gridmap.bench.locate import random_points
from gridmap.bench.report import Aim, Table, compared
from gridmap.bench.servers import served
from gridmap.db.engine import reading, transaction
from gridmap.grids.service import list_grids

POINTS = 1_000_000
_ROUNDS = 5
_KINDS = {"Arrow": "application/vnd.apache.arrow.stream", "CSV": "text/csv"}
_ECHO = "the same body read and sent back"
_PARSED = "read into a table by pyarrow, written again"
_OURS = "gridmap POST /locate"
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
    return [_table(kind, len(bodies[kind]), rounds[kind]) for kind in _KINDS]


def _table(kind: str, size: int, figures: Mapping[str, float]) -> Table:
    note = (
        f"{POINTS:,} points inside the 488 grids of the demo county, {size / 1e6:.0f} MB, one server process and one"
        f" client on the same machine, the median of {_ROUNDS}."
    )
    return compared(f"Many points over HTTP, {kind}", "million points a second", note, figures, _ECHO, [_AIMS[kind]])


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
