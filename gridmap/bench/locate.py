"""One point over HTTP: `GET /locate` beside servers that do less, and beside those that people use for it."""

import random
import statistics
from collections.abc import Sequence

import shapely

from gridmap.bench.ground import Ground
from gridmap.bench.load import load
from gridmap.bench.report import Table, compared
from gridmap.bench.servers import served
from gridmap.db.engine import reading, transaction
from gridmap.grids.service import GridRecord, list_grids
from gridmap.snapshot.catch_up import catch_up, snapshot_folder

CONNECTIONS = 16
_ROUNDS = 3
_ROUND_S = 3.0
_SEED = 623022
_REFERENCE = "FastAPI + psycopg, ST_Covers, code only"


def measure(ground: Ground) -> Sequence[Table]:
    """All contestants in turns, the median of three rounds each."""
    with transaction(reading(ground.database.engine)) as session:
        paths = _paths(list_grids(session))
    # What a server does in its first second is not what is measured.
    catch_up(ground.database.engine, snapshot_folder(ground.database.home))
    contestants = {
        "bare ASGI hello": ("gridmap.bench.peers:bare_hello", False),
        "FastAPI hello": ("gridmap.bench.peers:fastapi_hello", True),
        _REFERENCE: ("gridmap.bench.peers:fastapi_postgis", True),
        "gridmap GET /locate, full answer": ("gridmap.app:create_app_from_env", True),
    }
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(_ROUNDS):
        for name, (target, factory) in contestants.items():
            ground.say(f"locate over HTTP, round {number + 1} of {_ROUNDS}: {name}")
            with served(target, ground.server_env, factory=factory) as port:
                rounds[name].append(load(port, paths, connections=CONNECTIONS, duration_s=_ROUND_S).per_second)
    note = f"One server process, {CONNECTIONS} connections, 488 grids, random points inside them."
    figures = {name: statistics.median(measured) for name, measured in rounds.items()}
    return [compared("Locate over HTTP", "answers a second", note, figures, _REFERENCE)]


def _paths(grids: Sequence[GridRecord]) -> list[str]:
    return [f"/api/v1/locate?lon={lon!r}&lat={lat!r}" for lon, lat in random_points(grids, 4000)]


def random_points(grids: Sequence[GridRecord], count: int) -> list[tuple[float, float]]:
    """Points inside grids, as many in each."""
    chance = random.Random(_SEED)
    points: list[tuple[float, float]] = []
    while len(points) < count:
        geometry = chance.choice(grids).geometry
        west, south, east, north = geometry.bounds
        point = shapely.Point(chance.uniform(west, east), chance.uniform(south, north))
        if geometry.contains(point):
            points.append((point.x, point.y))
    return points
